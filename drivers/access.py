"""Who may change what lies on the disk, as the system keeps it."""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ADMINISTRATORS = frozenset(
    {
        "S-1-5-18",  # the system
        "S-1-5-32-544",  # administrators
        "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464",  # TrustedInstaller
        "S-1-3-0",  # a placeholder for the owner, who is looked at by himself
        "S-1-3-4",  # the rights of the owner
    }
)
WRITING = 0x2 | 0x4 | 0x40 | 0x1_0000 | 0x4_0000 | 0x8_0000 | 0x1000_0000 | 0x4000_0000
"""Rights of a file or folder by which it, or what is in it, can become something else: write or add a file, append or
add a folder, delete what is inside, delete, change the list itself, take ownership, all, write."""
ALLOWED = frozenset({0x00, 0x05, 0x09, 0x0B})
"""Kinds of an access list's entries that grant something: plain, for objects, and both with a condition."""
INHERIT_ONLY = 0x08
OTHERS_WRITE = 0o022


class Unreadable(Exception):
    """An access list that cannot be read, which is no reason to trust it."""


def strangers(path: Path) -> str | None:
    """Who beside administrators (on Linux: beside root and whoever runs this) may change ``path``, in a few words for
    support; ``None`` for nobody. Raises ``OSError``, ``Unreadable``."""
    return _in_list(security_of(path)) if sys.platform == "win32" else _by_mode(path)


def _by_mode(path: Path) -> str | None:
    assert sys.platform != "win32"
    status = path.stat()
    if status.st_uid not in (0, os.geteuid()):
        return f"uid {status.st_uid}"
    return f"mode {status.st_mode & 0o7777:04o}" if status.st_mode & OTHERS_WRITE else None


# --- Windows


@dataclass(frozen=True, slots=True)
class Entry:
    """Of an access list: whom it concerns, as a SID, and the rights it is about."""

    kind: int
    flags: int
    rights: int
    who: str


@dataclass(frozen=True, slots=True)
class Security:
    """``entries`` is ``None`` when there is no list at all: everybody may do everything then."""

    owner: str
    entries: tuple[Entry, ...] | None


def _in_list(security: Security) -> str | None:
    if security.owner not in ADMINISTRATORS:  # an owner may change the list
        return security.owner
    if security.entries is None:
        return "S-1-1-0"
    granted = (e for e in security.entries if e.kind in ALLOWED and not e.flags & INHERIT_ONLY and e.rights & WRITING)
    return next((entry.who for entry in granted if entry.who not in ADMINISTRATORS), None)


def read_security(data: bytes) -> Security:
    """A self-relative SECURITY_DESCRIPTOR ([MS-DTYP] 2.4.6) with its owner and its access list. Raises
    ``Unreadable``."""
    try:
        _, _, control, owner, _, _, acl = struct.unpack_from("<BBHIIII", data)
        if not owner:
            raise Unreadable("no owner")
        entries = tuple(_entries(data, acl)) if control & 0x0004 and acl else None
        return Security(_sid(data, owner), entries)
    except (struct.error, IndexError) as error:
        raise Unreadable(f"cut short: {error}") from None


def _entries(data: bytes, at: int) -> Iterator[Entry]:
    _, _, _, count, _ = struct.unpack_from("<BBHHH", data, at)
    at += 8
    for _ in range(count):
        kind, flags, size, rights = struct.unpack_from("<BBHI", data, at)
        sid = at + 8
        if kind in (0x05, 0x06, 0x07, 0x08, 0x0B, 0x0C):  # of objects: up to two GUIDs before the SID
            (which,) = struct.unpack_from("<I", data, sid)
            sid += 4 + 16 * (which & 1) + 16 * (which >> 1 & 1)
        if size < 16:
            raise Unreadable(f"an entry of {size} bytes")
        yield Entry(kind, flags, rights, _sid(data, sid))
        at += size


def _sid(data: bytes, at: int) -> str:
    revision, count = data[at], data[at + 1]
    if revision != 1 or count > 15:
        raise Unreadable("no SID")
    authority = int.from_bytes(data[at + 2 : at + 8], "big")
    parts = struct.unpack_from(f"<{count}I", data, at + 8)
    return "-".join(["S-1", str(authority), *map(str, parts)])


def security_of(path: Path) -> Security:
    """As Windows has it. Raises ``OSError``, ``Unreadable``."""
    if sys.platform != "win32":
        raise OSError("access lists are Windows'")
    import ctypes
    from ctypes import wintypes

    ask = ctypes.WinDLL("advapi32", use_last_error=True).GetFileSecurityW
    ask.argtypes = (wintypes.LPCWSTR, wintypes.DWORD, ctypes.c_void_p, wintypes.DWORD, ctypes.POINTER(wintypes.DWORD))
    owner_and_list, size = 0x1 | 0x4, wintypes.DWORD(1024)
    for _ in range(2):  # the second time with as much room as is needed
        buffer = ctypes.create_string_buffer(size.value)
        if ask(str(path), owner_and_list, buffer, len(buffer), ctypes.byref(size)):
            return read_security(buffer.raw)
        code = ctypes.get_last_error()
        if code != 122:  # ERROR_INSUFFICIENT_BUFFER
            break
    raise OSError(None, ctypes.FormatError(code).strip(), str(path), code)
