"""A register behind its maker's library, as a family for tests and benchmarks with real processes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.families import Family
from tests.support.vendor_tests import library

ROOT = Path(__file__).resolve().parents[2]
RECEIPT: dict[str, Any] = json.loads((ROOT / "examples/receipts/04-patent-without-vat.json").read_text("utf-8"))[
    "payload"
]
"""Without VAT: the library of 2020 knows no rate of 2026."""


@dataclass(frozen=True, slots=True)
class BehindLibrary(Family):
    """ATOL's simulated register in a format that the library knows, its address as the library takes it."""

    host: Path | None = None  # what stands for a Python in the address

    def run(self, listen: str, state: Path, *options: str) -> tuple[str, ...]:
        return Family.run(self, listen, state, "--ffd", "1.1", *options)

    def device(self, kkm_id: str, address: str, profile: Path) -> str:
        python = f"&python={self.host}" if self.host else ""
        return Family.device(self, kkm_id, f"lib:{library()}?tcp={address.removeprefix('tcp:')}{python}", profile)


def behind_library(host: Path | None = None) -> BehindLibrary:
    """``host``: an executable that stands for the host's Python (``unruly_host``)."""
    return BehindLibrary("atol", "atol-lib", "drivers.fiscal.atol_json:AtolJsonRegister", {}, lambda _: None, host=host)
