"""A test print beside the running agent: the register's own lane prints it, the journal has it, no server is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.desk.overview import Overview, Who
from agent.desk.trial_print import START_WITHIN, trial_print
from agent.jobs.at_desk import begin_anew
from agent.journal.inspect import verify
from agent.link.status import LinkStatus
from agent.port import AgentPort
from agent.problems import UserError
from agent.status import AgentStatus, DeviceStatus
from protocol.crm.job_machine import Known
from protocol.crm.jobs import JobKind
from protocol.crm.link_machine import AgentLink
from protocol.crm.messages import Released
from tests.agent.devices.bench import Bench, bench
from tests.support.crm import AGENT, KKM, NOW


@pytest.fixture
def pc(tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path) as b:
        b.idle()
        yield b


def status(b: Bench, **changed: Any) -> AgentStatus:
    who = Who("1.0", AGENT, "Тест", "https://kassa.example.ru", ((KKM, "shtrih", "tcp:1.2.3.4:7778"),))
    seen = Overview(who, b.book, b.now, lambda: LinkStatus(AgentLink.READY, NOW), lambda: [b.lane.state], dict)()
    return replace(seen, **changed)


def prints(b: Bench, kkm_id: str = KKM, **changed: Any) -> str:
    """While somebody waits for the slip the lane goes its rounds."""

    def meanwhile(_: float) -> None:
        b.wait(min(b.round(), 0.5))

    return trial_print(b.book, lambda: status(b, **changed), kkm_id, wait=meanwhile)


def refused(b: Bench, kkm_id: str = KKM, **changed: Any) -> str:
    with pytest.raises(UserError) as caught:
        prints(b, kkm_id, **changed)
    assert caught.value.exit_code == 1
    return caught.value.code


def test_it_is_printed_by_the_lane_and_stands_in_the_journal(pc: Bench) -> None:
    job_id = prints(pc)
    row = pc.job(job_id)
    assert (row.kind, row.state, row.kkm_id, row.archived) == (JobKind.PRINT_TEXT.value, Known.DONE, KKM, True)
    assert [job.job_id for job in status(pc).recent] == [job_id]
    assert verify(pc.path)["ok"]
    assert pc.documents()[-1]["type"] == "registration", "it is no fiscal document"


def test_no_server_hears_of_it(pc: Bench) -> None:
    before = pc.outbox()
    job_id = prints(pc)
    pc.device.inject("cover:seconds=100000,times=always")
    assert refused(pc) == "cover_open"
    assert pc.outbox() == before
    port = AgentPort(pc.book, {KKM: "shtrih"})
    assert port.greeting().jobs == ()
    port.started([])
    assert pc.outbox() == before
    assert pc.job(job_id).local


def test_one_that_is_under_way_is_not_named_to_a_server(pc: Bench) -> None:
    seen: list[Any] = []

    def meanwhile(_: float) -> None:
        seen.append(AgentPort(pc.book, {KKM: "shtrih"}).greeting().jobs)
        pc.wait(min(pc.round(), 0.5))

    trial_print(pc.book, lambda: status(pc), KKM, wait=meanwhile)
    assert seen
    assert set(seen) == {()}


def test_it_comes_behind_what_waits_on_the_register(pc: Bench) -> None:
    pc.offer()
    prints(pc)
    assert pc.job("j1").state is Known.DONE
    assert len(pc.receipts()) == 1


def test_the_cashier_is_told_what_is_wrong_and_no_paper_comes_later(pc: Bench) -> None:
    pc.device.inject("paper-out:line=0,load=100000")
    before = pc.line.now()
    code = refused(pc)
    assert code == "no_paper"
    assert START_WITHIN <= pc.line.now() - before < START_WITHIN + 10
    (job,) = [job for job in status(pc).recent if job.kind == JobKind.PRINT_TEXT]
    assert job.state == "cancelled"
    pc.pass_(200_000)
    pc.idle(5)
    assert pc.job(job.job_id).state is Known.CANCELLED


def test_a_lost_answer_is_not_called_printed(pc: Bench) -> None:
    pc.device.inject("answer-lost:command=2F,stored=no")
    assert refused(pc) == "answer_lost"


def doubt(b: Bench) -> None:
    """A receipt whose record cannot be read: a person is waited for."""
    b.device.inject("mute:seconds=100000,command=FF45")
    b.offer()
    b.run(states=(Known.RESOLVING, Known.HUMAN), seconds=3000.0)


def test_it_does_not_run_while_a_job_is_in_doubt(pc: Bench) -> None:
    doubt(pc)
    before = pc.journal.read(lambda tx: tx.head())
    assert refused(pc) == "resolving"
    assert pc.journal.read(lambda tx: tx.head()) == before, "nothing was begun"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"paused": True}, "paused"),
        ({"quarantined": True}, "rolled_back"),
        ({"disk_low": True}, "disk_low"),
        ({"devices": ()}, "device_not_configured"),
        ({"devices": (DeviceStatus(KKM, "zvt", "tcp:10.0.0.8:20007", is_terminal=True),)}, "wrong_kind_of_device"),
    ],
)
def test_what_keeps_it_from_starting_is_told_at_once(pc: Bench, changed: dict[str, Any], code: str) -> None:
    before, at = pc.journal.read(lambda tx: tx.head()), pc.line.now()
    assert refused(pc, **changed) == code
    assert (pc.journal.read(lambda tx: tx.head()), pc.line.now()) == (before, at)


def test_without_a_link_nothing_is_begun(pc: Bench) -> None:
    pc.pass_(120)  # the last pong is too old
    assert refused(pc) == "no_server_time"


def test_a_register_of_another_pc_is_left_alone(tmp_path: Path) -> None:
    with bench(tmp_path, bound=False) as b:
        b.idle()
        assert refused(b) == "device_not_bound"
        b.bind()
        b.release()
        assert refused(b) == "device_released"


def test_a_register_that_is_given_away_meanwhile_takes_the_slip_back(pc: Bench) -> None:
    def meanwhile(_: float) -> None:
        pc.release()

    with pytest.raises(UserError) as caught:
        trial_print(pc.book, lambda: status(pc), KKM, wait=meanwhile)
    assert caught.value.code == "device_released"
    (released,) = [body for body in pc.outbox() if isinstance(body, Released)]
    assert released.not_started == [], "the server is not asked to give out what it does not know"


def test_after_a_restart_nothing_of_it_is_printed(pc: Bench) -> None:
    def dies(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trial_print(pc.book, lambda: status(pc), KKM, wait=dies)
    (job,) = [row for row in pc.journal.read(lambda tx: tx.live_jobs()) if row.local]
    pc.offer("of-the-server", kind=JobKind.OPEN_SHIFT, payload={})
    pc.journal.commit(begin_anew)
    assert pc.job(job.job_id).state is Known.CANCELLED
    assert pc.job("of-the-server").state is Known.ACCEPTED
