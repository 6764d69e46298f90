"""Money over a whole day: the bank's book holds what was told, and what is in doubt, and nothing else."""

from __future__ import annotations

from random import Random

from drivers.conformance.terminals.bench import Fate, Step
from drivers.conformance.terminals.catalogue import Behaviour, behaviour
from drivers.conformance.terminals.stage import Stage
from drivers.errors import InDoubt, NotSent, Refused
from drivers.terminal_api import Original, Outcome, Transaction

STEPS = 14
LOST = (Fate.ANSWER_LOST, Fate.GARBAGE, Fate.SILENCE)
ANSWERED = (Fate.DECLINED, Fate.CANCELLED)


class Till:
    """What a caller knows of the money: what was told, and what is in doubt."""

    def __init__(self) -> None:
        self.known = 0
        self.doubts: list[int] = []
        self.payments: list[Original] = []

    def possible(self) -> set[int]:
        sums = {self.known}
        for doubt in self.doubts:
            sums |= {each + doubt for each in sums}
        return sums


def _course(seed: int) -> Behaviour:
    @behaviour(f"money.course-{seed}", "operations, troubles and restarts by chance: taken is what was told and some "
               "of what is in doubt", *LOST, *ANSWERED)  # fmt: skip
    def course(stage: Stage) -> None:
        random, till = Random(seed), Till()
        stage.connect()
        fates: list[Fate | None] = [*LOST, *ANSWERED, *[None] * (STEPS - len(LOST) - len(ANSWERED))]
        random.shuffle(fates)
        for fate in fates:
            _step(stage, till, random, fate)
            assert stage.truth().net in till.possible(), (stage.truth().net, till.known, till.doubts)

    return course


def _step(stage: Stage, till: Till, random: Random, fate: Fate | None) -> None:
    original = (
        till.payments.pop(random.randrange(len(till.payments))) if till.payments and random.random() < 0.4 else None
    )
    amount = original.amount if original else random.randrange(100, 500_000) * 10 + 5
    sign = -1 if original else 1
    if fate is not None:
        stage.fate(Step.REFUND if original else Step.PAYMENT, fate)
    order = stage.order(amount)
    try:
        told: Transaction = stage.refund(original, order) if original else stage.pay(order)
    except InDoubt as doubt:
        till.doubts.append(sign * amount)
        if random.random() < 0.5:
            stage.restart()
        stage.recover(doubt)
        return
    except (NotSent, Refused):
        return
    if told.outcome is Outcome.APPROVED:
        till.known += sign * amount
        if not original:
            till.payments.append(
                Original(amount, told.rrn, told.auth_code, told.number, told.terminal_id, told.at, told.sbp_id)
            )


COURSES = tuple(_course(seed) for seed in range(1, 6))
