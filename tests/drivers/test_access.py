"""Who may change a file: by its mode, and by the bytes of an access list as Windows gives them."""

from __future__ import annotations

import contextlib
import struct
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.access import WRITING, Security, Unreadable, _in_list, read_security, strangers

SYSTEM, ADMINISTRATORS, USERS, EVERYONE = "S-1-5-18", "S-1-5-32-544", "S-1-5-32-545", "S-1-1-0"
CREATOR, SHOP = "S-1-3-0", "S-1-5-21-1-2-3-1001"
ALL, MODIFY, READ, GENERIC_ALL, READ_GENERIC = 0x1F01FF, 0x1301BF, 0x1200A9, 0x1000_0000, 0x8000_0000
ALLOW, DENY, ALLOW_OBJECT = 0x00, 0x01, 0x05
INHERITED, INHERIT_ONLY = 0x10, 0x0B

Ace = tuple[int, int, int, str]


def sid(text: str) -> bytes:
    _, _, authority, *parts = text.split("-")
    return (
        bytes([1, len(parts)]) + int(authority).to_bytes(6, "big") + b"".join(struct.pack("<I", int(p)) for p in parts)
    )


def descriptor(owner: str, *aces: Ace, acl: bool = True) -> bytes:
    """A self-relative one, as GetFileSecurity fills it: the list first, the owner after it."""
    entries = b""
    for kind, flags, rights, who in aces:
        body = (
            struct.pack("<I", rights) + (struct.pack("<I", 1) + bytes(16) if kind == ALLOW_OBJECT else b"") + sid(who)
        )
        entries += struct.pack("<BBH", kind, flags, 4 + len(body)) + body
    dacl = struct.pack("<BBHHH", 2, 0, 8 + len(entries), len(aces), 0) + entries if acl else b""
    head = struct.pack("<BBHIIII", 1, 0, 0x8004, 20 + len(dacl), 0, 0, 20 if acl else 0)
    return head + dacl + sid(owner)


@pytest.mark.parametrize(
    ("owner", "aces", "who"),
    [
        # Program Files, as Windows makes it
        (SYSTEM, [(ALLOW, 0, ALL, SYSTEM), (ALLOW, 0, ALL, ADMINISTRATORS), (ALLOW, 0, READ, USERS)], None),
        (ADMINISTRATORS, [(ALLOW, INHERITED, READ, EVERYONE), (ALLOW, INHERIT_ONLY, GENERIC_ALL, CREATOR)], None),
        (ADMINISTRATORS, [(DENY, 0, ALL, USERS), (ALLOW, 0, READ_GENERIC, USERS)], None),
        (ADMINISTRATORS, [(ALLOW, INHERIT_ONLY, GENERIC_ALL, USERS)], None),  # for what is made inside, not for this
        (ADMINISTRATORS, [], None),
        # the data folder, and other mistakes
        (ADMINISTRATORS, [(ALLOW, 0, ALL, ADMINISTRATORS), (ALLOW, INHERITED, MODIFY, USERS)], USERS),
        (ADMINISTRATORS, [(ALLOW, 0, 0x2, EVERYONE)], EVERYONE),
        (ADMINISTRATORS, [(ALLOW, 0, 0x4_0000, SHOP)], SHOP),
        (ADMINISTRATORS, [(ALLOW_OBJECT, 0, GENERIC_ALL, SHOP)], SHOP),
        (SHOP, [(ALLOW, 0, READ, USERS)], SHOP),  # an owner may change the list
    ],
)
def test_an_access_list(owner: str, aces: list[Ace], who: str | None) -> None:
    assert _in_list(read_security(descriptor(owner, *aces))) == who


def test_no_list_is_everybody() -> None:
    assert _in_list(read_security(descriptor(SYSTEM, acl=False))) == EVERYONE


@given(st.integers(0, 0xFFFF_FFFF))
def test_reading_is_all_that_a_stranger_may(rights: int) -> None:
    found = _in_list(read_security(descriptor(SYSTEM, (ALLOW, 0, rights, USERS))))
    assert (found is None) == (rights & WRITING == 0)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_list_or_unreadable(data: bytes) -> None:
    with contextlib.suppress(Unreadable):
        assert isinstance(read_security(data), Security)


@pytest.mark.parametrize("cut", range(0, 60, 7))
def test_half_a_list_is_not_trusted(cut: int) -> None:
    whole = descriptor(ADMINISTRATORS, (ALLOW, 0, READ, USERS))
    with pytest.raises(Unreadable):
        read_security(whole[: min(cut, len(whole) - 1)])


@pytest.mark.skipif(sys.platform == "win32", reason="modes are not Windows'")
@pytest.mark.parametrize(("mode", "who"), [(0o755, None), (0o775, "mode 0775"), (0o757, "mode 0757"), (0o700, None)])
def test_a_mode(tmp_path: Path, mode: int, who: str | None) -> None:
    tmp_path.chmod(mode)
    assert strangers(tmp_path) == who
    tmp_path.chmod(0o755)


@pytest.mark.skipif(sys.platform == "win32", reason="modes are not Windows'")
def test_another_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    mine = tmp_path.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: mine + 1)
    assert strangers(tmp_path) == (None if mine == 0 else f"uid {mine}")
