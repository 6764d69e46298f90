"""Card terminals in the directory: claims, bindings, desks, owners, and which jobs they are given."""

from __future__ import annotations

from typing import Any

import pytest

from protocol.crm.jobs import DeviceClass
from protocol.crm.messages import (
    Bind,
    Claim,
    ClaimedDevice,
    ClaimRefused,
    Event,
    EventKind,
    Health,
    JournalHead,
    Offer,
    Quarantine,
    Ready,
    Release,
    Released,
)
from tests.server.conftest import Bench, job
from tests.server.player import Line, Player, greet, pair, register
from tests.server.steps import until_offline

TERMINAL = "t17"
TID = "10000001"


def terminal(kkm_id: str = TERMINAL, serial: str | None = TID, **more: Any) -> ClaimedDevice:
    return ClaimedDevice(
        kkm_id=kkm_id, driver="zvt", device=DeviceClass.TERMINAL, register_serial=serial, model="Ingenico", **more
    )


def payment(job_id: str = "p1", kkm_id: str = TERMINAL, amount: str = "5.00", **more: Any) -> dict[str, Any]:
    return {"job_id": job_id, "kkm_id": kkm_id, "kind": "payment", "payload": {"amount": amount}} | more


async def put_desk(bench: Bench, desk_id: str = "front", **more: Any) -> Any:
    return await bench.api.put("/desks", json={"desk_id": desk_id} | more)


async def bound_terminal(bench: Bench, player: Player | None = None, kkm_id: str = TERMINAL) -> tuple[Player, Line]:
    player = player or await pair(bench.api)
    await bench.api.put("/devices", json={"kkm_id": kkm_id})
    line = await greet(player, terminal(kkm_id))
    await line.bind()
    await line.nothing_more()
    return player, line


