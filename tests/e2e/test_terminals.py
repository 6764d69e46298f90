"""Money at a card terminal, asked for by REST: the answer a CRM gets is what the bank's book says."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.shop import Shop, open_shop
from tests.e2e.terminals import SBER, Terminal, terminal
from tests.support.rig import PYTHON, ROOT
from tests.support.vendor_family import RECEIPT

pytestmark = pytest.mark.gate


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A server; a terminal that speaks ZVT and one behind Sber's program, at one PC with a register."""
    with open_shop(tmp_path_factory.mktemp("terminals")) as shop:
        register = shop.till("17")
        by_line, by_program = terminal(shop, "t-zvt"), terminal(shop, "t-sber", family=SBER)
        shop.pc(register, by_line, by_program)
        shop.start(register, by_line, by_program)
        by_line.do("payment", {"amount": "1.00"})  # a fresh terminal has no last operation to tell of
        yield shop


@pytest.fixture
def zvt(shop: Shop) -> Terminal:
    return next(till for till in shop.tills if isinstance(till, Terminal) and till.kkm_id == "t-zvt")


@pytest.fixture
def sber(shop: Shop) -> Terminal:
    return next(till for till in shop.tills if isinstance(till, Terminal) and till.kkm_id == "t-sber")


def test_a_payment_is_done_with_the_terminals_own_proof(zvt: Terminal) -> None:
    job = zvt.do("payment", {"amount": "1250.00"})
    assert job["state"] == "done"
    (charge,) = [each for each in zvt.charges() if each["amount"] == "1250.00"]
    proof = job["proof"]
    assert (proof["source"], proof["total"], proof["auth_code"]) == ("device", "1250.00", charge["auth_code"])
    assert proof["card"].lstrip("*")[-4:].isdigit()
    assert job["result"]["slips"]


def test_a_payment_that_the_bank_declines_is_not_done_and_not_tried_again(zvt: Terminal) -> None:
    job = zvt.do("payment", {"amount": "300.01"})
    assert (job["state"], job["attempt"], job["reason"]["code"]) == ("not_done", 1, "payment_declined")
    assert "300.01" not in [charge["amount"] for charge in zvt.charges()]


def test_a_payment_whose_answer_is_lost_is_decided_by_the_terminals_own_records(zvt: Terminal) -> None:
    job = zvt.do("payment", {"amount": "410.05"})
    assert job["state"] in ("done", "not_done")
    assert ("410.05" in zvt.standing()) is (job["state"] == "done")
    assert "resolving" in [each["state"] for each in job["history"]]


def test_a_refund_brings_the_money_back(zvt: Terminal) -> None:
    paid = zvt.do("payment", {"amount": "90.00"})["proof"]
    original = {"amount": "90.00"} | {name: paid[name] for name in ("rrn", "auth_code", "number") if paid[name]}
    back = zvt.do("void", {"amount": "90.00", "original": original})
    assert (back["state"], back["proof"]["total"]) == ("done", "90.00")
    assert "90.00" not in zvt.standing()


def test_the_terminals_state_is_told(zvt: Terminal, sber: Terminal) -> None:
    for at in (zvt, sber):
        job = at.do("terminal_status")
        assert (job["state"], job["result"]["answers"], job["result"]["terminal"]["ready"]) == ("done", True, True)


def test_a_job_for_a_register_is_refused_at_a_terminal(shop: Shop, zvt: Terminal) -> None:
    body = {"job_id": "wrong-1", "kkm_id": zvt.kkm_id, "kind": "x_report", "payload": {}}
    answer = shop.rig.call("POST", "/jobs", body)
    assert answer.status_code in (409, 422)
    assert answer.json()["code"] == "wrong_kind_of_device"


def test_a_banks_program_takes_a_payment(sber: Terminal) -> None:
    job = sber.do("payment", {"amount": "77.00"})
    assert (job["state"], job["proof"]["total"]) == ("done", "77.00")
    assert sber.standing() == ["77.00"]


