"""What the link asks of the rest of the agent.

The link (asyncio, sockets) knows connections and the greeting; it knows nothing of journals, lanes and devices. Every
method may block on the disk, is called in a worker thread, may be called from any thread, and has committed its effect
when it returns. A ``JournalFailed`` that escapes stops the process: the restart resolves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from protocol.crm.messages import ClaimedDevice, Ended, JournalHead, KnownJob, Welcome
from protocol.crm.outcomes import Value


@dataclass(frozen=True, slots=True)
class Greeting:
    """The agent's part of ``hello``: every job that is not archived, and every configured device."""

    journal_head: JournalHead
    jobs: tuple[KnownJob, ...]
    devices: tuple[ClaimedDevice, ...]


class LinkPort(Protocol):
    def greeting(self) -> Greeting: ...

    def head(self) -> JournalHead: ...

    def hash_at(self, n: int) -> str | None:
        """The journal's own hash at position ``n`` (``""`` for 0); ``None`` when there is no such record."""

    def welcomed(self, welcome: Welcome) -> None:
        """Take over the bindings and desks. Starts stay forbidden."""

    def started(self, known: Sequence[KnownJob], ended: Sequence[Ended] = (), since: int = 0) -> None:
        """The server said ``ready``: take over the ends that this journal has lost (``ended``), put into the outbox
        what the server lacks (``known`` are its revs, ``since`` is the record that it has confirmed last), allow starts
        as soon as a pong has come."""

    def quarantined(self) -> None:
        """Forbid starts; the archives of the devices are read and put into ``passing``."""

    def disconnected(self) -> None:
        """The connection is gone. What has started goes on; nothing new starts once the server's time is too old."""

    def receive(self, body: Value, *, quarantined: bool) -> Value | None:
        """A durable message of the server (offer, cancel, renew, resolve, bind, release), ``claim_refused``, or what
        support asks, which is heard in quarantine, too. Committed on return, so the caller may acknowledge. Repeating
        it is harmless. With ``quarantined`` nothing that would act is taken. May return a message to send right away
        (never one that must be durable)."""

    def outbox(self, limit: int) -> list[tuple[str, datetime, Value]]:
        """Oldest unacknowledged durable messages: (msg_id, made at, body)."""

    def acknowledged(self, msg_ids: Sequence[str]) -> None:
        """The server has committed these; they leave the outbox."""

    def pong(self, server_time: datetime, sent_at: float) -> None:
        """``sent_at`` is the monotonic reading (``time.monotonic``) at which the ping left."""

    def passing(self) -> list[Value]:
        """Messages that are sent once or never: progress, claims, archives, answers to support. Taken away by this
        call."""

    def on_outgoing(self, wake: Callable[[], None]) -> None:
        """``wake`` is called, from any thread, whenever ``outbox`` or ``passing`` may have something new."""