class TestDirectory:
    async def test_what_a_device_is_it_says_itself(self, bench: Bench) -> None:
        await bench.api.put("/devices", json=[{"kkm_id": "17"}, {"kkm_id": TERMINAL}])
        assert (await bench.device())["device"] is None
        line = await greet(await pair(bench.api), register(), terminal())
        binds = {(await line.bind()).binding.kkm_id for _ in range(2)}
        await line.nothing_more()
        assert binds == {"17", TERMINAL}
        assert (await bench.device())["device"] == "register"
        shown = await bench.device(TERMINAL)
        told = {name: shown[name] for name in ("device", "state", "register_serial", "driver", "model")}
        assert told == {"device": "terminal", "state": "bound", "register_serial": TID, "driver": "zvt",
                        "model": "Ingenico"}  # fmt: skip
        assert [shown[name] for name in ("fn_serial", "last_fd", "ffd", "taxation")] == [None] * 4
        await line.close()

    async def test_its_kind_is_known_before_it_answers(self, bench: Bench) -> None:
        player = await pair(bench.api)
        await bench.api.put("/devices", json={"kkm_id": TERMINAL, "agent_id": player.agent_id})
        line = await greet(player, terminal(serial=None))
        await line.nothing_more()
        assert (await bench.device(TERMINAL))["device"] == "terminal"
        await line.close()

    async def test_another_pcs_word_about_its_kind_does_not_count(self, bench: Bench) -> None:
        owner, stranger = await pair(bench.api), await pair(bench.api, "inst-2")
        await bench.api.put("/devices", json={"kkm_id": TERMINAL, "agent_id": owner.agent_id})
        line = await greet(stranger, terminal(serial=None))
        assert (await line.expect(ClaimRefused)).code == "device_already_bound"
        assert (await bench.device(TERMINAL))["device"] is None
        await line.close()

    @pytest.mark.parametrize("serial", [None, TID, "0001"])
    async def test_a_terminal_in_the_place_of_a_bound_register_is_refused(
        self, bench: Bench, serial: str | None
    ) -> None:
        _, line = await bench.bound()
        await line.send(Claim(device=terminal("17", serial, binding_epoch=1)))
        refused = await line.expect(ClaimRefused)
        assert (refused.code, refused.binding_epoch) == ("register_changed", 1)
        assert (await bench.device())["device"] == "register"
        await line.close()

    async def test_a_terminal_may_follow_a_register_that_was_released(self, bench: Bench) -> None:
        player, line = await bench.bound()
        await bench.api.post("/devices/17/release")
        release = await line.take(Release)
        await line.say(Released(kkm_id="17", binding_epoch=release.binding_epoch, not_started=[], last_fd=9))
        await line.close()
        await bench.api.put("/devices", json={"kkm_id": "17", "agent_id": player.agent_id})
        line = await greet(player, terminal("17"))
        bind = await line.bind()
        assert (bind.binding.register_serial, bind.binding.binding_epoch) == (TID, 2)
        assert (bind.fn_serial, bind.last_fd) == (None, None)
        assert (await bench.device())["device"] == "terminal"
        await line.close()

    async def test_one_bank_numbers_its_terminals_as_another_does(self, bench: Bench) -> None:
        """Two accounts may have terminals of one id; in one account it is one machine."""
        _, line = await bound_terminal(bench)
        await bench.api.put("/devices", json={"kkm_id": "t18"})
        await line.send(Claim(device=terminal("t18")))
        assert (await line.expect(ClaimRefused)).code == "register_already_bound"
        other = await bench.tenant("Другая")
        await other.put("/devices", json={"kkm_id": TERMINAL})
        theirs = await greet(await pair(other), terminal())
        assert (await theirs.bind()).binding.register_serial == TID
        await theirs.close()
        await line.close()

    async def test_a_terminal_may_be_numbered_like_a_register(self, bench: Bench) -> None:
        await bench.api.put("/devices", json=[{"kkm_id": "17"}, {"kkm_id": TERMINAL}])
        line = await greet(await pair(bench.api), register(), terminal(serial="0001"))
        assert {(await line.bind()).binding.register_serial for _ in range(2)} == {"0001"}
        await line.close()

    async def test_its_health_has_facts_of_its_own(self, bench: Bench) -> None:
        _, line = await bound_terminal(bench)
        facts = {"answers": True, "busy": False, "firmware": "3.1", "pan": "4000000000000002",
                 "terminal": {"id": TID, "ready": False, "attention": "terminal_settlement_needed",
                              "settled_at": "2026-03-01T22:00:00+00:00", "vendor": 5}}  # fmt: skip
        await line.send(Health(kkm_id=TERMINAL, at=bench.clock.now(), facts=facts))
        await line.nothing_more()
        health = (await bench.device(TERMINAL))["health"]
        assert (health["answers"], health["busy"], health["firmware"], health["stale"]) == (True, False, "3.1", False)
        assert health["terminal"] == {"id": TID, "merchant_id": None, "ready": False, "vendor": None,
                                      "attention": "terminal_settlement_needed",
                                      "settled_at": "2026-03-01T22:00:00Z"}  # fmt: skip
        assert "4000000000000002" not in str(health)
        await line.close()

    async def test_what_it_does_outside_jobs_is_an_event(self, bench: Bench) -> None:
        _, line = await bound_terminal(bench)
        body = {"register_serial": TID, "reason": "terminal_offline"}
        await line.say(Event(event_id="e1", kkm_id=TERMINAL, kind=EventKind.DEVICE_OFFLINE, at=bench.clock.now(),
                             body=body))  # fmt: skip
        (event,) = (await bench.api.get(f"/devices/{TERMINAL}/events")).json()["events"]
        assert (event["kind"], event["body"]) == ("device_offline", body)
        await line.close()


