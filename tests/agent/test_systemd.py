"""Held off by ``systemd-inhibit``: a program in its place that agrees, refuses, or says nothing."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import agent.systemd
from agent.systemd import SystemdInhibitor

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="systemd is not there")

AGREES = 'while [ "$1" != sh ]; do shift; done\necho begun >>"$LOG"\n"$@"\necho ended >>"$LOG"\n'
"""As the real one: it runs what follows its options for as long as that runs."""
REFUSES = "echo 'Failed to inhibit: Access denied' >&2\nexit 1\n"
DELAYS_ONLY = f'case "$1" in *block) {REFUSES} ;; esac\n' + AGREES


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "log"
    path.touch()
    monkeypatch.setenv("LOG", str(path))
    return path


def program(folder: Path, does: str) -> str:
    path = folder / "systemd-inhibit"
    path.write_text(f'#!/bin/sh\necho "$1" >>"$LOG"\n{does}', "utf-8")
    path.chmod(0o755)
    return str(path)


def test_it_is_held_from_begin_to_end(tmp_path: Path, log: Path) -> None:
    inhibitor = SystemdInhibitor(program(tmp_path, AGREES))
    inhibitor.begin()
    assert inhibitor.mode == "block"
    assert log.read_text().split() == ["--mode=block", "begun"]  # it was held before begin returned
    inhibitor.end()
    assert inhibitor.mode is None
    assert log.read_text().split()[-1] == "ended"
    inhibitor.begin()
    inhibitor.end()
    assert log.read_text().split() == ["--mode=block", "begun", "ended"] * 2


def test_where_it_may_not_block_it_delays_and_asks_no_more(tmp_path: Path, log: Path) -> None:
    inhibitor = SystemdInhibitor(program(tmp_path, DELAYS_ONLY))
    inhibitor.begin()
    assert inhibitor.mode == "delay"
    inhibitor.end()
    inhibitor.begin()
    inhibitor.end()
    assert log.read_text().split().count("--mode=block") == 1


@pytest.mark.parametrize("does", [REFUSES, "", "exec sleep 60\n"], ids=["refuses", "ends", "says nothing"])
def test_where_nothing_can_be_held_it_says_so_once(
    tmp_path: Path, log: Path, does: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent.systemd, "PATIENCE", 0.05)
    inhibitor = SystemdInhibitor(program(tmp_path, does))
    with pytest.raises(OSError, match="neither sleep nor shutdown"):
        inhibitor.begin()
    asked = log.read_text()
    inhibitor.end()
    inhibitor.begin()  # no error, and nothing is asked again
    inhibitor.end()
    assert log.read_text() == asked


def test_a_pc_without_systemd_is_not_held(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    inhibitor = SystemdInhibitor()
    inhibitor.begin()
    assert inhibitor.mode is None
    inhibitor.end()


def test_the_lock_ends_with_the_process(tmp_path: Path, log: Path) -> None:
    """However it ends: the child's input is closed by the system."""
    done = os.fork()
    if done == 0:  # pragma: no cover  (another process)
        SystemdInhibitor(program(tmp_path, AGREES)).begin()
        os._exit(0)
    os.waitpid(done, 0)
    for _ in range(500):
        if log.read_text().split()[-1:] == ["ended"]:
            break
        os.sched_yield()
        os.stat(log)
    assert "begun" in log.read_text()
