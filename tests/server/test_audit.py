"""The audit: every change and decision is a line, with who, what, from where, before and after; and no line can be
changed, left out, moved or taken away unseen."""

from __future__ import annotations

import json
import tracemalloc
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine, delete, event, text, update

from server.services.access import Scope
from server.services.roles import Role
from server.store import audit
from server.store.actor import ActorKind
from server.store.audit import AuditEntry, AuditHead
from server.store.models import Base, table_of
from tests.server.conftest import PASSWORD, Bench, job
from tests.server.grown import audit_only
from tests.server.player import pair

NOT_AUDITED = {
    "signing_keys": "the server's own, of no tenant; made once, at its first start",
    "wrong_tries": "guesses at pairing codes, which change nothing",
    "sign_in_tries": "guesses at passwords, which change nothing",
    "known_devices": "opens nothing; sign-ins are lines themselves",
    "refused_claims": "what a PC said and what was not done",
    "job_history": "the job's own history, of the PC that works on it",
    "outbox": "messages that follow from changes that are lines",
    "evidence": "what a PC said and what was not done",
    "device_events": "what a device did by itself, with its own history",
    "feed": "tells of changes that are lines or history",
    "deliveries": "tells of the feed",
    "audit_heads": "the audit itself",
    "audit_entries": "the audit itself",
}


async def lines(bench: Bench, **wanted: str) -> list[dict[str, Any]]:
    """Oldest first."""
    reader = await bench.key(bench.api, Scope.PEOPLE)
    found = (await reader.get("/audit", params={"limit": "200", **wanted})).json()["entries"]
    return [entry for entry in reversed(found) if entry["subject"]["kind"] != "key"]


class TestTheDeclaration:
    def test_every_table_says_what_is_written_down_of_it_or_why_nothing(self) -> None:
        told = {m.class_.__tablename__: m.class_.__audited__ for m in Base.registry.mappers}
        assert {name for name, audited in told.items() if audited is None} == set(NOT_AUDITED)

    def test_every_column_is_written_down_or_named_as_quiet(self) -> None:
        for mapper in Base.registry.mappers:
            told = mapper.class_.__audited__
            if told is not None:
                table = table_of(mapper.class_)
                named = [*told.fields, *told.quiet]
                key = {column.key for column in table.primary_key} | {"tenant_id", told.subject}
                assert {column.key for column in table.columns} - key <= set(named), table.name
                assert len(named) == len(set(named)), table.name
                assert set(named) <= {column.key for column in table.columns}, table.name

    def test_no_secret_and_no_payload_is_written_down(self) -> None:
        told = [m.class_.__audited__ for m in Base.registry.mappers if m.class_.__audited__ is not None]
        names = {name for audited in told for name in audited.fields}
        assert names.isdisjoint({"hash", "password_hash", "secret", "payload", "document", "proof", "public_key"})


