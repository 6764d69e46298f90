"""The desks at a glance, those in trouble first, and the last day in three small charts."""

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
from server.pages import CursorQuery, cursor_of, cut, key_of
from server.services import catalogue, views
from server.services.views import DeskView, DeviceView
from server.store import desks as stand
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
        waiting = await reading.waiting(work, visit.tenant_id)
        doubted = frozenset(row.kkm_id for row in waiting if row.state == JobState.HUMAN)
        behind = key_of(cursor, int, str) if cursor is not None else None
        after = (int(behind[0]), str(behind[1])) if behind is not None else None
        ranked, more = cut(await stand.by_trouble(work, visit.tenant_id, doubted, after, DESKS + 1), DESKS)
        desks = [views.desk(row) for row, _ in ranked]
        named = [kkm for desk in desks for kkm in (desk.kkm_id, desk.terminal_kkm_id) if kkm is not None]
        if cursor is None:
            named += await stand.loose(work, visit.tenant_id, LOOSE)
        devices = await catalogue.some(work, visit.tenant_id, visit.language, named)
        registers = [one.kkm_id for one in devices if one.device != "terminal"]
        last = await reading.last_receipts(work, visit.tenant_id, registers)
        past = await reading.recent(work, visit.tenant_id, charts.day_before(visit.now))
    following = cursor_of((ranked[-1][1], ranked[-1][0].desk_id)) if more else None
    shown = places(desks, {device.kkm_id: device for device in devices}, last, doubted, visit.language)
    return visit.page(
        "overview.html",
        here=f"{HOME}/overview",
        places=shown,
        following=f"{HOME}/overview?cursor={following}" if following else None,
        charts=(
            charts.jobs_per_hour(past, visit.now),
            charts.latency(past, visit.now),
            charts.failures(past, visit.now),
        ),
    )
