"""How Arcus2's program is run: ``drivers/profiles/arcus2.toml``, and a file that may replace parts of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drivers.profiles import load, number
from drivers.terminals.arcus2.operations import Want
from drivers.terminals.choices import AUTO, charset, choice, names, text
from drivers.terminals.program_terminal import Times


@dataclass(frozen=True, slots=True)
class Profile:
    """``charset``: ``auto``, or a code page. ``operations``: cash codes, "" where ops.ini decides; ``link_test``: ""
    for none. ``zero``: an approval goes together with the exit code 0 alone."""

    programs: tuple[str, ...]
    ini: tuple[str, ...]
    output: str
    charset: str
    zero: bool
    times: Times
    operations: Mapping[Want, str]
    link_test: str
    cancelled: tuple[str, ...]
    no_card: tuple[str, ...]
    doubt: tuple[str, ...]
    never: tuple[str, ...]
    different: tuple[str, ...]
    matched: tuple[str, ...]
    rrn: tuple[str, ...]


def load_profile(path: Path | None = None) -> Profile:
    """Raises ``SetupError`` (``bad_profile``) naming the file and what is wrong with it."""
    return load("arcus2.toml", path, (), _profile)


def _profile(values: Mapping[str, Any]) -> Profile:
    program, time, codes, totals = values["program"], values["time"], values["codes"], values["totals"]
    operations = values["operations"]
    return Profile(
        programs=names("program.names", program["names"]),
        ini=names("program.ini", program["ini"]),
        output=text("program.output", program["output"]),
        charset=charset("program.charset", program["charset"], AUTO),
        zero=choice("program.exit_code", program["exit_code"], ("zero", "ignored")) == "zero",
        times=Times(*(number(f"time.{name}", time[name]) for name in ("query", "money", "settlement"))),
        operations={want: _cash_code(f"operations.{want}", operations[want.value]) for want in Want},
        link_test=_cash_code("operations.link_test", operations["link_test"]),
        cancelled=_codes("codes.cancelled", codes["cancelled"]),
        no_card=_codes("codes.no_card", codes["no_card"]),
        doubt=_codes("codes.doubt", codes["doubt"]),
        never=_codes("codes.never", codes["never"]),
        different=names("totals.different", totals["different"]),
        matched=names("totals.matched", totals["matched"]),
        rrn=names("slip.rrn", values["slip"]["rrn"]),
    )


def _cash_code(name: str, value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{0,4}", value):
        raise ValueError(f'{name}: a cash code in quotes expected, such as "1", not {value!r}')
    return value


def _codes(name: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) and re.fullmatch("[0-9]{3}", one) for one in value):
        raise ValueError(f'{name}: a list of codes expected, such as ["999"], not {value!r}')
    if "000" in value:
        raise ValueError(f"{name}: 000 is an approval")
    return tuple(value)
