"""One exchange over an open channel: its bytes are moved until the verdict. Shared by the families with a wire."""

from __future__ import annotations

from typing import Protocol

from drivers.transports.base import Clock, LinkError, Transport
from protocol.wire.steps import Step

CHUNK = 512  # bytes per read
DRAIN = 16  # reads that may find old bytes in a channel just opened


class Conversation(Protocol):
    """A sans-I/O exchange of any family."""

    frames_sent: int

    def start(self) -> Step: ...

    def received(self, chunk: bytes) -> Step: ...

    def timed_out(self) -> Step: ...


class Talk:
    def __init__(self, transport: Transport, clock: Clock, exchange: Conversation) -> None:
        self.sent_at = clock.now()
        """When the command's frame last went out."""
        self.frames = 0
        """How often it did, whether or not all of it arrived."""
        self._transport = transport
        self._clock = clock
        self._exchange = exchange

    def run(self, step: Step) -> Step:
        """From ``step`` to the one with the verdict, whose own bytes are left to ``conclude``. Raises ``LinkError``."""
        deadline = self._clock.now()
        while step.verdict is None:
            if self._exchange.frames_sent > self.frames:
                self.frames, self.sent_at = self._exchange.frames_sent, self._clock.now()
            if step.send:
                self._transport.write(step.send)
            if step.wait is not None:
                deadline = self._clock.now() + step.wait
            step = self._next_step(deadline)
        return step

    def conclude(self, step: Step) -> bool:
        """The verdict stands, whether or not the device hears our last byte, whatever the line still brings. ``False``:
        the channel is gone."""
        try:
            if step.send:
                self._transport.write(step.send)
            deadline = self._clock.now() + step.quiet
            while self._clock.now() < deadline:
                self._transport.read(CHUNK, deadline)
        except LinkError:
            return False
        return True

    def _next_step(self, deadline: float) -> Step:
        step = Step()
        chunk = self._transport.read(CHUNK, deadline)
        if chunk:
            step = self._exchange.received(chunk)
        if step == Step() and self._clock.now() >= deadline:  # also when the line never falls silent
            return self._exchange.timed_out()
        return step


def drain(transport: Transport, clock: Clock) -> None:
    """Throw away what a channel just opened still holds. Raises ``LinkError``."""
    for _ in range(DRAIN):
        if not transport.read(CHUNK, clock.now()):
            return
