"""Shops that are paired and bound: images of their disks, made once by the product itself, copied for every run."""

from __future__ import annotations

import tempfile
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from random import Random

from agent.identity import Identity
from agent.keys import public_key_of
from server.keys import JobKey
from server.services import access, desks, directory, pairing
from server.settings import database_url
from server.store.database import Database
from server.store.models import PairingCode
from server.world import World as ServerWorld
from tests.chaos.makes import fresh
from tests.chaos.terminals import fresh_terminal

START = datetime(2026, 7, 6, 6, 0, tzinfo=UTC)
"""Of every run; nine o'clock at the desks."""
SERVER, JOURNAL = "server.sqlite3", "journal.sqlite3"


@dataclass(frozen=True, slots=True)
class Desk:
    """``terminal``: the KKM_ID of the card terminal beside the register."""

    kkm_id: str
    exclusive: bool = True
    imprint: bool = True
    terminal: str | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """``pcs``: which registers each PC's configuration names; the first PC that names one owns it. The terminal beside
    a register is connected to the same PCs. ``model``: of the terminals."""

    name: str
    desks: Sequence[Desk]
    pcs: Mapping[str, Sequence[str]]
    model: str = "zvt"

    @property
    def terminals(self) -> list[str]:
        return [desk.terminal for desk in self.desks if desk.terminal is not None]

    def beside(self, kkm_ids: Sequence[str]) -> list[str]:
        """The terminals beside these registers."""
        return [desk.terminal for desk in self.desks if desk.terminal is not None and desk.kkm_id in kkm_ids]


LAYOUTS = {
    layout.name: layout
    for layout in (
        Layout("one", (Desk("1"),), {"a": ("1",)}),
        Layout("two", (Desk("1"), Desk("2")), {"a": ("1", "2")}),
        Layout("three", (Desk("1"), Desk("2"), Desk("3")), {"a": ("1", "2"), "b": ("3",)}),
        Layout("shared", (Desk("1", exclusive=False),), {"a": ("1",)}),
        Layout("unmarked", (Desk("1", imprint=False),), {"a": ("1",)}),
        Layout("shared_unmarked", (Desk("1", exclusive=False, imprint=False),), {"a": ("1",)}),
        Layout("rivals", (Desk("1"),), {"a": ("1",), "b": ("1",)}),
        Layout("till", (Desk("1", terminal="t1"),), {"a": ("1",)}),
        Layout("till_inpas", (Desk("1", terminal="t1"),), {"a": ("1",)}, model="inpas"),
        Layout("till_shared", (Desk("1", exclusive=False, terminal="t1"),), {"a": ("1",)}),
        Layout("tills", (Desk("1", terminal="t1"), Desk("2", terminal="t2")), {"a": ("1", "2")}),
        Layout("till_rivals", (Desk("1", terminal="t1"),), {"a": ("1",), "b": ("1",)}),
    )
}


FIRST = ("one", ("shtrih",))
"""The template that is made before any other, whichever is asked for."""


@dataclass(frozen=True, slots=True)
class Template:
    layout: Layout
    tenant_id: str
    key: JobKey
    identities: Mapping[str, Identity]
    server: bytes
    journals: Mapping[str, bytes] = field(default_factory=dict)
    registers: Mapping[str, bytes] = field(default_factory=dict)
    terminals: Mapping[str, bytes] = field(default_factory=dict)


async def found(layout: Layout, makes: Sequence[str], folder: Path) -> Template:
    """A new account with its PCs, registers and desks; nothing has been connected yet."""
    random = Random(f"{layout.name} {makes}")
    world = ServerWorld(now=lambda: START, monotonic=lambda: 0.0, random_bytes=random.randbytes)
    path = folder / SERVER
    database = Database(database_url(str(path)), world)
    await database.migrate()
    limits = pairing.Limits()
    identities = {}
    async with database.write() as work:
        key = await access.job_key(work, world)
        tenant = (await access.add_tenant(work, world, "Мастерская")).tenant_id
        for name in layout.pcs:
            private = b64encode(random.randbytes(32)).decode()
            code = await pairing.make_code(work, world, limits, tenant, pairing.CodeAsked(auto_confirm=True))
            await work.session.flush()
            asked = pairing.ClaimAsked(
                code=code.code, public_key=public_key_of(private), install_id=f"in-{name}", pc_name=name, version="sim"
            )
            claimed = await pairing.claim(work, world, limits, asked, address="127.0.0.1")
            assert isinstance(claimed, PairingCode)
            identities[name] = Identity(
                agent_id=str(claimed.agent_id), install_id=f"in-{name}", tenant_id=tenant, server_url="", link_url="",
                private_key=private, server_keys={key.kid: key.public},
            )  # fmt: skip
        for desk in layout.desks:
            owner = next(name for name, kkm_ids in layout.pcs.items() if desk.kkm_id in kkm_ids)
            put = directory.DevicePut(kkm_id=desk.kkm_id, agent_id=identities[owner].agent_id)
            await directory.put_device(work, world, tenant, put)
            if desk.terminal is not None:
                beside = directory.DevicePut(kkm_id=desk.terminal, agent_id=identities[owner].agent_id)
                await directory.put_device(work, world, tenant, beside)
            asked_desk = desks.DeskPut(
                desk_id=f"desk-{desk.kkm_id}", kkm_id=desk.kkm_id, exclusive=desk.exclusive, imprint=desk.imprint,
                terminal_kkm_id=desk.terminal,
            )  # fmt: skip
            await desks.put(work, world, tenant, asked_desk)
    await database.close()
    registers = {
        desk.kkm_id: fresh(make, int(desk.kkm_id), START.replace(tzinfo=None, hour=9))
        for desk, make in zip(layout.desks, makes, strict=True)
    }
    nine = START.replace(tzinfo=None, hour=9)
    terminals = {kkm_id: fresh_terminal(layout.model, n, nine) for n, kkm_id in enumerate(layout.terminals)}
    return Template(layout, tenant, key, identities, path.read_bytes(), {}, registers, terminals)


def template(name: str, fleet: Sequence[str] = ("shtrih",)) -> Template:
    """With every PC connected once, every register bound. Made by a run in which nothing happens. ``fleet``: makes of
    registers, dealt out to the desks in turn."""
    _template(*FIRST)  # by which the drivers have read what ``families`` reads once: the next ones do not depend on it
    desks = LAYOUTS[name].desks
    return _template(name, tuple(fleet[n % len(fleet)] for n in range(len(desks))))


@cache
def _template(name: str, makes: Sequence[str]) -> Template:
    from tests.chaos.world import settled

    with tempfile.TemporaryDirectory() as folder:
        return settled(LAYOUTS[name], makes, Path(folder))
