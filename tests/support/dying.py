"""Runs the real agent or server and kills it, as SIGKILL does, at one named commit. The patches live here alone.

    python -m tests.support.dying agent  --at NAME --when before|after [--nth N] [--look S] -- agent run --config F
    python -m tests.support.dying agent  --armed FILE [--reached FILE] [--hurry] [--ping S] -- agent run --config F
    python -m tests.support.dying server --armed FILE [--reached FILE] -- run --database URL …

A commit has several names, each of them good for ``--at``. On the agent: the events of its records (``offer``,
``intent``, ``closing``, ``proven``, …) and the function that commits (``book:JobBook._offer``); also moments on the
wire: ``written:41`` (a command, its code in hex, has left) and ``close_answered``. On the server: the function that
opened the transaction (``jobs:post_job``), for what an agent says with the message's type
(``link:Connection._deliver/update``).
With ``--armed FILE`` the process dies where the file says (``NAME WHEN``, or ``NAME WHEN N`` for the Nth time from then
on; ``commit`` is every commit's name), as soon as there is one, and takes the file away. ``--reached FILE`` keeps the
names of every kind of commit that was passed, and of the one that was died at.

With ``--look S`` the agent looks at a register at rest every S seconds instead of every minute, and calls it gone after
two of them; ``--ping S`` sets the link's own heartbeat and, to twice that, its patience; ``--hurry`` lets it dial again
within a second however long the server was away; without ``--at`` and ``--armed`` it lives on.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any

from tests.support.families import FAMILIES

WHENS = ("before", "after")
COMMIT = "commit"


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Mark:
    """The moment to die at: told once, or by a file that may be written and written again while the process lives."""

    def __init__(self, at: str | None, when: str, nth: int, *, armed: Path | None, kept: Path | None) -> None:
        self._at = at
        self._when = when
        self._left = nth
        self._armed = armed
        self._kept = kept
        self._known: set[tuple[str, ...]] = set()

    def reached(self, names: tuple[str, ...], when: str = "after", *, commit: bool = False) -> None:
        """Dies here if it is told to. ``names``: all that this moment is called, as a ``commit`` by that name, too."""
        if self._kept is not None and (when, *names) not in self._known:
            self._known.add((when, *names))
            self._keep("reached", when, *names)
        if self._strikes((*names, COMMIT) if commit else names, when):
            self._keep("killed", when, *names)
            die()

    def _strikes(self, names: tuple[str, ...], when: str) -> bool:
        if self._at in names and when == self._when:
            self._left -= 1
            return self._left == 0
        if self._armed is None:
            return False
        try:
            told = self._armed.read_text("utf-8").split()
        except FileNotFoundError:
            return False
        if len(told) not in (2, 3) or told[0] not in names or told[1] != when:
            return False
        left = int(told[2]) - 1 if len(told) == 3 else 0
        if left:
            self._armed.write_text(f"{told[0]} {when} {left}", "utf-8")
            return False
        self._armed.unlink(missing_ok=True)  # two threads may come here
        return True

    def _keep(self, *words: str) -> None:
        if self._kept is not None:
            with self._kept.open("a", encoding="utf-8") as file:
                file.write(" ".join(words) + "\n")


def site_of(frame: FrameType | None, through: frozenset[str]) -> tuple[str, FrameType | None]:
    """``module:function`` of the first caller that is none of ``through`` and no helper of the standard library."""
    while frame is not None:
        module, function = str(frame.f_globals.get("__name__", "")), frame.f_code.co_qualname
        if module != "contextlib" and function not in through:
            return f"{module.rpartition('.')[2]}:{function}", frame
        frame = frame.f_back
    return "", None


# --- the agent --------------------------------------------------------------------------------------------------------


def patch_agent(mark: Mark) -> None:
    from agent.journal.store import Journal, Transaction

    names: list[str] = []
    append, flush, commit = Transaction.append, Journal.flush, Journal.commit

    def remembering(self: Transaction, kind: Any, body: dict[str, Any], **where: Any) -> int:
        names.append(str(body.get("event", kind.value)))
        return append(self, kind, body, **where)

    def naming(self: Journal, work: Callable[[Transaction], Any]) -> Any:
        site, _ = site_of(sys._getframe(1), frozenset())

        def named(tx: Transaction) -> Any:
            names[:] = [site]
            return work(tx)

        return commit(self, named)

    def dying(db: sqlite3.Connection) -> None:
        now = tuple(dict.fromkeys(names))
        mark.reached(now, "before", commit=True)
        flush(db)
        mark.reached(now, commit=True)

    Transaction.append = remembering  # type: ignore[method-assign]
    Journal.commit = naming  # type: ignore[method-assign]
    Journal.flush = staticmethod(dying)  # type: ignore[method-assign]
    for family in FAMILIES.values():
        module, _, name = family.register.partition(":")
        patch_driver(mark, getattr(import_module(module), name))
    patch_line(mark)


def patch_driver(mark: Mark, register: Any) -> None:
    close = register.close_receipt

    def answered(self: Any, receipt: Any) -> Any:
        reply = close(self, receipt)
        mark.reached(("close_answered",))
        return reply

    register.close_receipt = answered


def patch_line(mark: Mark) -> None:
    from drivers.transports.tcp import TcpTransport

    write = TcpTransport.write

    def written(self: TcpTransport, data: bytes) -> None:
        write(self, data)
        codes = {family.code_of(data) for family in FAMILIES.values()} - {None}
        if codes:
            mark.reached(tuple(f"written:{code}" for code in codes))

    TcpTransport.write = written  # type: ignore[method-assign]


def look_often(seconds: float) -> None:
    """What takes minutes at a register at rest is not waited for in a test."""
    from agent.devices import watch

    watch.LOOK_EVERY = watch.LOOK_CLOSER = seconds
    watch.OFFLINE_AFTER = 2 * seconds


def ping_often(seconds: float) -> None:
    """The link's own times, all in their proportion to the heartbeat."""
    from agent import app
    from agent.link.client import Link, Times

    times = Times(dial=2 * seconds, greeting=2 * seconds, ping_every=seconds, send=2 * seconds, close=seconds)
    vars(app)["Link"] = partial(Link, times=times)


