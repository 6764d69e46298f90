"""``kassabridge drivers``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from agent.cli import main
from drivers.plugins import GROUP
from drivers.registry import DRIVERS


def test_ours_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["drivers"]) == 0
    said = capsys.readouterr().out
    assert [line.split()[0] for line in said.splitlines()] == list(DRIVERS)


def test_a_broken_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "plugins"
    info = folder / "theirs-2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 2\n", "utf-8")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\ntheirs = no_module_of_theirs:driver\n", "utf-8")
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert main(["drivers", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["drivers"][-1] == {"name": "theirs", "package": "theirs 2", "trouble": "broken_driver"}
    assert "no_module_of_theirs" in told["troubles"][0]["text_en"]
    assert told["plugins"] == str(folder)
    assert main(["drivers"]) == 1
    assert "✗ broken_driver" in capsys.readouterr().out
