"""What support asks of a PC, and the bundles that PCs send."""

from __future__ import annotations

import io
import zipfile
from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from alembic import command
from sqlalchemy import create_engine, select, text

from protocol.crm.jobs import canonical_json
from protocol.crm.messages import Error, JournalHead, Quarantine
from protocol.crm.signing import signed_bytes
from protocol.crm.support import Bundle, Doctor, Report, ReportState
from server.services import duties
from server.services.access import Scope
from server.services.bundles import ORPHAN_AFTER
from server.services.support import GRACE
from server.settings import Limits, Settings
from server.store.database import alembic_config
from server.store.feed import FeedEvent
from tests.server.conftest import Bench
from tests.server.player import Player, greet, new_key, pair, register
from tests.server.test_access import is_problem

WHO = {"person": "Поддержка, Ольга", "reason": "Не печатается чек 1042"}
FINDINGS: dict[str, Any] = {
    "verdict": "bad",
    "checks": [
        {
            "id": "agent.running", "verdict": "bad", "code": "not_running", "device": None, "needs": None,
            "title": "работает ли KassaBridge", "title_en": "whether KassaBridge runs", "cause": "Не запущен.",
            "cause_en": "It is not running.", "action": "Запустите.", "action_en": "Start it.",
            "facts": {"age_s": 12, "since": "***"},
        }
    ],
}  # fmt: skip


def made(text: str = "x", size: int = 100) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("manifest.json", text * size)
    return whole.getvalue()


def announcement(player: Player, content: bytes, **changed: Any) -> dict[str, Any]:
    return {
        "agent_id": player.agent_id,
        "reference": "KB-2222-3333",
        "sha256": sha256(content).hexdigest(),
        "bytes": len(content),
        "person": "Иванова",
        "at": datetime.now(UTC).isoformat(),
        "standing": False,
        "request_id": None,
    } | changed


async def uploads(
    bench: Bench, player: Player, content: bytes, *, sig: str | None = None, **changed: Any
) -> httpx.Response:
    told = announcement(player, content, **changed)
    headers = {
        "Authorization": "",
        "Content-Type": "application/zip",
        "KassaBridge-Bundle": b64encode(canonical_json(told)).decode(),
        "KassaBridge-Signature": sig or player.key.sign(signed_bytes("bundle_upload", told)),
    }
    return await bench.api.post("/support/bundles", content=content, headers=headers)


async def asked(bench: Bench, player: Player, kind: str) -> dict[str, Any]:
    answer = await bench.api.post(f"/agents/{player.agent_id}/{kind}", json=WHO)
    assert answer.status_code == 202, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def standing(bench: Bench, player: Player, kind: str) -> dict[str, Any]:
    answer = await bench.api.get(f"/agents/{player.agent_id}/{kind}")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


