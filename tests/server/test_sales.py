"""Sales: what a desk needs for one, how its steps are shown, who hears that money is owed, and what a person may
choose."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from protocol.crm.codes import reason
from protocol.crm.jobs import JobState
from protocol.crm.messages import Claim, Resolve, StepTold
from protocol.crm.outcomes import Decision, Paper, Proof, ProofSource, SaleChoice
from server.services.jobs import Resolution
from tests.server.conftest import Bench, job, receipt
from tests.server.player import Line, greet, pair, register
from tests.server.receiver import listening
from tests.server.test_feed import stream
from tests.server.test_terminals import TERMINAL, TID, put_desk, terminal

CARDS = [{"type": "card", "amount": "6.00"}, {"type": "card", "amount": "3.00"}, {"type": "cash", "amount": "1.00"}]
SALE = {"kind": "sale", "payload": receipt(payments=CARDS)}
PAID = Proof(source=ProofSource.DEVICE, total="6.00", terminal_id=TID, rrn="123456789012", card="**** 0002")
MADE = Proof(source=ProofSource.DEVICE, fn="9999", fd=6, fpd="123", total="10.00")


def step(name: str, state: str, n: int = 1, **more: Any) -> StepTold:
    return StepTold(step=name, n=n, state=JobState(state), **more)


ASKS: dict[str, Any] = {"owed": True, "waits": "receipt_owed", "choices": [*SaleChoice]}
CHARGED = [step("payment", "done", amount="6.00", proof=PAID), step("payment", "done", 2, amount="3.00", proof=PAID)]
OWED = [*CHARGED, step("receipt", "not_done", reason=reason("fn_full"), certainty="proven")]
LEFT: dict[str, Any] = {"owed": True, "reason": reason("left_owed"), "evidence": {"case": "left_owed"}, "steps": OWED}


@pytest.fixture
async def line(bench: Bench) -> Line:
    """One PC with register 17 and the terminal beside it, at a desk; connected, both bound."""
    player = await pair(bench.api)
    await bench.api.put("/devices", json=[{"kkm_id": "17"}, {"kkm_id": TERMINAL}])
    await put_desk(bench, kkm_id="17", terminal_kkm_id=TERMINAL)
    line = await greet(player, register(), terminal())
    await line.bind()
    await line.bind()
    await line.nothing_more()
    return line


@pytest.fixture
async def begun(bench: Bench, line: Line) -> Line:
    assert (await bench.api.post("/jobs", json=job(**SALE, order_ref="1042"))).status_code == 202
    await line.accept()
    await line.report("j1", 2, "started", attempt=1, steps=[step("payment", "started", amount="6.00")])
    return line


class TestDesk:
    async def test_a_sale_goes_to_the_register_whole(self, bench: Bench, line: Line) -> None:
        answer = await bench.api.post("/jobs", json=job(**SALE))
        assert (answer.status_code, answer.json()["kkm_id"], answer.json()["steps"]) == (202, "17", [])
        offer = await line.accept()
        assert (offer.kind, offer.kkm_id, offer.register_serial) == ("sale", "17", "0001")
        assert offer.payload == SALE["payload"]
        await line.close()

    async def test_cards_are_refused_where_no_terminal_stands_and_cash_is_not(self, bench: Bench) -> None:
        _, line = await bench.bound()
        for desk in ({}, {"kkm_id": "17"}):
            if desk:
                await put_desk(bench, **desk)
            answer = await bench.api.post("/jobs", json=job(**SALE))
            assert (answer.status_code, answer.json()["code"]) == (409, "desk_without_terminal")
        cash = await bench.api.post("/jobs", json=job(kind="sale"))
        assert cash.status_code == 202
        await line.close()

    async def test_devices_at_two_pcs_make_no_sale(self, bench: Bench) -> None:
        _, line = await bench.bound()
        other = await pair(bench.api, "inst-2")
        await bench.api.put("/devices", json={"kkm_id": TERMINAL, "agent_id": other.agent_id})
        await put_desk(bench, kkm_id="17", terminal_kkm_id=TERMINAL)
        answer = await bench.api.post("/jobs", json=job(**SALE))
        assert (answer.status_code, answer.json()["code"]) == (409, "devices_on_two_pcs")
        assert answer.json()["params"] == {"kkm_id": "17", "terminal_kkm_id": TERMINAL}
        await line.close()

    async def test_a_terminal_without_a_pc(self, bench: Bench) -> None:
        _, line = await bench.bound()
        await bench.api.put("/devices", json={"kkm_id": TERMINAL})
        await put_desk(bench, kkm_id="17", terminal_kkm_id=TERMINAL)
        answer = await bench.api.post("/jobs", json=job(**SALE))
        assert (answer.json()["code"], answer.json()["params"]["kkm_id"]) == ("device_without_agent", TERMINAL)
        await line.close()

    async def test_a_register_in_the_terminals_place(self, bench: Bench) -> None:
        _, line = await bench.bound()
        await bench.api.put("/devices", json={"kkm_id": "18"})
        await put_desk(bench, kkm_id="17", terminal_kkm_id="18")
        await line.send(Claim(device=register("18", "0002")))
        assert [(await line.bind()).binding.kkm_id for _ in range(2)] == ["17", "18"]
        await line.nothing_more()
        answer = await bench.api.post("/jobs", json=job(**SALE))
        assert (answer.json()["code"], answer.json()["params"]["kkm_id"]) == ("wrong_kind_of_device", "18")
        await line.close()

    async def test_its_receipt_is_judged_as_the_register_is_known(self, bench: Bench, line: Line) -> None:
        await line.send(Claim(device=register(taxation=2, binding_epoch=1)))
        await line.nothing_more()
        answer = await bench.api.post("/jobs", json=job(**SALE))
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "payload.taxation")
        await line.close()


class TestSteps:
    async def test_they_are_shown_with_their_proofs_and_reasons(self, bench: Bench, begun: Line) -> None:
        first = (await bench.state())["steps"]
        assert [(one["step"], one["n"], one["state"], one["amount"]) for one in first] == [
            ("payment", 1, "started", "6.00")
        ]
        declined = step("payment", "not_done", 2, amount="3.00", reason=reason("payment_declined", vendor="05"))
        back = step("void", "done", amount="6.00", proof=PAID)
        await begun.report("j1", 3, "started", attempt=1, steps=[CHARGED[0], declined, back])
        for language in ("ru", "en"):
            answer = await bench.api.get("/jobs/j1", headers={"Accept-Language": language})
            shown = answer.json()["steps"]
            words = reason("payment_declined", language=language, vendor="05")  # type: ignore[arg-type]
            assert [(one["step"], one["n"], one["state"]) for one in shown] == [
                ("payment", 1, "done"), ("payment", 2, "not_done"), ("void", 1, "done"),
            ]  # fmt: skip
            assert (shown[1]["reason"]["text"], shown[1]["reason"]["vendor"]) == (words.text, "05")
            assert (shown[0]["proof"]["rrn"], shown[0]["proof"]["card"]) == ("123456789012", "**** 0002")
        assert (await bench.api.get("/jobs")).json()["jobs"][0]["steps"][0]["step"] == "payment"
        await begun.close()

    async def test_a_sale_that_is_done_has_the_receipts_proof_and_document(self, bench: Bench, begun: Line) -> None:
        steps = [*CHARGED, step("receipt", "done", proof=MADE, paper=Paper.COMPLETE)]
        document = {"type": "receipt", "fd": 6, "tags": {"1020": "10.00"}}
        await begun.report("j1", 3, "done", attempt=1, proof=MADE, paper="complete", steps=steps, document=document)
        body = await bench.state()
        assert (body["state"], body["proof"]["fd"], body["document"]) == ("done", 6, document)
        assert [one["state"] for one in body["steps"]] == ["done"] * 3
        assert (body["owed"], body["unpaid"], body["waits"]) == (False, False, None)
        await begun.close()

    async def test_they_outlive_a_restart(self, bench: Bench, begun: Line) -> None:
        await begun.report("j1", 3, "started", attempt=1, steps=OWED, **ASKS)
        before = await bench.state()
        await begun.close()
        await bench.restart()
        after = await bench.state()
        assert [after[name] for name in ("steps", "owed", "waits")] == [before[n] for n in ("steps", "owed", "waits")]

    async def test_other_jobs_have_none(self, bench: Bench, line: Line) -> None:
        await bench.api.post("/jobs", json=job())
        await line.accept()
        await line.report("j1", 2, "done", attempt=1, proof=MADE)
        body = await bench.state()
        assert (body["steps"], body["owed"], body["unpaid"], body["waits"]) == ([], False, False, None)
        await line.close()


class TestOwed:
    async def test_what_is_asked_of_a_person_is_said_in_words(self, bench: Bench, begun: Line) -> None:
        for rev, code, owed in ((3, "continue_wanted", False), (4, "receipt_owed", True)):
            choices = ["go_on", "leave_owed"]
            await begun.report("j1", rev, "started", attempt=1, owed=owed, waits=code, choices=choices, steps=OWED)
            for language in ("ru", "en"):
                body = (await bench.api.get("/jobs/j1", headers={"Accept-Language": language})).json()
                words = reason(code, language=language)  # type: ignore[arg-type]
                assert body["waits"] == {
                    "code": code, "text": words.text, "advice": words.advice, "choices": choices,
                }  # fmt: skip
                assert (body["owed"], body["state"]) == (owed, "started")
        await begun.report("j1", 5, "started", attempt=1, steps=OWED)
        body = await bench.state()
        assert (body["owed"], body["waits"]) == (False, None)
        await begun.close()

    async def test_the_owner_is_told_once_by_an_event_of_its_own(self, bench: Bench, begun: Line) -> None:
        async with listening() as crm:
            made = await bench.api.post("/webhooks", json={"url": crm.url, "types": ["job.owed", "job.human"]})
            assert made.status_code == 201
            await begun.report("j1", 3, "started", attempt=1, steps=OWED, **ASKS)
            await begun.report("j1", 3, "started", attempt=1, steps=OWED, **ASKS)
            await begun.report("j1", 4, "started", attempt=1, owed=True, waits="money_not_returned", steps=OWED)
            await begun.report("j1", 5, "human", attempt=1, **LEFT)
            got = await crm.wait(2)
        assert [one.said["type"] for one in got] == ["job.owed", "job.human"]
        alarm, end = (one.said["data"] for one in got)
        assert (alarm["state"], alarm["rev"], alarm["order_ref"], alarm["code"]) == (
            "started",
            3,
            "1042",
            "receipt_owed",
        )
        assert alarm["choices"] == [*SaleChoice]
        assert (alarm["owed"], alarm["waits"], [one["step"] for one in alarm["steps"]]) == (
            True, "receipt_owed", ["payment", "payment", "receipt"],
        )  # fmt: skip
        assert (end["owed"], end["waits"]) == (True, None)
        assert (await bench.state())["owed"] is True
        await begun.close()

    async def test_the_state_has_the_last_word_also_of_a_sale_left_owed(self, bench: Bench, begun: Line) -> None:
        async with stream(bench.api, "?type=job.owed&type=job.human") as events:
            await begun.report("j1", 3, "started", attempt=1, waits="continue_wanted", steps=CHARGED[:1])
            await begun.report("j1", 4, "human", attempt=1, **LEFT)
            heard = [await events.next() for _ in range(2)]
        assert [event["event"] for event in heard] == ["job.owed", "job.human"]
        assert [event["data"]["data"]["state"] for event in heard] == ["human", "human"]
        assert [event["data"]["data"]["code"] for event in heard] == ["receipt_owed", "left_owed"]
        await begun.close()

    async def test_what_is_owed_can_be_listed(self, bench: Bench, begun: Line) -> None:
        await begun.report("j1", 3, "started", attempt=1, steps=OWED, **ASKS)
        await bench.api.post("/jobs", json=job("j2"))
        for owed, found in (("true", ["j1"]), ("false", ["j2"])):
            jobs = (await bench.api.get(f"/jobs?owed={owed}")).json()["jobs"]
            assert [one["job_id"] for one in jobs] == found
        assert (await bench.api.get("/jobs?owed=maybe")).json()["errors"][0]["field"] == "owed"
        await begun.close()

    async def test_it_is_among_the_events_that_a_webhook_may_choose(self, bench: Bench) -> None:
        answer = await bench.api.post("/webhooks", json={"url": "https://example.com/", "types": ["job.waits"]})
        assert "job.owed" in answer.json()["errors"][0]["expected"]


class TestLeftOwed:
    """A person has left it for a correction receipt: its number is asked for, and nothing else is taken."""

    ASKED = {"decision": "done", "person": "Пётр", "reason": "чек коррекции пробит", "rev": 3}

    async def test_the_number_goes_to_the_pc(self, bench: Bench, begun: Line) -> None:
        await begun.report("j1", 3, "human", attempt=1, **LEFT)
        answer = await bench.api.post("/jobs/j1/resolve", json=self.ASKED | {"fd": 4711})
        assert (answer.status_code, answer.json()["owed"]) == (200, True)
        said = await begun.take(Resolve)
        assert (said.decision, said.fd, said.person) == (Decision.DONE, 4711, "Пётр")
        person = Proof(source=ProofSource.PERSON, fd=4711, person="Пётр", person_reason="пробит", verified=False)
        await begun.report("j1", 4, "done", attempt=1, steps=OWED, reason=reason("decided_by_person"), proof=person)
        body = await bench.state()
        assert (body["state"], body["owed"], body["proof"]["fd"]) == ("done", False, 4711)
        await begun.close()

    @pytest.mark.parametrize(
        ("more", "status", "code"),
        [
            ({}, 422, "bad_request"),
            ({"decision": "not_done"}, 409, "choice_not_offered"),
            ({"decision": "not_done", "fd": 4711}, 409, "choice_not_offered"),
            ({"decision": "go_on"}, 409, "not_waiting"),
            ({"decision": "give_back"}, 409, "not_waiting"),
            ({"rev": 2, "fd": 4711}, 409, "stale_rev"),
        ],
    )
    async def test_what_else_is_said_is_refused_by_name(
        self, bench: Bench, begun: Line, more: dict[str, Any], status: int, code: str
    ) -> None:
        await begun.report("j1", 3, "human", attempt=1, **LEFT)
        answer = await bench.api.post("/jobs/j1/resolve", json=self.ASKED | more)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        if status == 422:
            assert [error["field"] for error in answer.json()["errors"]] == ["fd"]
        await begun.nothing_more()
        await begun.close()


class TestChoices:
    ASKED = {"decision": "go_on", "person": "Пётр", "reason": "бумагу вставили", "rev": 3}

    def test_every_word_of_both_kinds_may_be_said(self) -> None:
        words = get_args(Resolution.model_fields["decision"].annotation)
        assert set(words) == {*Decision, *SaleChoice}

    async def resolve(self, bench: Bench, **more: Any) -> tuple[int, str | None]:
        answer = await bench.api.post("/jobs/j1/resolve", json=self.ASKED | more)
        return answer.status_code, answer.json().get("code")

    @pytest.mark.parametrize("choice", [*SaleChoice])
    async def test_a_choice_goes_to_the_pc_and_may_be_repeated(
        self, bench: Bench, begun: Line, choice: SaleChoice
    ) -> None:
        await begun.report("j1", 3, "started", attempt=1, steps=OWED, **ASKS)
        for _ in range(2):
            assert (await self.resolve(bench, decision=choice.value))[0] == 200
        said = await begun.take(Resolve)
        assert (said.decision, said.person, said.reason, said.rev) == (choice, "Пётр", "бумагу вставили", 3)
        await begun.nothing_more()
        await begun.report("j1", 4, "started", attempt=1, steps=OWED)
        assert (await self.resolve(bench, decision=choice.value))[0] == 200  # its first answer was lost
        await begun.nothing_more()
        assert await self.resolve(bench, decision=choice.value, person="Анна") == (409, "not_waiting")
        await begun.close()

    async def test_what_waits_without_being_owed_may_be_chosen_too(self, bench: Bench, begun: Line) -> None:
        await begun.report("j1", 3, "started", attempt=1, steps=CHARGED[:1], **ASKS | {"owed": False})
        assert (await self.resolve(bench, decision="give_back"))[0] == 200
        assert (await begun.take(Resolve)).decision is SaleChoice.GIVE_BACK
        await begun.close()

    async def test_what_cannot_be_followed_as_things_stand_is_refused_here(self, bench: Bench, begun: Line) -> None:
        offered = ["go_on", "leave_owed"]
        await begun.report("j1", 3, "started", attempt=1, steps=OWED, **ASKS | {"choices": offered})
        answer = await bench.api.post("/jobs/j1/resolve", json=self.ASKED | {"decision": "give_back"})
        assert (answer.status_code, answer.json()["code"]) == (409, "choice_not_offered")
        assert answer.json()["params"] == {"choices": offered}
        assert (await self.resolve(bench, decision="go_on"))[0] == 200
        await begun.close()

    async def test_a_second_opinion_waits_for_the_first(self, bench: Bench, begun: Line) -> None:
        await begun.report("j1", 3, "started", attempt=1, steps=OWED, **ASKS)
        await self.resolve(bench)
        assert await self.resolve(bench, decision="give_back") == (409, "decision_pending")
        await begun.close()

    async def test_a_choice_about_an_older_word_is_stale(self, bench: Bench, begun: Line) -> None:
        await begun.report("j1", 4, "started", attempt=1, steps=OWED, **ASKS)
        assert await self.resolve(bench) == (409, "stale_rev")
        await begun.close()

    @pytest.mark.parametrize("choice", [*SaleChoice])
    async def test_a_sale_that_asks_nothing(self, bench: Bench, begun: Line, choice: SaleChoice) -> None:
        await begun.report("j1", 3, "started", attempt=1, steps=CHARGED)
        assert await self.resolve(bench, decision=choice.value) == (409, "not_waiting")
        await begun.report("j1", 4, "human", attempt=1, steps=CHARGED, reason=reason("payment_unclear"))
        assert await self.resolve(bench, decision=choice.value, rev=4) == (409, "not_waiting")
        await begun.report("j1", 5, "done", attempt=1, steps=CHARGED, proof=MADE)
        assert await self.resolve(bench, decision=choice.value, rev=5) == (409, "already_final")
        await begun.close()

    @pytest.mark.parametrize("state", ["started", "resolving", "human"])
    async def test_no_money_goes_back_while_the_receipt_is_in_doubt(
        self, bench: Bench, begun: Line, state: str
    ) -> None:
        steps = [*CHARGED, step("receipt", state)]
        await begun.report("j1", 3, state, attempt=1, steps=steps, **ASKS)
        for choice in SaleChoice:
            assert await self.resolve(bench, decision=choice.value) == (409, "receipt_in_doubt")
        await begun.nothing_more()
        await begun.close()

    async def test_a_receipt_is_not_asked_how_it_goes_on(self, bench: Bench, line: Line) -> None:
        await bench.api.post("/jobs", json=job())
        await line.accept()
        await line.report("j1", 3, "human", attempt=1, reason=reason("looks_alike"))
        assert await self.resolve(bench) == (409, "not_waiting")
        assert await self.resolve(bench, decision="maybe") == (422, "bad_request")
        await line.close()

    async def test_a_part_in_doubt_is_decided_as_any_job_in_doubt(self, bench: Bench, begun: Line) -> None:
        steps = [step("payment", "human", amount="6.00", reason=reason("payment_unclear"))]
        await begun.report("j1", 3, "human", attempt=1, steps=steps, reason=reason("payment_unclear"))
        assert (await self.resolve(bench, decision="not_done"))[0] == 200
        assert (await begun.take(Resolve)).decision is Decision.NOT_DONE
        await begun.close()

    async def test_a_waiting_sale_is_neither_done_nor_not_done_by_word(self, bench: Bench, begun: Line) -> None:
        await begun.report("j1", 3, "started", attempt=1, steps=OWED, **ASKS)
        for decision in ("done", "not_done"):
            assert await self.resolve(bench, decision=decision) == (409, "not_human")
        await begun.close()

    @pytest.mark.parametrize("missing", ["person", "reason", "rev"])
    async def test_who_why_and_what_was_seen_are_said(self, bench: Bench, begun: Line, missing: str) -> None:
        await begun.report("j1", 3, "started", attempt=1, steps=OWED, **ASKS)
        body = {name: value for name, value in self.ASKED.items() if name != missing}
        answer = await bench.api.post("/jobs/j1/resolve", json=body)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, missing)
        await begun.close()

    async def test_it_takes_the_scope_to_decide(self, bench: Bench, begun: Line) -> None:
        await begun.report("j1", 3, "started", attempt=1, steps=OWED, **ASKS)
        narrow = await bench.key(bench.api, "jobs")
        answer = await narrow.post("/jobs/j1/resolve", json=self.ASKED)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
        await begun.close()
