"""The bench of the driver ``atol-lib``: the maker's library of 2020 in its host, at the simulated register's wire.

The library lives in real time and speaks to a socket; register, driver and desk live in the bench's own time, in which
nothing is really waited for: while the driver waits and nobody says anything it goes on to the next thing that happens.
"""

from __future__ import annotations

import select
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from drivers.address import parse_address
from drivers.api import FiscalRegister
from drivers.conformance.behaviours.verdicts import ENDS_WITH_ITS_STEP, QUESTIONS
from drivers.conformance.bench import Bench, Fate, Hand, Setting, Step, Truth
from drivers.fiscal.atol_json import AtolJsonRegister
from drivers.fiscal.atol_json.runner import QUIET
from drivers.fiscal.atol_lib import FptrRunner, load_profile, place_of
from drivers.transports.base import Clock, LinkError, Transport
from drivers.transports.host_program import host_program
from tests.conformance import atol_wire
from tests.conformance.atol_wire import NO_SUCH_SETTING, AtolWireDesk
from tests.conformance.simulated import EVERYTHING, Wire
from tests.support.vendor_library import USED, path_of

IDLE = 0.005
"""Real seconds without a byte after which nobody is about to say anything."""
STUCK = 3.0
"""Real seconds without a byte after which the library waits by its own clock for something that will not come."""
STEP = 1.0
"""Seconds that pass at a time when nothing is going to happen."""


class Peer:
    """A port of this computer with the simulated register behind it, and the time of the desk."""

    def __init__(self, wire: Wire, lock: threading.RLock) -> None:
        self._wire = wire
        self._lock = lock
        self._waiting = 0
        self._quiet = 0.0  # real seconds since somebody said something
        self._client: socket.socket | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._wake, self._waker = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, daemon=True, name="peer")
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def now(self) -> float:
        with self._lock:
            return self._wire.now()

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self._wire.sleep(seconds)

    @contextmanager
    def waited_for(self) -> Iterator[None]:
        """The driver waits: time may pass."""
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1

    def close(self) -> None:
        self._waker.close()
        self._thread.join()
        self._hang_up()
        self._listener.close()
        self._wake.close()

    # --- the port's thread ---

    def _serve(self) -> None:
        while True:
            ends = [self._wake, self._listener, *([self._client] if self._client else [])]
            ready, _, _ = select.select(ends, [], [], IDLE)
            if self._wake in ready:
                return
            with self._lock:
                heard = self._listen(ready)
                if self._client is not None and not self._speak() and not heard and self._waiting:
                    self._pass_time()

    def _listen(self, ready: list[socket.socket]) -> bool:
        self._quiet = 0.0 if ready else self._quiet + IDLE
        if self._listener in ready:
            self._hang_up()
            client, _ = self._listener.accept()
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                self._wire.connect()
                self._client = client
            except LinkError:
                client.close()
        elif self._client in ready:
            assert self._client is not None
            with suppress(OSError, LinkError):
                data = self._client.recv(4096)
                if data:
                    self._wire.feed(data)
                    return True
            self._hang_up()
        return bool(ready)

    def _speak(self) -> bool:
        assert self._client is not None
        try:
            out = self._wire.poll()
            self._client.sendall(out)
        except (OSError, LinkError):
            self._hang_up()
            return True
        return bool(out)

    def _hang_up(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def _pass_time(self) -> None:
        """Until the next thing happens; without one the driver's patience has to end."""
        device = self._wire.device
        due = None if device.deaf else self._wire.due
        if due is not None:
            self._wire.sleep(due - self._wire.now())
        elif device.deaf or self._quiet > STUCK:
            self._wire.sleep(STEP)


class Library:
    """The driver's task runner, which makes time pass while it waits."""

    def __init__(self, runner: FptrRunner, peer: Peer) -> None:
        self._runner, self._peer = runner, peer
        self.traits = runner.traits
        self.cancels = 0

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._runner, name)

        def call(*args: Any, **named: Any) -> Any:
            self.cancels += name == "cancel_receipt"
            with self._peer.waited_for():
                return method(*args, **named)

        return call


