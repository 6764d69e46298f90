"""The Shtrih-M register on its power supply; see ``appliance`` for what time, power, hands and faults do to it.

See the package's docstring for the interface a host uses.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

from drivers.simulators.appliance import Appliance
from drivers.simulators.clock import Clock
from drivers.simulators.faults import OF_TERMINALS, Fault, parse
from drivers.simulators.line import Connection, Level
from drivers.simulators.paper import MemoryPaper, Paper
from drivers.simulators.printer import Printer
from drivers.simulators.shtrih import commands
from drivers.simulators.shtrih.alternative import START, Alternative, Numbered
from drivers.simulators.shtrih.errors import Code
from drivers.simulators.shtrih.factory import new_state
from drivers.simulators.shtrih.register import Register
from drivers.simulators.shtrih.standard import Standard
from drivers.simulators.shtrih.state import NETWORK_PORT, SERIAL_PORT, ShtrihState
from drivers.simulators.shtrih.wire import ENQ, STX, byte_timeout, code_of
from drivers.simulators.store import Store


@dataclass(frozen=True, slots=True)
class Options:
    print_time: float = 0.02
    """Seconds that one slip takes to print (submode 5)."""
    tcp: bool = True
    """The line is TCP: an extra FFh follows the host's ACK. Otherwise it is a serial one."""
    ack_timeout: float = 3.0
    """How long the register waits for the host's ACK of a reply, seconds."""
    protocol: int | None = None
    """The only lower level it speaks, 1 or 2; ``None``: both, chosen by the first byte of a connection."""


def new_device(
    clock: Clock,
    random: Random,
    *,
    state: ShtrihState | None = None,
    faults: Iterable[Fault | str] = (),
    paper: Paper | None = None,
    store: Store[ShtrihState] | None = None,
    options: Options | None = None,
) -> ShtrihDevice:
    """A switched-on register. Without ``state`` a fresh one; faults may be given as text, as on the command line."""
    return ShtrihDevice(
        new_state(random, clock) if state is None else state,
        clock,
        faults=[parse(fault) if isinstance(fault, str) else fault for fault in faults],
        paper=MemoryPaper() if paper is None else paper,
        store=Store(None, ShtrihState) if store is None else store,
        options=Options() if options is None else options,
        random=random,
    )


class ShtrihDevice(Appliance[ShtrihState, Register]):
    BUSY = Code.PRINTING
    ALIEN_FAULTS = frozenset({"full", "fail", "restart"}) | OF_TERMINALS

    def __init__(
        self,
        state: ShtrihState,
        clock: Clock,
        *,
        faults: Iterable[Fault],
        paper: Paper,
        store: Store[ShtrihState],
        options: Options,
        random: Random,
    ) -> None:
        printer = Printer(state.printer, paper, options.print_time, clock.monotonic())
        super().__init__(state, Register(state, clock, printer), clock, paper=paper, store=store, random=random)
        self.options = options
        self.reply: bytes | None = None
        """Standard level: payload that the host has not acknowledged yet."""
        self.numbered = Numbered()
        """Alternative level: what was executed last."""
        self.register.protocol_2 = options.protocol != 1
        self.register.port = NETWORK_PORT if options.tcp else SERIAL_PORT
        self.switched_on(faults)

    @property
    def byte_timeout(self) -> float:
        """Longest pause inside a frame, seconds: what 14h has set for the port in use."""
        return byte_timeout(self.register.state.port(self.register.port)[1])

    def level_for(self, line: Connection, byte: int) -> Level | None:
        """05h or 02h the standard one, 8Fh the alternative one (protocol 2.0, «Нижний уровень»)."""
        only = self.options.protocol
        if byte in (ENQ, STX) and only != 2:
            return Standard(line, self)
        if byte == START and only != 1:
            return Alternative(line, self)
        return None

    def code_of(self, payload: bytes) -> str:
        return code_of(payload)[0]

    def perform(self, payload: bytes) -> bytes:
        return commands.execute(self.register, payload)

    def changes(self, payload: bytes) -> bool:
        return commands.changes(payload)

    def refusal(self, payload: bytes, error: int) -> bytes:
        return bytes.fromhex(code_of(payload)[0]) + bytes([error])

    def forget(self) -> None:
        self.reply = None
        self.numbered = Numbered()
        self.register.reading = b""

    def keep_reply(self, reply: bytes | None) -> None:
        self.reply = reply
