"""API keys on the command line: another one with fewer rights, a list without secrets, a key that is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from server.cli import main
from tests.server.conftest import Bench


@pytest.fixture
def database(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    path = str(tmp_path / "server.sqlite3")
    assert main(["init", "--tenant", "Мастерская", "--json", "--database", path]) == 0
    capsys.readouterr()
    return path


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["keys", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def test_a_key_is_made_listed_without_its_secret_and_revoked(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    place = ("--database", database, "--json")
    code, out, _ = call(capsys, "add", "--tenant", "Мастерская", "--scopes", "jobs, read", "--name", "касса", *place)
    made = json.loads(out)
    assert (code, made["scopes"]) == (0, "jobs read")
    code, out, _ = call(capsys, "list", "--tenant", "Мастерская", *place)
    keys = json.loads(out)["keys"]
    assert [key["name"] for key in keys] == [None, "касса"]
    assert made["api_key"] not in out
    for _ in range(2):
        code, out, _ = call(capsys, "revoke", made["key_id"], *place)
        assert (code, json.loads(out)["key_id"]) == (0, made["key_id"])
    _, out, _ = call(capsys, "list", "--tenant", "Мастерская", *place)
    assert [key["revoked_at"] is not None for key in json.loads(out)["keys"]] == [False, True]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("add", "--tenant", "Мастерская", "--scopes", "jobs,root"), "'root'"),
        (("add", "--tenant", "Нет такой", "--scopes", "jobs"), "there is no such tenant"),
        (("list", "--tenant", "Maстерская"), "3: не латинская"),  # two Latin letters in front
        (("revoke", "key_none"), "there is no such key"),
    ],
)
def test_what_is_wrong_is_named(
    database: str, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    code, out, err = call(capsys, *arguments, "--database", database)
    assert (code, out) == (2, "")
    assert words in err


async def test_a_revoked_key_is_out_at_once(bench: Bench) -> None:
    from server.services.access import Scope, caller_of, revoke

    api = await bench.key(bench.api, Scope.JOBS)
    assert (await api.get("/jobs")).status_code == 200
    async with bench.services.database.write() as work:
        await revoke(work, (await caller_of(work, api.headers["authorization"])).actor.id)
    assert (await api.get("/jobs")).status_code == 401
