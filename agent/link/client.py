"""The shell of the agent's link: it carries out what ``protocol.crm.link_machine`` says and decides nothing itself.

One coroutine takes events (frames, timers, the stop, new outgoing messages) from one queue, asks the machine, performs
its effects in order. Helpers only produce events: the dialler, the reader of the open connection, the timers. The
``LinkPort`` runs in one worker thread, so that the loop never waits for a disk. What an earlier connection still has to
say is dropped. An exception of the port (``JournalFailed``) ends ``run`` with that exception.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
import uuid
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ParamSpec, TypeVar

import structlog

from agent.identity import BadKeys, Keyring, follow
from agent.link.dial import OPEN_TIMEOUT, Connection, Dial, dial, trouble_of
from agent.link.ports import LinkPort
from agent.link.status import LinkStatus, Trouble
from protocol.crm import backoff
from protocol.crm.envelope import BadMessage, Envelope, parse
from protocol.crm.link_machine import (
    HELLO_DEADLINE,
    PING_EVERY,
    AgentLink,
    AgentLinkEffect,
    AgentLinkEvent,
    AgentLinkState,
    agent_step,
)
from protocol.crm.machine import Refusal
from protocol.crm.messages import (
    DURABLE,
    NAMES,
    Ack,
    Bind,
    Cancel,
    Challenge,
    Checkpoint,
    ClaimRefused,
    Error,
    Goodbye,
    Hello,
    Introduce,
    Offer,
    Ping,
    Pong,
    Quarantine,
    Ready,
    Release,
    Renew,
    Resolve,
    Welcome,
)
from protocol.crm.outcomes import Value
from protocol.crm.signing import sign_body
from protocol.crm.support import LogStop, SupportAsked

IN_FLIGHT = 32  # durable messages that wait for their ack at one time
READ_AHEAD = 32  # frames taken from the socket and not yet handled

_P = ParamSpec("_P")
_T = TypeVar("_T")
_E, _X = AgentLinkEvent, AgentLinkEffect
_EVENT_OF: dict[type[Value], AgentLinkEvent] = {
    Challenge: _E.CHALLENGE,
    Welcome: _E.WELCOME,
    Ready: _E.READY,
    Quarantine: _E.QUARANTINE,
    Pong: _E.PONG,
}
_DELIVERED = (Offer, Cancel, Renew, Resolve, Bind, Introduce, Release, ClaimRefused, SupportAsked, LogStop)
_GREETING = (AgentLink.GREETING, AgentLink.PROVING, AgentLink.CHECKING)

log = structlog.get_logger("agent.link")


@dataclass(frozen=True, slots=True)
class Times:
    """Limits of every wait, in seconds."""

    dial: float = OPEN_TIMEOUT + 5.0
    greeting: float = HELLO_DEADLINE
    ping_every: float = PING_EVERY
    send: float = 10.0
    close: float = 3.0


@dataclass(frozen=True, slots=True)
class World:
    """Time, chance and the network, passed in."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    monotonic: Callable[[], float] = time.monotonic
    chance: Callable[[], float] = random.random
    new_id: Callable[[], str] = lambda: uuid.uuid4().hex
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    dial: Dial = dial


@dataclass(frozen=True, slots=True)
class About:
    """What ``hello`` says of this program."""

    version: str
    boot_id: str
    caps: tuple[str, ...] = ()


class _Own(StrEnum):
    """Events of the shell that are none of the machine's."""

    FRAME = "frame"
    OUTGOING = "outgoing"
    CRASHED = "crashed"


@dataclass(frozen=True, slots=True)
class _Mail:
    event: AgentLinkEvent | _Own
    data: Any = None
    of: object | None = None
    """The connection or timer that it belongs to; dropped once that is over. ``None``: always valid."""


