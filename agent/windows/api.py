"""Windows' libraries, and its errors as ``OSError``."""

from __future__ import annotations

import ctypes
import sys
from typing import Any


def library(name: str) -> Any:
    """Raises ``OSError`` where there is no such library."""
    if sys.platform != "win32":
        raise OSError(f"{name}: not on this system")
    return ctypes.WinDLL(name, use_last_error=True)


def last_error() -> int:
    """The number of this thread's last failed call of a ``library``."""
    if sys.platform != "win32":
        return 0
    return ctypes.get_last_error()


def failed(what: str, code: int | None = None) -> OSError:
    """``winerror`` holds the number."""
    code = last_error() if code is None else code
    if sys.platform != "win32":
        return OSError(code, what)
    return OSError(None, f"{what}: {ctypes.FormatError(code).strip()}", None, code)


def callback(result: Any, *arguments: Any) -> Any:
    """The type of a function that Windows calls."""
    if sys.platform != "win32":
        raise OSError("not on this system")
    return ctypes.WINFUNCTYPE(result, *arguments)
