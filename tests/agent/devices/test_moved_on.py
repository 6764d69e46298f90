"""The world moves on while the register is asked: a job is cancelled, its time passes, the register is given up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from protocol.crm.job_machine import Known
from protocol.crm.jobs import JobKind
from protocol.crm.messages import Cancel
from tests.agent.devices.bench import Bench, bench
from tests.support.crm import AGENT, KID

HOUR = 3600.0


def meanwhile(b: Bench, query: str, action: Callable[[], Any], *, times: int = 1) -> None:
    """Do something during the driver's next ``query``, as another thread would."""
    asked, left = getattr(b.register, query), [times]

    def answered(*args: Any) -> Any:
        answer = asked(*args)
        if left[0]:
            left[0] -= 1
            action()
        return answer

    setattr(b.register, query, answered)


def cancel(b: Bench, job_id: str = "j1") -> None:
    b.say("cancel", Cancel(job_id=job_id, agent_id=AGENT, rev=b.job(job_id).rev, kid=KID))


def time_passes(b: Bench) -> None:
    b.line.sleep(2 * HOUR)
    b.pong()
    b.book.tick()


MOVES: dict[str, tuple[Callable[[Bench], Any], Known]] = {
    "cancelled": (cancel, Known.CANCELLED),
    "its time passed": (time_passes, Known.HELD),
    "the register is given up": (lambda b: b.release(), Known.ABSENT),
}


@pytest.mark.parametrize("move", MOVES)
def test_an_answer_for_a_job_that_has_moved_on_stops_nothing(tmp_path: Path, move: str) -> None:
    act, state = MOVES[move]
    with bench(tmp_path) as b:
        b.idle(1)
        b.offer(kind=JobKind.DEVICE_STATUS, payload={})
        meanwhile(b, "health", lambda: act(b))
        b.round()
        assert (b.job().state, b.crashes) == (state, [])


@pytest.mark.parametrize("move", MOVES)
def test_a_refusal_of_a_job_that_has_moved_on_stops_nothing(tmp_path: Path, move: str) -> None:
    act, state = MOVES[move]
    with bench(tmp_path) as b:
        b.idle(1)
        b.offer(kind=JobKind.X_REPORT, payload={})  # impossible: the shift is closed
        meanwhile(b, "status", lambda: act(b))
        b.round()
        assert b.job().state is state


def test_a_receipt_that_is_found_after_its_cancel_is_told_of(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        b.offer()
        row = b.run()
        assert row.state is Known.DONE
        b.idle(1)
        # The same receipt, as a journal that has forgotten its outcome would see it.
        b.offer("again")
        again = b.job("again")
        b.journal.commit(lambda tx: tx.write_job(replace(again, imprint=row.imprint), "test"))
        b.journal.commit(lambda tx: tx.write_job(replace(row, imprint=again.imprint), "test"))
        before = b.last_fd()
        b.journal.commit(lambda tx: tx.write_device(replace(tx.device(row.kkm_id), highest_fd=1), "test"))
        meanwhile(b, "document", lambda: cancel(b, "again"))
        b.lane.round()
        assert b.job("again").state is Known.CANCELLED
        assert b.last_fd() == before
        assert [e.body["job_id"] for e in b.events() if e.kind == "decision_contradicted"] == ["again"]


# --- the desk's policy ---------------------------------------------------------------------------------------------


def test_the_policy_closed_the_shift_of_a_register_that_was_given_up_meanwhile(tmp_path: Path) -> None:
    with bench(tmp_path, close_at="22:00") as b:
        b.offer("open", kind=JobKind.OPEN_SHIFT, payload={})
        b.run("open")
        b.pass_(8 * HOUR)
        before = b.last_fd()
        meanwhile(b, "shift_totals", lambda: b.release())
        b.idle(3)
        assert b.row().released
        assert b.row().operation is None
        assert b.last_fd() == before


def test_the_policy_closed_the_shift_although_the_server_no_longer_trusts_this_journal(tmp_path: Path) -> None:
    with bench(tmp_path, close_at="22:00") as b:
        b.offer("open", kind=JobKind.OPEN_SHIFT, payload={})
        b.run("open")
        b.pass_(8 * HOUR)
        before = b.last_fd()
        meanwhile(b, "shift_totals", lambda: b.book.allow_starts(False))
        b.lane.round()
        assert b.row().operation is None
        assert b.last_fd() == before


@pytest.mark.parametrize("move", MOVES)
def test_a_shift_was_opened_for_a_receipt_that_had_moved_on(tmp_path: Path, move: str) -> None:
    act, state = MOVES[move]
    with bench(tmp_path) as b:
        b.idle(1)
        before = b.last_fd()
        b.offer()
        looks = b.register.status
        seen: list[int] = []

        def status() -> Any:
            answer = looks()
            seen.append(1)
            if len(seen) == 2:  # the shift operation's look
                act(b)
            return answer

        b.register.status = status  # type: ignore[method-assign]
        b.pong()
        b.lane.round()
        assert b.job().state is state
        assert b.last_fd() == before
        assert b.row().operation is None
