"""The web server and the register behind it, each with its own power; see ``appliance`` for what faults do.

The server executes its queue, asks the drive before a fiscal subtask and looks again when nobody knows what became of
it; the register is the ATOL core, reached as if through the maker's library. What a fault names by a task's word
strikes between library and register, what it names by a request's word between client and server.

Choices where the reference leaves one:

- a lost answer of the register is healed by the library ``RECONNECT`` seconds later, as it was seen to do; an answer
  that is gone for good (``stored=no``), a silent register (``mute``) and one without power end in code 2;
- the blocked queue looks every ``LOOK`` seconds, and not while the register still works or prints. A document that
  another program made counts as the task's own: the server compares numbers and nothing else;
- what it finds then has the shape of ``getLastFiscalParams``, without ``fiscalParams`` around it;
- a server that comes back finds a subtask that had been begun: a fiscal one blocks the queue, as after code 2, any
  other ends in 15. It is not executed a second time;
- a question past the queue waits until the subtask that is being executed is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

from drivers.simulators.agenda import Agenda
from drivers.simulators.appliance import Appliance
from drivers.simulators.atol.core import Core
from drivers.simulators.atol.factory import new_state as new_register
from drivers.simulators.atol.reasons import Refusal
from drivers.simulators.atol_web import codes, tasks, validation, words
from drivers.simulators.atol_web import numbers as json
from drivers.simulators.atol_web.api import WORDS, Api
from drivers.simulators.atol_web.codes import TaskError
from drivers.simulators.atol_web.line import WebLine
from drivers.simulators.atol_web.queue import Queue
from drivers.simulators.atol_web.state import IN_PROGRESS, Blocked, Job, Subtask, WebState
from drivers.simulators.clock import Clock
from drivers.simulators.door import Request
from drivers.simulators.faults import OF_TERMINALS, Fault, parse
from drivers.simulators.line import Connection, Level
from drivers.simulators.paper import MemoryPaper, Paper
from drivers.simulators.printer import Printer
from drivers.simulators.store import Store

RECONNECT = 5.0
LOOK = 1.0
"""Seconds."""
DEFAULT_OFF = 0.5


@dataclass(frozen=True, slots=True)
class Options:
    print_time: float = 0.02
    """Seconds that one slip takes to print."""
    task_time: float = 0.02
    """Seconds that the library needs for a task before the register acts."""
    generation: int | None = None
    """1 or 2: the only interface that the server knows. A server of 1 alone has an older library."""
    auth: str = ""
    """``USER:PASSWORD``; empty: everybody may ask."""


def new_state(random: Random, clock: Clock, **of_register: Any) -> WebState:
    """A server without requests before a register from its registration; see ``atol.factory.new_state``."""
    return WebState(new_register(random, clock, **of_register))


def new_device(
    clock: Clock,
    random: Random,
    *,
    state: WebState | None = None,
    ffd: str = "1.2",
    faults: Iterable[Fault | str] = (),
    paper: Paper | None = None,
    store: Store[WebState] | None = None,
    options: Options | None = None,
) -> WebDevice:
    """A running server and its register switched on. Without ``state`` fresh ones of that format."""
    return WebDevice(
        new_state(random, clock, ffd=ffd) if state is None else state,
        clock,
        faults=[parse(fault) if isinstance(fault, str) else fault for fault in faults],
        paper=MemoryPaper() if paper is None else paper,
        store=Store(None, WebState) if store is None else store,
        options=Options() if options is None else options,
        random=random,
    )


@dataclass(slots=True)
class Running:
    """A subtask in the library's hands."""

    job: Job
    subtask: Subtask
    task: dict[str, Any]
    begun: bool = False  # the register was told
    fail: Fault | None = None
    restart: Fault | None = None


