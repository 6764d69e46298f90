"""Every fault at every ask of a shift's or a cash job, and every ordered pair: done once and proven, or provably not.

The player watches: the command only under INTENT, never twice under one (an opening at most once more), never while a
person decides; ``done`` with exactly one effect on the register, and only with one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

import pytest

from agent.procedures import operation
from agent.procedures.asks import Answer, Answered, Commit, Operate, Operation, ReadCounters, ReadDocument, Wait
from agent.procedures.operation import CASH, Phase, resolve
from agent.procedures.precheck import snapshot_of
from drivers.api import Paper, ShiftState
from protocol.crm.job_machine import JobEvent, Known
from tests.agent.procedures.test_tables import OPERATION_ASKS
from tests.support.faults import Fault, faults_of
from tests.support.play_operation import OperationDesk

Make = Callable[[Operation, dict[int, Fault]], OperationDesk]
OPEN, CLOSE, CASH_IN, CASH_OUT = Operation


def exclusive(wanted: Operation, faults: dict[int, Fault]) -> OperationDesk:
    return OperationDesk(wanted, faults)


def shared(wanted: Operation, faults: dict[int, Fault]) -> OperationDesk:
    """Other programs print here; whoever is told of an open document clears it by hand."""
    return OperationDesk(wanted, faults, exclusive=False, cleared=True, person=True)


def expired(wanted: Operation, faults: dict[int, Fault]) -> OperationDesk:
    """The register is busy, paper was out, somebody's document is open, the shift has expired (or is closed)."""
    shift = ShiftState.CLOSED if wanted is OPEN else ShiftState.EXPIRED
    desk = OperationDesk(wanted, faults, shift=shift)
    desk.register.foreign_document()
    desk.register.paper = Paper.RESUMABLE
    desk.register.busy_until = 0.2
    return desk


def second(wanted: Operation, faults: dict[int, Fault]) -> OperationDesk:
    """A second attempt: the first was refused, and documents have come since."""
    desk = OperationDesk(wanted, faults)
    desk.kept.first = snapshot_of(desk.register.status())
    desk.register.report()
    return desk


SCENARIOS = (exclusive, shared, expired, second)
QUICK = 200.0  # seconds of virtual time in which everything ends by itself, two faults included


def singles(make: Make, wanted: Operation) -> Iterator[tuple[OperationDesk, dict[int, Fault]]]:
    way = make(wanted, {})
    assert way.run() is Known.DONE
    yield way, {}
    for number, (_, ask) in enumerate(way.asked):
        for fault in faults_of(ask):
            yield make(wanted, {number: fault}), {number: fault}


def pairs(make: Make, wanted: Operation) -> Iterator[tuple[OperationDesk, dict[int, Fault]]]:
    for first, faults in list(singles(make, wanted))[1:]:
        first.run()
        (struck,) = faults
        for number in range(struck + 1, len(first.asked)):
            for fault in faults_of(first.asked[number][1]):
                both = faults | {number: fault}
                yield make(wanted, both), both


def ends_by_itself(desk: OperationDesk, faults: dict[int, Fault]) -> None:
    assert JobEvent.UNDECIDABLE not in desk.events, desk.story()
    assert desk.register.now - 3600.0 < QUICK, f"{faults}: {desk.story()}"


def proven_by_what_was_read(desk: OperationDesk) -> None:
    """Between the last command and PROVEN the register's own records were read."""
    if JobEvent.PROVEN not in desk.events:
        return
    asks = [ask for _, ask in desk.asked]
    proof = max(n for n, ask in enumerate(asks) if isinstance(ask, Commit) and ask.event is JobEvent.PROVEN)
    sent = max(n for n, ask in enumerate(asks) if isinstance(ask, Operate))
    records = ReadCounters if desk.wanted in CASH else ReadDocument
    assert any(isinstance(ask, records) for ask in asks[sent:proof]), desk.story()


