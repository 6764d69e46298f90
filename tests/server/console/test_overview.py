"""The overview: whatever is wrong stands first, on the first page of many, in the order of how wrong it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine, update

from protocol.crm.messages import Health
from server.console import standing
from server.routers.browser import SESSION
from server.services import catalogue, health, views
from server.store.desks import Level, by_trouble
from server.store.models import Agent, Desk, Device, RefusedClaim
from tests.server.conftest import Bench
from tests.server.grown import HEALTH, Grown, Size, grow

DESKS = 76
SHOWN = re.compile(r'<article class="card (\w*)">\n<div class="head"><h2><span translate="no">([^<]+)</span>')
COLOURS = {"bad": Level.BAD, "wait": Level.WAIT, "good": Level.GOOD}


@pytest.fixture
def account(bench: Bench) -> Grown:
    """Desks d0 to d75 in order, each with its register, two at a PC; all PCs are online."""
    engine = create_engine(f"sqlite:///{bench.database}")
    with engine.begin() as db:
        made = grow(db, "acc", Size(60, DESKS, waiting=1), datetime.now(UTC))
        db.execute(update(Agent).values(unreachable_since=None))
    engine.dispose()
    return made


def browser_of(bench: Bench, account: Grown) -> httpx.AsyncClient:
    return bench.browser(Cookie=f"{SESSION}={account.session}")


async def changed(bench: Bench, entity: Any, key: Any, **values: Any) -> None:
    async with bench.services.database.write() as work:
        row = await work.session.get_one(entity, key)
        for name, value in values.items():
            setattr(row, name, value)


async def looked(bench: Bench, account: Grown, kkm_id: str, **facts: Any) -> None:
    """Its PC has looked at the device."""
    async with bench.services.database.write() as work:
        device = await work.session.get_one(Device, (account.tenant_id, kkm_id))
        agent = await work.session.get_one(Agent, device.agent_id)
        await health.take(work, agent, Health(kkm_id=kkm_id, at=work.now, facts=HEALTH | facts))


async def pages(bench: Bench, account: Grown) -> list[list[tuple[str, str]]]:
    """Colour and name of what each page shows."""
    browser, url, found = browser_of(bench, account), "/console/overview", []
    while url:
        answer = await browser.get(bench.url + url)
        assert answer.status_code == 200, answer.text[:500]
        found.append(SHOWN.findall(answer.text))
        more = re.search(r'href="(/console/overview\?cursor=[^"]+)" rel="next"', answer.text)
        url = more[1] if more is not None else ""
    return found


async def test_the_last_desks_of_a_large_account_come_first_when_they_are_in_trouble(
    bench: Bench, account: Grown
) -> None:
    await looked(bench, account, "k74", paper="absent")
    await looked(bench, account, "k73", ofd={"unsent": 30})
    await changed(bench, Desk, (account.tenant_id, "d72"), kkm_id=None)
    told = await pages(bench, account)
    first = [name for _, name in told[0][:4]]
    doubted = f"d{int(account.ids['doubt'].partition('-')[2]) % DESKS}"
    assert first == [*sorted([doubted, "d72", "d74"]), "d73"]
    assert [colour for colour, _ in told[0][:5]] == ["bad", "bad", "bad", "wait", ""]


async def test_every_desk_is_on_one_page(bench: Bench, account: Grown) -> None:
    await looked(bench, account, "k40", cover_open=True)
    names = [name for page in await pages(bench, account) for _, name in page if name.startswith("d")]
    assert len(names) == DESKS
    assert set(names) == {f"d{n}" for n in range(DESKS)}


async def test_a_device_at_no_desk_is_shown_behind_however_many_that_stand_somewhere(
    bench: Bench, account: Grown
) -> None:
    await changed(bench, Desk, (account.tenant_id, "d74"), kkm_id=None)
    first = (await pages(bench, account))[0]
    assert first[-1] == ("", "Касса 74")


Change = Callable[[Bench, Grown], Any]


async def silent(bench: Bench, account: Grown) -> None:
    await changed(bench, Agent, "ag_acc_1", unreachable_since=datetime.now(UTC))


async def never_seen(bench: Bench, account: Grown) -> None:
    await changed(bench, Agent, "ag_acc_1", connected_at=None)


async def refused(bench: Bench, account: Grown) -> None:
    async with bench.services.database.write() as work:
        claim = RefusedClaim(tenant_id=account.tenant_id, kkm_id="k2", agent_id="ag_acc_3", code="register_changed")
        claim.at, claim.register_serial = work.now, None
        work.session.add(claim)


def device(**values: Any) -> Change:
    return lambda bench, account: changed(bench, Device, (account.tenant_id, "k2"), **values)


def facts(**values: Any) -> Change:
    return lambda bench, account: looked(bench, account, "k2", **values)


STANDINGS: list[Change] = [
    silent, never_seen, refused,
    device(releasing=True), device(bound_serial=None), device(bound_serial=None, agent_id=None),
    device(binding_epoch=2), device(exclusive_lost_at=datetime(2026, 1, 1, tzinfo=UTC)),
    facts(), facts(answers=False, reason="device_offline"), facts(paper="absent"), facts(paper="interrupted"),
    facts(cover_open=True), facts(blocked="fn_expired"), facts(shift={"state": "expired"}),
    facts(shift={"state": "open", "age_s": 84_000}), facts(fn={"expires": "2026-01-01"}),
    facts(ofd={"unsent": 25}), facts(clock={"drift_s": -400}), facts(clock={"unset": True}),
    facts(setup_problems=["tax_by_host"]),
]  # fmt: skip


@pytest.mark.parametrize("change", STANDINGS, ids=range(len(STANDINGS)))
async def test_the_order_is_that_of_the_words_on_the_page(bench: Bench, account: Grown, change: Change) -> None:
    """What the database sorts by is what the page says in colours."""
    await change(bench, account)
    async with bench.services.database.read() as work:
        ranked = {
            desk.desk_id: (desk, level) for desk, level in await by_trouble(work, account.tenant_id, (), None, 99)
        }
        desk, level = ranked["d2"]
        (shown,) = await catalogue.some(work, account.tenant_id, "ru", ["k2"])
    assert level == COLOURS[standing.worst(standing.of_desk(views.desk(desk), shown, None, "ru"))]
