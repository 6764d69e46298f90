"""A job on the command line: the same lane and journal as the agent's, and never a second document."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agent import local, one_job
from agent.jobs.permission import Clock
from agent.local import Workbench
from agent.problems import UserError
from drivers.errors import NotSent, Refused
from protocol.crm.job_machine import Known
from protocol.crm.jobs import JobKind
from tests.agent.devices.bench import Bench, Death, TurnedLane, bench
from tests.support.crm import NOW, RECEIPT
from tests.support.journals import sql

RECEIPT_KIND = JobKind.RECEIPT
OTHER = {**RECEIPT, "cashier": {"name": "Петров"}}
LOST = "answer-lost:command=FF45,stored=no"


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """``work(b)``: a new process with the bench's register and journal, in its virtual time."""

    def at(b: Bench) -> Workbench:
        def lane(*args: Any, **more: Any) -> TurnedLane:
            b.lane = TurnedLane(*args, **more)
            b.lane.bench = b
            return b.lane

        monkeypatch.setattr(local, "Lane", lane)
        monkeypatch.setattr(one_job, "time", SimpleNamespace(sleep=b.wait))
        b.register.disconnect()
        clock = Clock(monotonic=b.line.now, wall=lambda: NOW.timestamp() + b.line.now(), now=b.now)
        return Workbench(b.register, b.journal, clock)

    return at


def test_a_receipt(tmp_path: Path, work: Any) -> None:
    with bench(tmp_path, bound=False) as b:
        told = work(b).run(RECEIPT_KIND, "j1", RECEIPT)
        assert (told["state"], told["attempt"], told["paper"]) == ("done", 1, "complete")
        assert told["proof"]["fd"] == b.receipts()[0]["fd"]
        named = {"job_id", "state", "rev", "attempt", "reason", "proof", "paper", "evidence", "certainty"}
        assert set(told) == named | {"result", "document"}
        assert told["document"]["tags"]["1020"] == "100.00"


def test_the_same_id_again_is_answered_from_the_journal(tmp_path: Path, work: Any) -> None:
    with bench(tmp_path, bound=False) as b:
        told = work(b).run(RECEIPT_KIND, "j1", RECEIPT)
        b.device.inject("mute:seconds=1000")  # the register is not even asked
        assert work(b).run(RECEIPT_KIND, "j1", RECEIPT) == told
        assert len(b.receipts()) == 1


def test_the_same_id_with_another_body_is_refused(tmp_path: Path, work: Any) -> None:
    with bench(tmp_path, bound=False) as b:
        work(b).run(RECEIPT_KIND, "j1", RECEIPT)
        with pytest.raises(UserError) as refused:
            work(b).run(RECEIPT_KIND, "j1", OTHER)
        assert refused.value.code == "id_conflict"
        assert len(b.receipts()) == 1


@pytest.mark.parametrize("fault", [LOST, "late:command=FF45,seconds=2", "power:command=FF45,when=before"])
def test_a_process_that_was_killed_is_resumed_by_the_same_id(tmp_path: Path, work: Any, fault: str) -> None:
    with bench(tmp_path, fault, bound=False) as b:

        def dies() -> None:
            raise Death

        b.at(0.0, dies)
        with pytest.raises(Death):
            work(b).run(RECEIPT_KIND, "j1", RECEIPT)
        assert b.job().state in (Known.STARTED, Known.RESOLVING)
        b.line.sleep(1.0)  # the register has power again
        told = work(b).run(RECEIPT_KIND, "j1", RECEIPT)
        assert told["state"] == "done"
        assert len(b.receipts()) == 1


def test_no_server_hears_of_it(tmp_path: Path, work: Any) -> None:
    with bench(tmp_path, LOST, bound=False) as b:
        work(b).run(RECEIPT_KIND, "j1", RECEIPT)
        assert b.job().archived
        left = sql(b.path, "SELECT count(*) FROM outbox WHERE job_id IS NOT NULL")
        assert left == [(0,)]


@pytest.mark.parametrize(
    ("fault", "code"), [("paper-out:line=3,load=1000", "no_paper"), ("cover:seconds=1000,command=E0", "cover_open")]
)
def test_a_register_that_is_not_ready_is_waited_for_and_then_told(
    tmp_path: Path, work: Any, fault: str, code: str
) -> None:
    """It happens while the shift is opened."""
    with bench(tmp_path, fault, bound=False) as b:
        told = work(b).run(RECEIPT_KIND, "j1", RECEIPT, patience=20.0)
        assert (told["state"], told["reason"]["code"], told["proof"]) == ("cancelled", code, None)
        assert 20.0 <= b.line.now() < 60.0
        assert b.receipts() == []
        assert work(b).run(RECEIPT_KIND, "j1", RECEIPT) == told  # a cancelled id stays so


