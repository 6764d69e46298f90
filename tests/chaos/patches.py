"""What is replaced so that the product runs in virtual time: threads, the disk's flush, the wait for SQLite's."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest
from sqlalchemy import create_engine

import agent.app
import agent.devices.lane_thread
import agent.journal.store
import server.store.sqlite
from agent.devices.performer import Performer
from agent.devices.terminals.performer import TerminalPerformer
from agent.journal.store import Transaction
from agent.procedures.asks import Ask, Commit, Do, Operate
from agent.procedures.payment.asks import Move
from drivers.errors import DeviceError
from protocol.crm import job_machine
from tests.chaos.dice import Cell
from tests.chaos.families import FAMILIES
from tests.chaos.pc import noting
from tests.chaos.terminals import STEP
from tests.chaos.virtual import Threading, VirtualLoop, current
from tests.support.inline_sqlite import inline

TICK = 5.0
"""Seconds between an agent's looks at its leases; in production one. Nothing but the cost depends on it."""


class _Here:
    """An executor's future that is done already."""

    def __init__(self, result: Any) -> None:
        self._result = result

    def result(self) -> Any:
        return self._result


class _Writer:
    """The journal's one thread: a call runs at once. ``depth`` is above zero on that thread."""

    depth = 0

    def __init__(self, *_: Any, **__: Any) -> None:
        """One thread, as always."""

    def submit(self, call: Callable[..., Any], *args: Any) -> _Here:
        _Writer.depth += 1
        try:
            return _Here(call(*args))
        finally:
            _Writer.depth -= 1

    def shutdown(self, wait: bool = True) -> None:
        """Nothing goes on."""


class _Idents:
    @staticmethod
    def get_ident() -> int:
        return 1 if _Writer.depth else 2


class _LaneThreading:
    """``threading`` as a lane sees it."""

    def __getattr__(self, name: str) -> Any:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        return getattr(Threading(loop), name)


def name_of(ask: Ask) -> str:
    match ask:
        case Operate(operation):
            return f"Operate.{operation.value}"
        case Commit(event):
            return f"Commit.{event.value}"
        case _:
            return type(ask).__name__


def _step_at_register(performer: Performer, ask: Ask) -> str:
    kind = performer.work.kind
    return f"Do.{kind.value}" if isinstance(ask, Do) and kind is not None else name_of(ask)


def _step_at_terminal(performer: TerminalPerformer, ask: Any, *_: Any) -> str:
    if isinstance(ask, Move) and performer.work is not None:
        return f"Move.{performer.work.money.operation.value}"
    return type(ask).__name__


def _named(do: Callable[..., Any], step: Callable[..., str]) -> Callable[..., Any]:
    def named(self: Any, *args: Any) -> Any:
        process = current()
        STEP.set(step(self, *args))
        if process is not None:
            process.step = STEP.get()
            process.note(f"{process.name} {self._kkm_id} {process.step}")
        try:
            return do(self, *args)
        except DeviceError as error:
            if process is not None:
                process.note(f"{process.name} {self._kkm_id} {type(error).__name__} {error.code}")
            raise
        finally:
            STEP.set("introduce")
            if process is not None:
                process.step = "introduce"

    return named


class Counting(dict[Any, Any]):
    """The job machine's table, which counts what is looked up in it."""

    def __init__(self, table: Mapping[Any, Any]) -> None:
        super().__init__(table)
        self.seen: Counter[Cell] = Counter()

    def taken(self) -> Counter[Cell]:
        """What was counted since the last call."""
        seen, self.seen = self.seen, Counter()
        return seen

    def __getitem__(self, key: Any) -> Any:
        self.seen[f"machine:{key[0].value}", key[1].value] += 1
        return super().__getitem__(key)


@contextmanager
def patched() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        inline(patch)
        patch.setattr(agent.devices.lane_thread, "threading", _LaneThreading())
        patch.setattr(agent.journal.store, "ThreadPoolExecutor", _Writer)
        patch.setattr(agent.journal.store, "threading", _Idents)
        patch.setattr(agent.app, "TICK", TICK)
        patch.setattr(server.store.sqlite, "create_engine", cache(create_engine))
        patch.setattr(job_machine, "TABLE", Counting(job_machine.TABLE))
        patch.setattr(Transaction, "append", noting(Transaction.append))
        patch.setattr(Performer, "_do", _named(Performer._do, _step_at_register))
        patch.setattr(TerminalPerformer, "_do", _named(TerminalPerformer._do, _step_at_terminal))
        for family in FAMILIES.values():
            for module, name, value in family.patches:
                patch.setattr(module, name, value)
        yield patch
