"""Runs the real agent or server and kills it, as SIGKILL does, at one named commit. The patches live here alone.

    python -m tests.support.dying agent  --at EVENT --when before|after [--nth N] [--look S] -- agent run --config F
    python -m tests.support.dying agent  --armed FILE [--look S] -- agent run --config F
    python -m tests.support.dying server --at N     --when before|after --armed FILE -- run --database URL …

The agent's commits are named by the event of their last record (``offer``, ``intent``, ``closing``, ``proven``, …), or
by a moment on the wire: ``written:41`` (a command, its code in hex, has left), ``close_answered``. The server's are
numbered from the moment that FILE exists. With ``--look S`` the agent looks at a register at rest every S seconds
instead of every minute, and calls it gone after two of them; without ``--at`` it lives on.
With ``--armed FILE`` the agent dies where the file says (``EVENT WHEN``), as soon as there is one.
"""

from __future__ import annotations

import argparse
import os
import signal
import sqlite3
import sys
from pathlib import Path
from typing import Any


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Mark:
    """The moment to die at: told once, or by a file that may be written and written again while the agent lives."""

    def __init__(self, at: str, when: str, nth: int) -> None:
        self._at = at
        self._when = when
        self._left = nth

    def reached(self, moment: str, when: str = "after") -> None:
        if (moment, when) == (self._at, self._when):
            self._left -= 1
            if self._left == 0:
                die()


class ArmedMark(Mark):
    """``armed`` holds ``EVENT WHEN``; it is gone when the agent has died of it."""

    def __init__(self, armed: Path) -> None:
        self._armed = armed

    def reached(self, moment: str, when: str = "after") -> None:
        try:
            told = self._armed.read_text("utf-8").split()
        except FileNotFoundError:
            return
        if told == [moment, when]:
            self._armed.unlink()
            die()


def patch_agent(mark: Mark) -> None:
    from agent.journal.store import Journal, Transaction
    from drivers.fiscal.shtrih import ShtrihRegister
    from drivers.transports.tcp import TcpTransport

    last: list[str] = [""]
    append, flush = Transaction.append, Journal.flush

    def remembering(self: Transaction, kind: Any, body: dict[str, Any], **where: Any) -> int:
        last[0] = body.get("event", "")
        return append(self, kind, body, **where)

    def dying(db: sqlite3.Connection) -> None:
        event, last[0] = last[0], ""
        mark.reached(event, "before")
        flush(db)
        mark.reached(event)

    Transaction.append = remembering  # type: ignore[method-assign]
    Journal.flush = staticmethod(dying)  # type: ignore[method-assign]

    close, write = ShtrihRegister.close_receipt, TcpTransport.write

    def answered(self: ShtrihRegister, receipt: Any) -> Any:
        reply = close(self, receipt)
        mark.reached("close_answered")
        return reply

    def written(self: TcpTransport, data: bytes) -> None:
        write(self, data)
        if data[:1] == b"\x02":  # STX, length, code
            code = data[2:4] if data[2:3] == b"\xff" else data[2:3]
            mark.reached(f"written:{code.hex().upper()}")

    ShtrihRegister.close_receipt = answered  # type: ignore[method-assign]
    TcpTransport.write = written  # type: ignore[method-assign]


def look_often(seconds: float) -> None:
    """What takes minutes at a register at rest is not waited for in a test."""
    from agent.devices import watch

    watch.LOOK_EVERY = watch.LOOK_CLOSER = seconds
    watch.OFFLINE_AFTER = 2 * seconds


def patch_server(at: int, when: str, armed: Path) -> None:
    from sqlalchemy.engine.default import DefaultDialect

    count = 0
    commit = DefaultDialect.do_commit

    def dying(self: DefaultDialect, connection: Any) -> None:
        nonlocal count
        if not armed.exists():
            return commit(self, connection)
        count += 1
        if count == at and when == "before":
            die()
        commit(self, connection)
        if count == at:
            die()
        return None

    DefaultDialect.do_commit = dying  # type: ignore[method-assign]


def main() -> int:
    own, _, rest = " ".join(sys.argv[1:]).partition(" -- ")
    parser = argparse.ArgumentParser()
    parser.add_argument("who", choices=("agent", "server"))
    parser.add_argument("--at")
    parser.add_argument("--when", choices=("before", "after"), default="after")
    parser.add_argument("--nth", type=int, default=1)
    parser.add_argument("--armed", type=Path)
    parser.add_argument("--look", type=float)
    args = parser.parse_args(own.split())
    if args.who == "agent":
        if args.look is not None:
            look_often(args.look)
        if args.armed is not None:
            patch_agent(ArmedMark(args.armed))
        elif args.at is not None:
            patch_agent(Mark(args.at, args.when, args.nth))
        from agent.cli import main as run
    else:
        patch_server(int(args.at), args.when, args.armed)
        from server.cli import main as run
    return run(rest.split())


if __name__ == "__main__":
    sys.exit(main())