def test_a_register_that_gets_ready_in_time_prints(tmp_path: Path, work: Any) -> None:
    with bench(tmp_path, bound=False) as b:
        b.device.inject("cover:seconds=10")
        assert work(b).run(RECEIPT_KIND, "j1", RECEIPT)["state"] == "done"


def test_a_register_that_is_away_stops_it_before_anything_is_written(tmp_path: Path, work: Any) -> None:
    with bench(tmp_path, bound=False) as b:
        b.device.inject("mute:seconds=1000")
        with pytest.raises(NotSent):
            work(b).run(RECEIPT_KIND, "j1", RECEIPT)
        assert sql(b.path, "SELECT count(*) FROM jobs") == [(0,)]


def test_what_needs_a_person_ends_the_command_and_the_next_one_asks_again(tmp_path: Path, work: Any) -> None:
    with bench(tmp_path, LOST, bound=False) as b:
        read = b.register.document

        def unreadable(fd: int) -> Any:
            raise Refused("no_data")

        b.at(0.0, lambda: setattr(b.register, "document", unreadable))
        for _ in range(2):
            told = work(b).run(RECEIPT_KIND, "j1", RECEIPT)
            assert (told["state"], told["reason"]["code"]) == ("human", "archive_unreadable")
        b.register.document = read  # type: ignore[method-assign]
        assert work(b).run(RECEIPT_KIND, "j1", RECEIPT)["state"] == "done"
        assert len(b.receipts()) == 1


def test_an_open_intent_stops_whatever_else_would_act(tmp_path: Path, work: Any) -> None:
    with bench(tmp_path, LOST, bound=False) as b:

        def dies() -> None:
            raise Death

        b.at(0.0, dies)
        with pytest.raises(Death):
            work(b).run(RECEIPT_KIND, "j1", RECEIPT)
        again = work(b)
        with pytest.raises(UserError) as refused:
            again.require_no_intent(again.register.connect())
        assert refused.value.code == "intent_open"
        work(b).run(RECEIPT_KIND, "j1", RECEIPT)
        again = work(b)
        again.require_no_intent(again.register.connect())


def test_jobs_of_the_server_wait_for_the_agent(tmp_path: Path, work: Any) -> None:
    """On a register that is bound here the agent's own row is used, and its waiting jobs are left alone."""
    with bench(tmp_path) as b:
        b.offer("from-the-server")
        assert work(b).run(RECEIPT_KIND, "j1", RECEIPT)["state"] == "done"
        assert b.job("from-the-server").state is Known.ACCEPTED
        assert b.job("j1").kkm_id == b.row().kkm_id
        assert len(b.receipts()) == 1
        b.start(b.journal)
        assert b.run("from-the-server").state is Known.DONE  # and does not take the other receipt for foreign
        assert b.row().exclusive


@pytest.mark.parametrize("fault", ["", "answer-lost:command=E0,stored=no"])
def test_a_shift_is_opened_and_closed_as_the_agent_does(tmp_path: Path, work: Any, fault: str) -> None:
    with bench(tmp_path, *([fault] if fault else []), bound=False) as b:
        cashier = {"cashier": {"name": "Иванова"}}
        opened = work(b).run(JobKind.OPEN_SHIFT, "open", cashier)
        assert (opened["state"], opened["proof"]["fd"], opened["proof"]["shift"]) == ("done", 2, 1)
        assert opened["document"]["tags"]["1021"] == "Иванова"
        again = work(b).run(JobKind.OPEN_SHIFT, "again", cashier)
        assert (again["state"], again["reason"]["code"]) == ("not_done", "shift_open")
        closed = work(b).run(JobKind.CLOSE_SHIFT, "close", {})
        assert (closed["state"], closed["proof"]["fd"], closed["document"]["type"]) == ("done", 3, "close_shift")
        assert [d["type"] for d in b.documents()] == ["registration", "open_shift", "close_shift"]


def test_the_same_id_for_another_kind_is_refused(tmp_path: Path, work: Any) -> None:
    with bench(tmp_path, bound=False) as b:
        work(b).run(JobKind.OPEN_SHIFT, "j1", {})
        with pytest.raises(UserError) as refused:
            work(b).run(JobKind.CLOSE_SHIFT, "j1", {})
        assert refused.value.code == "id_conflict"


def test_an_open_intent_stops_every_other_kind_but_its_own_job_resolves_it(tmp_path: Path, work: Any) -> None:
    with bench(tmp_path, "answer-lost:command=E0,stored=no", bound=False) as b:

        def dies() -> None:
            raise Death

        b.at(0.0, dies)
        with pytest.raises(Death):
            work(b).run(JobKind.OPEN_SHIFT, "open", {})
        with pytest.raises(UserError) as refused:
            work(b).run(JobKind.OPEN_DRAWER, "drawer", {})
        assert refused.value.code == "intent_open"
        assert work(b).run(JobKind.OPEN_SHIFT, "open", {})["state"] == "done"
        assert [d["type"] for d in b.documents()] == ["registration", "open_shift"]
