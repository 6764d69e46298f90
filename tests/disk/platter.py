"""What of a file system's content is surely on the platter, and what a power cut may make of the rest.

The strict reading of POSIX: a write is sure when the file was synced after it; a name in the folder is sure when the
folder was synced after it was made or taken away. Everything else is decided by chance when the power goes: each write
is kept, dropped or torn by sectors, and the writes between two syncs arrive in any order. What a *failed* sync should
have saved stays in doubt for ever: the system forgets that those pages are dirty, and a later sync passes them over.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

SECTOR = 512


@dataclass(frozen=True, slots=True)
class Op:
    """One thing that was done to a file. ``failed``: the caller was told that it was not done."""

    kind: str  # create, write, truncate, sync, delete
    name: str
    offset: int = 0  # for truncate: the new size
    data: bytes = b""
    folder: bool = False  # sync and delete: the folder is synced with it
    failed: bool = False


@dataclass(slots=True)
class _Change:
    op: Op
    sure: bool = False
    adrift: bool = False  # a sync of it failed


@dataclass(slots=True)
class _File:
    base: bytes = b""
    changes: list[_Change] = field(default_factory=list)

    def settle(self) -> None:
        while self.changes and self.changes[0].sure:
            content = bytearray(self.base)
            _apply(content, self.changes.pop(0).op)
            self.base = bytes(content)


class Platter:
    """Feed it what happened, in order; ask for an image at any point."""

    def __init__(self) -> None:
        self._files: list[_File] = []
        self._live: dict[str, _File] = {}
        self._durable: dict[str, _File] = {}

    def feed(self, op: Op) -> None:
        match op.kind:
            case "create":
                self._live[op.name] = _File()
            case "delete" if not op.failed:
                self._live.pop(op.name, None)
            case "write" | "truncate" if not op.failed or op.data:
                self._live[op.name].changes.append(_Change(op))
            case "sync":
                self._sync(self._live[op.name], failed=op.failed)
        if op.folder and not op.failed:
            self._durable = dict(self._live)

    @staticmethod
    def _sync(file: _File, *, failed: bool) -> None:
        for change in file.changes:
            if failed:
                change.adrift = change.adrift or not change.sure
            elif not change.adrift:
                change.sure = True
        file.settle()

    def certain(self) -> bool:
        """Whether a power cut now leaves no choice."""
        files = {id(file): file for file in (*self._live.values(), *self._durable.values())}
        return self._live == self._durable and not any(file.changes for file in files.values())

    def cached(self) -> dict[str, bytes]:
        """What every program sees: the image that a killed process leaves behind."""
        return {name: _content(file, file.changes) for name, file in self._live.items()}

    def image(self, chance: Random) -> dict[str, bytes]:
        """What a power cut may leave."""
        found: dict[str, bytes] = {}
        for name in sorted({*self._live, *self._durable}):
            folders = [self._durable, self._live]
            file = folders[chance.randrange(2)].get(name)
            if file is not None:
                found[name] = _damaged(file, chance)
        return found


def _content(file: _File, changes: list[_Change]) -> bytes:
    content = bytearray(file.base)
    for change in changes:
        _apply(content, change.op)
    return bytes(content)


def _apply(content: bytearray, op: Op) -> None:
    if op.kind == "truncate":
        content[op.offset :] = bytes(max(0, op.offset - len(content)))
        return
    if len(content) < op.offset:
        content.extend(bytes(op.offset - len(content)))
    content[op.offset : op.offset + len(op.data)] = op.data


def _damaged(file: _File, chance: Random) -> bytes:
    content = bytearray(file.base)
    # Whole disks differ in temper: one keeps nearly all, one nearly nothing, and each between them is met too.
    dropped, torn = chance.random(), chance.random()
    run: list[Op] = []
    for change in file.changes:
        if change.sure:
            _arrive(content, run, dropped, torn, chance)
            run = []
            _apply(content, change.op)
        else:
            run.append(change.op)
    _arrive(content, run, dropped, torn, chance)
    return bytes(content)


def _arrive(content: bytearray, run: list[Op], dropped: float, torn: float, chance: Random) -> None:
    if chance.random() < 0.5:
        chance.shuffle(run)
    for op in run:
        if chance.random() < dropped:
            continue
        if op.kind == "write" and chance.random() < torn:
            _tear(content, op, chance)
        else:
            _apply(content, op)


def _tear(content: bytearray, op: Op, chance: Random) -> None:
    """Of each sector that the write covers, the new bytes or the old; where nothing was before, zeros or anything."""
    at, end = op.offset, op.offset + len(op.data)
    while at < end:
        upto = min(end, (at // SECTOR + 1) * SECTOR)
        piece = op.data[at - op.offset : upto - op.offset]
        if chance.random() < 0.5:
            _apply(content, Op("write", op.name, at, piece))
        elif at >= len(content):
            filler = chance.randbytes(len(piece)) if chance.random() < 0.5 else bytes(len(piece))
            _apply(content, Op("write", op.name, at, filler))
        at = upto
