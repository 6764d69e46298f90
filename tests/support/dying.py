"""Runs the real agent or server and kills it, as SIGKILL does, at one named commit. The patches live here alone.

    python -m tests.support.dying agent  --at EVENT --when before|after [--nth N] [--look S] -- agent run --config F
    python -m tests.support.dying server --at N     --when before|after --armed FILE -- run --database URL …

The agent's commits are named by the event of their last record (``offer``, ``intent``, ``closing``, ``proven``, …), or
by a moment on the wire: ``written:41`` (a command, its code in hex, has left), ``close_answered``. The server's are
numbered from the moment that FILE exists. With ``--look S`` the agent looks at a register at rest every S seconds
instead of every minute, and calls it gone after two of them; without ``--at`` it lives on.
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


def patch_agent(at: str, when: str, nth: int) -> None:
    from agent.journal.store import Journal, Transaction
    from drivers.fiscal.shtrih import ShtrihRegister

    left = nth
    last: list[str] = [""]
    append, flush = Transaction.append, Journal.flush

    def remembering(self: Transaction, kind: Any, body: dict[str, Any], **where: Any) -> int:
        last[0] = body.get("event", "")
        return append(self, kind, body, **where)

    def dying(db: sqlite3.Connection) -> None:
        nonlocal left
        event, last[0] = last[0], ""
        if event == at:
            left -= 1
            if left == 0 and when == "before":
                die()
        flush(db)
        if event == at and left == 0:
            die()

    Transaction.append = remembering  # type: ignore[method-assign]
    Journal.flush = staticmethod(dying)  # type: ignore[method-assign, assignment]

    close = ShtrihRegister.close_receipt
    if at == "close_answered":

        def answered(self: ShtrihRegister, receipt: Any) -> Any:
            reply = close(self, receipt)
            die()
            return reply

        ShtrihRegister.close_receipt = answered  # type: ignore[method-assign]
    if at.startswith("written:"):
        from drivers.transports.tcp import TcpTransport

        write, code = TcpTransport.write, bytes.fromhex(at.partition(":")[2])

        def written(self: TcpTransport, data: bytes) -> None:
            write(self, data)
            if data[:1] == b"\x02" and data[2 : 2 + len(code)] == code:  # STX, length, code
                die()

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
        if args.at is not None:
            patch_agent(args.at, args.when, args.nth)
        from agent.cli import main as run
    else:
        patch_server(int(args.at), args.when, args.armed)
        from server.cli import main as run
    return run(rest.split())


if __name__ == "__main__":
    sys.exit(main())
