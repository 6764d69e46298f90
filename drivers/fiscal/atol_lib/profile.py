"""How long the library may work on a task: ``drivers/profiles/atol-lib.toml``; a file may replace parts of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from drivers.fiscal.atol_json.register import Times
from drivers.profiles import load, number


def load_times(path: Path | None = None) -> Times:
    """Raises ``SetupError`` (``bad_profile``) naming the file and what is wrong with it."""
    return load("atol-lib.toml", path, (), _times)


def _times(values: Mapping[str, Any]) -> Times:
    return Times(**{name: number(f"time.{name}", value) for name, value in values["time"].items()})
