"""What is written down of one run of a bank's program, so that another agent can find it again: a file in the
program's own folder, replaced as a whole and flushed each time."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from drivers.terminal_api import Operation, Outcome, Transaction
from drivers.terminals.program import Mark

VERSION = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """What is asked for. ``operation``: a value of ``Operation``, or ``settlement``; ``reference`` and ``amount`` as in
    the order."""

    operation: str
    limit: float  # seconds that the program may work
    reference: int | None = None
    amount: int | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """``began`` and ``over``: by the clock of the file system. ``mark`` is ``None`` while the program is being started.
    ``answer``: what was read when it was over; ``never``: why it did not begin, a code of ours. ``before``: by what the
    last answer before it can be recognised."""

    entry: Entry
    began: float
    wall: datetime  # this computer's local time at that moment, naive
    mark: Mark | None = None
    over: bool = False
    answer: Transaction | None = None
    never: str = ""
    before: tuple[str, ...] = ()

    def to_json(self) -> str:
        entry, mark = self.entry, self.mark
        value = {
            "version": VERSION,
            "operation": entry.operation,
            "limit": entry.limit,
            "reference": entry.reference,
            "amount": entry.amount,
            "began": self.began,
            "wall": self.wall.isoformat(),
            "mark": None if mark is None else [mark.pid, mark.started],
            "over": self.over,
            "answer": None if self.answer is None else _to_json(self.answer),
            "never": self.never,
            "before": self.before,
        }
        return json.dumps(value, ensure_ascii=False, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Record:
        """Raises ``ValueError`` for what is none."""
        try:
            value = json.loads(text)
            if value["version"] != VERSION:
                raise ValueError(f"version {value['version']}")
            mark, answer = value["mark"], value["answer"]
            return cls(
                entry=Entry(value["operation"], float(value["limit"]), value["reference"], value["amount"]),
                began=float(value["began"]),
                wall=datetime.fromisoformat(value["wall"]),
                mark=None if mark is None else Mark(int(mark[0]), str(mark[1])),
                over=bool(value["over"]),
                answer=None if answer is None else _from_json(answer),
                never=str(value["never"]),
                before=tuple(str(each) for each in value["before"]),
            )
        except (KeyError, TypeError, IndexError, RecursionError) as error:
            raise ValueError(f"no record of a run: {error!r}") from error


def features(answer: Transaction | None) -> tuple[str, ...]:
    """What no two operations of a terminal have in common; nothing where it is not told enough."""
    if answer is None or not answer.rrn or not answer.auth_code:
        return ()
    return (answer.rrn, answer.auth_code, answer.number, "" if answer.at is None else answer.at.isoformat())


def write(path: Path, record: Record) -> None:
    """Raises ``OSError``."""
    beside = path.with_suffix(".new")
    with beside.open("w", encoding="utf-8", newline="\n") as file:
        file.write(record.to_json())
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)
    if os.name == "posix":
        with suppress(OSError):  # not every file system has folders that can be flushed
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)


def read(path: Path) -> Record | None:
    """``None``: there is none, or none that can be understood. Raises ``OSError`` when it is there and out of reach."""
    try:
        return Record.from_json(path.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return None


def _to_json(answer: Transaction) -> dict[str, Any]:
    value = {each.name: getattr(answer, each.name) for each in fields(answer)}
    value["at"] = None if answer.at is None else answer.at.isoformat()
    value["slips"] = [list(slip) for slip in answer.slips]
    return value


def _from_json(value: Mapping[str, Any]) -> Transaction:
    known = {each.name: value[each.name] for each in fields(Transaction)}
    known["outcome"] = Outcome(known["outcome"])
    known["operation"] = None if known["operation"] is None else Operation(known["operation"])
    known["at"] = None if known["at"] is None else datetime.fromisoformat(known["at"])
    known["slips"] = tuple(tuple(str(line) for line in slip) for slip in known["slips"])
    return Transaction(**known)