class TestAsking:
    async def test_a_doctor_is_asked_and_its_report_shown(self, bench: Bench) -> None:
        player, line = await bench.bound()
        request = await asked(bench, player, "doctor")
        assert (request["state"], request["person"], request["report"]) == ("waiting", WHO["person"], None)
        doctor = await line.expect(Doctor)  # its signature is looked at, too
        assert (doctor.request_id, doctor.agent_id, doctor.person) == (
            request["request_id"], player.agent_id, WHO["person"],
        )  # fmt: skip
        assert 0 < doctor.lives_s <= 900
        await line.send(Report(request_id=doctor.request_id, state=ReportState.ASKED))
        await line.nothing_more()
        assert (await standing(bench, player, "doctor"))["state"] == "asked"
        await line.send(Report(request_id=doctor.request_id, state=ReportState.DONE, findings=FINDINGS))
        await line.nothing_more()
        done = await standing(bench, player, "doctor")
        assert (done["state"], done["reason"]) == ("done", None)
        assert done["report"] == FINDINGS | {"shortened": False}
        await line.close()

    async def test_nothing_of_it_disturbs_the_jobs(self, bench: Bench) -> None:
        player, line = await bench.bound()
        await asked(bench, player, "doctor")
        await asked(bench, player, "bundle")
        await line.expect(Doctor)
        await line.expect(Bundle)
        await bench.api.post("/jobs", json={"job_id": "x", "kkm_id": "17", "kind": "x_report", "payload": {}})
        await line.accept()
        await line.close()

    async def test_asked_again_while_it_is_open_it_is_the_same_request(self, bench: Bench) -> None:
        player, line = await bench.bound()
        first = await asked(bench, player, "bundle")
        await line.expect(Bundle)
        assert (await asked(bench, player, "bundle"))["request_id"] == first["request_id"]
        await line.nothing_more()
        await bench.later(901)
        assert (await asked(bench, player, "bundle"))["request_id"] != first["request_id"]
        await line.close()

    async def test_a_pc_that_was_off_hears_it_when_it_comes_and_answers_twice_for_one(self, bench: Bench) -> None:
        player, line = await bench.bound()
        await line.close()
        request = await asked(bench, player, "doctor")
        await bench.later(600)
        line = await greet(player, register(binding_epoch=1))
        doctor = await line.expect(Doctor)
        assert 200 < doctor.lives_s <= 300
        await line.close()
        line = await greet(player, register(binding_epoch=1))  # the answer was lost: it is asked once more
        assert (await line.expect(Doctor)).request_id == request["request_id"]
        for verdict in ("bad", "ok"):
            told = FINDINGS | {"verdict": verdict}
            await line.send(Report(request_id=doctor.request_id, state=ReportState.DONE, findings=told))
        await line.nothing_more()
        assert (await standing(bench, player, "doctor"))["report"]["verdict"] == "bad", "it ends once"
        await line.close()
        line = await greet(player, register(binding_epoch=1))
        await line.nothing_more()
        await line.close()

    async def test_a_pc_that_was_off_for_longer_hears_nothing(self, bench: Bench) -> None:
        player, line = await bench.bound()
        await line.close()
        await asked(bench, player, "doctor")
        await bench.later(901)
        line = await greet(player, register(binding_epoch=1))
        await line.nothing_more()
        told = await standing(bench, player, "doctor")
        assert (told["state"], told["reason"]["code"]) == ("expired", "request_expired")
        await line.close()

    async def test_silence_is_no_consent(self, bench: Bench) -> None:
        player, line = await bench.bound()
        await asked(bench, player, "bundle")
        bundle = await line.expect(Bundle)
        await line.send(Report(request_id=bundle.request_id, state=ReportState.ASKED))
        await line.nothing_more()
        await bench.later(901)
        assert (await standing(bench, player, "bundle"))["state"] == "asked", "an upload may be under way"
        await bench.later(GRACE.total_seconds())
        told = await standing(bench, player, "bundle")
        assert (told["state"], told["reason"]["code"]) == ("refused", "no_consent")
        assert told["reason"]["text"] == "На ПК никто не дал согласия."
        assert is_problem(await uploads(bench, player, made(), request_id=bundle.request_id), 409, "request_over")
        await line.close()

    async def test_a_refusal_says_why(self, bench: Bench) -> None:
        player, line = await bench.bound()
        await asked(bench, player, "bundle")
        bundle = await line.expect(Bundle)
        await line.send(Report(request_id=bundle.request_id, state=ReportState.REFUSED, code="consent_refused"))
        await line.nothing_more()
        told = await standing(bench, player, "bundle")
        assert (told["state"], told["reason"]["code"], told["bundle_id"]) == ("refused", "consent_refused", None)
        await line.close()

    async def test_an_agent_that_does_not_know_the_question(self, bench: Bench) -> None:
        player, line = await bench.bound()
        await asked(bench, player, "doctor")
        msg_id, _ = await line.expect_envelope(Doctor)
        await line.send(Error(code="unknown_type", text="doctor", ref=msg_id))
        await line.nothing_more()
        told = await standing(bench, player, "doctor")
        assert (told["state"], told["reason"]["code"]) == ("refused", "agent_too_old")
        await line.close()

    @pytest.mark.parametrize(
        "findings", [None, {}, {"verdict": "fine", "checks": []}, {"verdict": "ok", "checks": [{"id": "x\n"}]}]
    )
    async def test_what_is_no_report_is_not_shown(self, bench: Bench, findings: Any) -> None:
        player, line = await bench.bound()
        await asked(bench, player, "doctor")
        doctor = await line.expect(Doctor)
        await line.send(Report(request_id=doctor.request_id, state=ReportState.DONE, findings=findings))
        await line.nothing_more()
        told = await standing(bench, player, "doctor")
        assert (told["state"], told["report"]) == ("refused", None)
        await line.close()

    async def test_a_quarantined_pc_is_examined_too(self, bench: Bench) -> None:
        player, line = await bench.bound()
        player.write(10, "ten")
        await line.beat()
        await line.close()
        player.journal, player.head = {0: "", 7: "seven"}, JournalHead(n=7, hash="seven")
        line = await greet(player, register(binding_epoch=1))
        assert isinstance(line.verdict, Quarantine)
        await asked(bench, player, "doctor")
        doctor = await line.expect(Doctor)
        await line.send(Report(request_id=doctor.request_id, state=ReportState.DONE, findings=FINDINGS))
        await line.nothing_more()
        assert (await standing(bench, player, "doctor"))["state"] == "done"
        await line.close()

    async def test_another_pc_answers_nothing(self, bench: Bench) -> None:
        player, line = await bench.bound()
        request = await asked(bench, player, "doctor")
        other = await greet(await pair(bench.api, "inst-2"))
        await other.send(Report(request_id=request["request_id"], state=ReportState.DONE, findings=FINDINGS))
        await other.nothing_more()
        assert (await standing(bench, player, "doctor"))["state"] == "waiting"
        await other.close()
        await line.close()

    async def test_who_has_asked_for_what_is_kept(self, bench: Bench) -> None:
        player, line = await bench.bound()
        ids = []
        for kind in ("doctor", "bundle", "doctor"):
            ids.append((await asked(bench, player, kind))["request_id"])
            await bench.later(901)
        page = (await bench.api.get("/support/requests?limit=2")).json()
        assert [r["request_id"] for r in page["requests"]] == ids[:0:-1]
        rest = (await bench.api.get(f"/support/requests?limit=2&cursor={page['cursor']}")).json()
        assert [r["request_id"] for r in rest["requests"]] == ids[:1]
        assert rest["cursor"] is None
        assert (await bench.api.get("/support/requests?agent_id=nobody")).json()["requests"] == []
        await line.close()

    async def test_nothing_asked_yet_and_a_pc_that_is_not_there(self, bench: Bench) -> None:
        player = await pair(bench.api)
        for kind in ("doctor", "bundle"):
            assert is_problem(await bench.api.get(f"/agents/{player.agent_id}/{kind}"), 404, "no_request_yet")
            assert is_problem(await bench.api.get(f"/agents/nobody/{kind}"), 404, "unknown_agent")
            assert is_problem(await bench.api.post(f"/agents/nobody/{kind}", json=WHO), 404, "unknown_agent")
        answer = await bench.api.post(f"/agents/{player.agent_id}/bundle", json={"person": "П"})
        assert is_problem(answer, 422, "bad_request")
        assert (await bench.api.post(f"/agents/{player.agent_id}/doctor")).status_code == 202


