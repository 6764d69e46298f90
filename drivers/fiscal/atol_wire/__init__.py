"""ATOL registers over their own wire protocol."""

from drivers.fiscal.atol_wire.profile import load_profile
from drivers.fiscal.atol_wire.register import AtolWireRegister

__all__ = ["AtolWireRegister", "load_profile"]
