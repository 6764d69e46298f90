"""Every driver behind its simulator, a lane and a journal on a disk: the terminal says card numbers wherever it can say
anything. None of them is found in what the journal's file holds, in the messages for a server, the log, the trace, the
record beside a bank's program, the support bundle, or in an exception."""

from __future__ import annotations

import io
import json
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest
import structlog

from agent.config import Device
from agent.logs import set_up_logging
from agent.problems import UserError
from agent.support import logline
from agent.support.bundle.archive import to_zip
from agent.support.bundle.collect import Request, collect
from agent.support.bundle.forms import Known as OfTheServer
from agent.support.logfile import LogFile
from agent.support.trace.tracing import Traces
from drivers.conformance.terminals.bench import Fate, NotOffered, Setting, Step
from drivers.conformance.terminals.clerk import Clerk
from drivers.errors import DeviceError
from drivers.simulators.bank import slips as bank_slips
from drivers.simulators.bank.cards import Card
from drivers.terminal_api import Order
from drivers.terminals.runs import RECORD
from protocol.crm.job_machine import Known
from protocol.crm.jobs import JobKind
from tests.agent.devices.terminals.bench import TERMINAL, Counter, counter
from tests.conformance import arcus2, inpas, sber, zvt
from tests.conformance.banked import BankedDesk
from tests.masking.canaries import MANY, Search, batches, pans, survivors, track, written

BENCHES = {str(bench): bench for bench in (*zvt.BENCHES, *sber.BENCHES[:1], *arcus2.BENCHES[:1], *inpas.BENCHES)}
A_SLIP = 500
"""Canaries on one slip."""
SHORTER = {"zvt-serial": 100, "inpas-http": 100}
"""What a line of that speed, an answer of that size takes."""
SPOILT = (Fate.DECLINED, Fate.GARBAGE, Fate.HALF, Fate.FOREIGN, Fate.ANSWER_LOST)


@dataclass
class Mouth:
    """What the terminal says now, on its slips and as the customers' cards."""

    lines: Sequence[str] = ()


@pytest.fixture
def mouth(monkeypatch: pytest.MonkeyPatch) -> Mouth:
    said, usual = Mouth(), bank_slips.operation

    def operation(*told: Any, **more: Any) -> tuple[list[str], list[str]]:
        merchant, customer = usual(*told, **more)
        return [*merchant, *said.lines], [*customer, *said.lines]

    monkeypatch.setattr(bank_slips, "operation", operation)
    return said


def customers(numbers: Sequence[str]) -> list[Card]:
    """What their cards are called is a card number, too: names are texts like any other."""
    return [Card(system, pan, "2812", "2010000012345") for system, pan in zip(numbers[3:6], numbers[:3], strict=True)]


def plain(pan: str, random: Random) -> str:
    """As every code page can write it."""
    return written(pan, random).replace("\xa0", " ")


class Anything:
    """As if every name in a line were the server's."""

    def __contains__(self, _: object) -> bool:
        return True


def desk_of(at: Counter) -> BankedDesk:
    assert isinstance(at.desk, BankedDesk)
    return at.desk


@contextmanager
def overheard(name: str, folder: Path) -> Iterator[tuple[Counter, io.StringIO]]:
    """A traced terminal at a PC that logs everything."""
    stream = io.StringIO()
    set_up_logging("debug", "json", stream, keep=LogFile(folder).keep)
    try:
        with counter(BENCHES[name].make(frozenset({Setting.TRACED})), folder) as at:
            yield at, stream
    finally:
        structlog.reset_defaults()


