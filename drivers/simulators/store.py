"""A simulated device's memory in one file: a whole state on the first line, and what changed since on the next ones.

A line is JSON. The first is the whole state (a file of one line is what older versions wrote). Each further one is
``{"state": …, "grown": {path: […]}}``: the state without the lists that only grow, and what was added to those. So a
save costs as much as what changed, however long the archive is. When the further lines weigh more than the first one
the file is written anew and replaced at once. A reader sees a state that was saved, never a part of one: a last line
without its end, left by a process that was killed, does not count.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from functools import cached_property
from operator import attrgetter
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

State = TypeVar("State")
GROWING = ("drive.documents", "drive.ofd.confirmed")
"""Lists in the memory of a register that only grow."""
ENOUGH = 1 << 20
"""Bytes of further lines that are never worth a new file."""


class StoreError(Exception):
    """The state file cannot be used; the text says why."""


class Store(Generic[State]):
    """``Store(path, ShtrihState, ("drive.documents",))``; ``path`` None keeps nothing.

    ``growing`` names lists inside the state to which items are only ever added; the items themselves do not change. A
    list that got shorter, or whose last known item is another one, makes the file be written anew. ``upgrade`` turns
    the JSON of an older version's file into today's shape, in place.
    """

    def __init__(
        self,
        path: Path | None,
        kind: type[State],
        growing: Sequence[str] = (),
        upgrade: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        self._path = path
        self._kind = kind
        self._growing = tuple(growing)
        self._upgrade = upgrade
        self._kept: dict[str, tuple[int, object]] | None = None  # length and last item of each list in the file
        self._first = self._further = 0  # bytes of the first line and of the others

    @cached_property
    def _adapter(self) -> TypeAdapter[State]:
        return TypeAdapter(self._kind)

    @cached_property
    def _without(self) -> dict[str, Any]:
        """The growing lists in pydantic's form of ``exclude``."""
        tree: dict[str, Any] = {}
        for path in self._growing:
            *way, last = path.split(".")
            branch = tree
            for step in way:
                branch = branch.setdefault(step, {})
            branch[last] = True
        return tree

    def load(self) -> State | None:
        """``None`` when there is no file yet. Raises ``StoreError`` for a file of something else."""
        if self._path is None or not self._path.exists():
            return None
        try:
            state = _whole(self._path.read_bytes())
            if self._upgrade is not None:
                self._upgrade(state)
            return self._adapter.validate_json(json.dumps(state))
        except (ValidationError, ValueError, KeyError, TypeError, AttributeError, RecursionError, OSError) as error:
            raise StoreError(f"{self._path} is not a state file of this simulator: {error}") from error

    def save(self, state: State) -> None:
        """The file is up to date when this returns; on the disk itself as soon as a list has grown."""
        if self._path is None:
            return
        lists = {path: attrgetter(path)(state) for path in self._growing}
        grown = self._grown(lists)
        if grown is None or self._further > max(ENOUGH, self._first):
            self._write(state)
        else:
            self._append(state, grown)
        self._kept = {path: (len(items), items[-1] if items else None) for path, items in lists.items()}

    # --- inside ---

    def _grown(self, lists: dict[str, list[Any]]) -> dict[str, list[Any]] | None:
        """What is not in the file yet; ``None`` when the file does not go before this state."""
        if self._kept is None:
            return None
        added: dict[str, list[Any]] = {}
        for path, items in lists.items():
            count, last = self._kept[path]
            if len(items) < count or (count and items[count - 1] is not last):
                return None
            added[path] = items[count:]
        return added

    def _append(self, state: State, grown: dict[str, list[Any]]) -> None:
        assert self._path is not None
        rest = self._adapter.dump_json(state, exclude=self._without)
        line = b'{"state":' + rest + b',"grown":' + to_json(grown) + b"}\n"
        with self._path.open("ab") as file:
            file.write(line)
            file.flush()
            if any(grown.values()):
                os.fsync(file.fileno())
        self._further += len(line)

    def _write(self, state: State) -> None:
        assert self._path is not None
        self._path.parent.mkdir(parents=True, exist_ok=True)
        beside = self._path.with_name(self._path.name + ".new")
        line = self._adapter.dump_json(state) + b"\n"
        with beside.open("wb") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, self._path)
        self._first, self._further = len(line), 0
        if os.name == "posix":
            folder = os.open(self._path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)


def _whole(data: bytes) -> dict[str, Any]:
    """The state that the lines of a file add up to."""
    first, *further = data.split(b"\n")
    before: dict[str, Any] = json.loads(first)
    changes = [json.loads(line) for line in further[:-1]]  # behind the last line's end stands nothing, or a torn line
    if not changes:
        return before
    state: dict[str, Any] = changes[-1]["state"]
    for path in changes[-1]["grown"]:
        items = _branch(before, path)[_leaf(path)]
        for change in changes:
            items += change["grown"][path]
        _branch(state, path)[_leaf(path)] = items
    return state


def _branch(state: dict[str, Any], path: str) -> dict[str, Any]:
    for step in path.split(".")[:-1]:
        state = state[step]
    return state


def _leaf(path: str) -> str:
    return path.rpartition(".")[2]
