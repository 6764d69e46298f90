"""What a program says, and a program that has nowhere to say it."""

from __future__ import annotations

import sys

import pytest

from agent.cli import main


def test_a_program_without_a_console_ends_as_one_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tray program of Windows has no streams: the first word to them ended it."""
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    try:
        assert main(["agent", "status", "--config", "nowhere.toml"]) == 2
    finally:
        sys.stdout.close()
