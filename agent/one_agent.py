"""One running agent per machine, whoever is signed in; whoever starts a second one is told who runs the first.

Held is something of the system's that ends with the process, however that ends: on Windows a named mutex that every
session of the machine sees, elsewhere a lock on a file of the data folder. Who holds it stands in a small file beside,
which other users may read; without that file a second start is refused all the same. (Shared memory that every session
sees would need a privilege that plain users lack; a mutex needs none.)
"""

from __future__ import annotations

import contextlib
import errno
import getpass
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from agent.config import machine_data_dir
from agent.problems import UserError

MUTEX = r"Global\KassaBridge-agent"
LOCK = "agent.lock"
FILE = "agent.owner.json"
LONGEST = 4096  # bytes of the file that are looked at

EVERYBODY_MAY_SEE = "D:(A;;GA;;;SY)(A;;GA;;;BA)(A;;0x100000;;;WD)"
"""Of the mutex, in Windows' language for rights: all for the system and administrators, SYNCHRONIZE for everyone. By
default another user's agent would be told that it may not look, instead of that there is one."""

_SYNCHRONIZE = 0x0010_0000
_ERROR_ACCESS_DENIED = 5
_ERROR_ALREADY_EXISTS = 183

Release = Callable[[], object]
Take = Callable[[], Release | None]
"""Takes what only one process of the machine can have, at once. ``None``: another one has it. Raises ``OSError``."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Who runs the agent. ``since`` has a zone."""

    user: str
    since: datetime
    pid: int


@contextmanager
def the_one_agent(data_dir: Path, now: datetime) -> Iterator[None]:
    """While the agent of this machine runs. Raises ``UserError`` ``agent_running`` at once when there is one already,
    ``one_agent_unsure`` when the system does not say whether there is."""
    take, folder = _system(data_dir)
    with held(take, folder / FILE, Owner(user_name(), now, os.getpid())):
        yield


@contextmanager
def held(take: Take, record: Path, me: Owner) -> Iterator[None]:
    """``the_one_agent`` by ``take``, with ``me`` written to ``record`` meanwhile."""
    try:
        release = take()
    except OSError as error:
        raise _unsure(error) from None
    if release is None:
        raise agent_running(read_owner(record))
    try:
        with contextlib.suppress(OSError):  # a full disk stops no agent; the next one is refused without a name
            _write(record, me)
        yield
    finally:
        with contextlib.suppress(OSError):
            record.unlink()
        release()


def user_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, ImportError, OSError):  # an account without a name, as containers have them
        return "?"


def read_owner(record: Path) -> Owner | None:
    """``None`` for a file that is not there, cannot be read or is none of ours."""
    try:
        with record.open("rb") as file:
            told = json.loads(file.read(LONGEST))
        since = datetime.fromisoformat(str(told["since"]))
        return Owner(str(told["user"])[:64], since, int(told["pid"])) if since.tzinfo else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _write(record: Path, owner: Owner) -> None:
    record.parent.mkdir(parents=True, exist_ok=True)
    fresh = record.with_name(record.name + ".new")
    told = {"user": owner.user, "since": owner.since.isoformat(timespec="seconds"), "pid": owner.pid}
    fresh.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
    os.replace(fresh, record)


def agent_running(owner: Owner | None = None) -> UserError:
    ru, en = "KassaBridge на этом ПК уже запущен", "KassaBridge is running on this PC already"
    if owner is not None:
        since = f"{owner.since.astimezone():%d.%m.%Y %H:%M}"
        ru += f": пользователь {owner.user}, с {since}, процесс {owner.pid}"
        en += f": user {owner.user}, since {since}, process {owner.pid}"
    return UserError(
        "agent_running",
        f"{ru}. Второй агент не нужен: чеки печатает тот. Чтобы запустить здесь, сначала закройте его там: «Выход» в "
        "меню значка у часов.",
        f"{en}. A second agent is not needed: that one prints the receipts. To run it here, first end it there: “Quit” "
        "in the menu of its icon beside the clock.",
        exit_code=1,
    )


