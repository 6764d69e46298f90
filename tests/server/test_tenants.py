"""``kassabridge-server users`` and ``audit``: people and the chain, at the server's own machine."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from server.cli import main


class Shell:
    def __init__(self, database: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.database = database
        self._capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, Any, str]:
        code = main([*arguments, "--json", "--database", str(self.database)])
        out, err = self._capsys.readouterr()
        return code, json.loads(out) if out else None, err


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    shell = Shell(tmp_path / "db.sqlite3", capsys)
    code, made, _ = shell("init", "--tenant", "Мастерская")
    assert code == 0
    assert made["owner_invitation"]["login"] == "owner"
    return shell


def test_a_new_tenant_has_a_link_for_its_owner_and_logins_are_one_persons(shell: Shell) -> None:
    _, second, _ = shell("init", "--tenant", "Другая")
    assert second["owner_invitation"]["login"] == "owner2"
    assert second["owner_invitation"]["path"] == f"/invite/{second['owner_invitation']['code']}"
    code, made, err = shell("init", "--tenant", "Третья", "--owner", "owner")
    assert (code, made) == (2, None)
    assert "login_taken" in err
    assert shell("keys", "list", "--tenant", "Третья")[0] == 2  # nothing was made of it


def test_invite_reset_and_dismiss(shell: Shell) -> None:
    place = ("--tenant", "Мастерская")
    _, first, _ = shell("users", "invite", "Ivanova", "--name", "Иванова М.", "--role", "cashier", *place)
    _, again, _ = shell("users", "reset", "ivanova", *place)
    assert first["login"] == again["login"] == "ivanova"
    assert first["code"] != again["code"]
    code, gone, _ = shell("users", "dismiss", "ivanova", *place)
    assert (code, gone["active"], gone["dismissed_at"] is not None) == (0, False, True)
    assert shell("users", "reset", "ivanova", *place)[0] == 2
    _, listed, _ = shell("users", "list", *place)
    assert [user["login"] for user in listed["users"]] == ["ivanova", "owner"]


def test_the_last_owner_stays(shell: Shell) -> None:
    code, _, err = shell("users", "dismiss", "owner", "--tenant", "Мастерская")
    assert code == 2
    assert "last_owner" in err


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("users", "invite", "ivanоva", "--name", "И", "--role", "cashier"), "о"),  # a Cyrillic letter
        (("users", "invite", "ivanova", "--name", "И", "--role", "boss"), "role"),
        (("users", "dismiss", "nobody"), "nobody"),
        (("audit", "verify", "--head", "12"), "N:HASH"),
    ],
)
def test_what_is_wrong_is_named(shell: Shell, arguments: tuple[str, ...], named: str) -> None:
    code, answer, err = shell(*arguments, "--tenant", "Мастерская")
    assert (code, answer) == (2, None)
    assert named in err


def test_the_chain_is_verified_against_a_head_kept_elsewhere(shell: Shell) -> None:
    place = ("--tenant", "Мастерская")
    _, kept, _ = shell("audit", "verify", *place)
    assert kept["good"] is True
    shell("users", "invite", "ivanova", "--name", "Иванова М.", "--role", "cashier", *place)
    assert shell("audit", "verify", "--head", kept["head"], *place)[0] == 0
    with closing(sqlite3.connect(shell.database)) as db:
        db.execute("UPDATE audit_entries SET actor_kind = 'user' WHERE n = 2")
        db.commit()
    code, found, _ = shell("audit", "verify", *place)
    assert (code, found["good"], found["broken_at"], found["why"]) == (1, False, 2, "changed")


def test_whoever_works_at_the_machine_is_in_the_audit(shell: Shell) -> None:
    with closing(sqlite3.connect(shell.database)) as db:
        found = db.execute("SELECT action, actor_kind FROM audit_entries ORDER BY n").fetchall()
    assert found == [
        ("tenant.made", "console-cli"),
        ("key.made", "console-cli"),
        ("user.made", "console-cli"),
        ("invitation.made", "console-cli"),
    ]
