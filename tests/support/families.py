"""The families of registers that the tests with real processes drive. A new family is one more row.

Nothing is imported here: the agent's process reads it, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Family:
    """``simulator``: its name for ``python -m drivers.simulators``; ``driver``: its name in the agent's configuration.

    ``commands`` maps what a test speaks of (``fill``, ``close``, ``open_shift``, …) to the family's own command codes,
    by which the simulator's faults are set off. ``code_of`` finds the code in a frame that is about to leave, ``None``
    in one that carries no command. ``register`` is the driver's class, as ``module:name``. ``address`` makes the
    driver's address of the one that the simulator listens on.
    """

    simulator: str
    driver: str
    register: str
    commands: Mapping[str, str]
    code_of: Callable[[bytes], str | None]
    address: Callable[[str], str] = str

    def run(self, listen: str, state: Path, *options: str) -> tuple[str, ...]:
        """The command line of its simulated register, behind ``python``."""
        return ("-m", "drivers.simulators", self.simulator, "--listen", listen, "--state", str(state), *options)

    def dump(self, state: Path) -> tuple[str, ...]:
        """The command line that prints the archive."""
        return ("-m", "drivers.simulators", self.simulator, "--state", str(state), "--dump")

    def device(self, kkm_id: str, address: str, profile: Path) -> str:
        """Its lines in the agent's configuration."""
        return (
            f'[[devices]]\nkkm_id = "{kkm_id}"\ndriver = "{self.driver}"\naddress = "{self.address(address)}"\n'
            f'profile = "{profile}"\n'
        )


def _shtrih_code(frame: bytes) -> str | None:
    if frame[:1] != b"\x02":  # STX, length, code
        return None
    return (frame[2:4] if frame[2:3] == b"\xff" else frame[2:3]).hex().upper()


def _queued_task(frame: bytes) -> str | None:
    """The word of the task that an HTTP request puts into the queue."""
    if not frame.startswith(b"POST "):
        return None
    found = re.search(rb'"type":"(\w+)"', frame)
    return found[1].decode() if found is not None else None


FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        "shtrih": Family(
            "shtrih",
            "shtrih",
            "drivers.fiscal.shtrih:ShtrihRegister",
            {
                "fill": "FF46", "close": "FF45", "cancel": "88", "open_receipt": "8D", "open_shift": "E0",
                "close_shift": "41", "cash_in": "50", "cash_out": "51", "x_report": "40", "print_text": "2F",
                "open_drawer": "28", "print_copy": "8C", "read_document": "FF0A", "read_drive": "FF01",
            },
            _shtrih_code,
        ),
        "atol-web": Family(
            "atol-web",
            "atol-web",
            "drivers.fiscal.atol_web:AtolWebRegister",
            {
                "close": "sell", "open_shift": "openShift", "close_shift": "closeShift", "cash_in": "cashIn",
                "cash_out": "cashOut", "x_report": "reportX", "print_text": "nonFiscal",
                "open_drawer": "openCashDrawer", "print_copy": "printLastReceiptCopy", "read_document": "getFnDocument",
            },
            _queued_task,
            lambda listening: listening.replace("tcp:", "http://", 1),
        ),
    }
)  # fmt: skip
