"""ATOL's registers by their maker's library (driver 10), which runs in a process of its own."""

from drivers.fiscal.atol_lib.place import place_of
from drivers.fiscal.atol_lib.profile import load_profile
from drivers.fiscal.atol_lib.runner import FptrRunner

__all__ = ["FptrRunner", "load_profile", "place_of"]
