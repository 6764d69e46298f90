"""A vendor host that can be told to go wrong: ``python -m tests.support.unruly_host FOLDER … fptr10``.

It is the real host of ATOL's library with the library in it. When the file ``order`` lies in FOLDER, the next receipt
is carried out (or, after the word ``before``, is not) and then what the file says happens instead of an answer:

    hang        the call never returns
    crash       the process aborts
    garbage     bytes that are no message
    strange     a message that is no result
    babble      messages without end that nobody asked for
    eat         memory without end

The file is taken away first, and when the host goes wrong the file ``wrong`` lies there instead. ``launcher`` writes a
program that can stand in an address as ``python=``.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from drivers.hosts import serving
from drivers.hosts.fptr10 import Fptr10Host
from drivers.hosts.messages import encode

ROOT = Path(__file__).resolve().parents[2]
ORDER, PID, GONE_WRONG = "order", "pid", "wrong"
RECEIPTS = ('"type":"sell"', '"type":"sellReturn"', '"type":"buy"', '"type":"buyReturn"')
PIECE = 64 * 1024 * 1024


def launcher(folder: Path) -> Path:
    """An executable that starts this host whatever the arguments of a Python may be."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "unruly"
    program.write_text(
        f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m tests.support.unruly_host "{folder}"\n', "utf-8"
    )
    program.chmod(0o755)
    return program


def order(folder: Path, words: str) -> None:
    """For the host that is running, or the next one. Whole at once, as the host may look at any moment."""
    (folder / GONE_WRONG).unlink(missing_ok=True)
    (folder / "order.new").write_text(words, "utf-8")
    (folder / "order.new").rename(folder / ORDER)


def pid(folder: Path) -> int:
    """Of the host that was started last."""
    return int((folder / PID).read_text("utf-8"))


class Unruly:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._replies = -1
        self._host = Fptr10Host()

    def serve(self) -> None:
        (self._folder / PID).write_text(str(os.getpid()), "utf-8")
        commands = dict(self._host.commands)
        plain = commands["process_json"]

        def process_json(arguments: Mapping[str, Any]) -> Any:
            words = self._order() if str(arguments["text"]).startswith(tuple("{" + each for each in RECEIPTS)) else []
            value = plain(arguments) if "before" not in words else None
            for word in words:
                if word in WRONG:
                    (self._folder / GONE_WRONG).touch()
                    return WRONG[word](self._replies)
            return value

        commands["process_json"] = process_json
        taken = serving._take_pipes  # the pipe of the replies, for bytes that are none

        def take() -> tuple[int, int]:
            requests, self._replies = taken()
            return requests, self._replies

        serving._take_pipes = take
        serving.serve(commands)

    def _order(self) -> list[str]:
        try:
            words = (self._folder / ORDER).read_text("utf-8").split()
            (self._folder / ORDER).unlink()
        except FileNotFoundError:
            return []
        return words


def _hang(_: int) -> None:
    time.sleep(3600)


def _crash(_: int) -> None:
    os.abort()


def _garbage(replies: int) -> None:
    os.write(replies, b"\x7f" * 4096)
    _hang(replies)


def _strange(_: int) -> Any:
    return {"no": "result"}


def _babble(replies: int) -> None:
    while True:
        os.write(replies, encode({"id": -1, "value": None}))


def _eat(_: int) -> None:
    kept = []
    while True:
        kept.append(bytearray(PIECE))


WRONG: Mapping[str, Callable[[int], Any]] = {
    "hang": _hang, "crash": _crash, "garbage": _garbage, "strange": _strange, "babble": _babble, "eat": _eat,
}  # fmt: skip

if __name__ == "__main__":
    Unruly(Path(sys.argv[1])).serve()
