"""What differs between models and places: ``drivers/profiles/atol.toml``, and a file that may replace parts of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drivers.profiles import load, number, switch, whole
from protocol.wire.atol.command import Command
from protocol.wire.atol.link import Limits
from protocol.wire.steps import Pace


@dataclass(frozen=True, slots=True)
class Profile:
    password: int  # that modes are entered with
    device_password: int
    department: int
    max_time: Mapping[str, float]  # by ``Pace``
    printing: float  # seconds to wait for a busy register
    poll: float  # seconds between two looks
    limits: Limits
    reopen: float  # seconds in which a lost channel is opened anew
    reopen_pause: float
    columns: int
    cut: int  # 0 full, 1 partial
    barcode_scale: int
    imprint: bool  # may be written
    compare_tax: bool  # the register's own tax sums (register 3Dh) with the planned ones, before closing
    ffd_versions: Mapping[int, str]

    def time_of(self, command: Command[Any]) -> float:
        """Longest execution time of a command."""
        return self.max_time[command.pace]


def load_profile(path: Path | None = None) -> Profile:
    """Raises ``SetupError`` (``bad_profile``) naming the file and what is wrong with it."""
    return load("atol.toml", path, (), _profile)


def _profile(values: Mapping[str, Any]) -> Profile:
    access, wait, line, paper = values["access"], values["wait"], values["line"], values["paper"]
    return Profile(
        password=whole("access.password", access["password"]),
        device_password=_below("access.device", access["device"], 10_000),
        department=_below("access.department", access["department"], 256),
        max_time={pace.value: number(f"time.{pace}", values["time"][pace]) for pace in Pace},
        printing=number("wait.printing", wait["printing"]),
        poll=number("wait.poll", wait["poll"]),
        limits=Limits(
            control=number("line.control", line["control"]),
            answer=number("line.answer", line["answer"]),
            working=number("line.working", line["working"]),
            full=number("line.full", line["full"]),
            fulls=whole("line.fulls", line["fulls"]),
            enquiries=whole("line.enquiries", line["enquiries"]),
            rounds=whole("line.rounds", line["rounds"]),
        ),
        reopen=number("line.reopen", line["reopen"]),
        reopen_pause=number("line.reopen_pause", line["reopen_pause"]),
        columns=whole("paper.columns", paper["columns"]),
        cut=_below("paper.cut", paper["cut"], 2),
        barcode_scale=_below("paper.barcode_scale", paper["barcode_scale"], 11),
        imprint=switch("imprint.write", values["imprint"]["write"]),
        compare_tax=switch("compare.tax", values["compare"]["tax"]),
        ffd_versions={int(key): str(value) for key, value in values["ffd"].items()},
    )


def _below(name: str, value: Any, end: int) -> int:
    if whole(name, value) >= end:
        raise ValueError(f"{name}: a number below {end} expected, not {value!r}")
    return int(value)
