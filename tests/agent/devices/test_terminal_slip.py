"""A payment of its own at the terminal's lane, and its slip at the register's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.simulators.paper import MemoryPaper
from protocol.crm.job_machine import Known
from protocol.crm.jobs import JobKind
from tests.agent.devices.shop_bench import TERMINAL, Shop, shop
from tests.conformance import inpas

(INPAS,) = inpas.BENCHES


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Shop]:
    with shop(tmp_path, INPAS.make(frozenset())) as made:
        yield made


def pays(at: Shop, job_id: str = "p1") -> None:
    serial = at.terminal.truth().terminal_id
    at.offer(job_id, kind=JobKind.PAYMENT, payload={"amount": "1250.00"}, kkm_id=TERMINAL, register_serial=serial)


def paper(at: Shop) -> MemoryPaper:
    found = at.device.register.printer._paper
    assert isinstance(found, MemoryPaper)
    return found


def waiting(at: Shop) -> list[Known]:
    rows = at.journal.read(lambda tx: tx.live_jobs())
    return [row.state for row in rows if row.kind == JobKind.PRINT_TEXT]


def test_the_slip_comes_out_of_the_register_beside_it(at: Shop) -> None:
    pays(at)
    assert at.goes("p1").state is Known.DONE
    before = len(paper(at).slips)
    at.rests(10)
    first, *_ = paper(at).slips[before:]
    assert "1250.00" in first.text()
    assert (at.taken(), at.receipts(), waiting(at)) == ([125_000], [], [])


def test_a_register_without_paper_leaves_the_payment_as_it_is(at: Shop) -> None:
    at.device.take_paper()
    pays(at)
    assert at.goes("p1").state is Known.DONE
    at.rests(5)
    assert at.job("p1").state is Known.DONE
    assert Known.ACCEPTED in waiting(at)
    at.device.load_paper()
    at.rests(10)
    assert waiting(at) == []
