"""One procedure over a channel of its own: opened, carried to the verdict, closed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from drivers.errors import InDoubt, NotSent
from drivers.terminals import masking
from drivers.terminals.link_codes import LINK_CODES
from drivers.terminals.zvt.judging import refused
from drivers.terminals.zvt.profile import Times
from drivers.transports.base import Clock, LinkError, Transport
from drivers.transports.tap import Direction, Trace
from protocol.wire.steps import Denied, Doubtful
from protocol.wire.zvt.answers import Status
from protocol.wire.zvt.apdu import Apdu
from protocol.wire.zvt.exchange import Exchange
from protocol.wire.zvt.redaction import redacted
from protocol.wire.zvt.serial import SerialLine, TcpLine
from protocol.wire.zvt.steps import Decision, Ended, Limits, Step

CHUNK = 4096  # bytes per read
LOOK = 0.2  # seconds between two looks at whether somebody wants to abort
PARTING = 0.5  # seconds that a terminal gets to close its side; some take one connection at a time
DRAIN = 16  # reads that may find old bytes in a channel just opened


@dataclass(frozen=True, slots=True)
class Desk:
    """Who is asked and told while a procedure runs."""

    progress: Callable[[int], None]
    decide: Callable[[Status], Decision]
    abort_wanted: Callable[[], bool]


def _not_asked(_: Status) -> Decision:
    raise AssertionError("a procedure that moves no money asks for no decision")


NOBODY = Desk(lambda _: None, _not_asked, lambda: False)


@dataclass(frozen=True, slots=True)
class Done:
    """A procedure that came to the terminal's own word."""

    ended: Ended
    exchange: Exchange


class Link:
    def __init__(self, transport: Transport, clock: Clock, times: Times, trace: Trace | None, *, framed: bool) -> None:
        """``framed``: a serial line, whose messages stand in frames. ``trace`` hears the messages, without card data
        and password."""
        self._transport = transport
        self._clock = clock
        self._framed = framed
        self._times = times
        self._trace = trace

    def run(self, command: Apdu, t4: float, desk: Desk | None = None) -> Done:
        """``t4``: seconds that the terminal may be silent. With a ``desk`` the procedure moves money. Raises
        ``NotSent``, ``Refused``, ``InDoubt``, and what ``desk.decide`` raises: nothing more is sent then."""
        line = SerialLine(self._times.t2) if self._framed else TcpLine()
        exchange = Exchange(command, line, Limits(self._times.t3, t4), money=desk is not None)
        self._hear("open", b"")
        try:
            self._open()
            talk = _Talk(self._transport, self._clock, exchange, desk or NOBODY, self._hear)
            verdict = talk.run(self._clock.now() + self._times.most)
            self._transport.finish(self._clock.now() + PARTING)
        finally:
            self._transport.close()
            self._hear("close", b"")
        match verdict:
            case Ended():
                return Done(verdict, exchange)
            case Denied(error):
                raise refused(error)
            case Doubtful(why):
                left = max(0.0, talk.sent_at + t4 - self._clock.now())
                raise InDoubt(LINK_CODES[why], f"{command.command:04X}: no end of the procedure", remaining=left)

    def _open(self) -> None:
        try:
            self._transport.open()
            for _ in range(DRAIN if self._framed else 0):  # a port may still hold bytes of an earlier procedure
                if not self._transport.read(CHUNK, self._clock.now()):
                    return
        except LinkError as error:
            raise NotSent(LINK_CODES[error.code], error.detail) from error

    def _hear(self, direction: Direction, data: bytes) -> None:
        if self._trace is not None:
            self._trace(self._clock.now(), direction, data)


class _Talk:
    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        exchange: Exchange,
        desk: Desk,
        hear: Callable[[Direction, bytes], None],
    ) -> None:
        self.sent_at = clock.now()
        """When anything was last sent."""
        self._transport = transport
        self._clock = clock
        self._exchange = exchange
        self._desk = desk
        self._hear = hear
        self._deadline = clock.now()

    def run(self, until: float) -> Ended | Denied | Doubtful:
        """The exchange to its verdict, at ``until`` at the latest."""
        step = self._exchange.start()
        while True:
            try:
                self._carry_out(step)
                if step.verdict is not None:
                    return step.verdict
                step = self._decided(step) if step.asks is not None else self._next(until)
            except LinkError:
                if step.verdict is not None:  # it stands, whether or not our last answer has arrived
                    return step.verdict
                step = self._exchange.lost()

    def _carry_out(self, step: Step) -> None:
        for said in step.said:
            self._hear("tx" if said.ours else "rx", redacted(said.apdu, masking.mask))
        if step.send:
            self._transport.write(step.send)
            self.sent_at = self._clock.now()
        if step.wait is not None:
            self._deadline = self._clock.now() + step.wait
        for code in step.progress:
            self._desk.progress(code)

    def _decided(self, step: Step) -> Step:
        assert step.asks is not None
        return self._exchange.decide(self._desk.decide(step.asks))

    def _next(self, until: float) -> Step:
        if self._exchange.can_abort and self._desk.abort_wanted():
            return self._exchange.abort()
        now = self._clock.now()
        if now >= until:
            return self._exchange.lost()
        look = now + LOOK if self._exchange.can_abort else until
        chunk = self._transport.read(CHUNK, min(self._deadline, until, look))
        if chunk:
            return self._exchange.received(chunk)
        return self._exchange.timed_out() if self._clock.now() >= self._deadline else Step()
