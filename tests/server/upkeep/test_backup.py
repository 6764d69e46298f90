"""Copies of the database: whole, private, made beside a server that writes; and their return."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import stat
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from server import cli
from server.upkeep.backup import NoBackup, backup, look, restore
from tests.server.conftest import Bench

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def devices(file: Path) -> list[str]:
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as db:
        return [kkm_id for (kkm_id,) in db.execute("SELECT kkm_id FROM devices ORDER BY kkm_id")]


async def test_a_copy_beside_a_server_that_writes_is_of_one_moment(bench: Bench, tmp_path: Path) -> None:
    """What was answered before the copy began is in it; each request is in it whole or not at all."""
    pairs = [[{"kkm_id": f"{n}-a"}, {"kkm_id": f"{n}-b"}] for n in range(60)]
    for pair in pairs[:20]:
        assert (await bench.api.put("/devices", json=pair)).status_code == 200
    copying = asyncio.create_task(asyncio.to_thread(backup, str(bench.database), tmp_path / "copy.sqlite3"))
    for pair in pairs[20:]:
        assert (await bench.api.put("/devices", json=pair)).status_code == 200
    copied = await copying
    found = devices(tmp_path / "copy.sqlite3")
    assert {one["kkm_id"] for pair in pairs[:20] for one in pair} <= set(found)
    assert all((f"{n}-a" in found) == (f"{n}-b" in found) for n in range(60))
    assert (copied.tenants, copied.jobs) == (1, 0)


async def test_a_copy_is_one_private_file(bench: Bench, tmp_path: Path) -> None:
    copy = tmp_path / "copies" / "copy.sqlite3"
    copy.parent.mkdir()
    await asyncio.to_thread(backup, str(bench.database), copy)
    assert [one.name for one in copy.parent.iterdir()] == ["copy.sqlite3"]
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600


async def test_nothing_is_overwritten(bench: Bench, tmp_path: Path) -> None:
    there = tmp_path / "letter.txt"
    there.write_text("dear")
    with pytest.raises(NoBackup, match="already"):
        await asyncio.to_thread(backup, str(bench.database), there)
    assert there.read_text() == "dear"


@pytest.mark.parametrize("database", ["postgresql://x/y", ":memory:"])
def test_other_databases_have_their_own_tools(tmp_path: Path, database: str) -> None:
    with pytest.raises(NoBackup, match="own tools"):
        backup(database, tmp_path / "copy")


def test_no_database(tmp_path: Path) -> None:
    with pytest.raises(NoBackup, match="no such file"):
        backup(str(tmp_path / "none"), tmp_path / "copy")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there(tmp_path: Path, empty_database: Path) -> None:
    with pytest.raises(NoBackup, match="nothing was changed"):
        backup(str(empty_database), tmp_path / "no" / "copy")


# --- and back --------------------------------------------------------------------------------------------------------


async def test_a_copy_comes_back_and_what_was_there_is_kept(bench: Bench, tmp_path: Path) -> None:
    copy = tmp_path / "copy.sqlite3"
    await bench.api.put("/devices", json={"kkm_id": "before"})
    await asyncio.to_thread(backup, str(bench.database), copy)
    await bench.api.put("/devices", json={"kkm_id": "after"})
    with pytest.raises(NoBackup, match="stop it first"):
        restore(copy, str(bench.database), NOW, replace=True)
    assert devices(bench.database) == ["after", "before"], "nothing was changed under a running server"

    def back() -> None:
        with pytest.raises(NoBackup, match="--replace"):
            restore(copy, str(bench.database), NOW)
        held, aside = restore(copy, str(bench.database), NOW, replace=True)
        assert held.tenants == 1
        assert aside is not None
        assert (devices(bench.database), devices(aside)) == (["before"], ["after", "before"])

    await bench.restart(back)
    assert [one["kkm_id"] for one in (await bench.api.get("/devices")).json()["devices"]] == ["before"]


async def test_everybody_is_signed_out(bench: Bench, tmp_path: Path) -> None:
    """Who was dismissed after the copy must not be in again by a cookie that was kept."""
    copy = tmp_path / "copy.sqlite3"
    await bench.person(bench.api)
    await asyncio.to_thread(backup, str(bench.database), copy)
    await bench.restart(lambda: restore(copy, str(bench.database), NOW, replace=True))
    cookie = {name: value for client in bench.clients for name, value in client.cookies.items()}
    assert cookie
    answer = await bench.browser(Cookie="; ".join(f"{name}={value}" for name, value in cookie.items())).get("/session")
    assert (answer.status_code, answer.json()["code"]) == (401, "session_over"), answer.text


@pytest.mark.parametrize("harm", [lambda file: file.write_bytes(b"\xff" * 5000), lambda file: file.write_bytes(b"")])
def test_a_damaged_database_is_put_aside_for_its_copy(tmp_path: Path, empty_database: Path, harm: Any) -> None:
    """It could not be opened, so it could not be replaced: the one time that a copy is needed."""
    live, copy = tmp_path / "live.sqlite3", tmp_path / "copy.sqlite3"
    backup(str(empty_database), copy)
    harm(live)
    damaged = live.read_bytes()
    (tmp_path / "live.sqlite3-wal").write_bytes(b"what came last")
    _, aside = restore(copy, str(live), NOW, replace=True)
    assert aside is not None
    assert aside.read_bytes() == damaged
    assert devices(live) == []
    assert not (tmp_path / "live.sqlite3-wal").exists()


def test_what_cannot_be_put_in_place_leaves_the_database_there(
    tmp_path: Path, empty_database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live, copy = tmp_path / "live.sqlite3", tmp_path / "copy.sqlite3"
    backup(str(empty_database), live)
    backup(str(empty_database), copy)
    before, replace = live.read_bytes(), os.replace

    def refuses(source: Path, to: Path) -> None:
        if source.name.endswith(".restored"):
            raise PermissionError(13, "no")
        replace(source, to)

    monkeypatch.setattr(os, "replace", refuses)
    with pytest.raises(NoBackup, match="nothing was changed"):
        restore(copy, str(live), NOW, replace=True)
    assert live.read_bytes() == before
    assert sorted(one.name for one in tmp_path.iterdir()) == ["copy.sqlite3", "live.sqlite3"]


def broken(copy: Path) -> None:
    content = bytearray(copy.read_bytes())
    content[len(content) // 2 :] = b"\xff" * (len(content) - len(content) // 2)
    copy.write_bytes(content)


def another(copy: Path) -> None:
    copy.unlink()
    with closing(sqlite3.connect(copy)) as db:
        db.execute("CREATE TABLE letters (text)")
        db.commit()


@pytest.mark.parametrize(
    "harm", [broken, another, lambda copy: copy.write_text("no database at all " * 99), Path.unlink]
)
def test_a_bad_copy_replaces_nothing(tmp_path: Path, empty_database: Path, harm: Any) -> None:
    live, copy = tmp_path / "live.sqlite3", tmp_path / "copy.sqlite3"
    backup(str(empty_database), live)
    backup(str(empty_database), copy)
    before = live.read_bytes()
    harm(copy)
    with pytest.raises(NoBackup):
        restore(copy, str(live), NOW, replace=True)
    assert live.read_bytes() == before
    assert {one.name for one in tmp_path.iterdir()} <= {"live.sqlite3", "copy.sqlite3"}


def test_to_an_empty_place(tmp_path: Path, empty_database: Path) -> None:
    copy = tmp_path / "copy.sqlite3"
    backup(str(empty_database), copy)
    _, aside = restore(copy, str(tmp_path / "new.sqlite3"), NOW)
    assert aside is None
    assert look(tmp_path / "new.sqlite3").tenants == 0


def test_the_commands(tmp_path: Path, empty_database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy, live = str(tmp_path / "copy.sqlite3"), str(tmp_path / "live.sqlite3")
    assert cli.main(["backup", copy, "--database", str(empty_database), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["file"] == copy
    assert cli.main(["backup", copy, "--database", str(empty_database)]) == 1
    assert cli.main(["restore", copy, "--database", live]) == 0
    assert "signed out" in capsys.readouterr().out
    assert cli.main(["restore", copy, "--database", live, "--json"]) == 1
    assert cli.main(["restore", copy, "--database", live, "--replace", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["aside"].startswith(f"{live}.before-")
