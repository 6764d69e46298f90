"""A register when nobody asks for anything: how it is, what has changed, and what the desk's policy wants of its shift.

A look is a status and a health query. Each is told to the server at once or never; a change is an event that stays in
the outbox, and the look that it was seen in is on disk, so that neither the next look nor the next process says it
again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from agent.devices.facts import Facts, device_facts, silent_facts
from agent.devices.performer import Performer, reason_of
from agent.devices.work import Work
from agent.jobs.book import JobBook
from agent.journal.records import RecordKind
from agent.journal.rows import DeviceRow
from agent.procedures import policy, watch
from agent.procedures.asks import Answer, Operation, ReadStatus
from drivers.api import Health as RegisterHealth
from drivers.api import Identity, ShiftState, Status
from drivers.errors import DeviceError
from protocol.crm.codes import reason
from protocol.crm.messages import Desk, Event, EventKind, Health
from protocol.crm.outcomes import Reason

LOOK_EVERY = 60.0  # seconds between looks at a register that is well
LOOK_CLOSER = 15.0  # and at one that is not
OFFLINE_AFTER = 10.0  # seconds of silence that are an event: a cable that is put in again is none


@dataclass(frozen=True, slots=True)
class Due:
    """A shift operation that the policy wants now."""

    operation: Operation
    rule: str  # close_at, close_before_24h, close_expired_shift


class Watch:
    def __init__(
        self, kkm_id: str, performer: Performer, book: JobBook, *, on_health: Callable[[Health], None] | None
    ) -> None:
        """Without ``on_health`` nothing is looked at: the register is only used."""
        self._kkm_id = kkm_id
        self._performer = performer
        self._book = book
        self._on_health = on_health
        self._looked_at: float | None = None
        self._well = True
        self._silent_since: float | None = None
        self._known: Facts = {}

    def wait(self) -> float | None:
        """Seconds until the next look; ``None`` when nothing is looked at."""
        if self._on_health is None:
            return None
        if self._looked_at is None:
            return 0.0
        every = LOOK_EVERY if self._well else LOOK_CLOSER
        return max(0.0, self._looked_at + every - self._book.clock.monotonic())

    def look(self, device: DeviceRow, *, idle: bool) -> Due | None:
        """Look now; what the policy wants done. ``idle``: no job waits for this register."""
        self._performer.work = Work()
        answer = self._performer.perform(ReadStatus())
        identity = self._performer.identity
        if answer.kind is not Answer.OK or identity is None:
            self.silent(answer.reason or reason("device_offline"))
            return None
        status: Status = answer.value
        if device.register_serial is not None and status.register_serial != device.register_serial:
            self._performer.disconnect()  # the next look finds out who stands there then
            self.silent(reason("wrong_device", detail=status.register_serial))
            return None
        try:
            health = self._performer.health()
        except DeviceError as error:
            self._performer.disconnect()  # the next look opens it anew
            self.silent(reason_of(error))
            return None
        self._seen(device, identity, status, health)
        if not self._book.may_start or device.closed:
            return None
        return _due(device, status, health, idle=idle)

    def silent(self, why: Reason) -> None:
        """The register did not answer, or another one did."""
        now = self._book.clock.monotonic()
        since = self._silent_since = now if self._silent_since is None else self._silent_since
        if self._on_health is None:
            return
        if self._known.get("reason") != why.code or self.wait() == 0.0:
            self._known = silent_facts(self._known, why)
            self._tell()
        self._well = False
        if now - since >= OFFLINE_AFTER:
            before = watch.Look.of(self._book.device(self._kkm_id).facts)
            self._changed(before, watch.look(before, None), {EventKind.DEVICE_OFFLINE: {"reason": why.code}})

    def _seen(self, device: DeviceRow, identity: Identity, status: Status, health: RegisterHealth | None) -> None:
        self._silent_since = None
        timezone = device.settings.timezone
        true = self._book.server_time()
        facts = device_facts(identity, status, health, true or self._book.clock.now(), timezone)
        before = watch.Look.of(device.facts)
        after = watch.look(
            before,
            status,
            true_local=None if true is None or status.clock_unset else _local(true, timezone),
            setup_problems=identity.setup_problems,
        )
        was = before or watch.Look()
        self._well = after.online and after.paper and not after.cover_open
        self._known = facts
        self._tell()
        self._changed(
            before,
            after,
            {
                EventKind.PAPER_OUT: {"paper": status.paper.value},
                EventKind.FN_WARNING: {
                    "warnings": sorted(set(after.fn_warnings) - set(was.fn_warnings)), "fn": facts["fn"],
                },
                EventKind.CLOCK_DRIFT: facts["clock"],
                EventKind.SETUP_PROBLEM: {"problems": sorted(set(after.setup_problems) - set(was.setup_problems))},
            },
        )  # fmt: skip

    def _tell(self) -> None:
        assert self._on_health is not None
        self._looked_at = self._book.clock.monotonic()
        self._on_health(Health(kkm_id=self._kkm_id, at=self._book.clock.now(), facts=self._known))

    def _changed(self, before: watch.Look | None, after: watch.Look, bodies: dict[EventKind, dict[str, Any]]) -> None:
        if before == after:
            return

        def told(device: DeviceRow) -> Iterator[Event]:
            for kind in watch.changes(before, after):
                body = {"register_serial": device.register_serial, **bodies.get(kind, {})}
                yield self._book.event(kind, self._kkm_id, body)

        self._book.update_device(
            self._kkm_id, "looked", RecordKind.DEVICE, lambda row: replace(row, facts=after.to_json()), told
        )


def _due(device: DeviceRow, status: Status, health: RegisterHealth | None, *, idle: bool) -> Due | None:
    """By the register's own clock: its 24 hours and its documents are counted by it."""
    if status.clock_unset or status.busy:
        return None
    desk = device.settings
    opened = health.shift_opened_at if health is not None else None
    closed = datetime.fromisoformat(device.policy_closed_at) if device.policy_closed_at is not None else None

    def asks(desk: Desk) -> Operation | None:
        return policy.due(status.at, status.shift, opened, closed, desk, idle)

    wanted = asks(desk)
    if wanted is None:
        return None
    if status.shift is ShiftState.EXPIRED:
        return Due(wanted, "close_expired_shift")
    by_hour = asks(desk.model_copy(update={"close_before_24h": False})) is not None
    return Due(wanted, "close_at" if by_hour else "close_before_24h")


def _local(at: datetime, timezone: str) -> datetime:
    return at.astimezone(ZoneInfo(timezone)).replace(tzinfo=None)
