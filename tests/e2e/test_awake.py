"""The PC is held awake by the real agent while it makes a receipt: a program in the place of ``systemd-inhibit``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.support.rig import Rig

PROGRAM = """#!/bin/sh
while [ "$1" != sh ]; do shift; done
echo begun >>"$HELD"
"$@"
echo ended >>"$HELD"
"""


@pytest.mark.skipif(sys.platform == "win32", reason="systemd is not there")
def test_a_receipt_is_made_on_a_pc_that_is_held_awake(
    shop: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    program, log = tmp_path / "bin" / "systemd-inhibit", tmp_path / "held"
    program.write_text(PROGRAM, "utf-8")
    program.chmod(0o755)
    log.touch()
    monkeypatch.setenv("HELD", str(log))
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    agent = shop.start_agent()
    shop.bound()
    assert log.read_text() == ""
    shop.submit("j1")
    assert shop.settled("j1")["state"] == "done"
    assert agent.stop() == 0
    assert log.read_text().split() == ["begun", "ended"] * 2  # the shift that it opened, and the receipt