class TestJobs:
    async def test_a_payment_goes_to_the_terminal_that_is_bound(self, bench: Bench) -> None:
        _, line = await bound_terminal(bench)
        assert (await bench.api.post("/jobs", json=payment())).status_code == 202
        offer = await line.accept()
        assert (offer.kind, offer.kkm_id, offer.register_serial) == ("payment", TERMINAL, TID)
        assert offer.payload == {"amount": "5.00"}
        await line.close()

    @pytest.mark.parametrize("kind", ["receipt", "sale", "x_report", "device_status", "document"])
    async def test_a_registers_job_is_not_for_a_terminal(self, bench: Bench, kind: str) -> None:
        _, line = await bound_terminal(bench)
        payload = job()["payload"] if kind in ("receipt", "sale") else {"fd": 1} if kind == "document" else {}
        body = {"job_id": "j1", "kkm_id": TERMINAL, "kind": kind, "payload": payload}
        answer = await bench.api.post("/jobs", json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "wrong_kind_of_device")
        assert answer.json()["params"] == {"kkm_id": TERMINAL, "device": "terminal", "kind": kind}
        await line.close()

    @pytest.mark.parametrize("kind", ["payment", "refund", "settlement", "terminal_status"])
    async def test_a_terminals_job_is_not_for_a_register(self, bench: Bench, kind: str) -> None:
        _, line = await bench.bound()
        payload = {"amount": "5.00"} if kind in ("payment", "refund") else {}
        answer = await bench.api.post("/jobs", json=payment(kkm_id="17") | {"kind": kind, "payload": payload})
        assert (answer.status_code, answer.json()["code"]) == (422, "wrong_kind_of_device")
        assert answer.json()["params"]["device"] == "register"
        assert (await bench.api.get("/jobs")).json()["jobs"] == []
        await line.close()

    async def test_what_nobody_has_claimed_yet_is_judged_by_its_pc(self, bench: Bench) -> None:
        player = await pair(bench.api)
        await bench.api.put("/devices", json={"kkm_id": TERMINAL, "agent_id": player.agent_id})
        assert (await bench.api.post("/jobs", json=payment())).status_code == 202
        assert (await bench.api.post("/jobs", json=job(kkm_id=TERMINAL))).status_code == 202

    async def test_to_a_desk_each_kind_goes_to_its_device(self, bench: Bench) -> None:
        player = await pair(bench.api)
        await bench.api.put("/devices", json=[{"kkm_id": k, "agent_id": player.agent_id} for k in ("17", TERMINAL)])
        await put_desk(bench, kkm_id="17", terminal_kkm_id=TERMINAL)
        at_desk = {"kkm_id": None, "desk_id": "front"}
        for kind, payload, kkm_id in (
            ("payment", {"amount": "5.00"}, TERMINAL),
            ("settlement", {}, TERMINAL),
            ("receipt", job()["payload"], "17"),
            ("sale", job()["payload"], "17"),
        ):
            answer = await bench.api.post("/jobs", json=payment(kind) | at_desk | {"kind": kind, "payload": payload})
            assert (answer.status_code, answer.json()["kkm_id"], answer.json()["desk_id"]) == (202, kkm_id, "front")

    @pytest.mark.parametrize(
        ("desk", "kind", "code"),
        [
            ({"terminal_kkm_id": TERMINAL}, "receipt", "desk_without_device"),
            ({"kkm_id": "17"}, "payment", "desk_without_terminal"),
        ],
    )
    async def test_a_desk_that_lacks_the_device(self, bench: Bench, desk: dict[str, str], kind: str, code: str) -> None:
        await bench.api.put("/devices", json=[{"kkm_id": "17"}, {"kkm_id": TERMINAL}])
        await put_desk(bench, **desk)
        body = payment() | {"kkm_id": None, "desk_id": "front", "kind": kind}
        answer = await bench.api.post("/jobs", json=body | ({"payload": job()["payload"]} if kind == "receipt" else {}))
        assert (answer.status_code, answer.json()["code"]) == (409, code)


