"""A shift opened or closed for a receipt: an operation of its own, resolved by the shift's state and its document."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from agent.procedures import operation
from agent.procedures.asks import (
    Answer,
    Ask,
    BeginOperation,
    Ended,
    EndOperation,
    Fence,
    NotReady,
    Operate,
    Operation,
    ReadDocument,
    ReadStatus,
    Wait,
)
from agent.procedures.patience import MARGIN
from agent.procedures.precheck import snapshot_of
from drivers.api import DocumentKind, ShiftState
from protocol.crm.codes import reason
from tests.agent.procedures.test_receipt_start import answered
from tests.support.faults import Fault, faults_of
from tests.support.model_register import MAX_TIME, SERIAL, ModelRegister
from tests.support.play import Desk, Killed

OPEN, CLOSE = Operation.OPEN_SHIFT, Operation.CLOSE_SHIFT
BEFORE = {OPEN: ShiftState.CLOSED, CLOSE: ShiftState.EXPIRED}
AFTER = {OPEN: ShiftState.OPEN, CLOSE: ShiftState.CLOSED}
PROOF = {OPEN: DocumentKind.OPEN_SHIFT, CLOSE: DocumentKind.CLOSE_SHIFT}


POLICY = operation.Context(OPEN, SERIAL, True, MAX_TIME, job=False)


class Alone(Desk):
    """A desk where nothing but the operation is to be done."""

    def __init__(self, wanted: Operation, faults: dict[int, Fault] | None = None, *, exclusive: bool = True) -> None:
        super().__init__(faults, exclusive=exclusive, shift=BEFORE[wanted])
        self.operation = wanted
        self.outcomes: list[EndOperation] = []

    def operate(self) -> Ask:
        """One wanted, restarts included; the ask that ended it."""
        while True:
            try:
                if self.kept.operation is None and not self.outcomes:
                    return self._play(*operation.start(self.policy(self.operation)))
                if self.kept.operation is None:
                    return Ended()  # the outcome was on disk when the process died
                assert self.kept.operation_snapshot is not None
                snapshot = self.kept.operation_snapshot
                run = operation.resume(self.policy(self.operation), snapshot=snapshot)
                return self._play(*run)
            except Killed:
                self.register.pass_time(1.0)

    def _write(self, ask: Ask) -> None:
        super()._write(ask)
        if isinstance(ask, EndOperation):
            self.outcomes.append(ask)

    def kinds(self) -> list[DocumentKind]:
        """Documents made since the beginning."""
        start = 1 if self.operation is OPEN else 2
        return [document.kind for document in self.register.documents.values()][start:]


@pytest.mark.parametrize("wanted", [OPEN, CLOSE])
def test_as_it_should_go(wanted: Operation) -> None:
    desk = Alone(wanted)
    assert desk.operate() == Ended()
    assert [type(ask) for _, ask in desk.asked] == [
        *(ReadStatus, BeginOperation, Operate, ReadStatus, ReadDocument, EndOperation),
    ]
    (outcome,) = desk.outcomes
    assert outcome.document is not None
    assert (outcome.document.kind, outcome.already) == (PROOF[wanted], False)
    assert desk.register.shift is AFTER[wanted]


def _singles(wanted: Operation) -> Iterator[tuple[Alone, str, Fault]]:
    way = Alone(wanted)
    way.operate()
    for number, (phase, ask) in enumerate(way.asked):
        for fault in faults_of(ask):
            if fault is not Fault.FOREIGN:
                yield Alone(wanted, {number: fault}), phase, fault


@pytest.mark.parametrize("wanted", [OPEN, CLOSE])
def test_every_fault_at_every_ask(wanted: Operation) -> None:
    """The intent is closed, by the document when there is one; no operation is sent twice on one intent."""
    for desk, phase, fault in _singles(wanted):
        end = desk.operate()
        what = f"{fault.value} at {phase}: {desk.story()}"
        assert desk.kept.operation is None, what
        desk.register.pass_time(3600.0)
        assert desk.kinds() in ([], [PROOF[wanted]]), what
        if desk.outcomes:
            proven = [outcome.document.kind for outcome in desk.outcomes if outcome.document is not None]
            assert proven == desk.kinds(), what
        else:
            assert isinstance(end, NotReady), what
            assert desk.kinds() == [], what
        assert desk.register.open is None, what
        assert not desk.register.half_document, what


@pytest.mark.parametrize("wanted", [OPEN, CLOSE])
def test_in_the_wanted_state_already(wanted: Operation) -> None:
    desk = Alone(wanted)
    desk.register.shift = AFTER[wanted]
    assert desk.operate() == Ended()
    assert desk.outcomes == []


def _another_register(register: ModelRegister) -> None:
    register.serial = "0000000000000001"


NOT_READY: list[tuple[Callable[[ModelRegister], None], str]] = [
    (_another_register, "wrong_device"),
    (lambda r: r.foreign_document(), "document_open"),
    (lambda r: setattr(r, "half_document", True), "document_open"),
    (lambda r: setattr(r, "off_until", 1e9), "device_offline"),
]


@pytest.mark.parametrize(("happens", "code"), NOT_READY, ids=["another", "document", "drive", "away"])
def test_not_ready(happens: Callable[[ModelRegister], None], code: str) -> None:
    desk = Alone(OPEN, exclusive=False)
    happens(desk.register)
    end = desk.operate()
    assert isinstance(end, NotReady)
    assert end.reason.code == code
    assert not any(isinstance(ask, BeginOperation) for _, ask in desk.asked)


# --- doubt ----------------------------------------------------------------------------------------------------------

OPERATE = 2  # the number of the command itself


def test_a_refusal_is_told() -> None:
    desk = Alone(OPEN, {OPERATE: Fault.REFUSED})
    assert desk.operate() == NotReady(reason("register_refused"))
    assert desk.outcomes == [EndOperation(OPEN, None, False)]


def _sent(desk: Desk) -> int:
    return sum(isinstance(ask, Operate) for _, ask in desk.asked)


WHOLE = MAX_TIME["shift"] + MARGIN
LOST_ANSWERS = [
    # wanted     answer      sent  done   seconds
    (OPEN,       Fault.DONE,  1,   True,  (0.0, 4.0)),  # the document proves itself
    (CLOSE,      Fault.DONE,  1,   True,  (0.0, 4.0)),
    (OPEN,       Fault.LOST,  2,   True,  (0.0, 4.0)),  # opening an open shift is refused: it may be sent once more
    (OPEN,       Fault.LATE,  2,   True,  (0.0, 4.0)),
    (CLOSE,      Fault.LOST,  1,   False, (WHOLE, WHOLE + 6.0)),  # a second closing could strike the next shift
    (CLOSE,      Fault.LATE,  1,   True,  (WHOLE - 6.0, WHOLE + 6.0)),
]  # fmt: skip


@pytest.mark.parametrize(("wanted", "fault", "sent", "done", "seconds"), LOST_ANSWERS)
def test_a_lost_answer(wanted: Operation, fault: Fault, sent: int, done: bool, seconds: tuple[float, float]) -> None:
    desk = Alone(wanted, {OPERATE: fault})
    end = desk.operate()
    assert isinstance(end, Ended) is done
    assert _sent(desk) == sent
    assert seconds[0] <= desk.register.now - desk.asked_at[OPERATE] <= seconds[1]
    desk.register.pass_time(3600.0)
    assert desk.kinds() == ([PROOF[wanted]] if done else [])


def test_an_opening_is_sent_twice_at_most() -> None:
    way = Alone(OPEN, {OPERATE: Fault.LOST})
    way.operate()
    second = [n for n, (_, ask) in enumerate(way.asked) if isinstance(ask, Operate)][1]
    desk = Alone(OPEN, {OPERATE: Fault.LOST, second: Fault.LOST})
    assert isinstance(desk.operate(), NotReady)
    assert _sent(desk) == 2
    assert desk.register.now - desk.asked_at[second] >= WHOLE


@pytest.mark.parametrize("wanted", [OPEN, CLOSE])
def test_after_a_restart_absence_is_believed_after_the_whole_time(wanted: Operation) -> None:
    desk = Alone(wanted, {OPERATE: Fault.KILLED_LATE})
    assert desk.operate() == Ended()
    assert _sent(desk) == 1  # an opening too: what the repetition rests on is not known any more
    desk.register.pass_time(3600.0)
    assert desk.kinds() == [PROOF[wanted]]


@pytest.mark.parametrize("exclusive", [True, False])
def test_what_a_refused_command_of_ours_has_begun_is_cancelled(exclusive: bool) -> None:
    desk = Alone(OPEN, {OPERATE: Fault.REFUSED_IN_THE_MIDDLE}, exclusive=exclusive)
    assert isinstance(desk.operate(), NotReady)
    assert any(isinstance(ask, Fence) for _, ask in desk.asked)
    assert desk.outcomes == [EndOperation(OPEN, None, False)]


@pytest.mark.parametrize("wanted", [OPEN, CLOSE])
def test_what_was_begun_in_doubt_is_cancelled_on_an_exclusive_desk(wanted: Operation) -> None:
    desk = Alone(wanted, {OPERATE: Fault.HALF})
    assert isinstance(desk.operate(), Ended if wanted is OPEN else NotReady)
    assert any(isinstance(ask, Fence) for _, ask in desk.asked)
    assert len(desk.outcomes) == 1


def test_on_a_shared_desk_a_document_that_may_be_anothers_is_waited_for() -> None:
    desk = Alone(OPEN, {OPERATE: Fault.HALF}, exclusive=False)
    ends = MAX_TIME["shift"] + 25.0
    desk.register.later(ends, desk.register.cancel)
    assert isinstance(desk.operate(), NotReady)
    assert not any(isinstance(ask, Fence) for _, ask in desk.asked)
    assert ends <= desk.register.now < ends + 10.0


def test_a_half_opened_shift_that_nobody_went_on_with_blocked_a_shared_desk_for_ever() -> None:
    """No program leaves a document on the drive half done for longer than a command may take."""
    desk = Alone(OPEN, {OPERATE: Fault.HALF}, exclusive=False)
    assert isinstance(desk.operate(), NotReady)
    assert sum(isinstance(ask, Fence) for _, ask in desk.asked) == 1
    assert desk.register.now >= MAX_TIME["shift"] + 30.0


def test_a_refusal_because_another_document_is_open_cancels_nothing_on_a_shared_desk() -> None:
    desk = Alone(OPEN, exclusive=False)
    operate = desk.register.operate

    def overtaken(wanted: ShiftState) -> None:
        desk.register.foreign_document()
        desk.register.later(20.0, desk.register.cancel)
        operate(wanted)

    desk.register.operate = overtaken  # type: ignore[method-assign]
    assert desk.operate() == NotReady(reason("document_open"))
    assert not any(isinstance(ask, Fence) for _, ask in desk.asked)


def test_what_was_left_open_is_cancelled_before_the_intent_on_an_exclusive_desk() -> None:
    """By the rule of receipts: the shift of an idle desk is closed over a document that nobody will finish."""
    desk = Alone(CLOSE)
    desk.register.foreign_document()
    assert desk.operate() == Ended()
    kinds = [type(ask) for _, ask in desk.asked]
    assert kinds.index(Fence) < kinds.index(BeginOperation)


def _busy_after(desk: Alone, until: float) -> None:
    """The register is busy from the command on."""
    desk.register.later(0.06, lambda: setattr(desk.register, "busy_until", until))


def test_a_busy_register_is_asked_again() -> None:
    desk = Alone(OPEN, {OPERATE: Fault.DONE})
    _busy_after(desk, 60.0)
    assert desk.operate() == Ended()
    assert desk.register.now < 60.0  # the shift is open: that it still prints does not matter
    desk = Alone(CLOSE, {OPERATE: Fault.LOST})
    _busy_after(desk, 60.0)
    assert isinstance(desk.operate(), NotReady)
    assert desk.register.now >= 60.0


def test_opened_by_another_hand() -> None:
    """The state is what was wanted; without a document above the snapshot nothing is claimed to be ours."""
    snapshot = snapshot_of(ModelRegister(shift=ShiftState.CLOSED).status())
    register = ModelRegister(shift=ShiftState.CLOSED)
    register.shift = ShiftState.OPEN
    run, ask = operation.resume(POLICY, snapshot=snapshot)
    for value in (None, register.identity(), register.status()):
        run, ask = operation.step(run, answered(value))
    assert ask == EndOperation(OPEN, None, True)
    assert operation.step(run, answered())[1] == Ended()


def test_a_document_of_another_kind_is_no_proof() -> None:
    desk = Alone(CLOSE, {OPERATE: Fault.REFUSED})
    desk.register.foreign_receipt()
    assert desk.operate() == NotReady(reason("register_refused"))
    assert desk.outcomes[0].document is None


@pytest.mark.parametrize("kind", [Answer.NOT_SENT, Answer.REFUSED, Answer.DOUBT])
@pytest.mark.parametrize("phase", [operation.Phase.REOPEN, operation.Phase.LOOK, operation.Phase.ARCHIVE])
def test_whatever_cannot_be_read_is_asked_again(phase: operation.Phase, kind: Answer) -> None:
    snapshot = snapshot_of(ModelRegister(shift=ShiftState.CLOSED).status())
    run, _ = operation.resume(POLICY, snapshot=snapshot)
    run, ask = operation.step(replace(run, phase=phase, polls=20), answered(kind=kind))
    unreadable = (phase, kind) == (operation.Phase.ARCHIVE, Answer.REFUSED)  # by the number of such looks
    assert ask == Wait(0.5 if unreadable else 5.0, "shift_in_doubt")  # no slower than this


def test_a_fiscal_drive_replaced_in_between_does_not_hold_the_register_for_ever() -> None:
    desk = Alone(CLOSE, {OPERATE: Fault.LOST})
    desk.register.later(5.0, desk.register.new_fn)
    assert desk.operate() == NotReady(reason("fn_replaced"))
    assert desk.outcomes == [EndOperation(CLOSE, None, False)]


def test_another_register_behind_the_address_is_not_asked() -> None:
    """It is waited for the right one: it alone knows."""
    desk = Alone(OPEN, {OPERATE: Fault.DONE})
    desk.register.later(0.5, lambda: setattr(desk.register, "serial", "0000000000000001"))
    desk.register.later(500.0, lambda: setattr(desk.register, "serial", SERIAL))
    assert desk.operate() == Ended()
    assert desk.register.now > 500.0
    assert desk.outcomes[0].document is not None
