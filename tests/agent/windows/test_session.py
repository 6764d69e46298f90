"""What the hidden window answers to Windows. The window itself was seen under wine (docs/windows.md)."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from agent.windows import session
from agent.windows.session import ES_CONTINUOUS, ES_SYSTEM_REQUIRED, Message, SessionWindow

NOT_IMPLEMENTED = 120


class Call:
    """One of Windows' functions: notes its arguments; its types may be set as those of a real one."""

    def __init__(self, calls: list[tuple[str, tuple[Any, ...]]], name: str, does: Callable[..., int]) -> None:
        self._calls, self._name, self._does = calls, name, does

    def __call__(self, *arguments: Any) -> int:
        self._calls.append((self._name, arguments))
        return self._does(*arguments)


class Windows:
    """user32 and kernel32, as far as the window asks them; messages reach the window at once."""

    def __init__(self, *, blocks: bool = True) -> None:
        self.calls: list[tuple[str, tuple[Any, ...]]] = []
        self.window: SessionWindow | None = None
        self._blocks = blocks

    def __getattr__(self, name: str) -> Call:
        return Call(self.calls, name, {"SendMessageTimeoutW": self._send}.get(name, lambda *_: int(self._blocks)))

    def _send(self, handle: int, message: int, wparam: int, lparam: int, _flags: int, _time: int, answer: Any) -> int:
        assert self.window is not None
        answer._obj.value = self.window._heard(handle, message, wparam, lparam)
        return 1

    def named(self, name: str) -> list[tuple[Any, ...]]:
        return [arguments for called, arguments in self.calls if called == name]


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> Windows:
    made = Windows()
    monkeypatch.setattr(session, "library", lambda _: made)
    return made


def window(windows: Windows, ending: Callable[[], object] = lambda: None, language: str = "ru") -> SessionWindow:
    made = SessionWindow(language, ending)
    made._window = 17
    windows.window = made
    return made


def asked_to_end(made: SessionWindow) -> bool:
    return bool(made._heard(17, Message.QUERY_END_SESSION, 0, 0))


def test_the_session_may_end_only_while_nothing_is_in_hand(windows: Windows) -> None:
    made = window(windows)
    assert asked_to_end(made)
    made.begin()
    assert not asked_to_end(made)
    assert windows.named("ShutdownBlockReasonCreate") == [(17, "KassaBridge заканчивает чек")]
    assert windows.named("SetThreadExecutionState") == [(ES_CONTINUOUS | ES_SYSTEM_REQUIRED,)]
    made.end()
    assert asked_to_end(made)
    assert windows.named("ShutdownBlockReasonDestroy") == [(17,)]
    assert windows.named("SetThreadExecutionState")[-1] == (ES_CONTINUOUS,)


def test_a_windows_that_shows_no_reason_is_told_no_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refuses = Windows(blocks=False)
    monkeypatch.setattr(session, "library", lambda _: refuses)
    monkeypatch.setattr(session, "last_error", lambda: NOT_IMPLEMENTED)
    made = window(refuses)
    with pytest.raises(OSError, match="ShutdownBlockReasonCreate"):
        made.begin()
    assert not asked_to_end(made)


def test_the_end_waits_for_the_agent(windows: Windows) -> None:
    """It is asked to stop on the window's thread, which Windows waits for."""
    asked = threading.Event()
    made = window(windows, asked.set)
    ended = threading.Thread(target=lambda: made._heard(17, Message.END_SESSION, 1, 0))
    ended.start()
    assert asked.wait(10)
    made.end()  # a lane lets go meanwhile: it does not wait for the window's thread, which waits for it
    assert windows.named("SendMessageTimeoutW") == []
    assert ended.is_alive()
    made._leaving.set()
    ended.join(10)
    assert not ended.is_alive()


def test_an_end_that_was_called_off_ends_nothing(windows: Windows) -> None:
    asked: list[int] = []
    made = window(windows, lambda: asked.append(1))
    made._heard(17, Message.END_SESSION, 0, 0)
    assert asked == []
    made.begin()
    assert not asked_to_end(made)


@pytest.mark.skipif(sys.platform == "win32", reason="there is one")
def test_a_system_without_windows_delays_nobody() -> None:
    with SessionWindow("en", lambda: None) as made, pytest.raises(OSError, match="user32"):
        made.begin()