class TestDesks:
    @pytest.fixture
    async def known(self, bench: Bench) -> Bench:
        await bench.api.put("/devices", json=[{"kkm_id": "17"}, {"kkm_id": "18"}, {"kkm_id": TERMINAL}])
        return bench

    async def test_a_desk_has_a_terminal_and_a_policy_for_its_day(self, known: Bench) -> None:
        body = {"kkm_id": "17", "terminal_kkm_id": TERMINAL, "settle": "auto"}
        (made,) = (await put_desk(known, **body)).json()["desks"]
        assert {name: made[name] for name in body} == body
        assert (await known.api.get("/desks")).json()["desks"] == [made]
        assert [(await known.device(k))["desk_id"] for k in ("17", TERMINAL, "18")] == ["front", "front", None]
        (made,) = (await put_desk(known, kkm_id="17")).json()["desks"]
        assert (made["terminal_kkm_id"], made["settle"]) == (None, "manual")

    async def test_the_pc_hears_of_the_terminal_by_the_registers_binding(self, bench: Bench) -> None:
        _, line = await bench.bound()
        await bench.api.put("/devices", json={"kkm_id": TERMINAL})
        await put_desk(bench, kkm_id="17", terminal_kkm_id=TERMINAL, settle="auto", timezone="Asia/Omsk")
        told = (await line.take(Bind)).binding.desk
        assert (told.desk_id, told.terminal, told.settle) == ("front", TERMINAL, True)
        await line.send(Claim(device=terminal()))
        theirs = (await line.bind()).binding.desk
        assert (theirs.desk_id, theirs.timezone, theirs.terminal, theirs.settle) == ("front", "Asia/Omsk", None, False)
        await line.nothing_more()
        await put_desk(bench, kkm_id="17", terminal_kkm_id=TERMINAL, settle="manual", timezone="Asia/Omsk")
        assert (await line.take(Bind)).binding.desk.settle is False  # and nothing new to the terminal
        await line.nothing_more()
        await put_desk(bench, kkm_id="17", timezone="Asia/Omsk")
        away = [(await line.take(Bind)).binding for _ in range(2)]
        assert {(b.kkm_id, b.desk.desk_id, b.desk.terminal) for b in away} == {
            ("17", "front", None),
            (TERMINAL, None, None),
        }
        await line.close()

    @pytest.mark.parametrize(
        ("body", "status", "code", "field"),
        [
            ({"terminal_kkm_id": "99"}, 422, "unknown_kkm_id", None),
            ({"terminal_kkm_id": "т17"}, 422, "bad_request", "terminal_kkm_id"),
            ({"terminal_kkm_id": TERMINAL, "kkm_id": TERMINAL}, 422, "bad_request", "terminal_kkm_id"),
            ({"settle": True}, 422, "bad_request", "settle"),
            ({"settle": "always"}, 422, "bad_request", "settle"),
        ],
    )
    async def test_a_desk_that_cannot_be(
        self, known: Bench, body: dict[str, Any], status: int, code: str, field: str | None
    ) -> None:
        answer = await put_desk(known, **body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
        if field is not None:
            assert answer.json()["errors"][0]["field"] == field
        assert (await known.api.get("/desks")).json()["desks"] == []

    @pytest.mark.parametrize("body", [{"terminal_kkm_id": TERMINAL}, {"kkm_id": TERMINAL}, {"terminal_kkm_id": "17"}])
    async def test_a_device_stands_at_one_desk(self, known: Bench, body: dict[str, Any]) -> None:
        await put_desk(known, kkm_id="17", terminal_kkm_id=TERMINAL)
        answer = await put_desk(known, "back", **body)
        assert (answer.status_code, answer.json()["code"]) == (409, "device_at_other_desk")
        assert answer.json()["params"]["desk_id"] == "front"

    async def test_register_and_terminal_do_not_take_each_others_place(self, bench: Bench) -> None:
        _, line = await bench.bound()
        await bench.api.put("/devices", json={"kkm_id": TERMINAL})
        await line.send(Claim(device=terminal()))
        await line.bind()
        await line.nothing_more()
        for body, field, device in (
            ({"kkm_id": TERMINAL}, "kkm_id", "terminal"),
            ({"terminal_kkm_id": "17"}, "terminal_kkm_id", "register"),
        ):
            answer = (await put_desk(bench, **body)).json()
            assert (answer["code"], answer["params"]["device"]) == ("wrong_kind_of_device", device)
            assert answer["errors"][0]["field"] == field
        await line.close()

    async def test_held_hours_count_at_the_terminal_too(self, known: Bench) -> None:
        player = await pair(known.api)
        await known.api.put("/devices", json={"kkm_id": TERMINAL, "agent_id": player.agent_id})
        await put_desk(known, terminal_kkm_id=TERMINAL, held_hours=2)
        await known.api.post("/jobs", json=payment())
        await known.later(121)
        assert (await known.state("p1"))["state"] == "held"
        await known.later(2 * 3600 + 1)
        assert (await known.state("p1"))["reason"]["code"] == "held_too_long"


class TestPlaces:
    """A terminal that tells no id is bound by the name of its place at its PC."""

    @pytest.fixture
    async def placed(self, bench: Bench) -> tuple[Player, Line]:
        player = await pair(bench.api)
        await bench.api.put("/devices", json={"kkm_id": TERMINAL})
        line = await greet(player, terminal(serial="place:a"))
        assert (await line.bind()).binding.register_serial == "place:a"
        await line.nothing_more()
        return player, line

    @pytest.mark.parametrize("serial", ["place:b", TID])
    async def test_it_is_bound_anew_when_its_place_has_changed_or_it_tells_its_id(
        self, bench: Bench, placed: tuple[Player, Line], serial: str
    ) -> None:
        _, line = placed
        await line.send(Claim(device=terminal(serial=serial, binding_epoch=1)))
        bind = await line.bind()
        assert (bind.binding.register_serial, bind.binding.binding_epoch) == (serial, 2)
        await bench.api.post("/jobs", json=payment())
        assert (await line.take(Offer)).register_serial == serial
        await line.close()

    async def test_what_tells_its_id_stays_that_machine(self, bench: Bench) -> None:
        _, line = await bound_terminal(bench)
        for serial in ("place:a", "10000002"):
            await line.send(Claim(device=terminal(serial=serial, binding_epoch=1)))
            assert (await line.expect(ClaimRefused)).code == "register_changed"
        await line.close()

    async def test_its_place_changes_with_its_pc(self, bench: Bench, placed: tuple[Player, Line]) -> None:
        _, old = placed
        target = await pair(bench.api, "inst-2")
        await bench.api.post(f"/devices/{TERMINAL}/move", json={"agent_id": target.agent_id})
        release = await old.take(Release)
        await old.say(Released(kkm_id=TERMINAL, binding_epoch=release.binding_epoch, not_started=[]))
        new = await greet(target, terminal(serial="place:b"))
        assert (await new.bind()).binding.register_serial == "place:b"
        await new.nothing_more()
        assert (await bench.device(TERMINAL))["register_serial"] == "place:b"
        await new.close()
        await old.close()

    async def test_while_it_is_given_up_it_is_not_bound_anew(self, bench: Bench, placed: tuple[Player, Line]) -> None:
        _, line = placed
        await bench.api.post(f"/devices/{TERMINAL}/release")
        await line.take(Release)
        await line.send(Claim(device=terminal(serial="place:b", binding_epoch=1)))
        assert (await line.expect(ClaimRefused)).code == "register_changed"
        assert (await bench.device(TERMINAL))["state"] == "releasing"
        await line.close()


class TestOwners:
    """Without a fiscal drive nothing is said of documents; everything else is as with a register."""

    async def test_a_move_by_release(self, bench: Bench) -> None:
        _, old = await bound_terminal(bench)
        target = await pair(bench.api, "inst-2")
        new = await greet(target)
        await bench.api.post("/jobs", json=payment())
        await old.accept()
        await bench.api.post(f"/devices/{TERMINAL}/move", json={"agent_id": target.agent_id})
        release = await old.take(Release)
        await old.say(Released(kkm_id=TERMINAL, binding_epoch=release.binding_epoch, not_started=["p1"]))
        bind = await new.bind()
        assert (bind.binding.register_serial, bind.binding.binding_epoch) == (TID, 2)
        assert (bind.fn_serial, bind.last_fd, bind.open_jobs) == (None, None, [])
        assert (await new.take(Offer)).job_id == "p1"
        await old.close()
        await new.close()

    async def test_a_move_from_a_dead_pc_hands_over_what_was_sent(self, bench: Bench) -> None:
        _, old = await bound_terminal(bench)
        target = await pair(bench.api, "inst-2")
        new = await greet(target)
        await bench.api.post("/jobs", json=payment())
        await old.accept()
        await old.close()
        await until_offline(bench, TERMINAL)
        body = {"agent_id": target.agent_id, "old_pc_off": True, "person": "Пётр"}
        assert (await bench.api.post(f"/devices/{TERMINAL}/move", json=body)).status_code == 200
        bind = await new.bind()
        assert [(one.offer.job_id, one.offer.kind) for one in bind.open_jobs] == [("p1", "payment")]
        assert (bind.fn_serial, bind.last_fd) == (None, None)
        await new.close()

    async def test_a_quarantine_is_lifted_without_an_archive(self, bench: Bench) -> None:
        player, line = await bound_terminal(bench)
        player.write(5, "five")
        await line.beat()
        await line.close()
        player.journal, player.head = {0: "", 3: "three"}, JournalHead(n=3, hash="three")
        line = await greet(player, terminal(binding_epoch=1))
        assert isinstance(line.verdict, Quarantine)
        body = {"person": "Пётр", "reason": "сверил слипы"}
        assert (await bench.api.post(f"/agents/{player.agent_id}/confirm", json=body)).status_code == 200
        assert await line.expect(Ready) == Ready(resumed=True)
        bind = await line.bind()
        assert (bind.binding.kkm_id, bind.binding.binding_epoch, bind.last_fd) == (TERMINAL, 2, None)
        await line.close()
