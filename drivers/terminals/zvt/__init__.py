"""Card terminals that speak ZVT, over TCP or a serial line."""

from drivers.terminals.zvt.profile import Profile, load_profile
from drivers.terminals.zvt.terminal import ZvtTerminal

__all__ = ["Profile", "ZvtTerminal", "load_profile"]