@pytest.mark.parametrize("wanted", list(Operation))
@pytest.mark.parametrize("make", SCENARIOS, ids=lambda make: make.__name__)
def test_one_fault(make: Make, wanted: Operation) -> None:
    count = 0
    for desk, faults in singles(make, wanted):
        if faults:
            desk.run()
        if make is not shared:
            ends_by_itself(desk, faults)
            refused = any(fault is Fault.REFUSED for fault in faults.values())
            assert desk.kept.job.state is Known.DONE or refused
        proven_by_what_was_read(desk)
        count += 1
    assert count > 35


@pytest.mark.parametrize("wanted", list(Operation))
def test_two_faults(wanted: Operation) -> None:
    count = 0
    for desk, faults in pairs(exclusive, wanted):
        desk.run()
        ends_by_itself(desk, faults)
        proven_by_what_was_read(desk)
        count += 1
    assert count > 900


def test_every_cell_is_reached_and_asks_what_it_may() -> None:
    cells: set[tuple[str, str, Answer]] = set()
    asked: dict[str, set[type]] = {}
    every = [singles(make, wanted) for make in SCENARIOS for wanted in Operation]
    for desk, faults in chain(chain.from_iterable(every), pairs(exclusive, CLOSE), pairs(exclusive, CASH_IN)):
        if faults:
            desk.run()
        cells |= desk.cells
        for phase, ask in desk.asked:
            asked.setdefault(phase, set()).add(type(ask))
    may = {phase.value: set(kinds) for phase, kinds in OPERATION_ASKS.items()}
    assert {phase: kinds - may[phase] for phase, kinds in asked.items() if kinds - may[phase]} == {}
    module = operation.Run.__module__
    possible = {
        (module, phase.value, answer)
        for (phase, answer), handler in operation.TABLE.items()
        if handler.__name__ != "impossible"
    }
    assert possible - cells == set()


# --- would the player notice? ---------------------------------------------------------------------------------------


def _again(run: operation.Run, _: Answered) -> operation.Next:
    return run, Operate(run.ctx.operation)


def _believe_the_answer(run: operation.Run, _: Answered) -> operation.Next:
    return resolve._none(run)


def _nothing_is_waited_out(run: operation.Run, answer: Answered) -> operation.Next:
    return resolve.reopen(run, answer)


def _done(run: operation.Run, _: Answered) -> operation.Next:
    return replace(run, phase=Phase.OUTCOME), Commit(JobEvent.PROVEN, {})


MUTANTS: dict[str, dict[Any, Any]] = {
    "sent again after a time-out": {(Phase.OPERATE, Answer.DOUBT): _again},
    "a time-out is a failure": {(Phase.OPERATE, Answer.DOUBT): _believe_the_answer},
    "a time-out is a success": {(Phase.OPERATE, Answer.DOUBT): _done},
    "an answer is a proof": {(Phase.OPERATE, Answer.OK): _done},
    "nothing is waited out": {(Phase.MOMENT, Answer.OK): _nothing_is_waited_out},
    "a wait with nothing behind it": {(Phase.MOMENT, Answer.OK): lambda run, _: (run, Wait(1.0, "shift_in_doubt"))},
}


NOTICED = [(wanted, mutant) for wanted in (CLOSE, CASH_IN) for mutant in MUTANTS]
NOTICED.remove((CLOSE, "nothing is waited out"))  # the second closing makes the late first one a refused command


@pytest.mark.parametrize(("wanted", "mutant"), NOTICED)
def test_a_step_left_out_is_noticed(wanted: Operation, mutant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    table: dict[Any, Any] = operation.TABLE
    for cell, handler in MUTANTS[mutant].items():
        monkeypatch.setitem(table, cell, handler)
    with pytest.raises(AssertionError):
        _all_singles(wanted)


def _all_singles(wanted: Operation) -> None:
    for desk, faults in singles(exclusive, wanted):
        if faults:
            desk.run()
        proven_by_what_was_read(desk)
