"""The same of Windows, by its own functions. Not run by anybody yet."""

from __future__ import annotations

import sys

QUERY_LIMITED = 0x1000
STILL_ACTIVE = 259
MOST = 4096  # processes listed


def created(pid: int) -> str | None:
    """When the running process with this number was created (100 ns, FILETIME); ``None``: there is none."""
    if sys.platform != "win32":
        raise OSError("Windows' functions")
    import ctypes
    from ctypes import wintypes

    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    kernel.OpenProcess.restype = wintypes.HANDLE
    handle = kernel.OpenProcess(QUERY_LIMITED, False, pid)
    if not handle:
        return None
    handle = wintypes.HANDLE(handle)
    try:
        code = wintypes.DWORD()
        if not kernel.GetExitCodeProcess(handle, ctypes.byref(code)) or code.value != STILL_ACTIVE:
            return None
        times = [wintypes.FILETIME() for _ in range(4)]
        if not kernel.GetProcessTimes(handle, *(ctypes.byref(each) for each in times)):
            return None
        return str(times[0].dwHighDateTime << 32 | times[0].dwLowDateTime)
    finally:
        kernel.CloseHandle(handle)


def images() -> list[str] | None:
    """The files that the running processes come from, as far as they may be looked at; ``None``: no list."""
    if sys.platform != "win32":
        raise OSError("Windows' functions")
    import ctypes
    from ctypes import wintypes

    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    kernel.OpenProcess.restype = wintypes.HANDLE
    pids, size = (wintypes.DWORD * MOST)(), wintypes.DWORD()
    if not kernel.K32EnumProcesses(pids, ctypes.sizeof(pids), ctypes.byref(size)):
        return None
    found = []
    for pid in pids[: size.value // ctypes.sizeof(wintypes.DWORD)]:
        handle = kernel.OpenProcess(QUERY_LIMITED, False, pid)
        if not handle:
            continue
        handle = wintypes.HANDLE(handle)
        name, length = ctypes.create_unicode_buffer(32768), wintypes.DWORD(32768)
        if kernel.QueryFullProcessImageNameW(handle, 0, name, ctypes.byref(length)):
            found.append(name.value)
        kernel.CloseHandle(handle)
    return found
