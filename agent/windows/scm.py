"""Windows' service manager: its calls, and nothing of what a service does (``agent.windows.service``)."""

from __future__ import annotations

import contextlib
import ctypes
import time
from collections.abc import Callable, Iterator
from ctypes import wintypes
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from agent.windows.api import callback, failed, last_error, library

OWN_PROCESS, AUTO_START, ERROR_NORMAL = 0x10, 0x2, 0x1
NO_CHANGE = 0xFFFF_FFFF
CONNECT_AND_CREATE, ALL_OF_SERVICE = 0x1 | 0x2, 0xF01FF
DESCRIPTION, FAILURE_ACTIONS, DELAYED_START, NON_CRASH_FAILURES, PRESHUTDOWN = 1, 2, 3, 4, 7  # SERVICE_CONFIG_*
RESTART = 1  # SC_ACTION_RESTART
SPECIFIC = 1066  # ERROR_SERVICE_SPECIFIC_ERROR: the exit code is the service's own


class State(IntEnum):
    STOPPED = 1
    START_PENDING = 2
    STOP_PENDING = 3
    RUNNING = 4


class Control(IntEnum):
    STOP = 0x1
    INTERROGATE = 0x4
    SHUTDOWN = 0x5
    PRESHUTDOWN = 0xF


class Accepts(IntEnum):
    NOTHING = 0x0
    STOP = 0x1
    PRESHUTDOWN = 0x100


class Errors(IntEnum):
    """winerror.h, as far as somebody decides by it."""

    ACCESS_DENIED = 5
    NOT_IMPLEMENTED = 120
    NO_SUCH_SERVICE = 1060
    NOT_STARTED = 1062
    NOT_STARTED_BY_THE_MANAGER = 1063
    EXISTS = 1073


class Status(ctypes.Structure):
    """SERVICE_STATUS. ``checkpoint`` has to grow while something is pending, ``wait_hint`` is in milliseconds."""

    _fields_ = tuple(
        (name, wintypes.DWORD)
        for name in ("kind", "state", "accepts", "exit_code", "own_exit_code", "checkpoint", "wait_hint")
    )


class _Entry(ctypes.Structure):
    _fields_ = (("name", wintypes.LPWSTR), ("main", ctypes.c_void_p))


class _Action(ctypes.Structure):
    _fields_ = (("what", ctypes.c_int), ("after_ms", wintypes.DWORD))


