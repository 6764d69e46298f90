"""Every fault at every ask, and every ordered pair of faults: the receipt exists once or provably not at all.

The invariants are watched by the player (``tests.support.play``): one document at most; ``done`` with one and only with
one; INTENT before the first position, CLOSING before the closing command, each sent once per attempt; nothing new while
something older is open. Here is what goes wrong, and what must not follow from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

import pytest

from agent.procedures import operation, precheck, receipt
from agent.procedures.asks import Answer, Answered, Close, Fill, Operate, ReadDocument
from agent.procedures.receipt import Phase, attempt, resolve
from drivers.api import Paper, ShiftState, Status
from protocol.crm.job_machine import JobEvent, Known
from tests.agent.procedures.test_tables import OPERATION_ASKS, RECEIPT_ASKS
from tests.support.faults import Fault, faults_of
from tests.support.play import PLAN, Desk

Make = Callable[[dict[int, Fault]], Desk]
UNMARKED = replace(PLAN, imprint=None)


def exclusive(faults: dict[int, Fault]) -> Desk:
    return Desk(faults, cleared=True)


def closed_shift(faults: dict[int, Fault]) -> Desk:
    return Desk(faults, shift=ShiftState.CLOSED, cleared=True)


def expired_shift(faults: dict[int, Fault]) -> Desk:
    return Desk(faults, shift=ShiftState.EXPIRED)


def left_over(faults: dict[int, Fault]) -> Desk:
    """The register is busy, paper was out, the archive has grown, and somebody's document is open."""
    desk = Desk(faults)
    desk.kept.fn, desk.kept.highest_fd = desk.register.fn, desk.register.last_fd
    desk.register.report()
    desk.register.foreign_document()
    desk.register.paper = Paper.RESUMABLE
    desk.register.busy_until = 0.2
    return desk


def printing(faults: dict[int, Fault]) -> Desk:
    """The register prints for a while after the receipt; paper is wanted."""
    desk = Desk(faults)
    close = desk.register.close

    def slow() -> Any:
        reply = close()
        desk.register.busy_until = desk.register.now + 1.0
        return replace(reply, paper=None)

    desk.register.close = slow  # type: ignore[method-assign]
    return desk


def shared(faults: dict[int, Fault]) -> Desk:
    """Other programs print here; whoever is told of an open document clears it by hand."""
    return Desk(faults, exclusive=False, cleared=True)


def shared_unmarked(faults: dict[int, Fault]) -> Desk:
    return Desk(faults, exclusive=False, plan=UNMARKED, cleared=True, person=True)


def unmarked(faults: dict[int, Fault]) -> Desk:
    """Imprint off, on a desk that is truly exclusive or that only seems so: then a person has to look."""
    return Desk(faults, plan=UNMARKED, person=True)


SCENARIOS = (
    exclusive, closed_shift, expired_shift, left_over, printing, shared, shared_unmarked, unmarked,
)  # fmt: skip
BY_ITSELF = (exclusive, closed_shift, expired_shift, left_over, printing)
QUICK = 200.0  # seconds of virtual time in which everything ends by itself, two faults included


def singles(make: Make) -> Iterator[tuple[Desk, dict[int, Fault]]]:
    """Every fault at every ask of the way that goes well."""
    way = make({})
    assert way.run() is Known.DONE
    yield way, {}
    for number, (_, ask) in enumerate(way.asked):
        for fault in faults_of(ask):
            yield make({number: fault}), {number: fault}


def pairs(make: Make) -> Iterator[tuple[Desk, dict[int, Fault]]]:
    """Every fault at every ask of the way that the first fault led to."""
    for first, faults in list(singles(make))[1:]:
        first.run()
        (struck,) = faults
        for number in range(struck + 1, len(first.asked)):
            for fault in faults_of(first.asked[number][1]):
                both = faults | {number: fault}
                yield make(both), both


def second_thoughts() -> Iterator[tuple[Desk, dict[int, Fault]]]:
    """A fault while an earlier one is being decided."""
    for make, kinds in ((exclusive, (Fill, Close)), (closed_shift, (Operate,))):
        way = make({})
        way.run()
        struck = [number for number, (_, ask) in enumerate(way.asked) if isinstance(ask, kinds)]
        for number in struck:
            for earlier in (Fault.LOST, Fault.DONE, Fault.REFUSED, Fault.HALF):
                if earlier not in faults_of(way.asked[number][1]):
                    continue
                first = make({number: earlier})
                first.run()
                for later in range(number + 1, len(first.asked)):
                    for fault in faults_of(first.asked[later][1]):
                        yield make({number: earlier, later: fault}), {number: earlier, later: fault}


def ends_by_itself(desk: Desk, faults: dict[int, Fault]) -> None:
    """With imprints, on a desk that no other program turned out to use, nobody is asked, unless the archive itself
    refused to be read."""
    if len(faults) > 1 and Fault.FOREIGN in faults.values():
        return
    refused = any(
        fault is Fault.REFUSED and isinstance(desk.asked[number][1], ReadDocument)
        for number, fault in faults.items()
        if number < len(desk.asked)
    )
    assert refused or JobEvent.UNDECIDABLE not in desk.events, desk.story()
    took = desk.register.now - 3600.0
    assert took < QUICK, f"{took:.0f} s: {desk.story()}"


