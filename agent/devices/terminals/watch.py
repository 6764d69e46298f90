"""A terminal when nobody asks for anything: whether it is there. Each look is told to the server at once or never; that
it has fallen silent, or answers again, is an event."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from agent.devices.terminals.account import SETTLED
from agent.devices.terminals.facts import terminal_facts
from agent.jobs.book import JobBook
from agent.journal.records import RecordKind
from agent.journal.rows import DeviceRow
from drivers.errors import DeviceError
from drivers.terminal_api import TerminalIdentity, TerminalStatus
from protocol.crm.codes import reason
from protocol.crm.messages import Event, EventKind, Health
from protocol.crm.outcomes import Reason

LOOK_EVERY = 60.0  # seconds between looks
OFFLINE_AFTER = 30.0  # seconds of silence that are an event: a terminal that starts anew takes its time
ONLINE = "online"
"""In the facts of a terminal's row: whether the server was last told that it answers."""


class TerminalWatch:
    def __init__(
        self,
        kkm_id: str,
        book: JobBook,
        glance: Callable[[], TerminalStatus | None],
        *,
        on_health: Callable[[Health], None] | None,
    ) -> None:
        """``glance`` is ``CardTerminal.glance``. Without ``on_health`` nothing is looked at."""
        self._kkm_id = kkm_id
        self._book = book
        self._glance = glance
        self._on_health = on_health
        self._looked_at: float | None = None
        self._silent_since: float | None = None
        self._told: dict[str, Any] = {}
        self.identity: TerminalIdentity | None = None

    def wait(self) -> float | None:
        """Seconds until the next look; ``None`` when nothing is looked at."""
        if self._on_health is None:
            return None
        if self._looked_at is None:
            return 0.0
        return max(0.0, self._looked_at + LOOK_EVERY - self._book.clock.monotonic())

    def look(self) -> None:
        try:
            status = self._glance()
        except DeviceError as error:
            self.silent(reason(error.code, vendor=error.vendor, detail=error.detail or None))
            return
        self.seen(status)

    def seen(self, status: TerminalStatus | None) -> None:
        """It is there; ``None``: as far as could be seen without asking it."""
        if self._on_health is None:
            return
        self._silent_since = None
        settled = self._book.device(self._kkm_id).facts.get(SETTLED)
        self._tell(terminal_facts(self.identity, status, settled))
        self._online(True, EventKind.DEVICE_ONLINE, {})

    def silent(self, why: Reason) -> None:
        """It did not answer, or another one did."""
        if self._on_health is None:
            return
        now = self._book.clock.monotonic()
        since = self._silent_since = now if self._silent_since is None else self._silent_since
        if self._told.get("reason") != why.code or self.wait() == 0.0:
            known = {**terminal_facts(self.identity, None, None), **self._told}
            self._tell({**known, "answers": False, "reason": why.code})
        if now - since >= OFFLINE_AFTER:
            self._online(False, EventKind.DEVICE_OFFLINE, {"reason": why.code})

    def _tell(self, facts: dict[str, Any]) -> None:
        assert self._on_health is not None
        self._looked_at, self._told = self._book.clock.monotonic(), facts
        self._on_health(Health(kkm_id=self._kkm_id, at=self._book.clock.now(), facts=facts))

    def _online(self, now: bool, kind: EventKind, body: dict[str, Any]) -> None:
        before = self._book.device(self._kkm_id).facts.get(ONLINE)
        if before is now or (before is None and now):  # that a new one answers is told by its claim
            return

        def told(device: DeviceRow) -> Iterator[Event]:
            yield self._book.event(kind, self._kkm_id, {"register_serial": device.register_serial, **body})

        self._book.update_device(
            self._kkm_id,
            "looked",
            RecordKind.DEVICE,
            lambda device: replace(device, facts={**device.facts, ONLINE: now}),
            told,
        )