def test_a_settlement_is_compared_with_what_the_jobs_have_moved(shop: Shop, zvt: Terminal) -> None:
    first = zvt.do("settlement")
    assert first["state"] == "done", first
    assert first["result"]["differences"] == []
    assert zvt.tell("foreign 100.00")["ok"]
    zvt.do("payment", {"amount": "20.00"})
    heard = len(shop.feed.heard)
    second = zvt.do("settlement")
    sums = {"terminal": "120.00", "journal": "20.00"}
    assert second["result"]["differences"] == [{"between": "terminal_and_journal", **sums}]
    assert second["result"]["journal"]["since"] is not None
    told = shop.event(zvt, "settlement_differs", heard)
    assert told["body"]["differences"] == second["result"]["differences"]


def test_a_desk_may_have_its_terminal_settled_once_its_shift_was_closed(shop: Shop, zvt: Terminal) -> None:
    register = shop.tills[0]
    shop.desk(register, terminal_kkm_id=zvt.kkm_id, settle="auto")
    zvt.do("payment", {"amount": "30.00"})
    heard = len(shop.feed.heard)
    assert register.do("open_shift")["state"] == "done"
    assert register.do("close_shift")["state"] == "done"
    told = shop.event(zvt, "terminal_settled", heard)
    assert (told["body"]["by"], told["body"]["differences"]) == ("policy", [])
    settled = zvt.do("settlement")  # a new day has begun: nothing was moved since
    assert settled["result"]["journal"]["amount"] == "0.00"


def test_a_terminal_that_hangs_keeps_no_receipt_waiting(shop: Shop, zvt: Terminal) -> None:
    hung = zvt.post("payment", {"amount": "12.04"})
    shop.rig.until(lambda: shop.rig.job(hung)["state"] == "started", 20, "the terminal has the payment")
    assert shop.tills[0].do("receipt", RECEIPT)["state"] == "done"
    assert shop.rig.job(hung)["state"] in ("started", "resolving")
    ended = shop.ended(hung, 90)  # nothing was charged, and no silence proves that: a person is asked
    assert (ended["state"], ended["reason"]["code"]) == ("human", "payment_unclear")
    body = {"rev": ended["rev"], "decision": "not_done", "person": "Иванова", "reason": "слипа нет"}
    shop.rig.post(f"/jobs/{hung}/resolve", body)
    assert shop.rig.settled(hung)["state"] == "not_done"


def test_a_cancel_while_the_card_is_awaited_asks_the_terminal_and_its_answer_wins(shop: Shop, zvt: Terminal) -> None:
    zvt.tell("fault twist:command=payment,into=no-card,times=1")
    job_id = zvt.post("payment", {"amount": "64.00"})
    shop.rig.until(lambda: (shop.rig.job(job_id)["progress"] or {}).get("code") == "present_card", 20, "card awaited")
    assert shop.rig.job(job_id)["progress"]["text"]
    shop.rig.call("POST", f"/jobs/{job_id}/cancel", {})
    job = shop.ended(job_id)
    assert (job["state"], job["reason"]["code"]) == ("not_done", "payment_cancelled")
    assert "64.00" not in zvt.standing()


def test_somebody_at_the_pc_calls_a_payment_off(shop: Shop, zvt: Terminal) -> None:
    zvt.tell("fault twist:command=payment,into=no-card,times=1")
    job_id = zvt.post("payment", {"amount": "65.00"})
    shop.rig.until(lambda: (shop.rig.job(job_id)["progress"] or {}).get("code") == "present_card", 20, "card awaited")
    assert abort(shop, job_id) == (0, {"job_id": job_id})
    assert shop.ended(job_id)["reason"]["code"] == "payment_cancelled"
    code, told = abort(shop, job_id)
    assert (code, told["error"]["code"]) == (1, "abort_unsupported")  # it is not in hand any more


def abort(shop: Shop, job_id: str) -> tuple[int, Any]:
    config = str(shop.rig.folder / "agent.toml")
    done = subprocess.run(
        [PYTHON, "-m", "agent.cli", "agent", "abort", job_id, "--config", config, "--json"],
        capture_output=True, cwd=ROOT,
    )  # fmt: skip
    return done.returncode, json.loads(done.stdout)
