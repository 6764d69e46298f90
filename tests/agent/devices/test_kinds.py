"""Every kind of job from the offer to its end, over the driver and the simulated register in virtual time: done,
refused, answer lost, the process killed in doubt, impossible."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from protocol.crm.job_machine import Known
from protocol.crm.jobs import JobKind
from protocol.crm.messages import Update
from protocol.crm.payloads import PROVEN_KINDS
from tests.agent.devices.bench import Bench, Death, bench

K = JobKind
CASHIER = {"cashier": {"name": "Иванова М."}}


def offer(b: Bench, kind: JobKind, job_id: str = "j1", **payload: Any) -> None:
    b.offer(job_id, kind=kind, payload=payload)


def do(b: Bench, kind: JobKind, job_id: str = "j1", **payload: Any) -> Update:
    """The last word about the job, as the server is told it."""
    offer(b, kind, job_id, **payload)
    b.run(job_id)
    return last(b, job_id)


def last(b: Bench, job_id: str = "j1") -> Update:
    return [body for body in b.outbox() if isinstance(body, Update) and body.job_id == job_id][-1]


def paper(b: Bench) -> str:
    """Everything that has come out of the printer."""
    return "\n".join(slip.text() for slip in b.device.paper.slips)


def drawer(b: Bench) -> str:
    """What the register itself says at the end."""
    result = do(b, K.DEVICE_STATUS, "drawer").result
    assert result is not None
    return str(result["drawer"])


@pytest.fixture
def opened(tmp_path: Path) -> Any:
    """``opened(*faults)``: a bench whose shift is open with 500 roubles in the drawer; then the faults are armed."""

    def made(b: Bench, *faults: str) -> Bench:
        do(b, K.OPEN_SHIFT, "open", **CASHIER)
        do(b, K.CASH_IN, "float", amount="500.00")
        for fault in faults:
            b.device.inject(fault)
        return b

    return made


# --- done -----------------------------------------------------------------------------------------------------------


def test_a_shift_is_opened_and_closed_with_proof_document_and_totals(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        said = do(b, K.OPEN_SHIFT, "open", **CASHIER)
        (made,) = [d for d in b.documents() if d["type"] == "open_shift"]
        assert said.proof is not None
        assert (said.state.value, said.proof.fd, said.proof.fpd, said.proof.shift) == ("done", 2, made["fpd"], 1)
        assert (said.proof.register_serial, said.proof.vat, said.proof.total) == (b.serial, None, None)
        assert said.document == {"type": "open_shift", "fd": 2, "tags": made["tags"]}
        assert said.document["tags"]["1021"] == "Иванова М."

        do(b, K.RECEIPT, "sale", **b.made_offer().payload)
        said = do(b, K.CLOSE_SHIFT, "close")
        (made,) = [d for d in b.documents() if d["type"] == "close_shift"]
        assert said.document == {"type": "close_shift", "fd": made["fd"], "tags": made["tags"]}
        assert said.result is not None
        assert said.result["totals"]["sell"] == {
            "receipts": 1, "total": "100.00", "cash": "100.00", "cashless": "0.00",
        }  # fmt: skip
        assert said.result["drawer"] == "100.00"
        assert b.events() == []  # what a job did is told by the job


def test_cash_is_proven_by_the_registers_own_number_and_drawer(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        do(b, K.OPEN_SHIFT, "open")
        put = do(b, K.CASH_IN, "in", amount="500.00", **CASHIER)
        taken = do(b, K.CASH_OUT, "out", amount="120.50")
        assert put.proof is not None
        assert taken.proof is not None
        assert (put.proof.total, put.proof.drawer) == ("500.00", "500.00")
        assert (taken.proof.total, taken.proof.drawer, taken.proof.fd) == ("120.50", "379.50", None)
        assert put.proof.document_number is not None
        assert taken.proof.document_number == put.proof.document_number + 1
        assert taken.proof.printed_at is not None
        assert taken.proof.printed_at.isoformat().endswith("+03:00")
        assert taken.result is not None
        assert (taken.result["cash_in_count"], taken.result["cash_out_count"]) == (1, 1)


def test_an_x_report_tells_totals_and_drawer(opened: Any, tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        opened(b)
        said = do(b, K.X_REPORT)
        assert (said.state.value, said.proof, said.document) == ("done", None, None)
        assert said.result is not None
        assert (said.result["drawer"], said.result["totals"]["cash_in"]) == ("500.00", "500.00")
        assert b.states() == ["started", "done"]


def test_text_with_a_barcode_is_printed_once(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        lines = [{"text": "Заказ готов", "align": "centre"}, {"barcode": {"type": "ean13", "value": "4006381333931"}}]
        assert do(b, K.PRINT_TEXT, lines=lines).state.value == "done"
        assert paper(b).count("Заказ готов") == 1
        assert b.documents()[1:] == []


def test_a_copy_of_any_document_is_a_slip_that_says_so(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        do(b, K.RECEIPT, "sale", **b.made_offer().payload)
        (receipt,) = b.receipts()
        before = paper(b)
        assert do(b, K.PRINT_COPY, fd=receipt["fd"]).state.value == "done"
        copy = paper(b)[len(before) :]
        assert "КОПИЯ" in copy
        assert receipt["fpd"] in copy
        assert len(b.receipts()) == 1
        assert do(b, K.PRINT_COPY, "last").state.value == "done"  # of the register's last document
        assert len(b.receipts()) == 1


def test_the_drawer_opens(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        assert do(b, K.OPEN_DRAWER).state.value == "done"


def test_status_and_document_are_answered_without_an_intent(opened: Any, tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        opened(b)
        said = do(b, K.DEVICE_STATUS)
        assert said.result is not None
        assert (said.result["shift"]["state"], said.result["drawer"], said.result["paper"]) == (
            "open", "500.00", "present",
        )  # fmt: skip
        assert said.result["clock"]["drift_s"] == 0
        assert b.states() == ["done"]
        read = do(b, K.DOCUMENT, "doc", fd=2)
        assert read.result == {"at": b.documents()[1]["at"], **b.documents()[1]}
        assert b.job("doc").attempt == 0


# --- impossible and refused -----------------------------------------------------------------------------------------

IMPOSSIBLE = [
    (K.OPEN_SHIFT, {}, "shift_open"),
    (K.CASH_OUT, {"amount": "500.01"}, "cash_short"),
    (K.DOCUMENT, {"fd": 99}, "no_such_document"),
]


@pytest.mark.parametrize(("kind", "payload", "code"), IMPOSSIBLE)
def test_what_cannot_be_done_ends_before_anything_is_sent(
    tmp_path: Path, opened: Any, kind: JobKind, payload: dict[str, Any], code: str
) -> None:
    with bench(tmp_path) as b:
        opened(b)
        said = do(b, kind, **payload)
        assert said.reason is not None
        assert (said.state.value, said.reason.code, said.certainty, said.attempt) == ("not_done", code, "proven", 0)
        assert b.states() == ["not_done"]


@pytest.mark.parametrize(("kind", "code"), [(K.CLOSE_SHIFT, "shift_closed"), (K.X_REPORT, "shift_closed")])
def test_a_closed_shift_is_neither_closed_nor_reported(tmp_path: Path, kind: JobKind, code: str) -> None:
    with bench(tmp_path) as b:
        said = do(b, kind)
        assert said.reason is not None
        assert (said.state.value, said.reason.code) == ("not_done", code)


def test_a_job_waits_for_paper(tmp_path: Path, opened: Any) -> None:
    with bench(tmp_path) as b:
        opened(b)
        b.device.take_paper()
        offer(b, K.X_REPORT)
        b.idle(5)
        assert (b.job().state, b.job().attempt) == (Known.ACCEPTED, 0)
        assert ("j1", "no_paper") in b.progress
        b.device.load_paper()
        assert b.run().state is Known.DONE


REFUSALS = [
    (K.CLOSE_SHIFT, {}, "41"),
    (K.CASH_IN, {"amount": "10.00"}, "50"),
    (K.CASH_OUT, {"amount": "10.00"}, "51"),
    (K.X_REPORT, {}, "40"),
    (K.OPEN_DRAWER, {}, "28"),
]


@pytest.mark.parametrize(("kind", "payload", "command"), REFUSALS)
def test_what_is_refused_once_is_done_by_the_next_attempt(
    tmp_path: Path, opened: Any, kind: JobKind, payload: dict[str, Any], command: str
) -> None:
    with bench(tmp_path) as b:
        opened(b, f"refuse:command={command},error=6B")
        said = do(b, kind, **payload)
        assert (said.state.value, said.attempt) == ("done", 2)


@pytest.mark.parametrize(("kind", "payload", "command"), REFUSALS)
def test_what_is_refused_three_times_is_not_done(
    tmp_path: Path, opened: Any, kind: JobKind, payload: dict[str, Any], command: str
) -> None:
    with bench(tmp_path) as b:
        opened(b, f"refuse:command={command},error=73,times=always")
        said = do(b, kind, **payload)
        assert said.reason is not None
        assert (said.state.value, said.certainty, said.reason.vendor) == ("not_done", "proven", "73")
        assert drawer(b) == "500.00"


# --- doubt ----------------------------------------------------------------------------------------------------------

PROVEN = [
    (K.CLOSE_SHIFT, {}, "41"),
    (K.CASH_IN, {"amount": "10.00"}, "50"),
    (K.CASH_OUT, {"amount": "10.00"}, "51"),
]
FAULTS = [("answer-lost:command={},stored=no", 1), ("power:command={},when=before", 2)]


MOVED = {K.CLOSE_SHIFT: "500.00", K.CASH_IN: "510.00", K.CASH_OUT: "490.00"}


@pytest.mark.parametrize(("fault", "attempts"), FAULTS)
@pytest.mark.parametrize(("kind", "payload", "command"), PROVEN)
def test_doubt_is_decided_by_the_registers_records(
    tmp_path: Path, opened: Any, kind: JobKind, payload: dict[str, Any], command: str, fault: str, attempts: int
) -> None:
    with bench(tmp_path) as b:
        opened(b, fault.format(command))
        said = do(b, kind, **payload)
        assert (said.state.value, said.attempt) == ("done", attempts)
        assert drawer(b) == MOVED[kind]
        assert "human" not in b.states()


@pytest.mark.parametrize(("fault", "attempts"), FAULTS)
@pytest.mark.parametrize(("kind", "payload", "command"), [*PROVEN, (K.OPEN_SHIFT, {}, "E0")])
def test_a_process_that_dies_in_doubt_is_followed_by_one_that_asks(
    tmp_path: Path, opened: Any, kind: JobKind, payload: dict[str, Any], command: str, fault: str, attempts: int
) -> None:
    def dies() -> None:
        raise Death

    with bench(tmp_path) as b:
        if kind is not K.OPEN_SHIFT:
            opened(b)
        b.device.inject(fault.format(command))
        offer(b, kind, **payload)
        b.at(0.0, dies)
        with pytest.raises(Death):
            b.run()
        assert b.job().state in (Known.STARTED, Known.RESOLVING)
        b.line.sleep(1.0)
        b.register.disconnect()
        b.start(b.journal)
        row = b.run()
        # An opening, too, is sent again only by a new attempt: what the process before rested on may be gone.
        assert (row.state, row.attempt) == (Known.DONE, attempts)
        kinds = [d["type"] for d in b.documents()]
        assert kinds.count("close_shift") == (1 if kind is K.CLOSE_SHIFT else 0)
        assert kinds.count("open_shift") == 1
        if kind in MOVED:
            assert drawer(b) == MOVED[kind]


PLAIN = [
    (K.X_REPORT, {}, "40"),
    (K.OPEN_DRAWER, {}, "28"),
    (K.PRINT_COPY, {}, "8C"),
    (K.PRINT_TEXT, {"lines": [{"text": "Раз"}]}, "2F"),
]


@pytest.mark.parametrize(("kind", "payload", "command"), PLAIN)
def test_a_plain_command_whose_answer_is_lost_is_unproven_and_not_repeated(
    tmp_path: Path, opened: Any, kind: JobKind, payload: dict[str, Any], command: str
) -> None:
    with bench(tmp_path) as b:
        opened(b)
        do(b, K.RECEIPT, "sale", **b.made_offer().payload)
        b.device.inject(f"answer-lost:command={command},stored=no")
        said = do(b, kind, **payload)
        assert said.reason is not None
        assert (said.state.value, said.certainty, said.reason.code) == ("not_done", "unproven", "answer_lost")
        assert said.attempt == 1
        assert b.states() == ["started", "not_done"]
        assert do(b, K.X_REPORT, "next").state.value == "done"  # and the register is free for what comes next


def test_a_plain_command_that_a_dead_process_had_begun_is_unproven(tmp_path: Path, opened: Any) -> None:
    with bench(tmp_path) as b:
        opened(b)
        offer(b, K.X_REPORT)
        b.register.x_report = _dies  # type: ignore[method-assign]
        with pytest.raises(Death):
            b.run()
        assert b.job().state is Known.STARTED
        b.register.disconnect()
        b.start(b.journal)
        b.run()
        assert (last(b).state.value, last(b).certainty) == ("not_done", "unproven")


def _dies(*_: object) -> None:
    raise Death


def test_a_status_that_is_not_answered_is_asked_again(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        b.round()
        b.device.inject("answer-lost:command=FF01")
        assert do(b, K.DEVICE_STATUS).state.value == "done"


# --- a person -------------------------------------------------------------------------------------------------------


def test_cash_that_another_program_moved_in_between_needs_a_person(tmp_path: Path, opened: Any) -> None:
    with bench(tmp_path) as b:
        opened(b, "answer-lost:command=50,stored=no")
        offer(b, K.CASH_IN, amount="10.00")
        b.at(0.0, lambda: b.foreign_cash(1000))
        row = b.run(states=(Known.HUMAN,))
        assert row.outcome["reason"]["code"] == "cash_unclear"
        offer(b, K.X_REPORT, "waits")
        b.resolve("done")
        row = b.run()
        assert (row.state, row.outcome["proof"]["source"]) == (Known.DONE, "person")
        assert b.run("waits").state is Known.DONE


# --- all kinds in one lane ------------------------------------------------------------------------------------------


def test_jobs_of_all_kinds_run_in_the_order_of_their_arrival(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        b.offer("1", kind=K.OPEN_SHIFT, payload={})
        b.offer("2", kind=K.CASH_IN, payload={"amount": "5.00"})
        b.offer("3")
        b.offer("4", kind=K.X_REPORT, payload={})
        b.offer("5", kind=K.CLOSE_SHIFT, payload={})
        b.run("5")
        ended = [body.job_id for body in b.outbox() if isinstance(body, Update) and body.state.value == "done"]
        assert ended == ["1", "2", "3", "4", "5"]


def test_every_proven_kind_is_tried_in_doubt() -> None:
    assert {kind for kind, *_ in PROVEN} | {K.OPEN_SHIFT} == PROVEN_KINDS
