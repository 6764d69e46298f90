"""Sales by card, asked for by REST: the bank's book, the fiscal archive and the answer a CRM gets agree."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.shop import Shop, open_shop
from tests.e2e.terminals import Terminal, terminal
from tests.protocol.ffd.payloads import item, payload
from tests.support.rig import Process

Json = dict[str, Any]


class Counter:
    """A desk with a register and a terminal, and the PC where both stand."""

    def __init__(self, shop: Shop, pace: float = 0.05) -> None:
        self.shop, self.register = shop, shop.till("17")
        self.terminal: Terminal = terminal(shop, "t17", pace=pace)
        shop.desk(self.register, terminal_kkm_id=self.terminal.kkm_id)
        shop.pc(self.register, self.terminal)
        self.agent: Process = shop.start(self.register, self.terminal)

    def sells(self, *amounts: str, kind: str = "sale", **more: Any) -> str:
        """The sale's job, posted to the desk."""
        total = f"{sum(float(amount) for amount in amounts):.2f}"
        cards = [{"type": "card", "amount": amount} for amount in amounts]
        return self.register.post(kind, payload(item(total), payments=cards, **more))

    def job(self, job_id: str) -> Json:
        return self.shop.rig.job(job_id)

    def until(self, job_id: str, **wanted: Any) -> Json:
        self.shop.rig.until(lambda: all(self.job(job_id)[name] == value for name, value in wanted.items()), 60,
                            f"{job_id}: {wanted}")  # fmt: skip
        return self.job(job_id)

    def resolve(self, job: Json, decision: str, **more: Any) -> None:
        said = {"decision": decision, "person": "Иванова", "reason": "покупатель здесь", "rev": job["rev"], **more}
        self.shop.rig.post(f"/jobs/{job['job_id']}/resolve", said)

    def receipts(self) -> list[str]:
        return [each["tags"]["1020"] for each in self.register.documents() if each["type"] == "receipt"]


@pytest.fixture(scope="module")
def counter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counter]:
    with open_shop(tmp_path_factory.mktemp("sales")) as shop:
        yield Counter(shop)


def test_money_then_the_receipt_each_with_its_proof(counter: Counter) -> None:
    job = counter.shop.ended(counter.sells("1250.00"))
    assert job["state"] == "done"
    paid, receipt = job["steps"]
    assert (paid["step"], paid["state"], paid["proof"]["total"]) == ("payment", "done", "1250.00")
    assert (receipt["step"], receipt["proof"]["fd"]) == ("receipt", job["proof"]["fd"])
    assert "1250.00" in counter.receipts()
    assert "1250.00" in counter.terminal.standing()
    drawn = counter.shop.rig.call("GET", f"/jobs/{job['job_id']}/receipt.svg")
    assert "КАССОВЫЙ ЧЕК" in drawn.text


def test_a_declined_card_leaves_no_receipt(counter: Counter) -> None:
    job = counter.shop.ended(counter.sells("300.01"))
    assert (job["state"], job["reason"]["code"]) == ("not_done", "payment_declined")
    assert "300.01" not in counter.receipts()


def test_of_two_cards_the_second_is_declined_and_the_first_gets_its_money_back(counter: Counter) -> None:
    job = counter.shop.ended(counter.sells("70.00", "40.01"))
    assert job["state"] == "not_done"
    assert [f"{step['step']} {step['state']}" for step in job["steps"]] == [
        "payment done", "payment not_done", "void done",
    ]  # fmt: skip
    assert "70.00" not in counter.terminal.standing()
    assert "110.01" not in counter.receipts()


def test_money_back_and_the_return_receipt(counter: Counter) -> None:
    paid = counter.shop.ended(counter.sells("480.00"))["steps"][0]["proof"]
    original = {"amount": "480.00"} | {name: paid[name] for name in ("rrn", "auth_code", "number") if paid[name]}
    job_id = counter.sells("480.00", kind="sale_refund", type="sell_return", cards=[{"original": original}])
    job = counter.shop.ended(job_id)
    assert (job["state"], [step["step"] for step in job["steps"]]) == ("done", ["refund", "receipt"])
    assert counter.receipts().count("480.00") == 2


