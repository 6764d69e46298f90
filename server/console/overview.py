"""The desks at a glance, and the last day in three small charts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import Response

from protocol.crm.codes import Language
from protocol.crm.jobs import JobState
from server.console import charts, reading, standing
from server.console.menu import HOME
from server.console.visit import DirectoryReader, PageRoute
from server.pages import CursorQuery
from server.services import catalogue
from server.services.views import DeskView, DeviceView
from server.store.models import Job

router = APIRouter(route_class=PageRoute)
DESKS = 30
LOOSE = 50


@dataclass(frozen=True, slots=True)
class Place:
    """One workplace: a desk, or a device that stands at none."""

    desk: DeskView | None
    register: DeviceView | None
    terminal: DeviceView | None
    notes: tuple[standing.Note, ...]
    last: Job | None

    @property
    def colour(self) -> standing.Colour:
        return standing.worst(self.notes)


def places(
    desks: Sequence[DeskView],
    devices: Mapping[str, DeviceView],
    last: Mapping[str, Job],
    doubted: frozenset[str],
    language: Language,
) -> list[Place]:
    """The desks in their order, then the devices that stand at none of them. ``doubted``: devices that do nothing
    before a person has decided."""
    shown: list[Place] = []
    for desk in desks:
        register, terminal = devices.get(desk.kkm_id or ""), devices.get(desk.terminal_kkm_id or "")
        notes = standing.of_desk(desk, register, terminal, language)
        if not doubted.isdisjoint((desk.kkm_id, desk.terminal_kkm_id)):
            notes.insert(0, standing.in_doubt(language))
        shown.append(Place(desk, register, terminal, tuple(notes), last.get(desk.kkm_id or "")))
    for device in devices.values():
        if device.desk_id is None:
            notes = standing.of_device(device, language)
            shown.append(Place(None, device, None, tuple(notes), last.get(device.kkm_id)))
    return shown


@router.get(f"{HOME}/overview")
async def overview(visit: DirectoryReader, cursor: CursorQuery = None) -> Response:
    async with visit.here.database.read() as work:
        desks = await catalogue.desks(work, visit.tenant_id, cursor, DESKS)
        named = [kkm for desk in desks.desks for kkm in (desk.kkm_id, desk.terminal_kkm_id) if kkm is not None]
        devices = await catalogue.some(work, visit.tenant_id, visit.language, named)
        if cursor is None:
            first = await catalogue.devices(work, visit.tenant_id, visit.language, None, LOOSE)
            devices += [device for device in first.devices if device.desk_id is None]
        registers = [one.kkm_id for one in devices if one.device != "terminal"]
        last = await reading.last_receipts(work, visit.tenant_id, registers)
        waiting = await reading.waiting(work, visit.tenant_id)
        past = await reading.recent(work, visit.tenant_id, charts.day_before(visit.now))
    doubted = frozenset(row.kkm_id for row in waiting if row.state == JobState.HUMAN)
    shown = places(desks.desks, {device.kkm_id: device for device in devices}, last, doubted, visit.language)
    return visit.page(
        "overview.html",
        here=f"{HOME}/overview",
        places=shown,
        following=f"{HOME}/overview?cursor={desks.cursor}" if desks.cursor else None,
        charts=(
            charts.jobs_per_hour(past, visit.now),
            charts.latency(past, visit.now),
            charts.failures(past, visit.now),
        ),
    )
