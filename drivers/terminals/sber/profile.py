"""How Sber's program is run: ``drivers/profiles/sber.toml``, and a file that may replace parts of it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from drivers.profiles import load, number, whole
from drivers.terminal_api import ReportKind
from drivers.terminals.choices import charset, choice, flag, names, text
from drivers.terminals.program_terminal import Times

Reverse = Literal["off", "plain", "sum"]


@dataclass(frozen=True, slots=True)
class Profile:
    """``mirrors``: the exit code is the result's code again; otherwise it may be always 0."""

    programs: tuple[str, ...]
    result: str
    slip: str
    charset: str
    mirrors: bool
    times: Times
    quick: float
    status: int
    reports: Mapping[ReportKind, int]
    refund_without_card: bool
    void_by_rrn: bool
    reverse_last: Reverse
    apart: float
    different: tuple[str, ...]
    matched: tuple[str, ...]


def load_profile(path: Path | None = None) -> Profile:
    """Raises ``SetupError`` (``bad_profile``) naming the file and what is wrong with it."""
    return load("sber.toml", path, (), _profile)


def _profile(values: Mapping[str, Any], windows: bool = sys.platform == "win32") -> Profile:
    program, time, bank, totals = values["program"], values["time"], values["bank"], values["totals"]
    exits = choice("program.exit_code", program["exit_code"], ("auto", "mirrors", "zero"))
    return Profile(
        programs=names("program.names", program["names"]),
        result=text("program.result", program["result"]),
        slip=text("program.slip", program["slip"]),
        charset=charset("program.charset", program["charset"], "cp866" if windows else "koi8-r"),
        mirrors=windows if exits == "auto" else exits == "mirrors",
        times=Times(*(number(f"time.{name}", time[name]) for name in ("query", "money", "settlement"))),
        quick=number("time.quick", time["quick"]),
        status=whole("operations.status", values["operations"]["status"]),
        reports={kind: whole(f"report.{kind}", values["report"][kind.value]) for kind in ReportKind},
        refund_without_card=flag("bank.refund_without_card", bank["refund_without_card"]),
        void_by_rrn=flag("bank.void_by_rrn", bank["void_by_rrn"]),
        reverse_last=choice("bank.reverse_last", bank["reverse_last"], ("off", "plain", "sum")),
        apart=number("clock.apart", values["clock"]["apart"]),
        different=names("totals.different", totals["different"]),
        matched=names("totals.matched", totals["matched"]),
    )
