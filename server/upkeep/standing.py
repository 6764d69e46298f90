"""How things stand in the database, as gauges: asked for when somebody looks, so that every server process says the
same."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily, Metric
from sqlalchemy import func, select

from server.store.database import Work
from server.store.feed import Delivery
from server.store.jobs import OPEN
from server.store.models import Agent, Desk, Device, Job, Outgoing


@dataclass(frozen=True, slots=True)
class Standing:
    """``jobs``: state → how many, seconds since the oldest was asked for; only jobs that have not ended."""

    jobs: dict[str, tuple[int, float]]
    owed: int
    agents: dict[tuple[str, str], int]
    """(state, "online" or "offline") → how many."""
    devices_unbound: int
    desks_without_register: int
    outbox: int
    deliveries: dict[str, int]


async def look(work: Work) -> Standing:
    def age(since: datetime) -> float:
        return max(0.0, (work.now - since).total_seconds())

    jobs = await work.session.rows(
        select(Job.state, func.count(), func.min(Job.created_at, type_=Job.created_at.type))
        .where(Job.state.in_(OPEN))
        .group_by(Job.state)
    )
    agents = await work.session.rows(
        select(Agent.state, Agent.connected_at.is_not(None), func.count()).group_by(
            Agent.state, Agent.connected_at.is_not(None)
        )
    )
    deliveries = await work.session.rows(
        select(Delivery.state, func.count()).where(Delivery.state.in_(("waiting", "dead"))).group_by(Delivery.state)
    )
    return Standing(
        jobs={state: (count, age(oldest)) for state, count, oldest in jobs},
        owed=await work.session.scalar(select(func.count()).where(Job.state.in_(OPEN), Job.owed)) or 0,
        agents={(state, "online" if online else "offline"): count for state, online, count in agents},
        devices_unbound=await work.session.scalar(
            select(func.count()).select_from(Device).where(Device.bound_epoch == 0)
        )
        or 0,
        desks_without_register=await work.session.scalar(
            select(func.count()).select_from(Desk).where(Desk.kkm_id.is_(None))
        )
        or 0,
        outbox=await work.session.scalar(select(func.count()).select_from(Outgoing)) or 0,
        deliveries=dict(deliveries),
    )


@dataclass(frozen=True, slots=True, eq=False)  # a registry knows a collector by its identity
class Gauges:
    """A collector of one look. ``folder``: where the database lies, if it is a file."""

    standing: Standing
    connections: int
    version: str
    folder: Path | None

    def collect(self) -> Iterable[Metric]:
        yield from self._jobs()
        now = self.standing
        agents = GaugeMetricFamily("kassabridge_agents", "Paired PCs", labels=["state", "line"])
        for (state, line), count in now.agents.items():
            agents.add_metric([state, line], count)
        yield agents
        waiting = GaugeMetricFamily("kassabridge_webhook_deliveries", "Events not delivered", labels=["state"])
        for state in ("waiting", "dead"):
            waiting.add_metric([state], now.deliveries.get(state, 0))
        yield waiting
        build = GaugeMetricFamily("kassabridge_build_info", "Which version this is", labels=["version"])
        build.add_metric([self.version], 1)
        yield build
        for name, words, value in (
            ("kassabridge_agent_connections", "Websockets of PCs to this process", self.connections),
            ("kassabridge_jobs_owed", "Sales whose money was moved and whose receipt is not made", now.owed),
            ("kassabridge_devices_unbound", "Devices of the directory that no PC has", now.devices_unbound),
            ("kassabridge_desks_without_register", "Desks without a register", now.desks_without_register),
            ("kassabridge_outbox_messages", "Messages that wait for a PC's word that it has them", now.outbox),
        ):
            yield GaugeMetricFamily(name, words, value)
        if self.folder is not None:
            yield GaugeMetricFamily(
                "kassabridge_disk_free_bytes", "Room on the database's disk", shutil.disk_usage(self.folder).free
            )

    def _jobs(self) -> Iterator[Metric]:
        count = GaugeMetricFamily("kassabridge_jobs", "Jobs that have not ended", labels=["state"])
        oldest = GaugeMetricFamily(
            "kassabridge_job_oldest_seconds", "Age of the oldest job that has not ended", labels=["state"]
        )
        for state in OPEN:
            many, age = self.standing.jobs.get(state, (0, 0.0))
            count.add_metric([state], many)
            oldest.add_metric([state], age)
        yield count
        yield oldest
