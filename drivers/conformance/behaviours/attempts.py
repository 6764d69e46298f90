"""Attempts, at a device that knows tasks by names: ``attempt``

The lane names an attempt before its first byte and again after a restart; ``connect`` answers when it is settled.
"""

from __future__ import annotations

from uuid import NAMESPACE_OID, uuid5

from drivers.conformance.bench import Fate, Step
from drivers.conformance.catalogue import Able, Behaviour, behaviour
from drivers.conformance.samples import SALE
from drivers.conformance.stage import Stage
from drivers.errors import NotSent

FIRST, SECOND = (str(uuid5(NAMESPACE_OID, name)) for name in ("first", "second"))
LONG = 900.0
"""Seconds after which nothing of a lost task can be left, whatever the driver says of it."""
LATE = 20.0
PATIENCE = 100  # looks at a device that is not ready
PAUSE = 5.0


def _settled(stage: Stage) -> None:
    """Opened anew under the open attempt's name, as often as it needs."""
    for _ in range(PATIENCE):
        try:
            stage.again()
            return
        except NotSent:
            stage.sleep(PAUSE)
    stage.again()


def _sell(stage: Stage) -> None:
    stage.fill()
    stage.driver.close_receipt(SALE)


@behaviour("attempt.once", "the same receipt under the same name again is the same receipt", Able.NAMES)
def once(stage: Stage) -> None:
    driver = stage.at_work()
    driver.attempt(FIRST)
    _sell(stage)
    stage.verdict(lambda: _sell(stage))
    stage.settle()
    assert len(stage.truth().receipts) == 1
    driver.attempt(SECOND)
    _sell(stage)
    assert len(stage.truth().receipts) == 2, "another name is another receipt"


@behaviour("attempt.not-begun", "an attempt of which nothing was sent is over once the channel was opened: never made",
           Able.NAMES)  # fmt: skip
def not_begun(stage: Stage) -> None:
    driver = stage.at_work()
    driver.attempt(FIRST)
    _settled(stage)
    assert stage.verdict(lambda: _sell(stage)) is not None, "made under a name that was given up"
    stage.settle()
    assert stage.truth().receipts == []
    driver.attempt(SECOND)
    _settled(stage)
    driver.attempt(None)
    stage.again()
    _sell(stage)
    assert len(stage.truth().receipts) == 1


def _over(fate: Fate, seconds: float, says: str) -> Behaviour:
    @behaviour(f"attempt.{fate.value.replace(' ', '-')}", f"{says}: once the channel is open, nothing comes later",
               fate, Able.NAMES)  # fmt: skip
    def over(stage: Stage) -> None:
        driver = stage.at_work()
        driver.attempt(FIRST)
        stage.fate(Step.CLOSE, fate, seconds=seconds)
        verdict = stage.verdict(lambda: _sell(stage))
        if verdict is not None:
            _settled(stage)
        made = len(stage.truth().receipts)
        stage.sleep(LONG)
        assert len(stage.truth().receipts) == made <= 1, "made after the driver had said that nothing was left"
        driver.attempt(None)
        stage.again()
        assert stage.driver.status().last_fd == len(stage.truth().documents)

    return over


OVER = (
    _over(Fate.SILENCE, LONG / 3, "the device goes deaf before it"),
    _over(Fate.CUT, 0.0, "the channel breaks while it is sent"),
    _over(Fate.ANSWER_LOST, 0.0, "carried out, the answer lost"),
    _over(Fate.LATE, LATE, "carried out late"),
    _over(Fate.SLOW, LONG / 3, "carried out after minutes"),
    _over(Fate.POWER_BEFORE, 0.0, "the power fails before it"),
    _over(Fate.POWER_AFTER, 0.0, "the power fails after it"),
)


@behaviour("attempt.restart", "a driver that has not seen the attempt settles it by its name alone", Fate.LATE,
           Able.NAMES)  # fmt: skip
def restart(stage: Stage) -> None:
    driver = stage.at_work()
    driver.attempt(FIRST)
    stage.fate(Step.CLOSE, Fate.LATE, seconds=LATE)
    stage.verdict(lambda: _sell(stage))
    driver.disconnect()
    driver.attempt(None)  # what the driver kept of it is gone with the process
    driver.attempt(FIRST)
    _settled(stage)
    made = len(stage.truth().receipts)
    stage.sleep(LONG)
    assert len(stage.truth().receipts) == made == 1
