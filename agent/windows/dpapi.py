"""A secret under DPAPI, for this machine.

CryptProtectData with LOCAL_MACHINE and UI_FORBIDDEN: whoever runs the agent on this PC can open it, nobody on another.
Every process of the machine could ask Windows to open it, so a second secret is mixed in: random bytes in a file with
the access list of the data folder. Opening needs both the machine and that file.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from ctypes import wintypes
from pathlib import Path
from typing import Any

from agent.private_file import write_private
from agent.sealing import NotOpened
from agent.windows.api import failed, last_error, library

UI_FORBIDDEN, LOCAL_MACHINE = 0x1, 0x4  # CRYPTPROTECT_*, wincrypt.h
ENTROPY_BYTES = 32


class Blob(ctypes.Structure):
    """DATA_BLOB."""

    _fields_ = (("size", wintypes.DWORD), ("data", ctypes.POINTER(ctypes.c_char)))


class MachineSealer:
    """``entropy``: the file of the second secret; the first ``seal`` makes it."""

    name = "dpapi-machine"

    def __init__(self, entropy: Path, *, random_bytes: Callable[[int], bytes] = os.urandom) -> None:
        self._entropy = entropy
        self._random_bytes = random_bytes

    def seal(self, secret: bytes) -> bytes:
        if not self._entropy.exists():
            write_private(self._entropy, self._random_bytes(ENTROPY_BYTES))
        sealed = _crypt("CryptProtectData", secret, self._entropy.read_bytes(), UI_FORBIDDEN | LOCAL_MACHINE)
        if sealed is None:
            raise failed("CryptProtectData")
        return sealed

    def open(self, sealed: bytes) -> bytes:
        try:
            entropy = self._entropy.read_bytes()
        except OSError as error:
            raise NotOpened(f"{self._entropy}: {error.strerror}") from None
        opened = _crypt("CryptUnprotectData", sealed, entropy, UI_FORBIDDEN)
        if opened is None:
            raise NotOpened("CryptUnprotectData", last_error() & 0xFFFFFFFF)
        return opened


def _crypt(name: str, data: bytes, entropy: bytes, flags: int) -> bytes | None:
    """One of the two functions; ``None`` when it failed, and ``last_error`` says why."""
    call: Any = getattr(library("crypt32"), name)
    blob = ctypes.POINTER(Blob)
    call.argtypes = (blob, ctypes.c_void_p, blob, ctypes.c_void_p, ctypes.c_void_p, wintypes.DWORD, blob)
    call.restype = wintypes.BOOL
    made = Blob()
    given, mixed = _blob(data), _blob(entropy)
    if not call(ctypes.byref(given), None, ctypes.byref(mixed), None, None, flags, ctypes.byref(made)):
        return None
    try:
        return ctypes.string_at(made.data, made.size)
    finally:
        free: Any = library("kernel32").LocalFree
        free.argtypes, free.restype = (ctypes.c_void_p,), ctypes.c_void_p
        free(made.data)


def _blob(data: bytes) -> Blob:
    return Blob(
        len(data), ctypes.cast(ctypes.create_string_buffer(data, max(len(data), 1)), ctypes.POINTER(ctypes.c_char))
    )
