"""A program beside the agent that holds a vendor's library: started, asked, and ended when it hangs.

The program (``drivers.hosts``) is asked over its stdin and answers on its stdout in ``drivers.hosts.messages``. What
the library does there (hang, crash, print, eat memory) ends that process and leaves the agent one of three verdicts.

Nothing here waits on a pipe with ``select``, which Windows has not: every pipe has a thread of its own, and all that
happens comes to the caller through one queue, in order, the process's end last. Only POSIX has been run. On Windows the
process itself is ended, without its children, and its memory has no bound (both want a job object).
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO, Any

from drivers.errors import InDoubt, NotSent, Refused
from drivers.hosts.messages import Decoder, MessageError, Refusal, Request, encode, read_reply
from drivers.transports.base import Clock
from drivers.transports.process_tree import ProcessTree

GIB = 1024**3
CHUNK = 65536
UNREAD = 8  # replies to nothing that may come before the program counts as gone mad
LOOK = 0.25  # seconds between two looks at the clock, which is the caller's and need not be the system's
WIND_UP = 5.0  # seconds for the system to end a killed process and give back its pipes
LINGER = 1.0  # seconds between the end of its stdout and its own
LAST_LINES = 40
LINE = 300  # characters kept of a line of stderr


@dataclass(frozen=True, slots=True)
class Program:
    """``memory``: bytes of address space, where the system can bound it (Linux); ``None``: no bound."""

    argv: tuple[str, ...]
    environment: Mapping[str, str] | None = None  # ``None``: the agent's own
    memory: int | None = 2 * GIB


@dataclass(frozen=True, slots=True)
class _Written:
    id: int


@dataclass(frozen=True, slots=True)
class _Said:
    message: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Ended:
    code: str
    detail: str
    swept: bool  # every thread that moved its bytes has ended too: what was not told before did not happen


_Event = _Written | _Said | _Ended


class HostProcess:
    """One run of a program, used by one thread. Once it has ended it stays so: start another."""

    def __init__(self, program: Program, clock: Clock) -> None:
        self._program = program
        self._clock = clock
        self._tree: ProcessTree | None = None
        self._events: queue.SimpleQueue[_Event] = queue.SimpleQueue()
        self._outbox: queue.SimpleQueue[tuple[int, bytes] | None] = queue.SimpleQueue()
        self._stderr: deque[str] = deque(maxlen=LAST_LINES)
        self._threads: list[threading.Thread] = []
        self._why: tuple[str, str] | None = None  # why it was killed, when it did not end by itself
        self._ended: _Ended | None = None
        self._last_id = 0

    @property
    def pid(self) -> int | None:
        return self._tree.pid if self._tree else None

    @property
    def alive(self) -> bool:
        """The system still has it. ``False`` at the moment it ends, whether or not anybody calls."""
        return self._tree is not None and not self._tree.gone.is_set()

    @property
    def last_words(self) -> tuple[str, ...]:
        """The last lines of its stderr, for support."""
        return tuple(self._stderr)

    def start(self) -> None:
        """Raises ``NotSent`` (``driver_failed``)."""
        program = self._program
        try:
            tree = ProcessTree(program.argv, program.environment, program.memory)
        except OSError as error:
            raise NotSent("driver_failed", f"{program.argv[0]}: {error.strerror or type(error).__name__}") from error
        self._tree = tree
        movers = [
            _thread("out", self._write, tree.stdin),
            _thread("in", self._read, tree),
            _thread("words", self._listen, tree.stderr),
        ]
        self._threads = [*movers, _thread("end", self._see_the_end, tree, movers)]
        for thread in self._threads:
            thread.start()

    def call(self, command: str, arguments: Mapping[str, Any], *, max_time: float) -> Any:
        """The value that the host answers within ``max_time`` seconds.

        Raises ``NotSent`` when the host cannot have had the whole request, ``Refused`` when it says that it did not
        begin, and ``InDoubt`` after that: ``no_reply`` (it hung, and has been killed), ``link_lost`` (it died),
        ``bad_reply`` (it spoke something else, and has been killed); ``remaining`` is what is left of ``max_time``.
        """
        started = self._clock.now()
        deadline = started + max_time
        self._last_id += 1
        number = self._last_id
        try:
            frame = encode(Request(number, command, arguments).to_message())
        except MessageError as error:
            raise NotSent("bad_parameter", f"{command}: {error}") from error
        self._hear_what_is_old()
        if self._ended or self._tree is None:
            raise NotSent("driver_failed", f"{command}: {self._ended.detail if self._ended else 'not started'}")
        self._outbox.put((number, frame))
        written = False
        while True:
            event = self._next(deadline)
            match event:
                case _Written(which):
                    written = which == number  # the word about an earlier one may come after its answer
                case _Said(message) if not self._distrusted:
                    try:
                        return self._value(command, number, message)
                    except MessageError as error:
                        self._kill("bad_reply", str(error))
                case _Ended(code, detail, swept):
                    detail = f"{command}: {detail}"
                    if not written and swept:
                        raise NotSent("driver_failed", detail)
                    raise InDoubt(code, detail, remaining=max(0.0, deadline - self._clock.now()))
                case None:
                    self._kill("no_reply", f"no answer within {max_time:g} s")

    def end(self) -> None:
        """Kill it and wait until it is gone. Never raises; may be called at any time, also twice."""
        self._kill("driver_failed", "ended")
        for thread in self._threads:
            thread.join(WIND_UP)

    @property
    def _distrusted(self) -> bool:
        return self._why is not None and self._why[0] == "bad_reply"

    # --- the caller's side -------------------------------------------------------------------------------------------

    def _next(self, deadline: float) -> _Event | None:
        """``None``: the deadline passed. A killed process gets the time that the system needs to end it."""
        while True:
            left = WIND_UP if self._why else min(LOOK, max(0.0, deadline - self._clock.now()))
            try:
                event = self._events.get(timeout=left)
                break
            except queue.Empty:
                if self._why is not None:
                    event = _Ended(*self._why, swept=False)  # it cannot be killed: nothing more will be heard of it
                    break
                if self._clock.now() >= deadline:
                    return None
        if isinstance(event, _Ended):
            self._ended = event
        return event

    def _value(self, command: str, number: int, message: Mapping[str, Any]) -> Any:
        reply = read_reply(message)
        if reply.id != number:
            raise MessageError(f"a reply to request {reply.id} while {number} was asked")
        if isinstance(reply, Refusal):
            raise Refused(reply.code, f"{command}: {reply.detail}")
        return reply.value

    def _hear_what_is_old(self) -> None:
        """Whatever was said between two calls was asked by nobody: such a host is not spoken to again."""
        while not self._ended:
            try:
                event = self._events.get_nowait()
            except queue.Empty:
                if self._why is None:
                    return
                event = self._next(0.0) or _Ended(*self._why, swept=False)
            match event:
                case _Said():
                    self._kill("bad_reply", "spoke without being asked")
                case _Ended():
                    self._ended = event

    def _kill(self, code: str, detail: str) -> None:
        if self._tree is not None:
            self._why = self._why or (code, detail)
            self._tree.kill()

    # --- threads -----------------------------------------------------------------------------------------------------

    def _write(self, pipe: IO[bytes]) -> None:
        with pipe:
            while (order := self._outbox.get()) is not None:
                number, frame = order
                view = memoryview(frame)
                try:
                    while view:
                        view = view[pipe.write(view) :]
                except OSError:
                    return  # its end comes by the thread that waits for it
                self._events.put(_Written(number))

    def _read(self, tree: ProcessTree) -> None:
        decoder = Decoder()
        with tree.stdout as pipe:
            try:
                while chunk := pipe.read(CHUNK):
                    for message in decoder.feed(chunk):
                        if self._events.qsize() >= UNREAD:
                            raise MessageError("spoke without end")
                        self._events.put(_Said(message))
            except MessageError as error:
                self._kill("bad_reply", str(error))
                return
            except OSError as error:
                self._kill("link_lost", f"its stdout cannot be read: {error.strerror}")
                return
        if not tree.gone.wait(LINGER):
            self._kill("link_lost", "closed its stdout and lived on")

    def _listen(self, pipe: IO[bytes]) -> None:
        with pipe:
            line = b""
            while chunk := pipe.read(CHUNK):
                *lines, line = (line + chunk).split(b"\n")
                self._stderr.extend(_printable(done) for done in lines[-LAST_LINES:])
                line = line[: 4 * LINE]
            if line:
                self._stderr.append(_printable(line))

    def _see_the_end(self, tree: ProcessTree, movers: list[threading.Thread]) -> None:
        status = tree.wait()
        self._outbox.put(None)
        for thread in movers:
            thread.join(WIND_UP)
        swept = not any(thread.is_alive() for thread in movers)
        code, detail = self._why or ("link_lost", _ending(status))
        self._events.put(_Ended(code, detail, swept))


def _thread(name: str, target: Any, *args: Any) -> threading.Thread:
    return threading.Thread(target=target, args=args, name=f"host-{name}", daemon=True)


def _ending(status: int) -> str:
    return f"the host ended with {status}" if status >= 0 else f"the host died of signal {-status}"


def _printable(line: bytes) -> str:
    text = line.decode("utf-8", "replace")[:LINE]
    return "".join(letter if letter.isprintable() else "�" for letter in text.rstrip())