class WebDevice(Appliance[WebState, Core]):
    BUSY = codes.BUSY
    ALIEN_FAULTS = frozenset({"ack-lost", "nak", "full", "refuse"}) | OF_TERMINALS
    WORDS = WORDS | tasks.KNOWN
    CROWD = True

    def __init__(
        self,
        state: WebState,
        clock: Clock,
        *,
        faults: Iterable[Fault],
        paper: Paper,
        store: Store[WebState],
        options: Options,
        random: Random,
    ) -> None:
        printer = Printer(state.printer, paper, options.print_time, clock.monotonic())
        super().__init__(state, Core(state.register, clock, printer), clock, paper=paper, store=store, random=random)
        self.options = options
        self.newer = options.generation != 1
        self.api = Api(self)
        self.serving = True
        self._server = Agenda(clock)
        self._running: Running | None = None
        self._on_paper: tuple[bytes, Callable[[bytes], None]] | None = None
        self._waiting: list[Callable[[], None]] = []
        self._link_until: float | None = None
        self._boot()
        self.switched_on(faults)

    # --- the server's process ---

    @property
    def reachable(self) -> bool:
        return self.serving

    @property
    def deadline(self) -> float | None:
        return min((when for when in (super().deadline, self._server.next) if when is not None), default=None)

    def tick(self) -> None:
        super().tick()
        self._look_at_paper()
        self._server.do()

    def stop(self, fault: Fault) -> None:
        """The server dies; the register goes on with what it has begun."""
        self.hang_up()
        self.serving = False
        self._running = None
        self._waiting.clear()
        self._server.clear()
        self._server.after(fault.seconds("off", DEFAULT_OFF), self._boot)

    def _boot(self) -> None:
        """With what was stored."""
        self.serving = True
        self.queue = Queue(self.state)
        found = self.queue.at_work
        if found is not None and self.state.blocked is None:
            job, subtask = found
            if subtask.type in tasks.FISCAL:
                self._block(subtask, "connectionError", codes.NO_CONNECTION, codes.text(codes.NO_CONNECTION), None)
            else:
                self.queue.end(job, subtask, self.clock.now(), codes.UNKNOWN, codes.text(codes.UNKNOWN), None)
        if self.state.blocked is not None:
            self._server.after(LOOK, self._resolve)
        self.look()

    def serve_later(self, seconds: float, action: Callable[[], None]) -> None:
        """Do this so much later, unless the server dies before."""
        self._server.after(seconds, action)

    def deafened_by(self, word: str) -> bool:
        """A request that nobody answers, and nothing else for a while."""
        mute = self.strikes("mute", word)
        if mute is not None:
            self._deaf_until = self.clock.monotonic() + mute.seconds("seconds")
        return mute is not None

    # --- requests ---

    def add(self, uuid: str, subtasks: list[Subtask]) -> None:
        self.queue.add(uuid, subtasks, self.clock.now())
        self.save()
        self.look()

    def cancel(self, job: Job) -> bool:
        done = self.queue.cancel(job, self.clock.now())
        self.save()
        return done

    def question(self, task: dict[str, Any]) -> tasks.Result:
        """Past the queue. Raises ``TaskError``."""
        if not self.linked:
            raise TaskError(codes.NO_CONNECTION)
        self.register.printer.tick(self.clock.monotonic())
        return tasks.execute(self.register, task)

    def when_free(self, action: Callable[[], None]) -> None:
        """As soon as the library is not busy with a subtask."""
        if self._running is None:
            action()
        else:
            self._waiting.append(action)

    def look(self) -> None:
        """Whether something is next; it is begun when whoever asked for it has been answered."""
        self._server.after(0.0, self._next)

    def _next(self) -> None:
        minutes = self.api.records.settings()["deleteRequestsAfter"]
        self.queue.forget(self.clock.now(), timedelta(minutes=minutes))
        found = self.queue.next() if self._running is None and self.state.active else None
        if found is None:
            return
        job, subtask = found
        running = Running(job, subtask, json.read(subtask.task))
        self._running = running
        subtask.status = IN_PROGRESS
        self.save()
        self._server.after(self.options.task_time, lambda: self._begin(running))

    # --- one subtask ---

    def _begin(self, running: Running) -> None:
        word = running.subtask.type
        running.restart = self.strikes("restart", word)
        if running.restart is not None and running.restart.text("when") == "before":
            self.stop(running.restart)
            return
        try:
            validation.check(running.task, tasks.known(newer=self.newer), newer=self.newer)
        except TaskError as error:
            self._end(running, error.code, error.description, None)
            return
        if not self.linked:
            self._end_with(running, codes.NO_CONNECTION)
            return
        if word in tasks.FISCAL:
            running.job.before = self.register.drive.last_fd
            self.save()
        running.fail = self.strikes("fail", word)
        if running.fail is not None and running.fail.text("when") != "after":
            self._end_with(running, running.fail.integer("code"))
        else:
            self._tell_the_register(running, f"{word}\n{running.subtask.task}".encode())

    def _tell_the_register(self, running: Running, payload: bytes) -> None:
        word = running.subtask.type
        mute, late = self.strikes("mute", word), self.strikes("late", word)
        dropped = self.strikes("drop", word) or self.strikes("checksum in", word)
        request = Request(payload, lambda reply: self._replied(running, reply))
        if mute is not None:
            self._link_until = self.clock.monotonic() + mute.seconds("seconds")
        if late is not None:
            self.after(late.seconds("seconds"), lambda: self._run_late(request, late))
        if mute is not None or late is not None or dropped is not None:
            self._end_with(running, codes.NO_CONNECTION)
        else:
            running.begun = True
            self.start(request)

    def _replied(self, running: Running, reply: bytes | None) -> None:
        if self._running is not running:
            return  # whoever waited for it is dead, or has given up
        if running.restart is not None:
            self.stop(running.restart)
            return
        if reply is None or self.strikes("checksum out", running.subtask.type) is not None:
            self._end_with(running, codes.NO_CONNECTION)
            return
        told = json.read(reply.decode("utf-8"))
        code, description = told["code"], told["description"]
        result = None if told["result"] is None else json.write(told["result"])
        if running.fail is not None:
            code, result = running.fail.integer("code"), None
            description = codes.text(code)
        self._end(running, code, description, result)

    def _end_with(self, running: Running, code: int) -> None:
        self._end(running, code, codes.text(code), None)

    def _end(self, running: Running, code: int, description: str, result: str | None) -> None:
        self._running = None
        not_printed = result is not None and bool((json.read(result).get("warnings") or {}).get("notPrinted"))
        on_print_errors = self.api.records.settings()["blockQueueOnPrintErrors"]
        reason = codes.block_reason(code, not_printed=not_printed, on_print_errors=on_print_errors)
        if reason and running.subtask.type in tasks.FISCAL:
            self._block(running.subtask, reason, code, description, result)
            self._server.after(LOOK, self._resolve)
        else:
            self.queue.end(running.job, running.subtask, self.clock.now(), code, description, result)
        self.save()
        waiting, self._waiting = self._waiting, []
        for action in waiting:
            action()
        self.look()

    # --- doubt ---

    def _block(self, subtask: Subtask, reason: str, code: int, description: str, result: str | None) -> None:
        self.queue.block(subtask, Blocked(reason, code, description), result)

    def _resolve(self) -> None:
        """What has become of the subtask that blocks the queue."""
        blocked, found = self.state.blocked, self.queue.at_work
        if blocked is None or found is None:
            return
        if not self.linked or not self.state.active or self.busy or self.register.printing:
            self._server.after(LOOK, self._resolve)
            return
        job, subtask = found
        made = job.before is not None and self.register.drive.last_fd > job.before
        try:
            self.register.printer.tick(self.clock.monotonic())
            self.register.continue_print()
        except Refusal:
            if blocked.reason == "paperError":
                self._server.after(LOOK, self._resolve)
                return
        if made:
            asked = {"type": "getLastFiscalParams", "forReceipt": subtask.type in words.RECEIPTS}
            result = subtask.result or json.write(tasks.execute(self.register, asked))
            self.queue.end(job, subtask, self.clock.now(), codes.OK, codes.text(codes.OK), result)
        else:
            self.register.annul()
            self.queue.end(job, subtask, self.clock.now(), blocked.code, blocked.description, None)
        self.save()
        self.look()

    # --- the register ---

    @property
    def linked(self) -> bool:
        """The library reaches the register."""
        silent = self._link_until is not None and self.clock.monotonic() < self._link_until
        return self.powered and not silent

    def power_off(self, *, annulled: bool = False) -> None:
        """Of the register. The server lives on and notices."""
        super().power_off(annulled=annulled)
        if self._running is not None and self._running.begun:
            self._end_with(self._running, codes.NO_CONNECTION)

    def level_for(self, line: Connection, _byte: int) -> Level | None:
        return WebLine(line, self)

    def code_of(self, payload: bytes) -> str:
        return payload.partition(b"\n")[0].decode("utf-8")

    def perform(self, payload: bytes) -> bytes:
        self.register.prints = False
        try:
            result = tasks.execute(self.register, json.read(payload.partition(b"\n")[2].decode("utf-8")))
        except TaskError as error:
            return _reply(error.code, error.description, None)
        return _reply(codes.OK, codes.text(codes.OK), result)

    def changes(self, payload: bytes) -> bool:
        return self.code_of(payload) not in tasks.QUERIES

    def refusal(self, _payload: bytes, error: int) -> bytes:
        return _reply(error, codes.text(error), None)

    def forget(self) -> None:
        self._on_paper = None
        self.register.forget()

    def once_done(self, reply: bytes, then: Callable[[bytes], None]) -> None:
        """The paper of the task has to come out, or to end."""
        if not self.register.prints:
            then(reply)
            return
        self._on_paper = (reply, then)
        self._look_at_paper()

    def _look_at_paper(self) -> None:
        if self._on_paper is None or self.register.printing:
            return
        reply, then = self._on_paper
        self._on_paper = None
        then(_unprinted(reply, self.register) if self.register.unfinished else reply)

    def _lose(self, request: Request, reply: bytes, lost: Fault) -> None:
        if lost.text("stored") == "no":
            self.busy = False
            request.deliver(None)
        else:
            self.after(RECONNECT, lambda: self._answer(request, reply))


def _reply(code: int, description: str, result: tasks.Result) -> bytes:
    return json.write({"code": code, "description": description, "result": result}).encode("utf-8")


def _unprinted(reply: bytes, register: Core) -> bytes:
    """A fiscal document is made although its paper is not: a warning. Anything else has failed."""
    told = json.read(reply.decode("utf-8"))
    if told["code"] != codes.OK:
        return reply
    result = told["result"]
    if result is not None and "warnings" in result:
        result["warnings"] = {"notPrinted": True}
        return _reply(codes.OK, told["description"], result)
    code = codes.COVER_OPENED if register.printer.has_paper else codes.NO_PAPER
    return _reply(code, codes.text(code), None)
