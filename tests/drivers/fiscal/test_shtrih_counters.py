"""Counters of drawer cash, read in six questions, belong to one moment."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from drivers.errors import InDoubt
from drivers.fiscal.shtrih.asking import Asking
from drivers.fiscal.shtrih.counters import READINGS, Counters
from protocol.wire.shtrih.commands import FullStatus, MoneyRegister
from protocol.wire.shtrih.record_commands import OperationRegister


class Moving:
    """A register on which ``amount`` comes in while question number ``when`` (and every further one) is answered."""

    password = 30

    def __init__(self, when: set[int]) -> None:
        self.when = when
        self.asked = self.done = 0

    def the(self, command: Any) -> Any:
        self.asked += 1
        if self.asked in self.when:
            self.done += 1
        match command:
            case FullStatus():
                return SimpleNamespace(document_number=7 + self.done)
            case MoneyRegister(_, number):
                sums = {MoneyRegister.DRAWER: 500 + 100 * self.done, MoneyRegister.CASH_IN: 100 * self.done}
                return SimpleNamespace(value=sums.get(number, 0))
            case OperationRegister(_, number):
                return SimpleNamespace(value=self.done if number == OperationRegister.CASH_IN else 0)
        raise AssertionError(command)


@pytest.mark.parametrize("when", range(1, 8))
def test_a_late_command_came_between_two_questions_and_the_proof_had_the_number_before_it(when: int) -> None:
    read = Counters(cast(Asking, Moving({when}))).cash()
    assert read.document_number - 7 == read.cash_in_count == read.cash_in // 100 == (read.drawer - 500) // 100


def test_a_register_that_never_stands_still_proves_nothing() -> None:
    moving = Moving(set(range(1, 100)))
    with pytest.raises(InDoubt) as caught:
        Counters(cast(Asking, moving)).cash()
    assert caught.value.code == "device_busy"
    assert moving.asked == 1 + 6 * READINGS