def _unsure(error: OSError) -> UserError:
    return UserError(
        "one_agent_unsure",
        f"Не удалось узнать, запущен ли KassaBridge на этом ПК ({error}). Агент не начал работу: двух быть не должно. "
        "Проверьте права на папку данных и перезагрузите ПК.",
        f"Whether KassaBridge runs on this PC could not be found out ({error}). The agent has not begun: there must "
        "not be two. Check the rights on the data folder and restart the PC.",
        exit_code=1,
    )


# --- by a mutex of Windows ------------------------------------------------------------------------------------------


class Kernel(Protocol):
    """What is needed of Windows."""

    def create_mutex(self, name: str) -> tuple[int, int]:
        """Makes or opens it, so that every user may see it. Its handle, 0 for none, and the error code of the call."""

    def close(self, handle: int) -> None: ...


def take_mutex(kernel: Kernel, name: str = MUTEX) -> Release | None:
    """It is held while its handle is open: that it exists is what says that an agent runs."""
    handle, code = kernel.create_mutex(name)
    if handle and code == 0:
        return lambda: kernel.close(handle)
    if handle:
        kernel.close(handle)
    if code in (_ERROR_ALREADY_EXISTS, _ERROR_ACCESS_DENIED):
        return None
    raise OSError(code, f"Windows error {code}", name)


# --- by a lock on a file --------------------------------------------------------------------------------------------


def take_file(path: Path) -> Release | None:
    """The file stays; its lock ends with the process. Reading rights are enough for a file that is there."""
    assert sys.platform != "win32"
    import fcntl

    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(file)
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return None
        raise
    return lambda: os.close(file)


# --- Windows itself, and the system that this is ----------------------------------------------------------------------

if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    class _SecurityAttributes(ctypes.Structure):
        _fields_ = [
            ("length", wintypes.DWORD),
            ("descriptor", wintypes.LPVOID),
            ("inherit", wintypes.BOOL),
        ]

    class Kernel32:
        """``Kernel`` by Windows itself."""

        def create_mutex(self, name: str) -> tuple[int, int]:
            kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
            kernel32.CreateMutexExW.restype = wintypes.HANDLE
            kernel32.CreateMutexExW.argtypes = [wintypes.LPVOID, wintypes.LPCWSTR, wintypes.DWORD, wintypes.DWORD]
            kernel32.LocalFree.argtypes = [wintypes.LPVOID]
            descriptor = self._descriptor()
            try:
                rights = _SecurityAttributes(ctypes.sizeof(_SecurityAttributes), descriptor, False)
                ctypes.set_last_error(0)
                handle = kernel32.CreateMutexExW(ctypes.byref(rights), name, 0, _SYNCHRONIZE)
                return handle or 0, ctypes.get_last_error()
            finally:
                kernel32.LocalFree(descriptor)

        def _descriptor(self) -> wintypes.LPVOID:
            advapi32 = ctypes.WinDLL("advapi32", use_last_error=True)
            convert = advapi32.ConvertStringSecurityDescriptorToSecurityDescriptorW
            convert.argtypes = [wintypes.LPCWSTR, wintypes.DWORD, wintypes.LPVOID, wintypes.LPVOID]
            descriptor = wintypes.LPVOID()
            if not convert(EVERYBODY_MAY_SEE, 1, ctypes.byref(descriptor), None):
                raise ctypes.WinError(ctypes.get_last_error())
            return descriptor

        def close(self, handle: int) -> None:
            ctypes.WinDLL("kernel32").CloseHandle(wintypes.HANDLE(handle))


def _system(data_dir: Path) -> tuple[Take, Path]:
    """What holds the machine's agent here, and the folder of its record."""
    if sys.platform == "win32":
        # Also for an agent with a data folder of its own: two journals on one register would be two truths.
        return lambda: take_mutex(Kernel32()), machine_data_dir()
    return lambda: take_file(data_dir / LOCK), data_dir


__all__ = ["FILE", "Owner", "agent_running", "held", "read_owner", "take_file", "take_mutex", "the_one_agent"]
