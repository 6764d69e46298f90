"""``kassabridge-server check``: every fault that it knows is planted, and found, and nothing else."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from server import cli
from server.settings import Settings
from server.upkeep import check
from server.upkeep.check import Verdict, findings
from tests.server.conftest import Bench

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
OWNER = (
    "INSERT INTO users (id, tenant_id, login, name, role, password_hash, created_at)"
    " VALUES ('us_1', 'tn_1', 'owner', 'Владелец', 'owner', 'x', '2026-11-01 00:00:00')"
)


def change(database: Path, *statements: str) -> None:
    with closing(sqlite3.connect(database)) as db:
        for statement in statements:
            db.execute(statement)
        db.commit()


@pytest.fixture
def database(tmp_path: Path, empty_database: Path) -> Path:
    """One tenant whose owner has a password: nothing is the matter."""
    file = tmp_path / "server.sqlite3"
    shutil.copy(empty_database, file)
    change(file, "INSERT INTO tenants (id, name, created_at) VALUES ('tn_1', 'А', '2026-11-01 00:00:00')", OWNER)
    return file


def wrong(database: Path, now: datetime = NOW) -> dict[str, Verdict]:
    found = list(findings(Settings(database=str(database)), now))
    assert all(one.ru and one.en for one in found)
    for one in found:
        assert bool(one.do_ru) == bool(one.do_en) == (one.verdict is not Verdict.OK), one
    return {one.id: one.verdict for one in found if one.verdict is not Verdict.OK}


def test_nothing_is_the_matter(database: Path) -> None:
    assert wrong(database) == {}


def no_file(database: Path) -> None:
    database.unlink()


def no_database(database: Path) -> None:
    database.write_bytes(b"This is no database." * 100)


def a_torn_page(database: Path) -> None:
    with closing(sqlite3.connect(database)) as db:
        (page_size,) = db.execute("PRAGMA page_size").fetchone()
        (root,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'users'").fetchone()
        db.execute("PRAGMA journal_mode=DELETE").close()
    with database.open("r+b") as file:
        file.seek((root - 1) * page_size)
        file.write(b"\xff" * page_size)


def a_lost_row(database: Path) -> None:
    change(database, "PRAGMA foreign_keys=OFF", "DELETE FROM tenants")


PLANTED: dict[str, tuple[Callable[[Path], object], dict[str, Verdict]]] = {
    "no file": (no_file, {"database.opens": Verdict.BAD}),
    "another file": (no_database, {"database.opens": Verdict.BAD}),
    "a torn page": (a_torn_page, {"database.whole": Verdict.BAD}),
    "a reference to nothing": (a_lost_row, {"database.whole": Verdict.BAD}),
    "a schema of a newer program": (
        lambda file: change(file, "UPDATE alembic_version SET version_num = '9999'"),
        {"database.schema": Verdict.BAD},
    ),
    "a schema of an older program": (
        lambda file: change(file, "UPDATE alembic_version SET version_num = '0005'"),
        {"database.schema": Verdict.WARNING},
    ),
    "no tenant": (
        lambda file: change(file, "DELETE FROM users", "DELETE FROM tenants"),
        {"tenants": Verdict.WARNING},
    ),
    "an owner without a password": (
        lambda file: change(file, "UPDATE users SET password_hash = NULL"),
        {"owners": Verdict.WARNING},
    ),
    "an owner who was dismissed": (
        lambda file: change(file, "UPDATE users SET dismissed_at = '2026-11-02 00:00:00'"),
        {"owners": Verdict.WARNING},
    ),
    "a webhook that was turned off": (
        lambda file: change(
            file,
            "INSERT INTO webhooks (id, tenant_id, url, secret, created_at, disabled_at, disabled_why)"
            " VALUES ('wh_1', 'tn_1', 'https://x', 's', '2026-11-01 00:00:00', '2026-11-02 00:00:00', 'gone')",
        ),
        {"webhooks": Verdict.WARNING},
    ),
}


@pytest.mark.parametrize("what", PLANTED)
def test_a_planted_fault_is_found_and_nothing_else(database: Path, what: str) -> None:
    plant, expected = PLANTED[what]
    plant(database)
    assert wrong(database) == expected


@pytest.mark.parametrize(
    ("free", "verdict"), [(check.LITTLE_ROOM, None), (check.LITTLE_ROOM - 1, "warning"), (check.NO_ROOM - 1, "bad")]
)
def test_a_disk_that_fills(database: Path, free: int, verdict: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: type("Usage", (), {"free": free}))
    assert wrong(database).get("disk") == verdict


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_is_not_ours(database: Path) -> None:
    database.parent.chmod(0o500)
    assert wrong(database)["bundles"] is Verdict.BAD


@pytest.mark.parametrize(("ahead", "verdict"), [(timedelta(), None), (timedelta(minutes=3), Verdict.BAD)])
def test_a_clock_that_was_set_back(database: Path, ahead: timedelta, verdict: Verdict | None) -> None:
    """The database has seen a later moment than the machine's clock shows."""
    seen = (NOW + ahead).replace(tzinfo=None).isoformat(" ")
    change(
        database,
        "PRAGMA foreign_keys=OFF",
        "INSERT INTO job_history (job, state, rev, attempt, at, stored_at)"
        f" VALUES (1, 'done', 1, 1, '2026-11-01 00:00:00', '{seen}')",
        "INSERT INTO jobs (id, tenant_id, job_id, kind, kkm_id, payload, payload_hash, subtype, total, imprint,"
        " created_at, start_within_s, start_by, lease_no, state, rev, attempt, sent, cancel_pending, too_late, owed)"
        " VALUES (1, 'tn_1', 'j', 'receipt', '17', '{}', 'h', 'sell', 1, 'i', '2026-11-01 00:00:00', 1,"
        " '2026-11-01 00:00:00', 1, 'done', 1, 1, 1, 0, 0, 0)",
    )
    assert wrong(database).get("clock") == verdict


async def test_the_way_from_outside(bench: Bench) -> None:
    def look(url: str) -> dict[str, Verdict]:
        settings = Settings(database=str(bench.database), public_url=url)
        return {one.id: one.verdict for one in findings(settings, datetime.now(UTC)) if one.id.startswith("public.")}

    assert await asyncio.to_thread(look, bench.url) == {
        "public.reached": Verdict.OK,
        "public.https": Verdict.WARNING,
        "public.websocket": Verdict.OK,
    }
    assert await asyncio.to_thread(look, "http://127.0.0.1:1") == {"public.reached": Verdict.BAD}


def test_the_command(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", "--database", str(database), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["good"] is True
    assert {one["verdict"] for one in said["checks"]} == {"ok"}
    database.unlink()
    assert cli.main(["check", "--database", str(database)]) == 1
    assert "kassabridge-server init" in capsys.readouterr().out
    assert not database.exists(), "it changes nothing"


def test_every_check_is_on_the_page() -> None:
    page = (Path(__file__).parents[3] / "docs" / "deploy.md").read_text("utf-8")
    source = Path(check.__file__).read_text("utf-8")
    ids = set(re.findall(r'"((?:database|public)\.[a-z]+|tenants|owners|clock|webhooks|disk|bundles)"', source))
    assert len(ids) >= 12
    assert [one for one in sorted(ids) if f"`{one}`" not in page] == []