# --- bundles ---------------------------------------------------------------------------------------------------------


def folder(bench: Bench) -> Path:
    return bench.database.with_suffix(".bundles")


async def view(bench: Bench, bundle_id: str) -> dict[str, Any]:
    told: dict[str, Any] = (await bench.api.get(f"/support/bundles/{bundle_id}")).json()
    return told


async def heard(bench: Bench) -> list[dict[str, Any]]:
    """What the CRM's stream has told of support since the beginning."""
    async with bench.services.database.read() as work:
        rows = await work.session.scalars(select(FeedEvent).where(FeedEvent.type.startswith("support.")))
        return [{"type": row.type, **row.data} for row in rows]


async def test_the_crm_hears_how_a_request_ended(bench: Bench) -> None:
    player, line = await bench.bound()
    await asked(bench, player, "doctor")
    doctor = await line.expect(Doctor)
    await line.send(Report(request_id=doctor.request_id, state=ReportState.DONE, findings=FINDINGS))
    await asked(bench, player, "bundle")
    bundle = await line.expect(Bundle)
    await line.send(Report(request_id=bundle.request_id, state=ReportState.REFUSED, code="consent_refused"))
    await line.nothing_more()
    told = [(event["type"], event["kind"], event["code"]) for event in await heard(bench)]
    assert told == [("support.done", "doctor", None), ("support.refused", "bundle", "consent_refused")]
    hook = {"url": "https://127.0.0.1/hook", "types": ["support.done", "support.refused"]}
    assert (await bench.api.post("/webhooks", json=hook)).status_code == 201
    await line.close()


