"""Verdicts: the same questions asked of every command that may have an effect.

Could the device have acted? NotSent: no byte left. Refused: it answered no. InDoubt: bytes left, no trustworthy answer.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain

from drivers.conformance.behaviours.operations import OPERATIONS, Operation
from drivers.conformance.bench import MARGIN, Fate
from drivers.conformance.catalogue import Behaviour, behaviour
from drivers.conformance.stage import Stage
from drivers.errors import InDoubt, Refused

DEAF = 900.0
"""Seconds: longer than any driver waits."""
ROUNDING = 1e-6


def _begin(stage: Stage, operation: Operation, fate: Fate, seconds: float = 0.0) -> tuple[int, int, str | None]:
    """Prepared, and the fate arranged: how often the step had come and taken effect before, and the vendor's code."""
    operation.prepare(stage)
    before = (stage.received(operation.step), operation.times(stage.truth()))
    return *before, stage.fate(operation.step, fate, seconds=seconds)


def _once(stage: Stage, operation: Operation, received: int) -> None:
    again = stage.received(operation.step) - received
    assert again <= 1, f"the command reached the device {again} times"


def _bounded(stage: Stage, operation: Operation, doubt: InDoubt) -> None:
    longest = stage.driver.capabilities.max_time[operation.pace]
    assert 0 <= doubt.remaining <= longest + ROUNDING, f"remaining {doubt.remaining}, the longest time is {longest}"


def _request_lost(stage: Stage, operation: Operation) -> None:
    received, times, _ = _begin(stage, operation, Fate.SILENCE, DEAF)
    with stage.in_time():
        doubt = stage.in_doubt(lambda: operation.act(stage))
    _bounded(stage, operation, doubt)
    stage.sleep(DEAF)
    stage.recover(doubt)
    _once(stage, operation, received)
    assert operation.times(stage.truth()) == times, "it took effect although the device had heard nothing of it"


def _cut(stage: Stage, operation: Operation) -> None:
    received, times, _ = _begin(stage, operation, Fate.CUT)
    doubt = stage.in_doubt(lambda: operation.act(stage))
    _bounded(stage, operation, doubt)
    stage.recover(doubt)
    _once(stage, operation, received)
    assert operation.times(stage.truth()) == times, "it was sent again"


def _answer_lost(stage: Stage, operation: Operation) -> None:
    received, times, _ = _begin(stage, operation, Fate.ANSWER_LOST)
    doubt = stage.in_doubt(lambda: operation.act(stage))
    _bounded(stage, operation, doubt)
    stage.recover(doubt)
    stage.settle()
    _once(stage, operation, received)
    assert operation.times(stage.truth()) == times + 1, "it must have taken effect exactly once"


def _refused(stage: Stage, operation: Operation) -> None:
    received, times, vendor = _begin(stage, operation, Fate.REFUSED)
    refused = stage.refused(lambda: operation.act(stage))
    assert refused.vendor == vendor, f"the device's own code is {vendor}, the driver tells {refused.vendor}"
    stage.driver.status()  # the channel is still good
    stage.settle()
    _once(stage, operation, received)
    assert operation.times(stage.truth()) == times, "a refused command was carried out"


def _late(stage: Stage, operation: Operation) -> None:
    pace = stage.driver.capabilities.max_time[operation.pace]
    late = 0.95 * min(pace, stage.bench.longest.get(operation.step, pace))
    received, times, _ = _begin(stage, operation, Fate.LATE, late)
    began = stage.now()
    doubt = stage.in_doubt(lambda: operation.act(stage))
    assert operation.times(stage.truth()) == times
    left = late - (stage.now() - began)
    assert doubt.remaining + MARGIN >= left, f"remaining {doubt.remaining}, it takes effect in {left}"
    stage.recover(doubt)
    stage.settle()
    _once(stage, operation, received)
    assert operation.times(stage.truth()) == times + 1, "it must have taken effect exactly once, within its time"


def _busy(stage: Stage, operation: Operation) -> None:
    _, times, _ = _begin(stage, operation, Fate.BUSY)
    verdict = stage.verdict(lambda: operation.act(stage))
    stage.settle()
    if verdict is None:
        assert operation.times(stage.truth()) == times + 1, "reported as done: it must have taken effect exactly once"
    else:
        assert (type(verdict), verdict.code) == (Refused, "device_busy"), f"{verdict!r} of a device that is busy"
        assert operation.times(stage.truth()) == times
    stage.driver.status()  # the channel is still good


