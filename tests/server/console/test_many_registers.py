"""The cashier's page and the directory in an account with more registers and PCs than a list can show."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import httpx
import pytest
from sqlalchemy import create_engine, update

from server.console.reading import PCS, TILLS
from server.routers.browser import SESSION
from server.store.models import Agent, Desk, Device
from tests.server.conftest import Bench
from tests.server.grown import Size, grow

OFFERED = re.compile(r'<option value="(k\d+)"( selected)?>')


@pytest.fixture
def browser(bench: Bench) -> httpx.AsyncClient:
    engine = create_engine(f"sqlite:///{bench.database}")
    with engine.begin() as db:
        made = grow(db, "acc", Size(440, 440), datetime.now(UTC))
        db.execute(update(Desk).where(Desk.desk_id == "d77").values(name="Ёлкина, Двор"))
        db.execute(update(Device).where(Device.kkm_id == "k98").values(agent_id=None))
        db.execute(update(Device).where(Device.kkm_id == "k439").values(bound_serial=None, binding_epoch=0))
        db.execute(update(Agent).where(Agent.id == "ag_acc_207").values(name="Ёлкина, Двор"))
    engine.dispose()
    return bench.browser(Cookie=f"{SESSION}={made.session}")


async def offered(bench: Bench, browser: httpx.AsyncClient, query: str) -> dict[str, bool]:
    """The registers that can be chosen, and which of them is."""
    answer = await browser.get(f"{bench.url}/console/till{query}")
    assert answer.status_code == 200, answer.text[:300]
    return {kkm_id: bool(chosen) for kkm_id, chosen in OFFERED.findall(answer.text)}


async def test_the_first_are_offered_and_it_is_said_that_there_are_more(
    bench: Bench, browser: httpx.AsyncClient
) -> None:
    page = (await browser.get(f"{bench.url}/console/till")).text
    assert len(OFFERED.findall(page)) == TILLS
    assert "Касс больше, чем в списке" in page


@pytest.mark.parametrize(("sought", "found"), [("k23", {"k23", *(f"k23{n}" for n in range(10))}), ("ДВОР", {"k77"}),
                                               ("d239", {"k239"}), ("касса 99", {"k99"})])  # fmt: skip
async def test_a_register_is_found_by_a_piece_of_its_name_or_of_its_desk(
    bench: Bench, browser: httpx.AsyncClient, sought: str, found: set[str]
) -> None:
    assert set(await offered(bench, browser, f"?find={sought}")) == found


async def test_a_register_that_no_pc_has_is_not_found(bench: Bench, browser: httpx.AsyncClient) -> None:
    page = (await browser.get(f"{bench.url}/console/till?find=k98")).text
    assert "Такой кассы нет." in page


async def test_a_return_is_made_where_the_receipt_was_however_many_registers_stand_before_it(
    bench: Bench, browser: httpx.AsyncClient
) -> None:
    chosen = await offered(bench, browser, "?at=k99")
    assert chosen["k99"]
    assert sum(chosen.values()) == 1


async def test_the_directorys_two_lists_have_a_next_page_each(bench: Bench, browser: httpx.AsyncClient) -> None:
    """One cursor served both, and desks were left out whose ids come before those of registers."""
    url, desks = "/console/directory", set[str]()
    for _ in range(9):
        page = (await browser.get(f"{bench.url}{url}")).text
        desks |= set(re.findall(r'href="/console/desks/(d\d+)"', page.partition("Рабочие места</h2>")[2]))
        more = re.search(r'href="(/console/directory\?[^"]*desks=[^"]+)" rel="next"', page)
        if more is None:
            break
        url = more[1].replace("&amp;", "&")
    assert len(desks) == 440


async def test_a_desk_keeps_its_register_however_many_stand_before_it_in_the_form(
    bench: Bench, browser: httpx.AsyncClient
) -> None:
    """The form offered two hundred; one that was not among them was lost when the form was sent."""
    page = (await browser.get(f"{bench.url}/console/desks/d439")).text
    assert re.search(r'name="kkm_id"[^>]*value="k439"', page)


async def test_the_pc_of_a_device_is_named_however_many_were_paired_before_it(
    bench: Bench, browser: httpx.AsyncClient
) -> None:
    assert ">PC-219</a>" in (await browser.get(f"{bench.url}/console/devices/k439")).text


PC = re.compile(r'<option value="ag_acc_(\d+)"( selected)?>')


async def pcs_offered(bench: Bench, browser: httpx.AsyncClient, address: str) -> dict[str, bool]:
    """The PCs that can be chosen for a device, and which of them is."""
    answer = await browser.get(f"{bench.url}/console/devices/{address}")
    assert answer.status_code == 200, answer.text[:300]
    return {pc: bool(chosen) for pc, chosen in PC.findall(answer.text)}


@pytest.mark.parametrize(("sought", "found"), [("pc-21", {"21", *(f"21{n}" for n in range(10))}), ("ДВОР", {"207"}),
                                               ("ag_acc_219", {"219"}), ("нет такого", set())])  # fmt: skip
async def test_a_register_can_be_moved_to_any_pc_found_by_a_piece_of_its_name(
    bench: Bench, browser: httpx.AsyncClient, sought: str, found: set[str]
) -> None:
    """Two hundred were offered, and there was no way to the others."""
    assert set(await pcs_offered(bench, browser, f"k0?find={sought}")) == found


async def test_the_first_pcs_are_offered_and_it_is_said_that_there_are_more(
    bench: Bench, browser: httpx.AsyncClient
) -> None:
    page = (await browser.get(f"{bench.url}/console/devices/k0")).text
    assert len(PC.findall(page)) == PCS - 1, "its own is not among those that it can be moved to"
    assert "ПК больше, чем в списке" in page
    assert "Такого ПК нет" in (await browser.get(f"{bench.url}/console/devices/k0?find=nowhere")).text


@pytest.mark.parametrize("query", ["", "?find=pc-21", "?find=nowhere"])
async def test_a_device_keeps_the_pc_it_was_promised_to_however_many_stand_before_it(
    bench: Bench, browser: httpx.AsyncClient, query: str
) -> None:
    """The form offered the first two hundred, and whoever only renamed the device took it from its PC."""
    chosen = await pcs_offered(bench, browser, f"k439{query}")
    assert [pc for pc, is_it in chosen.items() if is_it] == ["219"]


async def test_a_move_that_is_refused_keeps_the_pc_that_was_chosen(bench: Bench, browser: httpx.AsyncClient) -> None:
    csrf = re.search(r'name="_csrf" value="([^"]+)"', (await browser.get(f"{bench.url}/console/devices/k0")).text)
    assert csrf
    told = {"_csrf": csrf[1], "to": "ag_acc_207", "old_pc_off": "yes"}
    refused = await browser.post(f"{bench.url}/console/devices/k0/move", data=told, headers={"Origin": bench.url})
    assert refused.status_code == 409, "its PC is connected"
    assert ("207", " selected") in PC.findall(refused.text)
