"""The picture of the running agent, made of what its parts say of themselves. Any thread may ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agent.desk.decisions import asks_a_person, case_of
from agent.desk.wanted import wanted
from agent.devices.device_lane import LaneState
from agent.jobs.book import JobBook
from agent.journal.rows import DeviceRow, JobRow
from agent.journal.store import Transaction
from agent.link.status import LinkStatus
from agent.status import AgentStatus, AwaitedRegister, DeviceStatus, JobStatus, SupportAsk, Watched
from protocol.crm.job_machine import Known
from protocol.crm.jobs import whole
from protocol.crm.link_machine import AgentLink
from protocol.crm.outcomes import Reason
from protocol.ffd.money import parse_kopecks

RECENT = 8
"""Jobs that are shown as the last ones."""


@dataclass(frozen=True, slots=True)
class Who:
    """What does not change while the agent runs. ``devices``: kkm_id, driver, address, as configured; ``terminals``:
    those among them that are card terminals, by KKM_ID."""

    version: str
    agent_id: str
    tenant: str
    server_url: str
    devices: tuple[tuple[str, str, str], ...]
    terminals: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Overview:
    who: Who
    book: JobBook
    now: Callable[[], datetime]
    link: Callable[[], LinkStatus]
    lanes: Callable[[], Sequence[LaneState]]
    refusals: Callable[[], Mapping[str, Reason]]
    """Why the server has not bound a register to this PC, by KKM_ID."""
    looks: Callable[[], Mapping[str, Mapping[str, Any]]] = dict
    asks: Callable[[], tuple[SupportAsk, ...]] = tuple
    watched: Callable[[], Watched | None] = lambda: None
    awaited: Callable[[], tuple[AwaitedRegister, ...]] = tuple

    def __call__(self) -> AgentStatus:
        lanes = {state.kkm_id: state for state in self.lanes()}
        refusals, link, looks = self.refusals(), self.link(), self.looks()
        rows, recent, decisions = self.book.journal.read(self._read)
        devices = tuple(
            _device(
                kkm_id, driver, address, rows.get(kkm_id), lanes.get(kkm_id), refusals.get(kkm_id), looks.get(kkm_id),
                is_terminal=kkm_id in self.who.terminals,
            )
            for kkm_id, driver, address in self.who.devices
        )  # fmt: skip
        return AgentStatus(
            at=self.now(),
            version=self.who.version,
            agent_id=self.who.agent_id,
            tenant=self.who.tenant,
            server_url=self.who.server_url,
            link=link,
            devices=devices,
            recent=recent,
            decisions=decisions,
            paused=self.book.paused,
            quarantined=link.state is AgentLink.QUARANTINED,
            disk_low=self.book.journal.space_is_low(),
            asks=self.asks(),
            watched=self.watched(),
            awaited=self.awaited(),
        )

    def _read(self, tx: Transaction) -> tuple[dict[str, DeviceRow], tuple[JobStatus, ...], tuple[JobStatus, ...]]:
        devices = {row.kkm_id: row for row in tx.devices()}
        waiting = [row for row in tx.live_jobs() if asks_a_person(row)]
        return (
            devices,
            tuple(_job(tx, devices, row, at) for row, at in tx.last_jobs(RECENT) if _is_shown(row)),
            tuple(_job(tx, devices, row, tx.last_word(row.job_id)) for row in waiting),
        )


def _is_shown(row: JobRow) -> bool:
    """A part of a sale is seen as the sale."""
    return row.state is not Known.ABSENT and row.part is None


def _device(
    kkm_id: str, driver: str, address: str, row: DeviceRow | None, lane: LaneState | None,
    refusal: Reason | None, facts: Mapping[str, Any] | None, *, is_terminal: bool,
) -> DeviceStatus:  # fmt: skip
    job = whole(lane.job_id) if lane is not None and lane.job_id is not None else None
    why = lane.reason if lane is not None else None
    return DeviceStatus(
        kkm_id=kkm_id,
        driver=driver,
        address=address,
        desk=row.settings.desk_id if row is not None else None,
        identity=lane.identity if lane is not None else None,
        bound=row is not None and row.binding_epoch > 0 and not row.released,
        trouble=why or refusal,
        job=job,
        step=lane.step if lane is not None and job is not None else None,
        facts=facts,
        is_terminal=is_terminal,
        terminal=lane.terminal if lane is not None else None,
        abortable=lane.abortable if lane is not None and job is not None else False,
    )


def _job(tx: Transaction, devices: Mapping[str, DeviceRow], row: JobRow, at: datetime) -> JobStatus:
    outcome = row.outcome
    proof = outcome.get("proof") or {}
    why = outcome.get("reason")
    return JobStatus(
        job_id=row.job_id,
        kkm_id=row.kkm_id,
        kind=row.kind,
        state=row.state.value,
        at=at,
        total=_total(tx, devices, row, proof.get("total")),
        reason=Reason.model_validate(why) if why else None,
        case=case_of(row),
        fd=proof.get("fd"),
        paper_pending=outcome.get("paper") == "incomplete",
    )


def _total(tx: Transaction, devices: Mapping[str, DeviceRow], row: JobRow, proven: str | None) -> int | None:
    """As the register proved it, or as it was asked for."""
    if proven is not None:
        return parse_kopecks(proven)
    device = devices.get(row.kkm_id)
    if device is None or tx.offer(row.job_id) is None:
        return None
    return wanted(device, tx.with_offer(row))[1]
