"""X report, slip, copy, drawer: begun once; a lost answer is told as unproven and nothing is repeated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from agent.procedures import plain
from agent.procedures.asks import Ask, Begin, Commit, Do, NotReady, Operation, ReadStatus
from drivers.api import Paper, ShiftState
from drivers.errors import Refused
from protocol.crm.codes import reason
from protocol.crm.job_machine import JobEvent, Known
from protocol.crm.jobs import JobKind
from tests.support.faults import Fault, faults_of
from tests.support.model_register import SERIAL
from tests.support.play import Desk, Runs

KINDS = sorted(plain.WANTS)
X, DRAWER = JobKind.X_REPORT, JobKind.OPEN_DRAWER


class PlainDesk(Desk):
    """One job of a plain kind; ``done`` counts what the register has done."""

    def __init__(self, kind: JobKind, faults: Mapping[int, Fault] | None = None, **settings: Any) -> None:
        super().__init__(faults, **settings)
        self.kind = kind
        self.done = self.sent = 0
        self.refusals: list[str] = []

    def begin(self) -> tuple[Runs, Ask]:
        return plain.start(plain.Context(self.kind, SERIAL, self.exclusive))

    def resolve(self, *, fresh: bool) -> tuple[Runs, Ask]:
        return plain.resume(plain.Context(self.kind, SERIAL, self.exclusive))

    def watch(self, ask: Ask) -> None:
        super().watch(ask)
        if isinstance(ask, Begin):
            self.sent = 0
        if isinstance(ask, Do):
            assert self.kept.job.state is Known.STARTED, "done without STARTED on disk"
            assert self.sent == 0, "sent twice"
            self.sent += 1

    def check(self) -> None:
        assert self.done <= 1, self.story()
        if self.kept.job.state is Known.DONE:
            assert self.done == 1, self.story()

    def _executed(self, ask: Ask) -> Any:
        if not isinstance(ask, Do):
            return super()._executed(ask)
        if self.refusals:
            raise Refused(self.refusals.pop(0))
        self.done += 1
        return None


@pytest.mark.parametrize("kind", KINDS)
def test_as_it_should_go(kind: JobKind) -> None:
    desk = PlainDesk(kind)
    assert desk.run() is Known.DONE
    assert [type(ask) for _, ask in desk.asked] == [ReadStatus, Begin, Do, Commit]
    assert desk.commits == [Commit(JobEvent.PROVEN, {})]


@pytest.mark.parametrize("kind", KINDS)
def test_every_fault_at_every_ask(kind: JobKind) -> None:
    """What may have happened is never told as done, nor begun again."""
    way = PlainDesk(kind)
    way.run()
    cells = set(way.cells)
    for number, (_, ask) in enumerate(way.asked):
        for fault in faults_of(ask):
            desk = PlainDesk(kind, {number: fault})
            state = desk.run()
            if JobEvent.UNPROVEN in desk.events:
                assert state is Known.NOT_DONE
                assert desk.commits[-1].data == {"reason": reason("answer_lost")}
                assert desk.kept.job.attempt == 1
            else:
                assert state is Known.DONE
            cells |= desk.cells
    mine = {(module, phase, answer) for module, phase, answer in cells if module == plain.__name__}
    possible = {
        (plain.__name__, phase.value, answer)
        for (phase, answer), handler in plain.TABLE.items()
        if handler.__name__ != "impossible" and phase is not plain.Phase.END
    }
    assert possible - mine == set()


LOST = [Fault.LOST, Fault.DONE, Fault.LATE, Fault.KILLED_BEFORE, Fault.KILLED_AFTER, Fault.CUT_AFTER]


@pytest.mark.parametrize("fault", LOST)
def test_a_lost_answer_ends_unproven(fault: Fault) -> None:
    desk = PlainDesk(JobKind.PRINT_TEXT, {2: fault})
    assert desk.run() is Known.NOT_DONE
    assert desk.events == [JobEvent.INTENT, JobEvent.UNPROVEN]


@pytest.mark.parametrize("fault", [Fault.REFUSED, Fault.NOT_SENT])
def test_what_was_not_done_is_tried_again(fault: Fault) -> None:
    desk = PlainDesk(JobKind.PRINT_TEXT, {2: fault})
    assert desk.run() is Known.DONE
    assert desk.events == [JobEvent.INTENT, JobEvent.PROVEN_NONE, JobEvent.INTENT, JobEvent.PROVEN]


def test_what_the_register_refuses_three_times_ends_with_its_reason() -> None:
    desk = PlainDesk(JobKind.PRINT_COPY)
    desk.refusals = ["unsupported"] * 3
    assert desk.run() is Known.NOT_DONE
    assert [commit.data["reason"].code for commit in desk.commits] == ["unsupported"] * 3


def test_paper_that_ends_in_the_middle_is_waited_for() -> None:
    desk = PlainDesk(JobKind.PRINT_TEXT)
    desk.refusals = ["no_paper"]
    desk.register.later(0.06, lambda: setattr(desk.register, "paper", Paper.ABSENT))
    desk.round()
    desk.round()
    assert desk.ended == NotReady(reason("no_paper"))
    desk.register.paper = Paper.PRESENT
    assert desk.run() is Known.DONE


@pytest.mark.parametrize("shift", list(ShiftState))
@pytest.mark.parametrize("kind", KINDS)
def test_only_an_x_report_needs_an_open_shift(kind: JobKind, shift: ShiftState) -> None:
    desk = PlainDesk(kind, shift=shift)
    impossible = kind is X and shift is ShiftState.CLOSED
    assert desk.run() is (Known.NOT_DONE if impossible else Known.DONE)
    if impossible:
        assert desk.commits == [Commit(JobEvent.IMPOSSIBLE, {"reason": reason("shift_closed")})]
        assert desk.sent == 0


def test_a_drawer_opens_without_paper_and_beside_an_open_document() -> None:
    desk = PlainDesk(DRAWER)
    desk.register.paper, desk.register.cover_open = Paper.ABSENT, True
    desk.register.foreign_document()
    assert desk.run() is Known.DONE
    assert desk.register.open is not None


def test_no_operation_is_needed_for_a_plain_command() -> None:
    assert {kind.value for kind in KINDS}.isdisjoint({operation.value for operation in Operation})
