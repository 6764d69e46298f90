"""A simulated device's memory in one JSON file. A reader sees the old state or the new one, never a part."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

State = TypeVar("State")


class StoreError(Exception):
    """The state file cannot be used; the text says why."""


class Store(Generic[State]):
    """``Store(path, ShtrihState)``; ``path`` None keeps nothing."""

    def __init__(self, path: Path | None, kind: type[State]) -> None:
        self._path = path
        self._kind = kind

    @cached_property
    def _adapter(self) -> TypeAdapter[State]:
        return TypeAdapter(self._kind)

    def load(self) -> State | None:
        """``None`` when there is no file yet. Raises ``StoreError`` for a file of something else."""
        if self._path is None or not self._path.exists():
            return None
        try:
            return self._adapter.validate_json(self._path.read_bytes())
        except (ValidationError, OSError) as error:
            raise StoreError(f"{self._path} is not a state file of this simulator: {error}") from error

    def save(self, state: State) -> None:
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        beside = self._path.with_name(self._path.name + ".new")
        with beside.open("wb") as file:
            file.write(self._adapter.dump_json(state))
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, self._path)
        if os.name == "posix":
            folder = os.open(self._path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
