"""Commands over a channel: every one ends in its reply or in one of the three verdicts of ``drivers.errors``.

The device keeps a command's result until it is acknowledged. So a channel that breaks while a command is out is opened
anew, for a bounded time, and the device is asked what became of the command; only when it cannot tell, it is doubt.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

from drivers.errors import DeviceError, InDoubt, NotSent, Refused
from drivers.fiscal.atol_wire.profile import Profile
from drivers.fiscal.talk import Talk, drain
from drivers.transports.base import Clock, LinkError, Transport
from protocol.wire.atol.command import Command, Repeat
from protocol.wire.atol.errors import EXTENDED, describe
from protocol.wire.atol.link import Exchange, Numbers
from protocol.wire.atol.queries import ExtendedError
from protocol.wire.layout import LayoutError
from protocol.wire.steps import Denied, Doubtful, NotDelivered, Replied, Step

R = TypeVar("R")
SEARCH = 0.3  # seconds for an answer at one of several speeds


class Link:
    """One open channel. After a failure on the line it is closed, so that late bytes of this channel can never answer a
    later command; the caller opens it anew. The speed of a port that was found is tried first the next time."""

    def __init__(self, transport: Transport, profile: Profile, clock: Clock) -> None:
        self._transport = transport
        self._profile = profile
        self._clock = clock
        self._numbers = Numbers()
        self._is_open = False
        self._unsettled = False  # the device may still keep a result of ours

    def open(self) -> None:
        """Open the channel and clear the device's buffer of tasks. Raises ``NotSent``."""
        self.close()
        try:
            self._transport.open()
            self._is_open = True
            step = self._search()
        except LinkError as error:
            self.close()
            raise NotSent(error.code, error.detail) from error
        if isinstance(step.verdict, NotDelivered):
            self.close()
            raise NotSent(step.verdict.why, f"{self._transport!r}: no register answers")
        self._unsettled = False

    def close(self) -> None:
        self._is_open = False
        self._transport.close()

    def call(self, command: Command[R]) -> R:
        """Send one command. Raises ``NotSent``, ``Refused`` or ``InDoubt``."""
        name = type(command).__name__
        profile = self._profile
        max_time = profile.time_of(command)
        try:
            exchange = Exchange(
                command,
                max_time,
                self._numbers,
                profile.limits,
                clear=self._unsettled,
                password=profile.device_password,
            )
        except LayoutError as error:
            raise Refused("bad_parameter", str(error)) from error
        if not self._is_open:
            raise NotSent("device_offline", f"{name}: the channel is closed")
        talk = Talk(self._transport, self._clock, exchange)
        try:
            step = talk.run(exchange.start())
        except LinkError as error:
            step = self._resume(exchange, talk, error, name, max_time)
        if not talk.conclude(step):
            self.close()
        self._unsettled = exchange.unsettled
        match step.verdict:
            case Replied(fields):
                return self._read(command, fields)
            case Denied(error_byte):
                raise self._denial(command, error_byte)
            case NotDelivered(why):
                if why != "device_busy":
                    self.close()
                    raise NotSent(why, f"{name}: {self._transport!r}")
                raise Refused(why, f"{name}: the register's buffer of tasks stays full")
            case Doubtful(why):
                self.close()
                raise InDoubt(why, f"{name}: {self._transport!r}", remaining=self._left(talk, max_time))
            case None:
                raise AssertionError("an exchange ends with a verdict")

    def _read(self, command: Command[R], fields: bytes) -> R:
        try:
            return command.read_reply(fields)
        except LayoutError as error:
            raise InDoubt("bad_reply", str(error)) from error

    # --- opening -----------------------------------------------------------------------------------------------------

    def _search(self) -> Step:
        """One short question at each speed, and a patient one where something answers."""
        if self._transport.variants == 1:
            return self._greet(searching=False)
        step = Step(verdict=NotDelivered("device_offline"))
        for _ in range(self._transport.variants):
            step = self._greet(searching=True)
            if not isinstance(step.verdict, NotDelivered):
                return step
            self._transport.next_variant()
        return step

    def _greet(self, *, searching: bool) -> Step:
        limits = self._profile.limits
        if searching:
            limits = replace(limits, control=min(SEARCH, limits.control), enquiries=2)
        greeting = Exchange(None, 0.0, self._numbers, limits, clear=True)
        drain(self._transport, self._clock)
        return Talk(self._transport, self._clock, greeting).run(greeting.start())

    # --- a channel that broke ----------------------------------------------------------------------------------------

    def _resume(self, exchange: Exchange, talk: Talk, error: LinkError, name: str, max_time: float) -> Step:
        """Ask for the command's result on a new channel. Raises ``NotSent`` or ``InDoubt``."""
        self.close()
        if exchange.outcome is not None:  # only the acknowledgement is missing
            return Step(verdict=exchange.outcome)
        if not talk.frames:
            raise NotSent(error.code, f"{name}: {error.detail}") from error
        until = self._clock.now() + self._profile.reopen
        while self._clock.now() < until:
            self._clock.sleep(self._profile.reopen_pause)
            try:
                self._transport.open()
                self._is_open = True
                drain(self._transport, self._clock)
                return talk.run(exchange.resumed())
            except LinkError as again:
                error = again
                self.close()
                if exchange.outcome is not None:
                    return Step(verdict=exchange.outcome)
        detail = f"{name}: {error.detail}"
        raise InDoubt("link_lost", detail, remaining=self._left(talk, max_time)) from error

    # --- verdicts ----------------------------------------------------------------------------------------------------

    def _left(self, talk: Talk, max_time: float) -> float:
        return max(0.0, talk.sent_at + max_time - self._clock.now())

    def _denial(self, command: Command[Any], error_byte: int) -> Refused | InDoubt:
        error = describe(error_byte)
        vendor = error.vendor
        if error_byte == EXTENDED and not isinstance(command, ExtendedError):
            vendor += self._extended()
        detail = f"{type(command).__name__}: {error.text}"
        if command.repeat is Repeat.NEVER and not error.safe_to_repeat:
            return InDoubt(error.code, detail, vendor=vendor)
        return Refused(error.code, detail, vendor=vendor)

    def _extended(self) -> str:
        """What stands behind EEh, for support."""
        try:
            return f":{self.call(ExtendedError()).value.hex().upper()}"
        except DeviceError:
            return ""
