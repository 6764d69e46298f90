"""ATOL's registers by their maker's library (driver 10), which runs in a process of its own."""

from drivers.address import Address
from drivers.api import FiscalRegister
from drivers.fiscal.atol_json.register import AtolJsonRegister
from drivers.fiscal.atol_lib.place import OPTIONS, place_of
from drivers.fiscal.atol_lib.runner import FptrRunner
from drivers.transports.base import Clock
from drivers.transports.tap import Trace

__all__ = ["OPTIONS", "FptrRunner", "atol_lib", "place_of"]


def atol_lib(address: Address, clock: Clock, trace: Trace | None = None) -> FiscalRegister:
    """A register by an address ``lib:…``, not connected yet. Raises ``AddressError``."""
    return AtolJsonRegister(FptrRunner(place_of(address), clock, trace=trace))
