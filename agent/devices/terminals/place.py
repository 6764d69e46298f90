"""By what name a terminal is bound: its terminal id, or a name of its place where the interface tells none before an
operation."""

from __future__ import annotations

from hashlib import sha256

from protocol.crm.messages import PLACE


def place_of(install_id: str, driver: str, address: str) -> str:
    """The same for as long as this PC's configuration names the terminal so."""
    return PLACE + sha256("\n".join((install_id, driver, address)).encode()).hexdigest()[:16]


def expected_id(serial: str | None) -> str:
    """The terminal id that the terminal bound under ``serial`` must have; "": any, it has not told one."""
    return "" if serial is None or serial.startswith(PLACE) else serial