class Link:
    def __init__(
        self, keyring: Keyring, port: LinkPort, about: About, world: World | None = None, times: Times | None = None
    ) -> None:
        self._keyring = keyring
        self._port = port
        self._about = about
        self._world = world or World()
        self._times = times or Times()
        self._link = AgentLinkState()
        self._status = LinkStatus(self._link.state, self._world.now())
        self._mail: asyncio.Queue[_Mail] = asyncio.Queue()
        self._connection: Connection | None = None
        self._room = asyncio.Semaphore(READ_AHEAD)
        self._open: dict[Connection, None] = {}
        self._tasks: dict[asyncio.Task[None], None] = {}
        self._timers: dict[AgentLinkEvent, asyncio.TimerHandle] = {}
        self._worker: ThreadPoolExecutor | None = None
        self._nonce = ""
        self._welcome: Welcome | None = None
        self._pings: dict[int, float] = {}
        self._ping_no = 0
        self._sent: set[str] = set()
        self._refused: set[str] = set()
        self._flush_due = False
        self._trouble: Trouble | None = None
        self._said: set[str] = set()
        self._effects: dict[StrEnum, Callable[[Any], Coroutine[Any, Any, None]]] = {
            _X.DIAL: self._dial,
            _X.ARM_GREETING: self._arm_greeting,
            _X.SEND_HELLO: self._send_hello,
            _X.TAKE_WELCOME: self._take_welcome,
            _X.FORGET_FAILURES: self._forget_failures,
            _X.SEND_CHECKPOINT: self._send_checkpoint,
            _X.SEND_DIFFERENCES: self._send_differences,
            _X.ALLOW_STARTS: self._nothing,  # the port allows them itself, with the first pong after ``started``
            _X.SEND_ARCHIVES: self._send_archives,
            _X.FORBID_STARTS: self._forbid_starts,
            _X.DELIVER: self._deliver,
            _X.DELIVER_QUERY: self._deliver,
            _X.SEND_PING: self._send_ping,
            _X.TAKE_PONG: self._take_pong,
            _X.SEND_GOODBYE: self._send_goodbye,
            _X.CLOSE: self._close,
            _X.ARM_BACKOFF: self._arm_backoff,
        }

    @property
    def status(self) -> LinkStatus:
        """The present status; may be read from any thread."""
        return self._status

    async def run(self, stop: asyncio.Event) -> None:
        """Keep the link up until ``stop``. Raises what the port raises."""
        loop = asyncio.get_running_loop()

        def wake() -> None:
            with contextlib.suppress(RuntimeError):  # the loop is over; the next start sends it
                loop.call_soon_threadsafe(self._wake)

        async def watch() -> None:
            await stop.wait()
            self._post(_E.STOP)

        self._worker = ThreadPoolExecutor(1, thread_name_prefix="link")
        try:
            self._port.on_outgoing(wake)
            self._spawn(watch())
            self._post(_E.START)
            while self._link.state is not AgentLink.STOPPED:
                await self._handle(await self._mail.get())
        finally:
            self._port.on_outgoing(lambda: None)
            await self._end()
            self._worker.shutdown(wait=True)

    # --- events -----------------------------------------------------------------------------------------------------

    def _post(self, event: AgentLinkEvent | _Own, data: Any = None, of: object | None = None) -> None:
        self._mail.put_nowait(_Mail(event, data, of))

    def _wake(self) -> None:
        if not self._flush_due:
            self._flush_due = True
            self._post(_Own.OUTGOING)

    async def _handle(self, mail: _Mail) -> None:
        if mail.event is _Own.CRASHED:
            raise mail.data
        if mail.of is not None and mail.of is not self._connection and mail.of not in self._timers.values():
            return
        if mail.event is _Own.OUTGOING:
            self._flush_due = False
            await self._flush()
        elif mail.event is _Own.FRAME:
            self._room.release()
            await self._frame(mail.data)
        else:
            if mail.event is _E.OPENED:
                self._connection = mail.data
                self._room = asyncio.Semaphore(READ_AHEAD)
                self._spawn(self._read(mail.data, self._room))
            await self._step(AgentLinkEvent(mail.event), mail.data)

    async def _step(self, event: AgentLinkEvent, data: Any = None, msg_id: str | None = None) -> None:
        stepped = agent_step(self._link, event)
        if isinstance(stepped, Refusal):
            log.warning("link_event_refused", event_name=event.value, state=self._link.state.value, code=stepped.code)
            if msg_id is not None:
                await self._send(Error(code=stepped.code, text=f"{event.value} in {self._link.state}", ref=msg_id))
            return
        before = self._link.state
        self._link, effects = stepped
        if _X.ARM_BACKOFF in effects:
            silent = "server_silent" if event is _E.PING_DUE else event.value
            self._note_trouble(data if isinstance(data, Trouble) else Trouble(silent, f"while {before}"))
        if self._link.state not in _GREETING:
            self._disarm(_E.TIMEOUT)
        if self._link.state is not before:
            self._set_status()
        for effect in effects:
            await self._effects[effect](data)

    async def _frame(self, raw: str | bytes) -> None:
        """One frame of the server to its event."""
        try:
            envelope = parse(raw)
        except BadMessage as error:
            log.warning("bad_message", code=error.code, detail=error.detail, msg_id=error.msg_id)
            await self._send(Error(code=error.code, text=error.detail[:1000], ref=error.msg_id))
            return
        body = envelope.body
        if isinstance(body, Goodbye):
            # Its words and its ``retry_after`` are the reason of the loss that follows anyway.
            await self._step(_E.LOST, Trouble(body.code, body.text, body.retry_after))
        elif isinstance(body, Error):
            log.warning("server_error", code=body.code, text=body.text, ref=body.ref)
            if body.ref in self._sent:
                # It keeps its place in the outbox, for the next connection, and gives up its place in the window.
                self._refused.add(body.ref)
                self._wake()
        elif isinstance(body, Welcome):
            trouble = self._judge(body)
            if trouble is None:
                await self._step(_E.WELCOME, body, envelope.msg_id)
            else:
                await self._step(_E.BAD_WELCOME, trouble, envelope.msg_id)
        elif (event := _EVENT_OF.get(type(body))) is not None:
            await self._step(event, body, envelope.msg_id)
        elif isinstance(body, (*_DELIVERED, Ack)):
            await self._step(_E.MESSAGE, envelope, envelope.msg_id)
        else:
            await self._send(Error(code="unexpected_type", text=envelope.type, ref=envelope.msg_id))

    def _judge(self, welcome: Welcome) -> Trouble | None:
        identity = self._keyring.identity
        if welcome.tenant_id != identity.tenant_id:
            return Trouble("bad_welcome", f"tenant {welcome.tenant_id}, paired with {identity.tenant_id}")
        try:
            follow(identity.server_keys, welcome.keys)
        except BadKeys as error:
            return Trouble("bad_welcome", str(error))
        return None

    # --- effects ----------------------------------------------------------------------------------------------------

    async def _nothing(self, _: Any) -> None:
        return

    async def _dial(self, _: Any) -> None:
        async def go() -> None:
            try:
                async with asyncio.timeout(self._times.dial):
                    connection = await self._world.dial(self._keyring.identity.link_url)
            except TimeoutError as error:
                self._post(_E.TIMEOUT, trouble_of(error))
            except Exception as error:
                self._post(_E.LOST, trouble_of(error))
            else:
                self._open[connection] = None
                self._post(_E.OPENED, connection)

        self._spawn(go())

    async def _arm_greeting(self, _: Any) -> None:
        self._arm(_E.TIMEOUT, self._times.greeting)

    async def _send_hello(self, challenge: Challenge) -> None:
        greeting = await self._ask(self._port.greeting)
        identity = self._keyring.identity
        hello = Hello(
            agent_id=identity.agent_id,
            install_id=identity.install_id,
            boot_id=self._about.boot_id,
            version=self._about.version,
            caps=list(self._about.caps),
            journal_head=greeting.journal_head,
            jobs=list(greeting.jobs),
            devices=list(greeting.devices),
            nonce=challenge.nonce,
        )
        await self._send(sign_body("hello", hello, identity.sign))

    async def _take_welcome(self, welcome: Welcome) -> None:
        self._welcome = welcome
        if await self._ask(self._keyring.take_over, welcome.keys):
            log.info("server_keys_changed", kids=sorted(self._keyring.server_keys))
        await self._ask(self._port.welcomed, welcome)

    async def _forget_failures(self, _: Any) -> None:
        if self._trouble is not None:
            log.info("link_recovered", after=self._trouble.code)
        self._trouble = None
        self._said.clear()
        self._set_status()

    async def _send_checkpoint(self, welcome: Welcome) -> None:
        n = welcome.acked_head.n
        checkpoint = Checkpoint(n=n, hash=await self._ask(self._port.hash_at, n), session_epoch=welcome.session_epoch)
        await self._send(sign_body("checkpoint", checkpoint, self._keyring.identity.sign))

    async def _send_differences(self, ready: Ready) -> None:
        assert self._welcome is not None
        log.info("link_ready", resumed=ready.resumed, session_epoch=self._welcome.session_epoch)
        await self._ask(self._port.started, self._welcome.jobs, ready.ended, self._welcome.acked_head.n)
        self._wake()

    async def _send_archives(self, quarantine: Quarantine) -> None:
        log.error("link_quarantined", code=quarantine.code, text=quarantine.text)
        await self._ask(self._port.quarantined)
        self._wake()

    async def _forbid_starts(self, _: Any) -> None:
        if self._link.state is not AgentLink.QUARANTINED:  # there ``quarantined`` does it
            await self._ask(self._port.disconnected)

    async def _deliver(self, envelope: Envelope) -> None:
        body = envelope.body
        if isinstance(body, Ack):
            self._sent.difference_update(body.msg_ids)
            self._refused.difference_update(body.msg_ids)
            await self._ask(self._port.acknowledged, body.msg_ids)
            self._wake()
            return
        quarantined = self._link.state is AgentLink.QUARANTINED
        reply = await self._ask(self._receive, body, quarantined)
        # A quarantined agent takes nothing over, so it acknowledges nothing: the server says it again once it is ready.
        if envelope.type in DURABLE and not quarantined:
            await self._send(Ack(msg_ids=[envelope.msg_id]))
        if reply is not None:
            await self._send(reply)

    def _receive(self, body: Value, quarantined: bool) -> Value | None:
        return self._port.receive(body, quarantined=quarantined)

    async def _send_ping(self, _: Any) -> None:
        self._ping_no += 1
        head = await self._ask(self._port.head)
        self._pings[self._ping_no] = self._world.monotonic()
        epoch = self._welcome.session_epoch if self._welcome is not None else None
        await self._send(Ping(n=self._ping_no, journal_head=head, session_epoch=epoch))
        self._arm(_E.PING_DUE, self._times.ping_every)

    async def _take_pong(self, pong: Pong) -> None:
        sent_at = self._pings.get(pong.n)
        if sent_at is None:
            log.warning("pong_without_ping", n=pong.n)
            return
        self._pings = {n: at for n, at in self._pings.items() if n > pong.n}
        await self._ask(self._port.pong, pong.server_time, sent_at)

    async def _send_goodbye(self, _: Any) -> None:
        await self._send(Goodbye(code="stopping"))

    async def _close(self, _: Any) -> None:
        for event in (_E.TIMEOUT, _E.PING_DUE):
            self._disarm(event)
        connection, self._connection = self._connection, None
        self._sent.clear()
        self._refused.clear()
        self._pings.clear()
        self._welcome = None
        if connection is not None:
            self._spawn(self._hang_up(connection))

    async def _arm_backoff(self, _: Any) -> None:
        assert self._trouble is not None
        wait = backoff.delay(self._link.failures, self._world.chance(), self._trouble.retry_after)
        self._set_status(wait)

        async def later() -> None:
            await self._world.sleep(wait)
            self._post(_E.DUE)

        self._spawn(later())

    # --- sending ----------------------------------------------------------------------------------------------------

    async def _flush(self) -> None:
        """Send what the port wants sent: passing messages once, durable ones until their ack, oldest first."""
        if self._link.state not in (AgentLink.READY, AgentLink.QUARANTINED):
            return
        for body in await self._ask(self._port.passing):
            if not await self._send(body):
                return
        if self._link.state is not AgentLink.READY:
            return  # what the outbox of an older journal says is no longer news
        for msg_id, made_at, body in await self._ask(self._port.outbox, IN_FLIGHT + len(self._refused)):
            if msg_id not in self._sent:
                self._sent.add(msg_id)
                if not await self._send(body, msg_id, made_at):
                    return

    async def _send(self, body: Value, msg_id: str | None = None, made_at: datetime | None = None) -> bool:
        """Send on the present connection, if it is still there. A failure becomes ``lost``, never an exception."""
        connection = self._connection
        if connection is None:
            return False
        envelope = Envelope(msg_id or self._world.new_id(), made_at or self._world.now(), body)
        try:
            async with asyncio.timeout(self._times.send):
                await connection.send(envelope.to_text())
        except Exception as error:
            log.debug("send_failed", type=NAMES[type(body)], error=repr(error))
            self._post(_E.LOST, trouble_of(error), connection)
            return False
        return True

    # --- helpers ----------------------------------------------------------------------------------------------------

    async def _read(self, connection: Connection, room: asyncio.Semaphore) -> None:
        try:
            while True:
                await room.acquire()
                self._post(_Own.FRAME, await connection.recv(), connection)
        except Exception as error:
            self._post(_E.LOST, trouble_of(error), connection)

    async def _hang_up(self, connection: Connection) -> None:
        with contextlib.suppress(Exception):
            async with asyncio.timeout(self._times.close):
                await connection.close()
        self._open.pop(connection, None)

    def _arm(self, event: AgentLinkEvent, seconds: float) -> None:
        self._disarm(event)
        loop = asyncio.get_running_loop()

        def due() -> None:
            self._post(event, None, handle)

        handle = self._timers[event] = loop.call_later(seconds, due)

    def _disarm(self, event: AgentLinkEvent) -> None:
        if (handle := self._timers.pop(event, None)) is not None:
            handle.cancel()

    async def _ask(self, method: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Call the port in its worker thread."""
        return await asyncio.get_running_loop().run_in_executor(self._worker, lambda: method(*args, **kwargs))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks[task] = None
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.pop(task, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._post(_Own.CRASHED, error)

    def _note_trouble(self, trouble: Trouble) -> None:
        """Say it aloud once per outage and kind; quietly after that."""
        say = log.debug if trouble.code in self._said else log.warning
        say("link_down", code=trouble.code, detail=trouble.detail, failures=self._link.failures)
        self._said.add(trouble.code)
        self._trouble = trouble

    def _set_status(self, retry_in: float | None = None) -> None:
        self._status = LinkStatus(self._link.state, self._world.now(), self._trouble, self._link.failures, retry_in)

    async def _end(self) -> None:
        for event in list(self._timers):
            self._disarm(event)
        await asyncio.gather(*(self._hang_up(connection) for connection in list(self._open)))
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # A dial that had succeeded in the very moment of its cancellation.
        await asyncio.gather(*(self._hang_up(connection) for connection in list(self._open)))