class TestWhatIsWritten:
    async def test_who_did_what_from_where_and_how_it_was_before(self, bench: Bench) -> None:
        manager = await bench.person(bench.api, Role.MANAGER, "petrov")
        await manager.put("/devices", json={"kkm_id": "17", "name": "У входа"})
        await manager.put("/devices/17", json={"name": "У окна"})
        made, changed = await lines(bench, subject_kind="device")
        assert made["action"] == "device.made"
        assert (changed["action"], changed["before"], changed["after"]) == (
            "device.changed", {"name": "У входа"}, {"name": "У окна"},
        )  # fmt: skip
        assert changed["actor"]["kind"] == "user"
        assert (changed["actor"]["name"], changed["actor"]["address"]) == ("manager Иванова", "127.0.0.1")
        assert changed["subject"] == {"kind": "device", "id": "17"}

    async def test_what_was_asked_again_and_changed_nothing_is_no_line(self, bench: Bench) -> None:
        await bench.api.put("/devices", json={"kkm_id": "17"})
        await bench.api.put("/devices", json={"kkm_id": "17"})
        assert len(await lines(bench, subject_kind="device")) == 1

    async def test_a_refused_request_leaves_no_line(self, bench: Bench) -> None:
        await bench.api.put("/devices", json=[{"kkm_id": "1"}, {"kkm_id": "2", "agent_id": "ag_nobody"}])
        assert await lines(bench, subject_kind="device") == []

    async def test_a_job_of_the_crm_names_its_key_and_makes_no_line(self, bench: Bench) -> None:
        """The hot path stays what it was."""
        _, line = await bench.bound()
        before = len(await lines(bench))
        statements: list[str] = []

        def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
            statements.append(statement)

        event.listen(bench.services.database.backend.engine, "before_cursor_execute", note)
        answer = await bench.api.post("/jobs", json=job())
        await line.accept()
        await line.report("j1", 2, "started", attempt=1)
        event.remove(bench.services.database.backend.engine, "before_cursor_execute", note)
        assert any("INSERT INTO jobs" in statement for statement in statements)
        assert not any("audit" in statement for statement in statements)
        assert len(await lines(bench)) == before
        assert answer.json()["posted_by"].startswith("key:key_")
        await line.close()

    async def test_a_job_made_by_a_person_is_a_line_without_its_buyer(self, bench: Bench) -> None:
        _, desk = await bench.bound()
        cashier = await bench.person(bench.api, Role.CASHIER, "ivanova")
        asked = job()
        asked["payload"]["buyer"] = {"contact": "buyer@example.com"}
        answer = await cashier.post("/jobs", json=asked)
        assert answer.status_code == 202, answer.text
        (made,) = await lines(bench, subject_kind="job")
        assert (made["action"], made["subject"]["id"], made["after"]["total"]) == ("job.made", "j1", 1000)
        assert "buyer@example.com" not in json.dumps(made)
        await desk.close()

    async def test_cancelling_is_a_decision(self, bench: Bench) -> None:
        player = await pair(bench.api)
        await bench.api.put("/devices", json={"kkm_id": "17", "agent_id": player.agent_id})
        await bench.api.post("/jobs", json=job())
        await bench.api.post("/jobs/j1/cancel")
        (cancelled,) = await lines(bench, subject_kind="job")
        assert (cancelled["action"], cancelled["before"]["state"], cancelled["after"]["state"]) == (
            "job.cancelled", "queued", "cancelled",
        )  # fmt: skip

    async def test_a_webhooks_address_is_shown_without_what_may_be_its_secret(self, bench: Bench) -> None:
        await bench.api.post("/webhooks", json={"url": "https://crm.example/hook/s3cret?token=s3cret"})
        (made,) = await lines(bench, subject_kind="webhook")
        assert made["after"]["url"] == "https://crm.example/…"

    async def test_signing_in_and_out(self, bench: Bench) -> None:
        browser = await bench.person(bench.api, Role.CASHIER, "ivanova")
        await browser.delete("/session")
        begun, ended = await lines(bench, subject_kind="session")
        assert (begun["action"], ended["action"]) == ("session.made", "session.removed")
        assert begun["actor"]["id"] == begun["after"]["user_id"]
        whole = json.dumps(await lines(bench))
        assert PASSWORD not in whole
        assert "argon2" not in whole

    async def test_a_statement_that_would_pass_the_audit_by_is_refused(self, bench: Bench) -> None:
        from sqlalchemy.exc import InvalidRequestError

        from server.store.people import User

        async def change(statement: Any) -> None:
            async with bench.services.database.write() as work:
                await work.session.execute(statement)

        for statement in (update(User).values(role="owner"), delete(User), table_of(User).insert().values(id="x")):
            with pytest.raises(InvalidRequestError):
                await change(statement)


async def some_lines(bench: Bench) -> tuple[httpx.AsyncClient, str]:
    """A chain of a few lines; whoever may verify it, and its tenant."""
    for name in "abcdef":
        await bench.api.put("/devices", json={"kkm_id": "17", "name": name})
    owner = await bench.key(bench.api, Scope.PEOPLE)
    async with bench.services.database.read() as work:
        (tenant_id,) = await work.session.scalars(text("SELECT id FROM tenants"))
    return owner, tenant_id


async def spoil(bench: Bench, statement: str) -> None:
    """As somebody does who has the database."""
    async with bench.services.database.write() as work:
        await work.session.apart(text(statement))


