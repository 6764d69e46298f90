"""What a place says of the library and its register: ``drivers/profiles/atol-lib.toml``; a file may replace parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drivers.fiscal.atol_json.register import Times
from drivers.fiscal.requisites import cashless_switch
from drivers.profiles import load, number


@dataclass(frozen=True, slots=True)
class Profile:
    times: Times
    cashless_details: bool  # the register's firmware takes tag 1234


def load_profile(path: Path | None = None) -> Profile:
    """Raises ``SetupError`` (``bad_profile``) naming the file and what is wrong with it."""
    return load("atol-lib.toml", path, (), _profile)


def _profile(values: Mapping[str, Any]) -> Profile:
    return Profile(
        times=Times(**{name: number(f"time.{name}", value) for name, value in values["time"].items()}),
        cashless_details=cashless_switch(values["requisites"]["cashless_details"]),
    )
