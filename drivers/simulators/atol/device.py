"""The ATOL register on its power supply; see ``appliance`` for what time, power, hands and faults do to it.

See the package's docstring for the interface a host uses. A command that prints is done when its slip is: its answer
says NO_PAPER when the slip was interrupted, although the document may be in the fiscal drive by then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random

from drivers.simulators.appliance import Appliance
from drivers.simulators.atol import commands
from drivers.simulators.atol.core import Core
from drivers.simulators.atol.errors import BYTES
from drivers.simulators.atol.factory import new_state
from drivers.simulators.atol.link import Link
from drivers.simulators.atol.reasons import Reason
from drivers.simulators.atol.state import AtolState
from drivers.simulators.atol.tasks import Buffer, Status, Task
from drivers.simulators.atol.wire import code_of
from drivers.simulators.clock import Clock
from drivers.simulators.door import Request
from drivers.simulators.faults import OF_TERMINALS, Fault, parse
from drivers.simulators.line import Connection, Level
from drivers.simulators.paper import MemoryPaper, Paper
from drivers.simulators.printer import Printer
from drivers.simulators.store import Store

ETHERNET, USB = 6, 4
"""Ports as command 3F names them."""


@dataclass(frozen=True, slots=True)
class Options:
    print_time: float = 0.02
    """Seconds that one slip takes to print."""
    network: bool = True
    """The line is TCP; otherwise USB with a virtual serial port."""


def new_device(
    clock: Clock,
    random: Random,
    *,
    state: AtolState | None = None,
    ffd: str = "1.2",
    faults: Iterable[Fault | str] = (),
    paper: Paper | None = None,
    store: Store[AtolState] | None = None,
    options: Options | None = None,
) -> AtolDevice:
    """A switched-on register. Without ``state`` a fresh one of that format; faults may be given as text."""
    return AtolDevice(
        new_state(random, clock, ffd=ffd) if state is None else state,
        clock,
        faults=[parse(fault) if isinstance(fault, str) else fault for fault in faults],
        paper=MemoryPaper() if paper is None else paper,
        store=Store(None, AtolState) if store is None else store,
        options=Options() if options is None else options,
        random=random,
    )


class AtolDevice(Appliance[AtolState, Core]):
    BUSY = BYTES[Reason.BUSY]
    ALIEN_FAULTS = frozenset({"fail", "restart"}) | OF_TERMINALS

    def __init__(
        self,
        state: AtolState,
        clock: Clock,
        *,
        faults: Iterable[Fault],
        paper: Paper,
        store: Store[AtolState],
        options: Options,
        random: Random,
    ) -> None:
        printer = Printer(state.printer, paper, options.print_time, clock.monotonic())
        super().__init__(state, Core(state, clock, printer), clock, paper=paper, store=store, random=random)
        self.register.port = ETHERNET if options.network else USB
        self.buffer = Buffer()
        self._on_paper: tuple[bytes, Callable[[bytes], None]] | None = None
        self.switched_on(faults)

    # --- what a make is ---

    def level_for(self, line: Connection, _byte: int) -> Level | None:
        return Link(line, self)

    def code_of(self, payload: bytes) -> str:
        return code_of(payload)

    def perform(self, payload: bytes) -> bytes:
        self.register.prints = False
        return commands.execute(self.register, payload)

    def changes(self, payload: bytes) -> bool:
        return commands.changes(payload)

    def refusal(self, _payload: bytes, error: int) -> bytes:
        return commands.refused(error)

    def forget(self) -> None:
        self.buffer = Buffer()
        self._on_paper = None
        self.register.forget()

    # --- paper ---

    def once_done(self, reply: bytes, then: Callable[[bytes], None]) -> None:
        """The paper of the command has to come out, or to end."""
        if not self.register.prints:
            then(reply)
            return
        self._on_paper = (reply, then)
        self._look_at_paper()

    def tick(self) -> None:
        super().tick()
        self._look_at_paper()

    def _look_at_paper(self) -> None:
        if self._on_paper is None or self.register.printing:
            return
        reply, then = self._on_paper
        self._on_paper = None
        then(commands.refused(BYTES[Reason.NO_PAPER]) if self.register.unfinished else reply)

    # --- tasks ---

    def request(self, task: Task) -> Request:
        def deliver(answer: bytes | None) -> None:
            if answer is not None and task.status is not Status.RUNNING:
                self.buffer.add(task)  # it came late
            self.buffer.finish(task, answer)

        return Request(task.command, deliver, lambda: task.tid not in self.buffer.tasks, keeps_late=True)

    def go_on(self) -> None:
        """Execute what waits, one after another."""
        task = None if self.busy or not self.powered else self.buffer.next()
        if task is not None:
            task.status = Status.RUNNING
            self.start(self.request(task))

    def _answer(self, request: Request, reply: bytes) -> None:
        super()._answer(request, reply)
        self.go_on()

    def _lose(self, request: Request, reply: bytes, lost: Fault) -> None:
        super()._lose(request, reply, lost)
        self.go_on()
