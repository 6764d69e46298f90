"""The name of an attempt: on disk before the first byte, the same after a restart, never another's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.jobs.transitions import is_open
from protocol.crm.job_machine import Known
from protocol.crm.jobs import JobKind
from tests.agent.devices.bench import Bench, Death, bench

LOST = "answer-lost:command=FF45,stored=no"
REFUSED = "refuse:command=FF45,error=46,times=1"


class Told:
    """What a driver is told of attempts, beside what stands in the journal at that moment."""

    def __init__(self, b: Bench) -> None:
        self.names: list[str | None] = []
        self.b = b
        self.listen()

    def listen(self) -> None:
        register = self.b.register

        def attempt(name: str | None) -> None:
            self.names.append(name)
            rows = self.b.journal.read(lambda tx: tx.live_jobs())
            on_disk = any(is_open(row) for row in rows) or self.b.row().operation is not None
            assert on_disk == (name is not None)

        register.attempt = attempt  # type: ignore[method-assign]

    @property
    def different(self) -> list[str]:
        """Names in the order in which they were first told."""
        return list(dict.fromkeys(name for name in self.names if name is not None))


@pytest.fixture
def b(tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path) as made:
        yield made


def test_a_name_is_told_exactly_while_its_intent_is_on_disk(b: Bench) -> None:
    told = Told(b)
    b.offer()
    assert b.run().state is Known.DONE
    b.idle()
    assert len(told.different) == 2  # the shift that the policy opened, and the receipt
    assert told.names[0] is None
    assert told.names[-1] is None


def test_what_a_device_is_asked_to_do_is_asked_under_the_name(b: Bench) -> None:
    told = Told(b)
    during: dict[str, Any] = {}
    for method in ("open_shift", "close_receipt", "cash_in", "x_report"):
        done = getattr(b.register, method)

        def noted(*args: Any, _name: str = method, _done: Any = done, **more: Any) -> Any:
            during[_name] = told.names[-1]
            return _done(*args, **more)

        setattr(b.register, method, noted)
    b.offer()
    b.run()
    b.offer("j2", kind=JobKind.CASH_IN, payload={"amount": "10.00"})
    b.run("j2")
    b.offer("j3", kind=JobKind.X_REPORT, payload={})
    b.run("j3")
    assert None not in during.values()
    assert len(set(during.values())) == len(during) == 4


@pytest.mark.parametrize("fault", [LOST, REFUSED])
def test_the_same_job_and_attempt_give_the_same_name_and_the_next_attempt_another(tmp_path: Path, fault: str) -> None:
    names = []
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        with bench(tmp_path / folder, fault) as b:
            told = Told(b)
            b.offer()
            row = b.run()
            names.append(told.different[1:])  # without the policy's: its moment is part of its name
            assert len(names[-1]) == row.attempt
    assert names[0] == names[1]


def test_after_a_death_the_name_is_told_before_the_channel_is_opened(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        told = Told(b)
        b.offer()
        b.register.close_receipt = _dies  # type: ignore[method-assign, assignment]
        with pytest.raises(Death):
            b.run()
        (name,) = told.different[1:]
        b.start(b.journal)  # a new process: nothing is remembered but the journal
        again = Told(b)
        at_opening: list[str | None] = []
        connect = b.register.connect

        def noted() -> Any:
            at_opening.append(again.names[-1])
            return connect()

        b.register.connect = noted  # type: ignore[method-assign]
        assert b.run().state is Known.DONE
        assert at_opening[0] == name
        assert again.different[0] == name
        assert len(again.different) == 2  # nothing was made: a second attempt


def _dies(*_: object) -> None:
    raise Death