def _slow(stage: Stage, operation: Operation) -> None:
    pace = stage.driver.capabilities.max_time[operation.pace]
    seconds = 0.5 * min(pace, stage.bench.longest.get(operation.step, pace))
    received, times, _ = _begin(stage, operation, Fate.SLOW, seconds)
    operation.act(stage)
    stage.settle()
    _once(stage, operation, received)
    assert operation.times(stage.truth()) == times + 1


def _damaged(stage: Stage, operation: Operation) -> None:
    received, times, _ = _begin(stage, operation, Fate.DAMAGED)
    verdict = stage.verdict(lambda: operation.act(stage))
    assert verdict is None or isinstance(verdict, InDoubt), f"{verdict!r} of a command that was carried out"
    stage.recover(verdict)
    stage.settle()
    _once(stage, operation, received)
    assert operation.times(stage.truth()) == times + 1, "it must have taken effect exactly once"


def _power(stage: Stage, operation: Operation, fate: Fate, done: int) -> None:
    received, times, _ = _begin(stage, operation, fate)
    doubt = stage.in_doubt(lambda: operation.act(stage))
    _bounded(stage, operation, doubt)
    stage.recover(doubt)
    stage.settle()
    _once(stage, operation, received)
    assert operation.times(stage.truth()) == times + done


def _power_before(stage: Stage, operation: Operation) -> None:
    _power(stage, operation, Fate.POWER_BEFORE, 0)


def _power_after(stage: Stage, operation: Operation) -> None:
    _power(stage, operation, Fate.POWER_AFTER, 1)


QUESTIONS: tuple[tuple[str, Fate, str, Callable[[Stage, Operation], None]], ...] = (
    ("request-lost", Fate.SILENCE, "the device goes deaf before it: InDoubt, in time, sent once", _request_lost),
    ("cut", Fate.CUT, "the channel breaks while it is sent: InDoubt, never sent again", _cut),
    ("answer-lost", Fate.ANSWER_LOST, "carried out, the answer lost: InDoubt, and done once", _answer_lost),
    ("refused", Fate.REFUSED, "the device says no: Refused with its own code, the channel good", _refused),
    ("late", Fate.LATE, "carried out late: InDoubt until then at least, and done once", _late),
    ("busy", Fate.BUSY, "refused because it prints: sent again and done once, or Refused device_busy", _busy),
    ("slow", Fate.SLOW, "half its longest time is waited for, and answered", _slow),
    ("damaged", Fate.DAMAGED, "its answer comes damaged: the true answer or InDoubt, and done once", _damaged),
    ("power-before", Fate.POWER_BEFORE, "the power fails before it: InDoubt, and not done", _power_before),
    ("power-after", Fate.POWER_AFTER, "the power fails after it: InDoubt, and done once", _power_after),
)


def _asked(operation: Operation, name: str, fate: Fate, says: str,
           show: Callable[[Stage, Operation], None]) -> Behaviour:  # fmt: skip
    @behaviour(f"{operation.name}.{name}", f"{operation.name}: {says}", fate, *operation.needs)
    def asked(stage: Stage) -> None:
        show(stage, operation)

    return asked


ENDS_WITH_ITS_STEP = ("open_shift", "close_shift", "x_report", "cash_in", "cash_out", "print_copy", "open_drawer",
                      "close_receipt", "continue_print")  # fmt: skip
"""Operations whose effect is a single command, after which nothing of it is left to be done."""


def _answered(operation: Operation) -> Behaviour:
    @behaviour(f"{operation.name}.silence-after", f"{operation.name}: answered, then the device goes deaf: it is done",
               Fate.SILENCE_AFTER, *operation.needs)  # fmt: skip
    def answered(stage: Stage) -> None:
        received, times, _ = _begin(stage, operation, Fate.SILENCE_AFTER, DEAF)
        with stage.in_time():
            operation.act(stage)
        stage.sleep(DEAF)
        stage.recover()
        _once(stage, operation, received)
        assert operation.times(stage.truth()) == times + 1

    return answered


ANSWERED = tuple(_answered(operation) for operation in OPERATIONS if operation.name in ENDS_WITH_ITS_STEP)

TABLE = tuple(chain.from_iterable(
    (_asked(operation, name, fate, says, show) for name, fate, says, show in QUESTIONS) for operation in OPERATIONS
))  # fmt: skip
