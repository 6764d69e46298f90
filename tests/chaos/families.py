"""Families of drivers in the simulated world: a row says how one is set upon a ``Channel``, and which names of it are
replaced so that whole commands travel there. What its link makes of bytes is for ``tests/bytes``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from drivers.api import FiscalRegister
from drivers.errors import InDoubt, NotSent, Refused
from drivers.fiscal import atol_web, atol_wire, shtrih
from drivers.fiscal.atol_wire import link as atol_link
from drivers.fiscal.atol_wire import register as atol_register
from drivers.fiscal.shtrih import known as shtrih_known
from drivers.fiscal.shtrih import link as shtrih_link
from drivers.fiscal.shtrih import register as shtrih_register
from drivers.transports.base import Clock
from drivers.transports.http import JSON, HttpClient, HttpError, Reply
from protocol.wire.atol import command as atol_command
from protocol.wire.atol.coding import Bcd
from protocol.wire.layout import LayoutError
from protocol.wire.shtrih import commands as shtrih_commands
from protocol.wire.steps import Denied, Replied
from tests.chaos.devices import Channel, Lost, StrandClock
from tests.chaos.webserver import changes, payload_of, reply_of

R = TypeVar("R")
PASSWORD = Bcd(2)


class WholeCommands:
    """What stands for a driver's link: opens the channel, and hands it whole commands."""

    _transport: Any  # a ``Channel``
    _clock: Clock
    _is_open: bool

    def close(self) -> None:
        self._is_open = False
        self._transport.close()

    def open(self) -> None:
        self.close()
        try:
            self._transport.open()
        except Lost as lost:
            raise NotSent("device_offline", repr(self._transport)) from lost
        self._is_open = True

    def _travel(self, name: str, payload: bytes, max_time: float, *, changing: bool) -> bytes:
        """The reply. Raises ``NotSent`` or ``InDoubt``."""
        if not self._is_open:
            raise NotSent("device_offline", f"{name}: the channel is closed")
        sent_at = self._clock.now()
        try:
            reply: bytes | None = self._transport.exchange(payload, max_time, changing=changing)
        except Lost as lost:
            self.close()
            if lost.sent:
                raise InDoubt("link_lost", name, remaining=self._remaining(sent_at, max_time)) from lost
            raise NotSent("link_lost", name) from lost
        if reply is None:
            self.close()
            raise InDoubt("no_answer", name, remaining=self._remaining(sent_at, max_time))
        return reply

    def _remaining(self, sent_at: float, max_time: float) -> float:
        return max(0.0, sent_at + max_time - self._clock.now())


def _bytes_of(command: shtrih_commands.Command[Any] | atol_command.Command[Any]) -> bytes:
    try:
        return command.to_bytes()
    except LayoutError as error:
        raise Refused("bad_parameter", str(error)) from error


class ShtrihLink(WholeCommands, shtrih_link.Link):
    def call(self, command: shtrih_commands.Command[R]) -> R:
        name, max_time = type(command).__name__, self._profile.time_of(command)
        changing = command.repeat is shtrih_commands.Repeat.NEVER
        reply = self._travel(name, _bytes_of(command), max_time, changing=changing)
        error_byte, fields = reply[len(command.code)], reply[len(command.code) + 1 :]
        if error_byte:
            raise self._denial(command, error_byte)
        try:
            return command.read_reply(fields)
        except LayoutError as error:
            raise InDoubt("bad_reply", str(error)) from error


class AtolLink(WholeCommands, atol_link.Link):
    """An answer that is lost here is one that the register does not keep any more."""

    def call(self, command: atol_command.Command[R]) -> R:
        name, max_time = type(command).__name__, self._profile.time_of(command)
        payload = PASSWORD.encode(self._profile.device_password) + _bytes_of(command)
        changing = command.repeat is not atol_command.Repeat.QUERY
        reply = self._travel(name, payload, max_time, changing=changing)
        if not command.answered:
            return self._read(command, b"")
        match atol_command.judged(command.head, command.code[0], reply, failed=False):
            case Replied(fields):
                return self._read(command, fields)
            case Denied(error_byte):
                raise self._denial(command, error_byte)
            case _:
                raise InDoubt("bad_reply", f"{name}: {reply.hex()}")


class WholeExchanges(HttpClient):
    """What stands for HTTP: whole requests and their answers, each over a connection of its own."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def ask(
        self, method: str, target: str, body: str | bytes | None = None, *, seconds: float, media: str = JSON
    ) -> Reply:
        assert not isinstance(body, bytes)
        payload = payload_of(method, target, body or "")
        sent = False
        try:
            self._channel.open()
            sent = True
            reply = self._channel.exchange(payload, seconds, changing=changes(payload))
        except Lost as lost:
            raise HttpError("link_lost" if sent else "device_offline", f"{method} {target}", sent=sent) from lost
        finally:
            self._channel.close()
        if reply is None:
            raise HttpError("no_reply", f"{method} {target}", sent=True)
        return Reply(*reply_of(reply))


def _atol_web(channel: Channel, clock: StrandClock) -> FiscalRegister:
    def new_id() -> str:
        return str(UUID(int=channel.random.getrandbits(128), version=4))

    runner = atol_web.WebRunner(WholeExchanges(channel), WEB_PROFILE, clock, new_id=new_id)
    return atol_web.AtolWebRegister(runner, WEB_PROFILE.times)


@dataclass(frozen=True, slots=True)
class Family:
    driver: Callable[[Channel, StrandClock], FiscalRegister]
    """The production driver."""
    patches: Sequence[tuple[Any, str, Any]] = ()
    """Module, attribute, what stands there instead."""


def _once(read: Callable[..., R]) -> Callable[..., R]:
    """Tables that no run changes: read when the first register is connected, and remembered from then on."""
    kept: list[R] = []

    def remembered(*args: Any) -> R:
        if not kept:
            kept.append(read(*args))
        return kept[0]

    return remembered


SHTRIH_PROFILE, ATOL_PROFILE, WEB_PROFILE = shtrih.load_profile(), atol_wire.load_profile(), atol_web.load_profile()
FAMILIES: Mapping[str, Family] = {
    "shtrih": Family(
        lambda channel, clock: shtrih_register.ShtrihRegister(channel, SHTRIH_PROFILE, clock),
        [
            (shtrih_register, "Link", ShtrihLink),
            (shtrih_known, "_vat_rows", _once(shtrih_known._vat_rows)),
            (shtrih_known, "read_faces", _once(shtrih_known.read_faces)),
        ],
    ),
    "atol": Family(
        lambda channel, clock: atol_register.AtolWireRegister(channel, ATOL_PROFILE, clock),
        [(atol_register, "Link", AtolLink)],
    ),
    "atol-web": Family(_atol_web),
}
"""By the make of the registers that they drive, ``makes.MAKES``."""