class _Actions(ctypes.Structure):
    _fields_ = (
        ("forget_after_s", wintypes.DWORD), ("reboot_message", wintypes.LPWSTR), ("command", wintypes.LPWSTR),
        ("count", wintypes.DWORD), ("actions", ctypes.POINTER(_Action)),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Service:
    """What is installed. ``restart_after``: seconds before the first, second and every further restart."""

    name: str
    title: str
    description: str
    command: str
    account: str
    restart_after: tuple[int, ...]
    forget_after: int  # seconds without a failure after which the count begins anew
    preshutdown: float  # seconds that the end of Windows waits for it


class Manager:
    """The real one. Every method may raise ``OSError`` with ``winerror``."""

    # --- the service itself

    def dispatch(self, name: str, main: Callable[[], None]) -> None:
        """Connect to the manager and have it call ``main`` on a thread of its own; returns when the service has
        stopped."""
        run = callback(None, wintypes.DWORD, ctypes.c_void_p)(lambda _count, _arguments: main())
        table = (_Entry * 2)(_Entry(name, ctypes.cast(run, ctypes.c_void_p)), _Entry())
        if not _call("StartServiceCtrlDispatcherW", wintypes.BOOL, ctypes.c_void_p)(ctypes.byref(table)):
            raise failed("StartServiceCtrlDispatcher")

    def register(self, name: str, handler: Callable[[int], int]) -> Callable[[Status], None]:
        """From ``main``: who hears the controls, and answers each with an error number. Returns how the state is
        told; keep it as long as the service lives."""
        hear = callback(wintypes.DWORD, wintypes.DWORD, wintypes.DWORD, ctypes.c_void_p, ctypes.c_void_p)(
            lambda control, _kind, _data, _context: handler(control)
        )
        ask = _call(
            "RegisterServiceCtrlHandlerExW", ctypes.c_void_p, wintypes.LPCWSTR, ctypes.c_void_p, ctypes.c_void_p
        )
        handle = ask(name, ctypes.cast(hear, ctypes.c_void_p), None)
        if not handle:
            raise failed("RegisterServiceCtrlHandlerEx")
        tell = _call("SetServiceStatus", wintypes.BOOL, ctypes.c_void_p, ctypes.POINTER(Status))

        def report(status: Status, _kept: object = hear) -> None:
            if not tell(handle, ctypes.byref(status)):
                raise failed("SetServiceStatus")

        return report

    # --- from outside

    def install(self, service: Service) -> None:
        """Or change the one of this name."""
        text, number, handle = wintypes.LPCWSTR, wintypes.DWORD, ctypes.c_void_p
        how = (OWN_PROCESS, AUTO_START, ERROR_NORMAL, service.command, None, None, None, service.account, None)
        with _closed(_manager(CONNECT_AND_CREATE)) as manager:
            create = _call("CreateServiceW", handle, handle, text, text, *[number] * 4, text, text, handle, *[text] * 3)
            found = create(manager, service.name, service.title, ALL_OF_SERVICE, *how)
            if not found and last_error() == Errors.EXISTS:
                found = _opened(manager, service.name, ALL_OF_SERVICE)
                change = _call(
                    "ChangeServiceConfigW", wintypes.BOOL, handle, *[number] * 3, text, text, handle, *[text] * 4
                )
                with _closing_on_error(found):
                    if not change(found, *how, service.title):
                        raise failed("ChangeServiceConfig")
            if not found:
                raise failed("CreateService")
            with _closed(found):
                _configure(found, service)

    def remove(self, name: str, patience: float) -> bool:
        """Stop it, wait, and take it out; ``False`` when it has not stopped within ``patience`` seconds."""
        with _closed(_manager(0x1)) as manager, _closed(_opened(manager, name, ALL_OF_SERVICE)) as service:
            status = Status()
            ask = _call("ControlService", wintypes.BOOL, ctypes.c_void_p, wintypes.DWORD, ctypes.POINTER(Status))
            if not ask(service, Control.STOP, ctypes.byref(status)) and last_error() != Errors.NOT_STARTED:
                raise failed("ControlService")
            look = _call("QueryServiceStatus", wintypes.BOOL, ctypes.c_void_p, ctypes.POINTER(Status))
            deadline = time.monotonic() + patience
            while look(service, ctypes.byref(status)) and status.state != State.STOPPED:
                if time.monotonic() > deadline:
                    return False
                time.sleep(0.2)
            if not _call("DeleteService", wintypes.BOOL, ctypes.c_void_p)(service):
                raise failed("DeleteService")
        return True


def _configure(handle: int, service: Service) -> None:
    """A version of Windows that lacks one of these starts the service all the same."""
    actions = (_Action * len(service.restart_after))(
        *[_Action(RESTART, after * 1000) for after in service.restart_after]
    )
    for level, value in (
        (DESCRIPTION, wintypes.LPWSTR(service.description)),
        (FAILURE_ACTIONS, _Actions(service.forget_after, None, None, len(actions), actions)),
        (NON_CRASH_FAILURES, wintypes.BOOL(True)),
        (DELAYED_START, wintypes.BOOL(True)),
        (PRESHUTDOWN, wintypes.DWORD(int(service.preshutdown * 1000))),
    ):
        change = _call("ChangeServiceConfig2W", wintypes.BOOL, ctypes.c_void_p, wintypes.DWORD, ctypes.c_void_p)
        change(handle, level, ctypes.byref(value))


def _manager(rights: int) -> int:
    ask = _call("OpenSCManagerW", ctypes.c_void_p, wintypes.LPCWSTR, wintypes.LPCWSTR, wintypes.DWORD)
    manager: int | None = ask(None, None, rights)
    if not manager:
        raise failed("OpenSCManager")
    return manager


def _opened(manager: int, name: str, rights: int) -> int:
    ask = _call("OpenServiceW", ctypes.c_void_p, ctypes.c_void_p, wintypes.LPCWSTR, wintypes.DWORD)
    service: int | None = ask(manager, name, rights)
    if not service:
        raise failed("OpenService")
    return service


@contextlib.contextmanager
def _closed(handle: int) -> Iterator[int]:
    try:
        yield handle
    finally:
        _close(handle)


@contextlib.contextmanager
def _closing_on_error(handle: int) -> Iterator[None]:
    try:
        yield
    except OSError:
        _close(handle)
        raise


def _close(handle: int) -> None:
    _call("CloseServiceHandle", wintypes.BOOL, ctypes.c_void_p)(handle)


def _call(name: str, result: Any, *arguments: Any) -> Any:
    function: Any = getattr(library("advapi32"), name)
    function.argtypes, function.restype = arguments, result
    return function
