"""A card terminal behind a bank's program: one run per operation, the verdict in the files that it leaves.

What is the same for all such programs: one run at a time, the run written down before it begins (``record``), never
ended while it may move money, its late answer found again. What the files mean is for the driver of each make.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from drivers.errors import DeviceError, InDoubt, NotSent, Refused
from drivers.terminal_api import (
    Attendant,
    CardTerminal,
    Found,
    Operation,
    Order,
    Outcome,
    Progress,
    TerminalStatus,
    Transaction,
)
from drivers.terminals.masking import mask
from drivers.terminals.program import Surroundings
from drivers.terminals.record import Entry, Record, features
from drivers.terminals.runs import Ended, Place, Runs
from drivers.terminals.slips import sums

T = TypeVar("T")
SETTLEMENT = "settlement"


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds that a run may take."""

    query: float
    money: float
    settlement: float

    def as_limits(self) -> Mapping[str, float]:
        return {"query": self.query, "money": self.money, "settlement": self.settlement}


class ProgramTerminal(CardTerminal):
    def __init__(self, around: Surroundings, times: Times) -> None:
        self._around = around
        self._times = times
        self._runs = Runs(around)

    # --- of each make

    @abstractmethod
    def _place(self) -> Place:
        """Raises ``NotSent``: ``terminal_program_missing``, ``terminal_setup``."""

    @abstractmethod
    def _read(self, ended: Ended) -> Transaction:
        """What the files say of an operation with money. Raises ``Refused`` when the terminal says that it never began,
        ``NotSent`` when the program says that it found no terminal, ``InDoubt`` when they are no answer."""

    @abstractmethod
    def _believed(self, ended: Ended) -> bool:
        """Whether the files of a run whose end nobody has seen are provably its own."""

    @abstractmethod
    def _told(self, ended: Ended) -> str:
        """For the trace: what may be shown of the files, not masked yet."""

    # --- operations

    def disconnect(self) -> None:
        pass

    def glance(self) -> TerminalStatus | None:
        """The program is there, and whether a run of ours is still going on; it is not started."""
        place = self._place()
        with self._runs.alone(place):
            record = self._runs.earlier(place)
            if record is not None and self._runs.lives(place, record):
                return TerminalStatus("", "terminal_busy", busy=True)
        return None

    def find(self, order: Order, operation: Operation) -> Transaction | Found:
        place = self._place()
        with self._runs.alone(place):
            record = self._runs.earlier(place)
            if record is None or not _is_about(record, order, operation):
                return Found.NOTHING
            if self._runs.lives(place, record):
                return Found.IN_PROGRESS
            record = self._closed(place, record)
        if record.never:
            return Found.NEVER_BEGUN
        return Found.NOTHING if record.answer is None else record.answer

    def _operate(
        self, operation: Operation, order: Order, arguments: Sequence[str], attendant: Attendant
    ) -> Transaction:
        entry = Entry(operation.value, self._times.money, order.reference, order.amount)
        transaction = self._run(entry, arguments, attendant)
        if transaction.outcome is Outcome.APPROVED:
            attendant.approved(transaction)
        return transaction

    def _run(self, entry: Entry, arguments: Sequence[str], attendant: Attendant | None = None) -> Transaction:
        """An operation that must not be ended: until it ends by itself, or its time is over."""
        place = self._place()
        with self._runs.alone(place):
            self._make_room(place)
            if attendant is not None:
                attendant.progress(Progress.CONNECTING)
            self._trace_start(arguments)
            began = self._around.clock.now()
            record = self._runs.begin(place, arguments, entry, kept=True)
            if not self._runs.wait(record, entry.limit):
                detail = f"{arguments[0]}: the bank's program is still running after {entry.limit:g} s"
                raise InDoubt("terminal_no_reply", detail)
            ended = self._runs.collect(place, record, self._around.clock.now() - began)
            self._trace_end(ended)
            return self._reading(place, record, ended)

    def _ask(self, arguments: Sequence[str], limit: float) -> Ended:
        """A question that moves no money; ended when it takes too long."""
        if self._around.until is not None:
            limit = min(limit, self._around.until - self._around.clock.now())
        if limit <= 0:
            raise NotSent("terminal_offline", "no answer within the time for one address")
        place = self._place()
        with self._runs.alone(place):
            self._make_room(place)
            self._trace_start(arguments)
            began = self._around.clock.now()
            record = self._runs.begin(place, arguments, Entry("query", limit), kept=False)
            if not self._runs.wait(record, limit):
                self._runs.kill(record)
                raise InDoubt("terminal_no_reply", f"{arguments[0]}: no answer within {limit:g} s")
            ended = self._runs.collect(place, record, self._around.clock.now() - began)
        self._trace_end(ended)
        return ended

    # --- runs that were begun earlier

    def _make_room(self, place: Place) -> None:
        """Before anything is run: nothing of ours is running, and what an earlier run has left is read. Raises
        ``NotSent`` (``terminal_busy``)."""
        record = self._runs.earlier(place)
        if record is None or record.over:
            return
        if self._runs.lives(place, record):
            detail = f"{place.program.name}: a {record.entry.operation} that was begun earlier is still being worked on"
            raise NotSent("terminal_busy", detail)
        self._closed(place, record)

    def _closed(self, place: Place, record: Record) -> Record:
        """The record of a run that is over, with its late answer if there is one that is provably its own."""
        if record.over:
            return record
        ended = self._runs.collect(place, record)
        try:
            answer: Transaction | None = self._fresh(ended)
            never = ""
        except (Refused, NotSent) as refused:
            answer, never = None, refused.code
        except InDoubt:
            answer, never = None, ""
        if not ended.proven and not self._believed(ended) and not _names_its_sum(answer, ended):
            answer, never = None, ""
        record = replace(record, over=True, answer=answer, never=never)
        self._runs.keep(place, record)
        self._trace_end(ended)
        return record

    def _reading(self, place: Place, record: Record, ended: Ended) -> Transaction:
        """What has just ended, written down before anybody is told."""
        try:
            answer = self._fresh(ended)
        except (Refused, NotSent) as refused:
            self._runs.keep(place, replace(record, over=True, never=refused.code))
            raise
        except InDoubt as doubt:
            self._runs.keep(place, replace(record, over=True))
            doubt.remaining = max(0.0, record.entry.limit - ended.seconds)
            raise
        self._runs.keep(place, replace(record, over=True, answer=answer))
        return answer

    def _fresh(self, ended: Ended) -> Transaction:
        """As ``_read``; a payment with the data of the operation before it is nobody's answer."""
        answer = self._read(ended)
        if answer.operation is Operation.PAYMENT and features(answer) and features(answer) == ended.record.before:
            raise InDoubt("terminal_bad_reply", f"the data of the operation before it: RRN {answer.rrn}")
        return answer

    # --- trace

    def _trace_start(self, arguments: Sequence[str]) -> None:
        if self._around.trace is not None:
            self._around.trace(self._around.clock.now(), "tx", mask(" ".join(arguments)).encode())

    def _trace_end(self, ended: Ended) -> None:
        if self._around.trace is not None:
            told = mask(f"exit {ended.exit}; {self._told(ended)}")
            self._around.trace(self._around.clock.now(), "rx", told.encode("utf-8", "replace"))


def _is_about(record: Record, order: Order, operation: Operation) -> bool:
    entry = record.entry
    return (entry.operation, entry.reference, entry.amount) == (operation.value, order.reference, order.amount)


def _names_its_sum(answer: Transaction | None, ended: Ended) -> bool:
    """An approval whose slip has the sum that was asked for."""
    if answer is None or answer.outcome is not Outcome.APPROVED or ended.entry.amount is None:
        return False
    return ended.entry.amount in sums(tuple(tuple(slip) for slip in answer.slips))


def as_offline(error: DeviceError) -> NotSent:
    """Of ``connect``: whatever came of the question, there is nobody who answers."""
    if isinstance(error, NotSent):
        return error
    code = "terminal_offline" if error.code == "terminal_no_reply" else "terminal_program_failed"
    return NotSent(code, error.detail, vendor=error.vendor)