class TestTheChain:
    async def test_a_chain_that_nobody_touched_is_good(self, bench: Bench) -> None:
        owner, _ = await some_lines(bench)
        found = (await owner.get("/audit/verify")).json()
        newest = (await owner.get("/audit")).json()["entries"][0]
        assert (found["good"], found["n"], found["hash"]) == (True, newest["n"], newest["hash"])

    @pytest.mark.parametrize(
        "column", [c.key for c in table_of(AuditEntry).columns if c.key not in ("tenant_id", "n", "at")]
    )
    async def test_a_changed_line_is_found(self, bench: Bench, column: str) -> None:
        owner, _ = await some_lines(bench)
        value = """'{"name": "x"}'""" if column in ("before", "after") else "'x'"
        await spoil(bench, f"UPDATE audit_entries SET {column} = {value} WHERE n = 4")
        found = (await owner.get("/audit/verify")).json()
        assert (found["good"], found["broken_at"], found["why"]) == (False, 4, "changed")

    async def test_a_line_of_another_time_is_found(self, bench: Bench) -> None:
        owner, _ = await some_lines(bench)
        await spoil(bench, "UPDATE audit_entries SET at = '2026-01-01 00:00:00.000000' WHERE n = 4")
        assert (await owner.get("/audit/verify")).json()["broken_at"] == 4

    async def test_a_missing_line_is_found(self, bench: Bench) -> None:
        owner, _ = await some_lines(bench)
        await spoil(bench, "DELETE FROM audit_entries WHERE n = 4")
        found = (await owner.get("/audit/verify")).json()
        assert (found["good"], found["broken_at"], found["why"]) == (False, 4, "missing")

    async def test_lines_in_another_order_are_found(self, bench: Bench) -> None:
        owner, _ = await some_lines(bench)
        for before, after in ((4, 100), (5, 4), (100, 5)):
            await spoil(bench, f"UPDATE audit_entries SET n = {after} WHERE n = {before}")
        assert (await owner.get("/audit/verify")).json()["broken_at"] == 4

    async def test_a_tail_that_was_cut_off_is_found_by_the_head(self, bench: Bench) -> None:
        owner, _ = await some_lines(bench)
        await spoil(bench, "DELETE FROM audit_entries WHERE n > 3")
        assert (await owner.get("/audit/verify")).json()["why"] == "head"

    async def test_a_tail_that_was_cut_off_with_its_head_is_found_by_a_head_kept_elsewhere(self, bench: Bench) -> None:
        owner, _ = await some_lines(bench)
        kept = (await owner.get("/audit/verify")).json()
        await spoil(bench, "DELETE FROM audit_entries WHERE n > 3")
        await spoil(bench, "UPDATE audit_heads SET n = 3, hash = (SELECT hash FROM audit_entries WHERE n = 3)")
        assert (await owner.get("/audit/verify")).json()["good"] is True  # nobody could tell from these rows alone
        found = (await owner.get("/audit/verify", params={"n": kept["n"], "hash": kept["hash"]})).json()
        assert (found["good"], found["why"]) == (False, "known_head")

    async def test_a_chain_that_was_written_anew_is_found_by_a_head_kept_elsewhere(self, bench: Bench) -> None:
        owner, tenant_id = await some_lines(bench)
        kept = (await owner.get("/audit/verify")).json()
        async with bench.services.database.write() as work:
            rows = await work.session.scalars(text("SELECT n FROM audit_entries ORDER BY n"))
            last = audit.GENESIS
            for n in rows:
                entry = await work.session.get_one(AuditEntry, (tenant_id, n))
                entry.actor_name = "somebody else"
                columns = {c.key: getattr(entry, c.key) for c in table_of(AuditEntry).columns}
                last = entry.hash = audit.link(last, columns)
            (await work.session.get_one(AuditHead, tenant_id)).hash = last
        assert (await owner.get("/audit/verify")).json()["good"] is True
        found = (await owner.get("/audit/verify", params={"n": kept["n"], "hash": kept["hash"]})).json()
        assert found["why"] == "known_head"

    async def test_each_tenant_has_its_own(self, bench: Bench) -> None:
        owner, _ = await some_lines(bench)
        other = await bench.tenant("Другая")
        await other.put("/devices", json={"kkm_id": "99"})
        theirs = await bench.key(other, Scope.PEOPLE)
        for reader, names in ((owner, {"17"}), (theirs, {"99"})):
            found = (await reader.get("/audit", params={"subject_kind": "device"})).json()["entries"]
            assert {entry["subject"]["id"] for entry in found} == names
            assert (await reader.get("/audit/verify")).json()["good"] is True


class TestReading:
    async def test_pages_and_filters(self, bench: Bench) -> None:
        owner, _ = await some_lines(bench)
        first = (await owner.get("/audit", params={"limit": 2})).json()
        second = (await owner.get("/audit", params={"limit": 2, "cursor": first["cursor"]})).json()
        numbers = [entry["n"] for entry in first["entries"] + second["entries"]]
        assert numbers == sorted(numbers, reverse=True)
        assert len(set(numbers)) == 4
        named = (await owner.get("/audit", params={"action": "device.made"})).json()["entries"]
        assert [entry["after"]["name"] for entry in named] == ["a"]
        key = named[0]["actor"]["id"]
        assert (await owner.get("/audit", params={"actor_kind": "key", "actor_id": key})).json()["entries"]
        assert (await owner.get("/audit", params={"actor_kind": ActorKind.AGENT.value})).json()["entries"] == []
        assert (await owner.get("/audit", params={"until": "2020-01-01T00:00:00Z"})).json()["entries"] == []


async def test_going_through_a_long_chain_holds_no_more_of_it_than_a_batch(bench: Bench) -> None:
    """Ten times as many lines take no more memory; a server with years of them must stand it."""
    peaks: dict[int, int] = {}
    for mark, jobs in (("short", 500), ("long", 5_000)):
        engine = create_engine(f"sqlite:///{bench.database}")
        with engine.begin() as db:
            tenant = audit_only(db, mark, jobs, datetime.now(UTC))
        engine.dispose()
        async with bench.services.database.read() as work:
            await audit.verify(work.session, tenant)  # what is made once
            tracemalloc.start()
            told = await audit.verify(work.session, tenant)
            peaks[jobs] = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert (told.good, told.n) == (True, 2 * jobs)
    assert peaks[5_000] < 1.5 * peaks[500]
