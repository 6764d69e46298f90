"""Card terminals behind INPAS's service: XML over HTTP."""

from drivers.terminals.inpas.profile import TERMINAL_ID, Profile, load_profile
from drivers.terminals.inpas.terminal import InpasTerminal

__all__ = ["TERMINAL_ID", "InpasTerminal", "Profile", "load_profile"]
