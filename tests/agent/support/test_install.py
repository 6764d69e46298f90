from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.support.install import FILE, Install, program_path, read_install, remember_start, write_install
from agent.version import VERSION

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    record = Install(Path("/opt/kassabridge"), "1.2.3", Path("/etc/config.toml"), NOW)
    write_install(tmp_path, record)
    assert read_install(tmp_path) == record


def test_a_start_writes_where_this_program_is(tmp_path: Path) -> None:
    remember_start(tmp_path, tmp_path / "config.toml", NOW)
    assert read_install(tmp_path) == Install(program_path(), VERSION, tmp_path / "config.toml", NOW)
    assert (program_path() / "agent" / "app.py").is_file()


def test_the_two_frozen_programs_of_one_folder_are_one_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    places = set()
    for name in ("KassaBridge.exe", "kassabridge-cli.exe"):
        monkeypatch.setattr(sys, "executable", str(Path("/program files/kassabridge") / name))
        places.add(program_path())
    assert places == {Path("/program files/kassabridge")}


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\xff"])
def test_what_is_no_record_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    assert read_install(tmp_path) is None


def test_a_disk_that_does_not_take_it_stops_no_start(tmp_path: Path) -> None:
    folder = tmp_path / "file"
    folder.write_bytes(b"")
    remember_start(folder, tmp_path, NOW)
    assert os.listdir(tmp_path) == ["file"]
