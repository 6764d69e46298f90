"""The frame of every host: its pipes kept from the library, one command after the other, gone when the agent is gone.

The library's own prints must not reach the pipe that carries replies, and it must not read from the one that carries
requests: both are moved to descriptors of their own before the library is loaded; what it prints goes to stderr, which
the agent keeps for support. Requests are read by a thread, so that the end of the agent (its pipe is closed) ends this
process at once, even in the middle of a call that hangs: no orphan goes on talking to a device.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import queue
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from drivers.hosts.messages import Decoder, MessageError, Refusal, Reply, Request, encode

CHUNK = 65536
AGENT_GONE, BAD_REQUEST, BROKEN = 0, 2, 3  # exit codes

Command = Callable[[Mapping[str, Any]], Any]
"""Takes the arguments and gives the value. Raises ``NotBegun``; any other exception ends the host with a trace."""


class NotBegun(Exception):
    """The command was not begun. ``code`` is a word of ours."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


def serve(commands: Mapping[str, Command]) -> None:
    """Never returns: the process ends here. To be called before the library is loaded."""
    requests_pipe, replies_pipe = _take_pipes()
    faulthandler.enable(all_threads=False)
    requests: queue.SimpleQueue[Request] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(requests_pipe, requests), daemon=True).start()
    try:
        while True:
            _write(replies_pipe, _answer(commands, requests.get()))
    except BaseException:
        traceback.print_exc()
        _leave(BROKEN)


def _answer(commands: Mapping[str, Command], request: Request) -> Reply | Refusal:
    command = commands.get(request.command)
    if command is None:
        return Refusal(request.id, "unsupported", f"this host knows {', '.join(commands)}")
    try:
        return Reply(request.id, command(request.arguments))
    except NotBegun as refusal:
        return Refusal(request.id, refusal.code, refusal.detail)


def _take_pipes() -> tuple[int, int]:
    requests, replies = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    if sys.platform == "win32":
        import msvcrt

        msvcrt.setmode(requests, os.O_BINARY)
        msvcrt.setmode(replies, os.O_BINARY)
    return requests, replies


def _read(pipe: int, requests: queue.SimpleQueue[Request]) -> None:
    decoder = Decoder()
    try:
        while chunk := os.read(pipe, CHUNK):
            for message in decoder.feed(chunk):
                requests.put(Request.from_message(message))
    except MessageError:
        traceback.print_exc()
        _leave(BAD_REQUEST)
    except OSError:
        traceback.print_exc()
    _leave(AGENT_GONE)


def _write(pipe: int, reply: Reply | Refusal) -> None:
    view = memoryview(encode(reply.to_message()))
    while view:
        view = view[os.write(pipe, view) :]


def _leave(code: int) -> None:
    """At once, whatever the library is doing: nothing of it is asked to clean up."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.flush()
    os._exit(code)
