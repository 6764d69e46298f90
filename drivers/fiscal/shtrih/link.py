"""Commands over a channel: every one ends in its reply or in one of the three verdicts of ``drivers.errors``."""

from __future__ import annotations

from typing import Any, TypeVar

from drivers.errors import InDoubt, NotSent, Refused
from drivers.fiscal.shtrih.profile import Profile
from drivers.transports.base import Clock, LinkError, Transport
from protocol.wire.layout import LayoutError
from protocol.wire.shtrih.commands import Command, Repeat
from protocol.wire.shtrih.errors import describe
from protocol.wire.shtrih.exchange import Denied, Doubtful, Exchange, NotDelivered, Replied, Step, Verdict

R = TypeVar("R")
CHUNK = 512  # bytes per read: two longest frames
DRAIN = 16  # reads that may find old bytes in a channel just opened


class Link:
    """One open channel. After a failure on the line it is closed, so that late bytes of this channel can never answer a
    later command; the caller opens it anew."""

    def __init__(self, transport: Transport, profile: Profile, clock: Clock) -> None:
        self._transport = transport
        self._profile = profile
        self._clock = clock
        self._is_open = False
        self.stale: list[bytes] = []
        """Replies to earlier commands that were waiting in the device since ``open``."""

    def open(self) -> None:
        """Raises ``NotSent``."""
        self.close()
        self.stale.clear()
        try:
            self._transport.open()
            self._is_open = True
            for _ in range(DRAIN):
                if not self._transport.read(CHUNK, self._clock.now()):
                    break
        except LinkError as error:
            self.close()
            raise NotSent(error.code, error.detail) from error

    def close(self) -> None:
        self._is_open = False
        self._transport.close()

    def call(self, command: Command[R]) -> R:
        """Send one command. Raises ``NotSent``, ``Refused`` or ``InDoubt``."""
        name = type(command).__name__
        max_time = self._profile.max_time[command.pace]
        try:
            exchange = Exchange(command, max_time, self._profile.limits)
        except LayoutError as error:
            raise Refused("bad_parameter", str(error)) from error
        if not self._is_open:
            raise NotSent("device_offline", f"{name}: the channel is closed")
        verdict, sent_at = self._run(exchange, name, max_time)
        self.stale += exchange.stale
        match verdict:
            case Replied(fields):
                try:
                    return command.read_reply(fields)
                except LayoutError as error:
                    raise InDoubt("bad_reply", str(error)) from error
            case Denied(error_byte):
                raise self._denial(command, error_byte)
            case NotDelivered(why):
                self.close()
                raise NotSent(why, f"{name}: {self._transport!r}")
            case Doubtful(why):
                self.close()
                raise InDoubt(why, f"{name}: {self._transport!r}", remaining=self._left(sent_at, max_time))

    def _run(self, exchange: Exchange, name: str, max_time: float) -> tuple[Verdict, float]:
        """Move the bytes until the verdict; with it comes the moment when the command's frame was last sent."""
        sent_at = deadline = self._clock.now()
        frames = 0
        try:
            step = exchange.start()
            while step.verdict is None:
                if exchange.frames_sent > frames:
                    frames, sent_at = exchange.frames_sent, self._clock.now()
                if step.send:
                    self._transport.write(step.send)
                if step.wait is not None:
                    deadline = self._clock.now() + step.wait
                step = self._next_step(exchange, deadline)
        except LinkError as error:
            self.close()
            if frames:
                raise InDoubt(error.code, f"{name}: {error.detail}", remaining=self._left(sent_at, max_time)) from error
            raise NotSent(error.code, f"{name}: {error.detail}") from error
        if step.send:
            self._acknowledge(step.send)
        return step.verdict, sent_at

    def _acknowledge(self, send: bytes) -> None:
        """The verdict stands, whether or not the device hears our last byte."""
        try:
            self._transport.write(send)
        except LinkError:
            self.close()

    def _next_step(self, exchange: Exchange, deadline: float) -> Step:
        step = Step()
        chunk = self._transport.read(CHUNK, deadline)
        if chunk:
            step = exchange.received(chunk)
        if step == Step() and self._clock.now() >= deadline:  # also when the line never falls silent
            return exchange.timed_out()
        return step

    def _left(self, sent_at: float, max_time: float) -> float:
        return max(0.0, sent_at + max_time - self._clock.now())

    def _denial(self, command: Command[Any], error_byte: int) -> Refused | InDoubt:
        info = describe(error_byte)
        detail = f"{type(command).__name__}: {info.en}"
        if command.repeat is Repeat.NEVER and not info.safe_to_repeat:
            return InDoubt(info.code, detail, vendor=info.vendor)
        return Refused(info.code, detail, vendor=info.vendor)