def dial_at_once() -> None:
    from protocol.crm import backoff

    backoff.LONGEST = backoff.FIRST


# --- the server -------------------------------------------------------------------------------------------------------


def patch_server(mark: Mark) -> None:
    """There is one writer at a time (SQLite), so the commit that comes is the one of the transaction opened last."""
    from sqlalchemy.engine.default import DefaultDialect

    from server.store.actor import Actor
    from server.store.database import Database

    names: list[str] = []
    commit: Callable[..., None] = DefaultDialect.do_commit
    transaction, migrate = Database._transaction, Database.migrate

    @contextlib.asynccontextmanager
    async def naming(self: Database, by: Actor) -> AsyncIterator[Any]:
        names[:] = server_names(sys._getframe(1))
        async with transaction(self, by) as work:
            yield work

    async def migrating(self: Database) -> None:
        names[:] = ["database:Database.migrate"]
        await migrate(self)

    def dying(self: DefaultDialect, connection: Any) -> None:
        now = tuple(names)
        mark.reached(now, "before", commit=True)
        commit(self, connection)
        mark.reached(now, commit=True)

    Database._transaction = naming  # type: ignore[method-assign]
    Database.migrate = migrating  # type: ignore[method-assign]
    DefaultDialect.do_commit = dying  # type: ignore[method-assign]


THROUGH = frozenset({"Database.write", "in_session", "Connection._session"})
"""Between a transaction and the function that asked for it."""


def server_names(frame: FrameType | None) -> list[str]:
    site, at = site_of(frame, THROUGH)
    said = getattr(at.f_locals.get("self"), "_said", None) if at is not None else None
    return [site, f"{site}/{said.type}"] if said is not None else [site]


def main() -> int:
    own, _, rest = " ".join(sys.argv[1:]).partition(" -- ")
    parser = argparse.ArgumentParser()
    parser.add_argument("who", choices=("agent", "server"))
    parser.add_argument("--at")
    parser.add_argument("--when", choices=WHENS, default="after")
    parser.add_argument("--nth", type=int, default=1)
    parser.add_argument("--armed", type=Path)
    parser.add_argument("--reached", type=Path)
    parser.add_argument("--look", type=float)
    parser.add_argument("--ping", type=float)
    parser.add_argument("--hurry", action="store_true")
    args = parser.parse_args(own.split())
    mark = Mark(args.at, args.when, args.nth, armed=args.armed, kept=args.reached)
    if args.who == "agent":
        if args.look is not None:
            look_often(args.look)
        if args.ping is not None:
            ping_often(args.ping)
        if args.hurry:
            dial_at_once()
        patch_agent(mark)
        from agent.cli import main as run
    else:
        patch_server(mark)
        from server.cli import main as run
    return run(rest.split())


if __name__ == "__main__":
    sys.exit(main())
