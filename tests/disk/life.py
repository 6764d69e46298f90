"""A journal's whole life in small: every kind of record, a checkpoint in the middle, a clean end.

``Life`` runs it on a disk and remembers what it was promised: the state of every table at each commit that returned,
and that of the one commit that may be on its way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from agent.journal.records import RecordKind
from agent.journal.store import Journal, Transaction
from protocol.crm.job_machine import JobEvent as V
from tests.disk.faulty import FaultyDisk, as_an_os_error, installed
from tests.disk.platter import Op
from tests.support.crm import FN, KKM
from tests.support.job_books import Bench, Hands

T = TypeVar("T")
TABLES = ("journal", "jobs", "offers", "devices", "outbox", "sqlite_sequence")


def state_of(tx: Transaction) -> str:
    """A digest of everything that the journal holds."""
    digest = hashlib.sha256()
    for table in TABLES:
        rows = tx._db.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()
        digest.update(repr((table, rows)).encode())
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Promise:
    """What is promised after ``ops`` operations of the disk: ``state``, or that of the commit on its way."""

    ops: int
    state: str
    underway: str | None = None

    def allows(self, state: str) -> bool:
        return state in (self.state, self.underway)


class Watched(Journal):
    """The real journal; each commit leaves word of what it is about to make durable, and of its return."""

    def __init__(self, path: Path, disk: FaultyDisk, promises: list[Promise], hands: Hands, **more: Any) -> None:
        self._disk, self._promises = disk, promises
        new_id = count(10_000 * len(promises))
        super().__init__(path, now=hands.now, new_id=lambda: f"m{next(new_id)}", **{"ballast": False, **more})
        self._promise(self.read(state_of))

    def _rewrite(self, file: Path) -> None:  # type: ignore[override]  # the class's own is static
        content = file.read_bytes()
        with as_an_os_error():
            self._disk.asked(Op("write", file.name, 0, content))
            super()._rewrite(file)
            self._disk.asked(Op("sync", file.name))

    def commit(self, work: Callable[[Transaction], T]) -> T:
        begun = len(self._disk.ops)

        def watched(tx: Transaction) -> tuple[T, str]:
            result = work(tx)
            state = state_of(tx)
            self._promises.append(replace(self._promises[-1], ops=begun, underway=state))
            return result, state

        result, state = super().commit(watched)
        self._promise(state)
        return result

    def _promise(self, state: str) -> None:
        self._promises.append(Promise(len(self._disk.ops), state))


def _bound(b: Bench) -> None:
    b.binds(fn_serial=FN, last_fd=11)
    b.pongs()


def _operation(b: Bench) -> None:
    intent = {"operation": "open_shift", "shift_number": 3}
    b.book.update_device(KKM, "intent", RecordKind.OPERATION_INTENT, lambda row: replace(row, operation=intent))
    opened = [b.book.event("shift_opened", KKM, {"fd": 12})]
    b.book.update_device(
        KKM, "outcome", RecordKind.OPERATION_OUTCOME, lambda row: replace(row, operation=None, highest_fd=12),
        lambda _: opened,
    )  # fmt: skip


def _receipt(b: Bench) -> None:
    b.offers("done")
    b.lane(V.INTENT, V.CLOSING, job_id="done")
    b.book.transition(
        "done", V.PROVEN, outcome={"paper": "complete"}, facts={"document": {"fd": 13, "tags": "x" * 900}}
    )
    b.acks()


def _doubt(b: Bench) -> None:
    b.offers("doubt")
    b.lane(V.INTENT, V.CLOSING, V.DOUBT, V.UNDECIDABLE, job_id="doubt")
    b.resolves(b.row("doubt").rev, job_id="doubt")
    b.lane(V.DECIDED_DONE, job_id="doubt")


def _another_attempt(b: Bench) -> None:
    b.offers("again")
    b.lane(V.INTENT, V.PROVEN_NONE, V.INTENT, job_id="again")
    b.cancels("again")


def _waiting(b: Bench) -> None:
    b.cancels("never", rev=3)
    b.offers("late")
    b.hands.turn(121)
    b.pongs()
    b.book.tick()
    b.renews(2, job_id="late")


Steps = tuple[Callable[[Bench], None], ...]
LIFE: Steps = (
    _bound,
    _operation,
    _receipt,
    _doubt,
    _another_attempt,
    _waiting,
    lambda b: b.book.differences([]),
    lambda b: b.journal.rebuild(),
)
# With a shift operation, a receipt to its acknowledgement and a checkpoint: for what costs a life at each operation.
SHORT_LIFE: Steps = (_bound, _operation, _receipt, lambda b: b.journal.rebuild())


class Life:
    """One process after another on one disk and one file."""

    def __init__(self, folder: Path, disk: FaultyDisk) -> None:
        self.path, self.disk = folder / "journal.sqlite", disk
        self.promises = [Promise(0, "nothing yet", None)]
        self.hands = Hands()
        self.journal: Watched | None = None

    def opens(self, **more: Any) -> Watched:
        with installed(self.disk):
            self.journal = Watched(self.path, self.disk, self.promises, self.hands, **more)
        return self.journal

    def lives(self, steps: Steps = LIFE, **more: Any) -> None:
        bench = Bench(self.opens(**more), self.hands)
        for step in steps:
            step(bench)

    def ends(self) -> None:
        if self.journal is not None:
            self.journal.close()
            self.journal = None

    def is_killed(self) -> None:
        """The process is gone, whatever it was doing; the disk works again for the next one."""
        self.disk.dead = True
        self.ends()
        self.disk.dead, self.disk.fault = False, None

    @property
    def promised(self) -> Promise:
        return self.promises[-1]

    def promised_at(self, ops: int) -> Promise:
        """What had been promised when the disk had done ``ops`` operations."""
        return [promise for promise in self.promises if promise.ops <= ops][-1]