def owes(counter: Counter, amount: str) -> Json:
    """The card is charged, and the register refuses the receipt for good."""
    counter.register.tell("fault refuse:command=FF45,error=33,times=3")
    job = counter.until(counter.sells(amount), owed=True)
    assert (job["state"], job["waits"]["code"]) == ("started", "receipt_owed")
    return job


def test_money_that_is_owed_a_receipt_is_an_alarm_and_a_persons_choice(counter: Counter) -> None:
    heard = len(counter.shop.feed.heard)
    job = owes(counter, "910.00")
    told = counter.shop.feed.waited(lambda event: event["type"] == "job.owed", 30, lambda: "an alarm", heard)
    assert told["data"]["job_id"] == job["job_id"]
    counter.resolve(job, "give_back")
    ended = counter.shop.ended(job["job_id"])
    assert (ended["state"], ended["owed"]) == ("not_done", False)
    assert "910.00" not in [*counter.terminal.standing(), *counter.receipts()]


def test_owed_and_tried_again(counter: Counter) -> None:
    job = owes(counter, "920.00")
    counter.resolve(job, "go_on")
    assert counter.shop.ended(job["job_id"])["state"] == "done"
    assert (counter.receipts().count("920.00"), counter.terminal.standing().count("920.00")) == (1, 1)


def test_left_owed_it_waits_for_the_number_of_the_correction_receipt(counter: Counter) -> None:
    job = owes(counter, "930.00")
    counter.resolve(job, "leave_owed")
    job = counter.until(job["job_id"], state="human")
    assert (job["owed"], job["reason"]["code"]) == (True, "left_owed")
    counter.resolve(job, "done", fd=4711)
    job = counter.shop.rig.settled(job["job_id"])
    assert (job["state"], job["owed"], job["proof"]["source"], job["proof"]["fd"]) == ("done", False, "person", 4711)
    assert "930.00" in counter.terminal.standing()
    assert "930.00" not in counter.receipts()


def test_what_cannot_be_followed_is_refused_by_name(counter: Counter) -> None:
    job = counter.shop.ended(counter.sells("15.00"))
    said = {"decision": "give_back", "person": "Иванова", "reason": "покупатель ушёл", "rev": job["rev"]}
    assert counter.shop.rig.call("POST", f"/jobs/{job['job_id']}/resolve", said).status_code == 409


@pytest.mark.gate
def test_without_a_server_from_the_first_intent_on_the_sale_is_finished_and_told_later(tmp_path: Path) -> None:
    with open_shop(tmp_path) as shop:
        counter = Counter(shop, pace=1.0)
        job_id = counter.sells("1250.00")
        counter.until(job_id, state="started")
        assert shop.rig.server is not None
        shop.rig.server.kill()
        shop.rig.until(lambda: "1250.00" in counter.receipts(), 60, "the receipt is made without a server")
        shop.rig.start_server()
        job = shop.ended(job_id)
        assert (job["state"], counter.terminal.standing(), counter.receipts()) == ("done", ["1250.00"], ["1250.00"])


@pytest.mark.gate
def test_after_a_restart_the_next_charge_waits_for_a_person(tmp_path: Path) -> None:
    with open_shop(tmp_path) as shop:
        counter = Counter(shop, pace=0.5)
        job_id = counter.sells("1000.00", "250.00")
        shop.rig.until(lambda: len(counter.job(job_id)["steps"]) == 2, 60, "the first card is charged")
        counter.agent.signal(signal.SIGKILL)
        counter.agent.wait()
        shop.start(counter.register, counter.terminal)
        job = shop.rig.until(lambda: _ended_or_waits(counter.job(job_id)), 90, "it waits, or it was found out")
        if job["state"] not in ("done", "not_done"):
            if job["state"] == "human":
                counter.resolve(job, "done" if "250.00" in counter.terminal.standing() else "not_done")
            else:
                counter.resolve(job, "go_on")
        job = shop.rig.settled(job_id)
        standing = counter.terminal.standing()
        if job["state"] == "done":
            assert (sorted(standing), counter.receipts()) == (["1000.00", "250.00"], ["1250.00"])
        else:
            assert (standing, counter.receipts()) == ([], [])


def _ended_or_waits(job: Json) -> Json | None:
    return job if job["state"] in ("done", "not_done", "human") or job["waits"] else None
