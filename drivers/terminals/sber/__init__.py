"""Card terminals of Sber by its program and the files that it leaves. Docs: ``docs/drivers/sber.md``."""

from __future__ import annotations

from drivers.terminals.sber.profile import Profile, load_profile
from drivers.terminals.sber.terminal import SberTerminal

__all__ = ["Profile", "SberTerminal", "load_profile"]
