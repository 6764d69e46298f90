"""Commands over a channel: every one ends in its reply or in one of the three verdicts of ``drivers.errors``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

from drivers.errors import InDoubt, NotSent, Refused
from drivers.fiscal.shtrih.profile import Profile
from drivers.fiscal.talk import Conversation, Talk, drain
from drivers.transports.base import Clock, LinkError, Transport
from protocol.wire.layout import LayoutError
from protocol.wire.shtrih.commands import Command, Repeat
from protocol.wire.shtrih.errors import describe
from protocol.wire.shtrih.exchange import Exchange
from protocol.wire.shtrih.exchange2 import NumberedExchange
from protocol.wire.shtrih.greeting import NUMBERED, STANDARD, Greeting
from protocol.wire.steps import Denied, Doubtful, NotDelivered, Replied, Verdict

R = TypeVar("R")
SEARCH = 0.3  # seconds for an answer at one of several speeds; a device answers ENQ within milliseconds

_NOBODY = (NotDelivered("device_offline"), NotDelivered("line_noise"))


class Link:
    """One open channel. After a failure on the line it is closed, so that late bytes of this channel can never answer a
    later command; the caller opens it anew. What was found out when opening (the lower level, the speed of a port)
    is tried first the next time."""

    def __init__(self, transport: Transport, profile: Profile, clock: Clock) -> None:
        self._transport = transport
        self._profile = profile
        self._clock = clock
        self._is_open = False
        self._speaks = profile.protocol or STANDARD
        self._last: int | None = None  # protocol 2: number of the device's last command
        self.stale: list[bytes] = []
        """Replies to earlier commands that the device held at ``open`` or sent since. With protocol 2 it always holds
        its last one, whether or not that had arrived."""

    def open(self) -> None:
        """Open the channel and find out which lower level the device speaks. Raises ``NotSent``."""
        self.close()
        self.stale.clear()
        try:
            self._transport.open()
        except LinkError as error:
            self.close()
            raise NotSent(error.code, error.detail) from error
        self._is_open = True
        verdict = self._search() if self._transport.variants > 1 else self._greet(self._protocols())
        if isinstance(verdict, NotDelivered):
            self.close()
            raise NotSent(verdict.why, f"{self._transport!r}: no register answers")

    def close(self) -> None:
        self._is_open = False
        self._transport.close()

    def call(self, command: Command[R]) -> R:
        """Send one command. Raises ``NotSent``, ``Refused`` or ``InDoubt``."""
        name = type(command).__name__
        max_time = self._profile.time_of(command)
        try:
            exchange = self._exchange(command, max_time)
        except LayoutError as error:
            raise Refused("bad_parameter", str(error)) from error
        if not self._is_open:
            raise NotSent("device_offline", f"{name}: the channel is closed")
        verdict, sent_at = self._run(exchange, name, max_time)
        self.stale += exchange.stale
        if isinstance(exchange, NumberedExchange):
            self._last = exchange.last
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

    def _exchange(self, command: Command[Any], max_time: float) -> Exchange | NumberedExchange:
        if self._speaks == NUMBERED:
            return NumberedExchange(command, max_time, self._profile.limits, self._last)
        return Exchange(command, max_time, self._profile.limits)

    # --- opening -----------------------------------------------------------------------------------------------------

    def _protocols(self) -> tuple[int, ...]:
        """The forced one, or both, the last good one first."""
        if self._profile.protocol is not None:
            return (self._profile.protocol,)
        return (STANDARD, NUMBERED) if self._speaks == STANDARD else (NUMBERED, STANDARD)

    def _search(self) -> Verdict:
        """Several speeds: one short question at each, and the whole greeting where something answers."""
        verdict: Verdict = NotDelivered("device_offline")
        for protocol in self._protocols():
            for _ in range(self._transport.variants):
                if self._greet((protocol,), searching=True) not in _NOBODY:
                    verdict = self._greet((protocol,))
                    if verdict not in _NOBODY:
                        return verdict
                self._next_variant()
        return verdict

    def _next_variant(self) -> None:
        try:
            self._transport.next_variant()
        except LinkError as error:
            self.close()
            raise NotSent(error.code, error.detail) from error

    def _greet(self, protocols: tuple[int, ...], *, searching: bool = False) -> Verdict:
        limits = self._profile.limits
        if searching:
            limits = replace(limits, control=min(SEARCH, limits.control), earlier=limits.frame, enquiries=1)
        greeting = Greeting(protocols, limits)
        self._drain()
        verdict, _ = self._run(greeting, "greeting", 0.0)
        self.stale += [reply for reply in greeting.stale if reply not in self.stale]
        if isinstance(verdict, Replied):
            self._speaks, self._last = greeting.speaks, greeting.last
        return verdict

    def _drain(self) -> None:
        try:
            drain(self._transport, self._clock)
        except LinkError as error:
            self.close()
            raise NotSent(error.code, error.detail) from error

    # --- moving bytes ------------------------------------------------------------------------------------------------

    def _run(self, exchange: Conversation, name: str, max_time: float) -> tuple[Verdict, float]:
        """Move the bytes until the verdict; with it comes the moment when the command's frame was last sent."""
        talk = Talk(self._transport, self._clock, exchange)
        try:
            step = talk.run(exchange.start())
        except LinkError as error:
            self.close()
            if talk.frames:
                left = self._left(talk.sent_at, max_time)
                raise InDoubt(error.code, f"{name}: {error.detail}", remaining=left) from error
            raise NotSent(error.code, f"{name}: {error.detail}") from error
        if not talk.conclude(step):
            self.close()
        assert step.verdict is not None  # that is where ``run`` ends
        return step.verdict, talk.sent_at

    def _left(self, sent_at: float, max_time: float) -> float:
        return max(0.0, sent_at + max_time - self._clock.now())

    def _denial(self, command: Command[Any], error_byte: int) -> Refused | InDoubt:
        info = describe(error_byte)
        detail = f"{type(command).__name__}: {info.en}"
        if command.repeat is Repeat.NEVER and not info.safe_to_repeat:
            return InDoubt(info.code, detail, vendor=info.vendor)
        return Refused(info.code, detail, vendor=info.vendor)
