"""A hidden window by which Windows tells this process that the session ends, and by which it is held back.

Sleep is held off by SetThreadExecutionState, the end of the session by a reason that Windows shows beside the program's
name (ShutdownBlockReasonCreate) and by answering WM_QUERYENDSESSION with no. All three belong to the thread that asked
for them, so the window has one of its own. It is a top-level window that is never shown: one for messages only is not
asked.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from ctypes import wintypes
from enum import IntEnum
from types import TracebackType
from typing import Any

from agent.awake import PATIENCE
from agent.windows.api import callback, failed, last_error, library

WHY = {"ru": "KassaBridge заканчивает чек", "en": "KassaBridge is finishing a receipt"}
LAST_SECONDS = 4.5  # that the end of a session waits for the agent: Windows itself gives up after five

ES_CONTINUOUS, ES_SYSTEM_REQUIRED = 0x8000_0000, 0x0000_0001
SMTO_ABORTIFHUNG = 0x0002
CLASS = "KassaBridgeSession"


class Message(IntEnum):
    """WM_…, winuser.h."""

    DESTROY = 0x0002
    CLOSE = 0x0010
    QUERY_END_SESSION = 0x0011
    END_SESSION = 0x0016
    HOLD = 0x8001  # WM_APP + 1, our own: wparam 1 holds, 0 lets go


class WindowClass(ctypes.Structure):
    """WNDCLASSW."""

    _fields_ = (
        ("style", wintypes.UINT), ("procedure", ctypes.c_void_p), ("class_extra", ctypes.c_int),
        ("window_extra", ctypes.c_int), ("instance", wintypes.HINSTANCE), ("icon", wintypes.HICON),
        ("cursor", wintypes.HANDLE), ("background", wintypes.HBRUSH), ("menu", wintypes.LPCWSTR),
        ("name", wintypes.LPCWSTR),
    )  # fmt: skip


class SessionWindow:
    """An ``agent.awake.Inhibitor``. ``ending()`` is called on the window's thread when the session ends; the end waits
    ``LAST_SECONDS`` for ``with`` to be left."""

    def __init__(self, language: str, ending: Callable[[], object]) -> None:
        self._why = WHY[language]
        self._ending = ending
        self._held = False
        self._leaving = threading.Event()
        self._ended = False
        self._ready = threading.Event()
        self._window: int | None = None
        self._error: OSError | None = None
        self._thread = threading.Thread(target=self._main, name="session", daemon=True)

    def __enter__(self) -> SessionWindow:
        """A system that gives no window is no reason to print no receipts: ``begin`` tells of it then."""
        self._thread.start()
        self._ready.wait(PATIENCE)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._leaving.set()
        if self._window is not None:
            _user32().PostMessageW(self._window, Message.CLOSE, 0, 0)
        self._thread.join(PATIENCE)

    def begin(self) -> None:
        self._held = True
        self._tell(1)

    def end(self) -> None:
        self._held = False
        self._tell(0)

    def _tell(self, hold: int) -> None:
        """Returns when the window's thread has done it."""
        if self._error is not None:
            raise self._error
        if self._ended:  # its thread waits for the agent; there is nothing left to hold back
            return
        answer = ctypes.c_size_t()
        milliseconds = int(PATIENCE * 1000)
        if not _user32().SendMessageTimeoutW(
            self._window, Message.HOLD, hold, 0, SMTO_ABORTIFHUNG, milliseconds, ctypes.byref(answer)
        ):
            raise failed("SendMessageTimeout")
        if answer.value:
            raise failed("ShutdownBlockReasonCreate", answer.value)

    # --- the window's thread

    def _main(self) -> None:
        try:
            self._loop()
        except OSError as error:
            self._error = error
        finally:
            self._ready.set()

    def _loop(self) -> None:
        user32 = _user32()
        procedure = callback(ctypes.c_ssize_t, wintypes.HWND, wintypes.UINT, wintypes.WPARAM, wintypes.LPARAM)(
            self._heard
        )
        name = f"{CLASS}{threading.get_ident()}"
        kind = WindowClass(procedure=ctypes.cast(procedure, ctypes.c_void_p), name=name)
        if not user32.RegisterClassW(ctypes.byref(kind)):
            raise failed("RegisterClass")
        window = user32.CreateWindowExW(0, name, "KassaBridge", 0, 0, 0, 0, 0, None, None, None, None)
        if not window:
            raise failed("CreateWindow")
        self._window = window
        self._ready.set()
        message = wintypes.MSG()
        while user32.GetMessageW(ctypes.byref(message), None, 0, 0) > 0:
            user32.DispatchMessageW(ctypes.byref(message))
        self._window = None
        user32.UnregisterClassW(name, None)

    def _heard(self, window: int, message: int, wparam: int, lparam: int) -> int:
        user32 = _user32()
        match message:
            case Message.HOLD:
                return self._hold(window, bool(wparam))
            case Message.QUERY_END_SESSION:
                return int(not self._held)
            case Message.END_SESSION:
                if wparam:
                    self._ended = True
                    self._ending()
                    self._leaving.wait(LAST_SECONDS)
                return 0
            case Message.CLOSE:
                user32.DestroyWindow(window)
                return 0
            case Message.DESTROY:
                user32.PostQuitMessage(0)
                return 0
        answer: int = user32.DefWindowProcW(window, message, wparam, lparam)
        return answer

    def _hold(self, window: int, hold: bool) -> int:
        """Windows' error number; 0 for none."""
        state: Any = library("kernel32").SetThreadExecutionState
        state.argtypes, state.restype = (wintypes.DWORD,), wintypes.DWORD
        state(ES_CONTINUOUS | (ES_SYSTEM_REQUIRED if hold else 0))
        user32 = _user32()
        if hold:
            return 0 if user32.ShutdownBlockReasonCreate(window, self._why) else last_error() or 1
        user32.ShutdownBlockReasonDestroy(window)
        return 0


def _user32() -> Any:
    user32 = library("user32")
    handle, unsigned, signed = ctypes.c_void_p, wintypes.WPARAM, wintypes.LPARAM
    for name, result, arguments in (
        ("RegisterClassW", wintypes.ATOM, (ctypes.c_void_p,)),
        ("UnregisterClassW", wintypes.BOOL, (wintypes.LPCWSTR, handle)),
        ("CreateWindowExW", handle, (
            wintypes.DWORD, wintypes.LPCWSTR, wintypes.LPCWSTR, wintypes.DWORD, *[ctypes.c_int] * 4, *[handle] * 4)),
        ("DestroyWindow", wintypes.BOOL, (handle,)),
        ("DefWindowProcW", ctypes.c_ssize_t, (handle, wintypes.UINT, unsigned, signed)),
        ("GetMessageW", ctypes.c_int, (ctypes.c_void_p, handle, wintypes.UINT, wintypes.UINT)),
        ("DispatchMessageW", ctypes.c_ssize_t, (ctypes.c_void_p,)),
        ("PostMessageW", wintypes.BOOL, (handle, wintypes.UINT, unsigned, signed)),
        ("PostQuitMessage", None, (ctypes.c_int,)),
        ("SendMessageTimeoutW", ctypes.c_ssize_t, (
            handle, wintypes.UINT, unsigned, signed, wintypes.UINT, wintypes.UINT, ctypes.c_void_p)),
        ("ShutdownBlockReasonCreate", wintypes.BOOL, (handle, wintypes.LPCWSTR)),
        ("ShutdownBlockReasonDestroy", wintypes.BOOL, (handle,)),
    ):  # fmt: skip
        function: Any = getattr(user32, name)
        function.argtypes, function.restype = arguments, result
    return user32