def left(at: Counter, folder: Path, log: io.StringIO) -> Iterator[tuple[str, bytes]]:
    """Everything that is left behind."""
    desk = desk_of(at)
    yield "log", log.getvalue().encode()
    yield "trace, as the driver tells it", desk.traced()
    device = Device(TERMINAL, "zvt", "tcp:127.0.0.1:20007")
    keeps = Traces(folder, at.now).of(device)
    for record in desk._records:
        keeps(desk.now(), "rx", record)
    yield "messages", repr(at.journal.read(lambda tx: tx.outbox(10_000))).encode()
    bundle = collect(Request(folder, UserError("config_missing", "нет файла", "no file")), "KB-2222-3333", at.now())
    yield "bundle", to_zip(bundle) + b"".join(entry.content for entry in bundle.entries)
    watched = [logline.told(line, OfTheServer(Anything())) for line in log.getvalue().encode().splitlines()]
    yield "log, as it is watched", json.dumps(watched, ensure_ascii=False).encode()
    for file in folder.rglob("*"):
        if file.is_file():
            yield file.name, file.read_bytes()
    program = getattr(desk, "folder", None)
    if program is not None and (Path(program) / RECORD).exists():
        yield RECORD, (Path(program) / RECORD).read_bytes()


def slips_of(at: Counter, job_id: str) -> list[list[str]]:
    slips: list[list[str]] = at.journal.read(lambda tx: tx.facts(job_id))["result"]["slips"]
    return slips


@pytest.mark.gate
@pytest.mark.parametrize("name", BENCHES)
def test_none_of_ten_thousand_cards_and_tracks_gets_through(name: str, mouth: Mouth, tmp_path: Path) -> None:
    random, numbers, size = Random(7), pans(), SHORTER.get(name, A_SLIP)
    with overheard(name, tmp_path) as (at, log):
        for number, batch in enumerate(batches(numbers, size)):
            desk_of(at).bank.state.cards[:] = customers(batch)
            mouth.lines = [random.choice((plain, track))(pan, random) for pan in batch]
            at.job(JobKind.PAYMENT, f"j{number}", amount="1250.00")
            row = at.run(f"j{number}")
            assert row.state is Known.DONE, row.outcome
            assert sum(map(len, slips_of(at, f"j{number}"))) >= size, "the slips were not told"
        assert number + 1 == MANY // size
        search = Search(numbers)
        found = {name: len(search.found(data)) for name, data in left(at, tmp_path, log)}
        assert len(found) >= 6
        assert {name: count for name, count in found.items() if count} == {}


@pytest.mark.parametrize("name", BENCHES)
def test_ten_thousand_lines_of_slips_are_kept_as_they_are(name: str, mouth: Mouth, tmp_path: Path) -> None:
    lines = [line if "zvt" not in name else latin(line) for line in survivors()]
    with overheard(name, tmp_path) as (at, _):
        kept: list[str] = []
        for number, batch in enumerate(batches(lines, SHORTER.get(name, A_SLIP))):
            mouth.lines = batch
            at.job(JobKind.PAYMENT, f"j{number}", amount="1250.00")
            assert at.run(f"j{number}").state is Known.DONE
            kept += [line for slip in slips_of(at, f"j{number}") for line in slip]
        assert set(lines) <= set(kept)


def latin(line: str) -> str:
    """What a terminal by ZVT prints."""
    return "".join(sign if sign.isascii() else "X" for sign in line)


@pytest.mark.parametrize("name", BENCHES)
def test_no_exception_and_no_answer_tells_them_when_things_go_wrong(name: str, mouth: Mouth, tmp_path: Path) -> None:
    random, numbers = Random(8), pans(2000, seed=9)
    search, met = Search(numbers), set[Fate]()
    with overheard(name, tmp_path) as (at, log):
        desk = desk_of(at)
        for number, batch in enumerate(batches(numbers, 100)):
            fate = SPOILT[number % len(SPOILT)]
            desk.bank.state.cards[:] = customers(batch)
            mouth.lines = [random.choice((plain, track))(pan, random) for pan in batch]
            try:
                desk.fate(Step.PAYMENT, fate, seconds=20.0)
            except NotOffered:
                continue
            met.add(fate)
            try:
                desk.driver.connect()
                said = repr(desk.driver.pay(Order(125_000, number + 1), Clerk()))
            except DeviceError as error:
                said = "".join(traceback.format_exception(error)) + repr(error) + repr(error.args)
            assert not search.found(said), (fate, said[:300])
            desk.driver.disconnect()
            desk.sleep(900.0)
        assert len(met) >= 3
        found = {name: len(search.found(data)) for name, data in left(at, tmp_path, log)}
        assert {name: count for name, count in found.items() if count} == {}