class TestBundles:
    async def test_one_that_a_pc_has_sent_is_read_to_the_byte(self, bench: Bench) -> None:
        player, content = await pair(bench.api), made()
        answer = await uploads(bench, player, content)
        assert answer.status_code == 201, answer.text
        told = answer.json()
        assert (told["reference"], told["bytes"], told["consent_person"], told["standing"]) == (
            "KB-2222-3333", len(content), "Иванова", False,
        )  # fmt: skip
        assert await view(bench, told["bundle_id"]) == told
        assert (await bench.api.get("/support/bundles")).json()["bundles"] == [told]
        file = await bench.api.get(f"/support/bundles/{told['bundle_id']}/content")
        assert (file.content, file.headers["content-type"]) == (content, "application/zip")
        assert "KB-2222-3333.zip" in file.headers["content-disposition"]
        (path,) = folder(bench).iterdir()
        assert path.stat().st_mode & 0o077 == 0

    async def test_the_same_file_again_is_the_same_bundle(self, bench: Bench) -> None:
        player, content = await pair(bench.api), made()
        first = (await uploads(bench, player, content)).json()
        assert (await uploads(bench, player, content)).json() == first
        assert len(list(folder(bench).iterdir())) == 1

    async def test_it_answers_its_request(self, bench: Bench) -> None:
        player, line = await bench.bound()
        request = await asked(bench, player, "bundle")
        bundle = await line.expect(Bundle)
        assert (bundle.person, bundle.reason) == (WHO["person"], WHO["reason"])
        answer = await uploads(bench, player, made(), request_id=bundle.request_id)
        told = await standing(bench, player, "bundle")
        assert (told["state"], told["bundle_id"]) == ("done", answer.json()["bundle_id"])
        assert answer.json()["request_id"] == request["request_id"]
        again = await uploads(bench, player, made("y"), request_id=bundle.request_id)
        assert is_problem(again, 409, "request_over")
        assert len(list(folder(bench).iterdir())) == 1
        await line.close()

    async def test_a_request_of_another_pc_is_unknown(self, bench: Bench) -> None:
        player, line = await bench.bound()
        request = await asked(bench, player, "bundle")
        other = await pair(bench.api, "inst-2")
        answer = await uploads(bench, other, made(), request_id=request["request_id"])
        assert is_problem(answer, 404, "unknown_request")
        await line.close()

    @pytest.mark.parametrize(
        "changed",
        [
            {"agent_id": "ag_nobody"},
            {"sig": "bm8="},
            {"sig": new_key().sign(b"something else")},
        ],
    )
    async def test_only_the_pcs_own_key_sends(self, bench: Bench, changed: dict[str, Any]) -> None:
        player = await pair(bench.api)
        assert is_problem(await uploads(bench, player, made(), **changed), 401, "bad_agent_signature")
        assert not folder(bench).exists()

    @pytest.mark.parametrize("field", ["person", "sha256", "at", "standing", "reference"])
    async def test_every_signed_word_counts(self, bench: Bench, field: str) -> None:
        player, content = await pair(bench.api), made()
        other = {"person": "Другая", "sha256": "0" * 64, "at": "2026-01-01T00:00:00+00:00", "standing": True,
                 "reference": "KB-4444-5555"}  # fmt: skip
        sig = player.key.sign(signed_bytes("bundle_upload", announcement(player, content)))
        answer = await uploads(bench, player, content, sig=sig, **{field: other[field]})
        assert is_problem(answer, 401, "bad_agent_signature")

    @pytest.mark.parametrize(
        ("content", "changed"),
        [
            (made(), {"bytes": 10}),
            (made(), {"bytes": 100_000}),
            (made(), {"sha256": "0" * 64}),
            (b"#!/bin/sh\n", {}),
        ],
    )
    async def test_what_is_not_what_was_signed_is_not_kept(
        self, bench: Bench, content: bytes, changed: dict[str, Any]
    ) -> None:
        player = await pair(bench.api)
        assert is_problem(await uploads(bench, player, content, **changed), 422, "bad_bundle")
        assert not folder(bench).exists()

    @pytest.mark.parametrize("header", ["", "no base64!", "e30=", "bnVsbA==", "W10="])
    async def test_an_announcement_that_is_none(self, bench: Bench, header: str) -> None:
        headers = {"KassaBridge-Bundle": header, "KassaBridge-Signature": "bm8="}
        answer = await bench.api.post("/support/bundles", content=made(), headers=headers)
        assert is_problem(answer, 422, "bad_request")

    async def test_a_file_goes_by_age_and_its_record_stays(self, bench: Bench) -> None:
        player, settings = await pair(bench.api), Settings(database=str(bench.database), limits=bench.limits)
        told = (await uploads(bench, player, made())).json()
        await bench.later(13 * 86_400)
        await duties.prune(bench.services.database, settings, bench.services.exchanges)
        assert (await view(bench, told["bundle_id"]))["available"]
        await bench.later(86_400 + ORPHAN_AFTER)
        await duties.prune(bench.services.database, settings, bench.services.exchanges)
        assert list(folder(bench).iterdir()) == []
        assert not (await view(bench, told["bundle_id"]))["available"]
        gone = await bench.api.get(f"/support/bundles/{told['bundle_id']}/content")
        assert is_problem(gone, 410, "bundle_removed")

    async def test_a_file_of_an_upload_that_ended_in_between_goes_too(self, bench: Bench) -> None:
        settings = Settings(database=str(bench.database))
        folder(bench).mkdir()
        (folder(bench) / "bu_orphan.zip").write_bytes(made())
        (folder(bench) / "notes.txt").write_text("not ours")
        await duties.prune(bench.services.database, settings, bench.services.exchanges)
        assert len(list(folder(bench).iterdir())) == 2, "it may be an upload that is under way"
        await bench.later(2 * ORPHAN_AFTER)
        await duties.prune(bench.services.database, settings, bench.services.exchanges)
        assert [path.name for path in folder(bench).iterdir()] == ["notes.txt"]

    async def test_another_account_sees_nothing(self, bench: Bench) -> None:
        player, line = await bench.bound()
        await asked(bench, player, "doctor")
        bundle_id = (await uploads(bench, player, made())).json()["bundle_id"]
        other = await bench.tenant("Другая")
        assert (await other.get("/support/bundles")).json()["bundles"] == []
        assert (await other.get("/support/requests")).json()["requests"] == []
        for path in (f"/support/bundles/{bundle_id}", f"/support/bundles/{bundle_id}/content"):
            assert is_problem(await other.get(path), 404, "unknown_bundle")
        for method in ("GET", "POST"):
            for kind in ("doctor", "bundle"):
                answer = await other.request(method, f"/agents/{player.agent_id}/{kind}", json=WHO)
                assert is_problem(answer, 404, "unknown_agent")
        await line.close()

    async def test_pages(self, bench: Bench) -> None:
        player = await pair(bench.api)
        ids = [(await uploads(bench, player, made(str(n)))).json()["bundle_id"] for n in range(3)]
        page = (await bench.api.get("/support/bundles?limit=2")).json()
        rest = (await bench.api.get(f"/support/bundles?limit=2&cursor={page['cursor']}")).json()
        assert [b["bundle_id"] for b in page["bundles"] + rest["bundles"]] == ids[::-1]
        assert rest["cursor"] is None