class AtolLibDesk(AtolWireDesk):
    CODES = MappingProxyType({**AtolWireDesk.CODES, Step.DOCUMENT: "A445", Step.TEXT: "4C"})
    REFUSAL_NUMBER = "71"
    """As the library tells ``REFUSAL``."""

    def __init__(self, settings: frozenset[Setting]) -> None:
        self._lock = threading.RLock()
        self._home = tempfile.TemporaryDirectory()  # the library writes its logs there
        super().__init__(settings)

    def _register(self, transport: Transport, clock: Clock) -> FiscalRegister:
        self._peer = Peer(self._wire, self._lock)
        place = place_of(parse_address(f"lib:{path_of(USED) or 'none'}?tcp=127.0.0.1:{self._peer.port}"))
        host = host_program("fptr10")
        host = replace(host, environment={**(host.environment or {}), "HOME": self._home.name})
        runner = FptrRunner(place, self._peer, program=host)
        self._library = Library(runner, self._peer)
        return AtolJsonRegister(self._library, load_profile().times, USED.library)

    def close(self) -> None:
        super().close()
        self._peer.close()
        self._home.cleanup()

    def now(self) -> float:
        return self._peer.now()

    def sleep(self, seconds: float) -> None:
        self._peer.sleep(seconds)

    def received(self, step: Step) -> int:
        if step is Step.CANCEL:  # the library itself cancels before everything that it begins
            return self._library.cancels
        with self._lock:
            return super().received(step)

    def bytes_sent(self) -> int:
        with self._lock:
            return super().bytes_sent()

    def truth(self) -> Truth:
        with self._lock:
            return super().truth()

    def fate(self, step: Step, fate: Fate, *, nth: int = 1, seconds: float = 0.0) -> str | None:
        with self._lock:
            told = super().fate(step, fate, nth=nth, seconds=seconds)
        return None if told is None else self.REFUSAL_NUMBER

    def hand(self, hand: Hand, value: float = 0) -> None:
        with self._lock:
            super().hand(hand, value)


@dataclass(frozen=True)
class AtolLibBench(Bench):
    def make(self, settings: frozenset[Setting]) -> AtolLibDesk:
        return AtolLibDesk(settings)


NOT_TOLD = "the task language does not tell what another program has left half printed"
DRAWN = "the library draws it by a command that the simulated register does not know (8Eh)"
ASKS_ON = "the library goes on asking the register after a command of its own: without an answer its task has no end"
EXEMPT = MappingProxyType({
    **dict.fromkeys(
        (
            "identity.problem-vat20_autoreplace", "identity.problem-tax_by_host", "identity.problem-printing_off",
            "receipt.printing-off", "check.vat20-replaced", "check.tax-by-host",
        ),
        NO_SUCH_SETTING,
    ),
    **{name: atol_wire.EXEMPT[name] for name in ("status.busy", "status.clock-unset")},
    **dict.fromkeys((f"slip.barcode-{kind}" for kind in ("ean13", "ean8", "code39", "code128", "itf")), DRAWN),
    "slip.barcode-pdf417": "the simulated register refuses the number that the library gives this kind: unpublished",
    "slip.not-in-the-next-receipt": "after a slip without a footer the library reads a table that the simulated "
    "register does not have (2), and gives its refusal for the slip's",
    "refused.cover-open": "the library says of an open cover that there is no paper (44)",
    **dict.fromkeys((f"{name}.silence-after" for name in ENDS_WITH_ITS_STEP if name != "open_drawer"), ASKS_ON),
    **dict.fromkeys((f"continue_print.{question}" for question, *_ in QUESTIONS), NOT_TOLD),
    **dict.fromkeys(("status.paper-interrupted", "paper.refuses-while-interrupted", "paper.continues"), NOT_TOLD),
    "identity.port-busy": "a network peer is nobody's: no other program can hold it",
    "line.no-threads": "a process is heard by threads, on every system: they end with it",
})  # fmt: skip
LONGEST = MappingProxyType(dict.fromkeys(Step, QUIET))
"""A task is many commands and may take longer than one of them, which the register ends within this time."""
BENCHES = (AtolLibBench("atol-lib", f"library {USED.library}", EVERYTHING, EXEMPT, LONGEST),)
SHORT_FORM = ("identity.who-answers", "receipt.sell", "receipt.imprint", "close_receipt.", "doubt.", "fence.")
"""What names of behaviours begin with that are shown in every run; the others take a minute more."""
