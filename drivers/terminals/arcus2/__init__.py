"""Card terminals of Ingenico behind Arcus2's console program. Docs: ``docs/drivers/arcus2.md``."""

from __future__ import annotations

from drivers.terminals.arcus2.profile import Profile, load_profile
from drivers.terminals.arcus2.terminal import Arcus2Terminal

__all__ = ["Arcus2Terminal", "Profile", "load_profile"]