class TestLimits:
    @pytest.fixture
    def limits(self) -> Limits:
        return Limits(connections_per_minute=1000, bundle_bytes=1000, bundles_per_day=4)

    async def test_one_that_is_too_large_is_refused_before_it_is_read(self, bench: Bench) -> None:
        player = await pair(bench.api)
        answer = await uploads(bench, player, made(size=2000))
        assert is_problem(answer, 413, "bundle_too_large")

    async def test_a_pc_sends_so_many_and_no_more(self, bench: Bench) -> None:
        player = await pair(bench.api)
        for n in range(2):
            assert (await uploads(bench, player, made(str(n)))).status_code == 201
        answer = await uploads(bench, player, made("z"))
        assert is_problem(answer, 429, "too_many_bundles")
        assert int(answer.headers["retry-after"]) > 3600
        other = await pair(bench.api, "inst-2")
        assert (await uploads(bench, other, made("z"))).status_code == 201


class TestWrongSignatures:
    @pytest.fixture
    def limits(self) -> Limits:
        return Limits(connections_per_minute=1000, wrong_keys_per_minute=3)

    async def test_they_cost_only_the_address_that_sends_them(self, bench: Bench) -> None:
        player = await pair(bench.api)
        codes = [(await uploads(bench, player, made(), sig="bm8=")).status_code for _ in range(4)]
        assert codes == [401] * 3 + [429]


