"""``install.json`` in the data folder: from where the agent was last started.

Whoever moves the program's folder leaves shortcuts, autostart and the pairing link behind; the record is how that is
noticed before the moved program is started again. Every start writes it anew.
"""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from agent.private_file import write_private
from agent.version import VERSION

FILE = "install.json"


class _File(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    program: str
    version: str
    config: str
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Install:
    program: Path
    version: str
    config: Path
    started_at: datetime


def program_path() -> Path:
    """The folder that this program is in: of a frozen one the folder that the tray and the console program share,
    otherwise the one that holds its packages."""
    return Path(sys.executable).parent if getattr(sys, "frozen", False) else Path(__file__).resolve().parents[2]


def write_install(data_dir: Path, install: Install) -> None:
    """Replace the record as a whole. Raises ``OSError``."""
    record = _File(
        program=str(install.program),
        version=install.version,
        config=str(install.config),
        started_at=install.started_at,
    )
    write_private(data_dir / FILE, record.model_dump_json(indent=2).encode("utf-8") + b"\n")


def remember_start(data_dir: Path, config: Path, now: datetime) -> None:
    """The record of this start. A disk that does not take it stops no start: the doctor looks at the disk."""
    with contextlib.suppress(OSError):
        write_install(data_dir, Install(program_path(), VERSION, config, now))


def read_install(data_dir: Path) -> Install | None:
    """``None`` before the first start, and for a record that is none. Raises ``OSError`` when it cannot be read."""
    try:
        record = _File.model_validate_json((data_dir / FILE).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None
    return Install(Path(record.program), record.version, Path(record.config), record.started_at)