@pytest.mark.parametrize("make", SCENARIOS, ids=lambda make: make.__name__)
def test_one_fault(make: Make) -> None:
    count = 0
    for desk, faults in singles(make):
        if faults:
            desk.run()
        if make in BY_ITSELF:
            ends_by_itself(desk, faults)
            assert desk.kept.job.state is Known.DONE or any(f is Fault.REFUSED for f in faults.values())
        count += 1
    assert count > 60


@pytest.mark.parametrize("make", [exclusive, closed_shift], ids=lambda make: make.__name__)
def test_two_faults(make: Make) -> None:
    count = 0
    for desk, faults in pairs(make):
        desk.run()
        ends_by_itself(desk, faults)
        count += 1
    assert count > 4000


def test_every_cell_is_reached_and_asks_what_it_may() -> None:
    """A cell that no fault reaches would be a word that nothing has checked."""
    cells: set[tuple[str, str, Answer]] = set()
    asked: dict[str, set[type]] = {}
    for desk, faults in chain(chain.from_iterable(map(singles, SCENARIOS)), second_thoughts()):
        if faults:
            desk.run()
        cells |= desk.cells
        for phase, ask in desk.asked:
            asked.setdefault(phase, set()).add(type(ask))
    may: dict[str, set[type]] = {}
    for phase, kinds in chain(RECEIPT_ASKS.items(), OPERATION_ASKS.items()):  # both have an "end"
        may.setdefault(phase.value, set()).update(kinds)
    assert {phase: kinds - may[phase] for phase, kinds in asked.items() if kinds - may[phase]} == {}
    possible = {
        (module, phase.value, answer)
        for module, table in ((RECEIPT, receipt.TABLE), (precheck.__name__, precheck.TABLE))
        for (phase, answer), handler in table.items()
        if handler.__name__ != "impossible"
    }
    assert possible - cells - UNREACHED == set()


RECEIPT = receipt.Run.__module__
UNREACHED = {
    (RECEIPT, Phase.FOUND.value, Answer.OK),  # test_receipt_start: a journal restored from an older copy
}


# --- would the player notice? ---------------------------------------------------------------------------------------


def test_a_driver_that_claims_success_is_noticed() -> None:
    desk = Desk()
    desk.register.ours.append(99)
    with pytest.raises(AssertionError, match="2 documents"):
        desk.run()


def _no_drain(run: receipt.Run, answer: Answered) -> receipt.Next:
    return resolve.reopen(replace(run, doubted=True), answer)


def _nothing_open(answer: Answered) -> Answered:
    return replace(answer, value=replace(answer.value, document_open=False))


def _no_leftover(run: receipt.Run, answer: Answered) -> receipt.Next:
    return attempt.checking(run, _nothing_open(answer) if isinstance(answer.value, Status) else answer)


def _retry_at_once(run: receipt.Run, answer: Answered) -> receipt.Next:
    return replace(run, phase=Phase.CLOSE), Close()


def _believe_silence(run: receipt.Run, answer: Answered) -> receipt.Next:
    return resolve.judge(replace(run, seen=()))


MUTANTS: dict[str, dict[Any, Any]] = {
    "close again after a time-out": {(Phase.CLOSE, Answer.DOUBT): _retry_at_once},
    "a time-out is a failure": {(Phase.CLOSE, Answer.DOUBT): _believe_silence},
    "no CLOSING": {(Phase.SUBTOTAL, Answer.OK): attempt.close},
    "no look at the subtotal": {
        (Phase.FILL, Answer.OK): lambda run, _: attempt.closing(run),
        (Phase.FILL, Answer.DOUBT): lambda run, _: attempt.closing(run),
    },
    "nothing is waited out, nothing is cancelled": {
        (Phase.DOUBT, Answer.OK): _no_drain,
        (Phase.LOOK, Answer.OK): lambda run, answer: resolve.on_look(run, _nothing_open(answer)),
        (Phase.CHECK, Answer.OK): _no_leftover,
    },
    "positions without INTENT": {(Phase.NOTE, Answer.OK): lambda run, _: (replace(run, phase=Phase.FILL), Fill())},
    "a shift closed again after a time-out": {
        (operation.Phase.OPERATE, Answer.DOUBT): lambda run, _: (run, Operate(run.ctx.operation)),
    },
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_step_left_out_is_noticed(mutant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for (phase, answer), handler in MUTANTS[mutant].items():
        table: dict[Any, Any] = receipt.TABLE if isinstance(phase, Phase) else operation.TABLE
        monkeypatch.setitem(table, (phase, answer), handler)
    with pytest.raises(AssertionError):
        _all_singles(exclusive, closed_shift, expired_shift)


def _all_singles(*makes: Make) -> None:
    for desk, faults in chain.from_iterable(map(singles, makes)):
        if faults:
            desk.run()
        ends_by_itself(desk, faults)
