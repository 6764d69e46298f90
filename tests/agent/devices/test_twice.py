"""What was done once and looked undone: paper, slips, and one job's proof that another one claimed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from protocol.crm.job_machine import Known
from protocol.crm.jobs import JobKind
from protocol.crm.messages import Renew
from tests.agent.devices.bench import Bench, bench
from tests.support.crm import AGENT, KID, KKM

CASH: dict[str, Any] = {"amount": "100.00"}
SLIP: dict[str, Any] = {"lines": [{"text": f"line {n}"} for n in range(5)]}


def renew(b: Bench, job_id: str) -> None:
    row = b.job(job_id)
    until = b.now() + timedelta(hours=1)
    known = {"agent_id": AGENT, "binding_epoch": row.binding_epoch, "kid": KID}
    b.say("renew", Renew(job_id=job_id, lease_no=row.lease_no + 1, start_by=until, **known))


@pytest.mark.parametrize("kind", [JobKind.CASH_IN, JobKind.CLOSE_SHIFT])
def test_a_job_that_was_renewed_took_another_jobs_proof_for_its_own(tmp_path: Path, kind: JobKind) -> None:
    """The first attempt was refused and its time passed; a second job did the same; then the first one was renewed."""
    command = {JobKind.CASH_IN: "50", JobKind.CLOSE_SHIFT: "41"}[kind]
    payload = CASH if kind is JobKind.CASH_IN else {}
    with bench(tmp_path) as b:
        b.offer("open", kind=JobKind.OPEN_SHIFT, payload={})
        b.run("open")
        b.device.inject(f"refuse:command={command},error=73,times=1")
        b.offer("first", kind=kind, payload=payload, start_by=b.now() + timedelta(seconds=30))
        b.round()
        assert (b.job("first").state, b.job("first").attempt) == (Known.ACCEPTED, 1)
        b.line.sleep(60)
        b.pong()
        b.book.tick()
        assert b.job("first").state is Known.HELD
        b.offer("second", kind=kind, payload=payload)
        second = b.run("second")
        assert second.state is Known.DONE
        renew(b, "first")
        first = b.run("first")
        assert first.outcome.get("proof") is None or first.outcome["proof"] != second.outcome["proof"]
        if kind is JobKind.CASH_IN:
            assert (first.state, first.outcome["proof"]["drawer"]) == (Known.DONE, "200.00")
        else:
            assert (first.state, first.outcome["reason"]["code"]) == (Known.NOT_DONE, "shift_closed")


def test_a_slip_that_was_refused_in_its_middle_was_printed_from_its_beginning_again(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        b.device.inject("refuse:command=2F,error=73,nth=3,times=1")
        b.offer(kind=JobKind.PRINT_TEXT, payload=SLIP)
        row = b.run()
        assert (row.state, row.outcome["certainty"], row.attempt) == (Known.NOT_DONE, "unproven", 1)


def test_paper_that_one_register_owes_was_asked_of_another(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        b.offer()
        b.run()
        b.journal.commit(lambda tx: tx.write_device(replace(tx.device(KKM), unprinted="j1"), "test"))
        state = b.device.state.drive
        state.registration = replace(state.registration, register_serial="0000000000000009")
        b.idle(3)
        assert b.row().unprinted == "j1"


def test_a_copied_pc_printed_the_rest_of_a_receipt(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        b.offer()
        b.run()
        b.journal.commit(lambda tx: tx.write_device(replace(tx.device(KKM), unprinted="j1"), "test"))
        b.book.allow_starts(False)
        for _ in range(3):
            b.line.sleep(b.lane.round())
        assert b.row().unprinted == "j1"