async def test_the_scope_is_one_of_its_own(bench: Bench) -> None:
    others = await bench.key(bench.api, *(scope for scope in Scope if scope is not Scope.SUPPORT))
    own = await bench.key(bench.api, Scope.SUPPORT)
    player = await pair(bench.api)
    path = f"/agents/{player.agent_id}/doctor"
    assert is_problem(await others.post(path), 403, "forbidden")
    assert (await own.post(path)).status_code == 202
    assert is_problem(await own.get("/jobs"), 403, "forbidden")


def test_a_key_that_had_every_scope_keeps_every_scope_and_no_other_gets_one(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'older.sqlite3'}")
    keys = {"a": "jobs directory decide webhooks read", "b": "jobs read", "c": "jobs directory decide webhooks"}
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "0003")
        connection.execute(text("INSERT INTO tenants VALUES ('t', 'T', '2026-01-01')"))
        for name, scopes in keys.items():
            values = {"hash": name, "scopes": scopes}
            connection.execute(
                text(
                    "INSERT INTO api_keys (hash, tenant_id, scopes, created_at, key_id)"
                    " VALUES (:hash, 't', :scopes, '2026-01-01', :hash)"
                ),
                values,
            )
        command.upgrade(alembic_config(connection), "head")
        found = {row[0]: row[1] for row in connection.execute(text("SELECT hash, scopes FROM api_keys"))}
    engine.dispose()
    assert found == keys | {"a": "jobs directory decide webhooks read support"}
