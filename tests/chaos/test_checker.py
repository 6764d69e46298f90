"""The checker sees each wrong, by its name: books that are right are spoiled in one place at a time."""

from __future__ import annotations

import ast
import json
import logging
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
import structlog

from tests.chaos.checker import (
    RULES,
    Asked,
    JournalBook,
    Letter,
    Records,
    Tally,
    check,
    read_journal,
    read_register,
    read_server,
    tally,
)
from tests.chaos.checking_example import TENANT, Book, Shop, receipt, right
from tests.chaos.checking_planting import (
    Forge,
    Spoil,
    forged,
    heard,
    hidden,
    human,
    record,
    row_changed,
    tags,
)
from tests.chaos.checking_records import Json
from tests.chaos.checking_selling import gone_on, left_owed, sold, undone
from tests.chaos.checking_wrongs import PLANTED
from tests.soak.customers import Customers
from tests.soak.shop import Wanted, opened


@pytest.mark.parametrize("what", PLANTED)
def test_each_wrong_is_seen_by_its_name_and_as_nothing_else(what: str) -> None:
    planted, shop = PLANTED[what], right()
    planted.spoil(shop)
    records = planted.forge(shop.records())
    wrongs = check(records)
    assert {wrong.rule for wrong in wrongs} == {planted.rule}, [str(wrong) for wrong in wrongs]


def test_every_rule_has_its_wrong() -> None:
    assert {planted.rule for planted in PLANTED.values()} == set(RULES)
    assert len(PLANTED) >= 40


# --- what is right ----------------------------------------------------------------------------------------------------


def apart(flag: str) -> Spoil:
    """A person may be needed when the archive cannot be compared with the journal any more."""

    def spoil(shop: Shop) -> None:
        shop.flags.add(flag)
        human(shop)

    return spoil


def merged(shop: Shop) -> None:
    """The CRM's own attribute and the imprint stand in one tag."""
    block = tags(shop, 3)["1084"]
    block.update({"1085": "Заказ", "1086": f"77; ID={block['1086']}"})


def rolled_back(shop: Shop) -> None:
    """PC A was set back to an older copy: of its last disk the whole line is left, the restored one has its beginning
    and finds the jobs in the archive or hears that they have ended."""
    shop.flags.add("rollback")
    rows = shop.books["A"].rows
    since = rows.index(record(shop, "two", "doubt"))
    shop.books["A2"] = Book([*rows], known={"agent_id": "A", "lost": True})
    rows[since:] = []
    shop.device("A", "17", "bind", binding_epoch=2)
    row = shop.row("A", "two")
    assert row is not None
    shop.job("A", "two", "epoch_raised", "started", told=False, binding_epoch=2)
    outcome = {"proof": shop.jobs["two"]["proof"], "paper": "complete"}
    for event, archived in (("proven", False), ("archived", True)):
        shop.job("A", "two", event, "done", told=False, rev=9, outcome=outcome, archived=archived)
    shop.job("A", "slip", "adopt", "held", told=False)
    shop.job("A", "slip", "epoch_passed", "absent", told=False)


def restored(shop: Shop) -> None:
    """The server was set back: what never reached an agent is gone."""
    shop.flags.add("server_restored")
    shop.asked["forgotten"] = Asked("receipt", "17", TENANT, receipt("forgotten"))


def second_life(records: Records) -> Records:
    """What the server had refused itself, and the CRM has read, is posted again and done."""
    refused = {"job_id": "one", "state": "cancelled", "rev": 0, "proof": None}
    told: list[tuple[int, Json]] = [(0, {"type": "job.cancelled", "event_id": "lost-1", "data": refused})]
    told += [(1, event) for _, event in records.events]
    return replace(records, events=told, server=replace(records.server, restored=True))


def new_drive(shop: Shop) -> None:
    """Another fiscal drive, numbered anew."""
    shop.flags.add("fn_swap")
    shop.tills["17"].drives.append([])
    shop.document("17", "registration")
    shop.policy("A", "17", "open_shift")
    shop.post("new", "receipt", "17")
    shop.begin("new", "A")
    shop.prove("new", "A", shop.proof("17", shop.sale("17", "new")))


def adopted(shop: Shop) -> None:
    """PC B has the register now; what A has begun there it only finds."""
    shop.flags.add("move")
    shop.policy("A", "17", "open_shift")
    shop.post("moved", "receipt", "17")
    shop.begin("moved", "A")
    made = shop.sale("17", "moved")
    shop.books["A"].known["running"] = False
    shop.books["A"].outbox.append(Letter("m1", "update", "one", 3, "{}"))
    shop.device("B", "17", "bind", binding_epoch=2, released=False, operation=None)
    shop.owner["17"] = "B"
    shop.job("B", "moved", "adopt", "held", rev=5, binding_epoch=2)
    shop.prove("moved", "B", shop.proof("17", made), "found")


def decided_done(shop: Shop) -> None:
    """A person has found the document and says its number."""
    shop.asked["waits"] = replace(shop.asked["waits"], decisions=[("done", 5)])
    told = {"source": "person", "person": "Управляющий", "person_reason": "сверено", "fn": "fn181", "fd": 5}
    shop.prove("waits", "B", told, "decided_done", reason={"code": "decided_by_person"})


def contradicted(shop: Shop) -> None:
    """It turned up after all, and that was said aloud."""
    hidden(shop)
    shop.tell_device("17", "decision_contradicted", {"job_id": "hidden", "fd": 7})


def pruned(book: JournalBook) -> JournalBook:
    return row_changed(book, 2, body=None)


def again(events: list[tuple[int, Any]]) -> None:
    """A cursor that was set back reads everything twice."""
    events += list(events)


RIGHT: dict[str, tuple[Spoil, Forge]] = {
    "the shop as it is": (lambda _: None, lambda r: r),
    "a person after a rollback": (apart("rollback"), lambda r: r),
    "a person after a move": (apart("move"), lambda r: r),
    "a person after a new fiscal drive": (apart("fn_swap"), lambda r: r),
    "a desk without a drawer that was looked at": (lambda s: s.tills["17"].known.update(drawer=None), lambda r: r),
    "the imprint behind the CRM's own attribute": (merged, lambda r: r),
    "an agent set back to an older copy": (rolled_back, lambda r: r),
    "a server set back to a backup": (restored, second_life),
    "a new fiscal drive": (new_drive, lambda r: r),
    "a register on another PC": (adopted, lambda r: r),
    "a person who found the document": (decided_done, lambda r: r),
    "a contradiction that was told": (contradicted, lambda r: r),
    "a body that was pruned": (lambda _: None, forged("A", pruned)),
    "a sale": (sold, lambda r: r),
    "a sale that was undone": (undone, lambda r: r),
    "a sale that a person has left owed": (left_owed, lambda r: r),
    "a sale that went on after a restart": (gone_on, lambda r: r),
    "a feed that was read twice": (lambda _: None, heard(again)),
    "a job that was never answered": (
        lambda s: s.asked.update(gone=Asked("receipt", "17", TENANT, receipt("gone"), answered=False)),
        lambda r: r,
    ),
    "a letter for a PC that is off": (
        lambda s: s.outbox.append({"agent_id": "C", "kkm_id": "17", "type": "release", "body": {}}),
        lambda r: r,
    ),
}


@pytest.mark.parametrize("what", RIGHT)
def test_what_is_allowed_is_no_wrong(what: str) -> None:
    spoil, forge = RIGHT[what]
    shop = right()
    spoil(shop)
    assert [str(wrong) for wrong in check(forge(shop.records()))] == []


def test_a_wrong_says_which_job_and_what() -> None:
    shop = right()
    hidden(shop)
    (wrong,) = check(shop.records())
    assert str(wrong) == "false_not_done: hidden: is not_done, and FN fn171 FD 7 is its document"


def test_the_tally_counts_how_jobs_ended() -> None:
    shop = right()
    human(shop)
    one, moved = tally(shop.records()), tally(replace(shop.records(), flags=frozenset({"move"})))
    assert (one.jobs, one.states["done"], one.by_person, one.documents, one.foreign) == (13, 5, 1, 5, 2)
    assert (one.own, one.own_human, one.apart) == (10, 1, 0)
    assert (moved.own, moved.own_human, moved.apart) == (0, 0, 13)
    both = one + moved
    assert (both.runs, both.jobs, both.done_share) == (2, 26, 10 / 26)
    assert Tally().done_share == 1.0


# --- a stranger -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", sorted(Path(__file__).parent.glob("check*.py")), ids=lambda path: path.stem)
def test_the_checker_knows_nothing_of_the_product(module: Path) -> None:
    imported = set()
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module or "")
            imported |= {f"{node.module}.{alias.name}" for alias in node.names if node.module == "tests.chaos"}
    theirs = {name for name in imported if name.partition(".")[0] not in sys.stdlib_module_names}
    assert all(name == "tests.chaos" or name.startswith("tests.chaos.check") for name in theirs), theirs


# --- the product's own books ------------------------------------------------------------------------------------------

MONDAY = datetime(2026, 7, 6, 9, 0)  # noqa: DTZ001  (a desk has local time only)
LOST = ("answer-lost:command=FF45,nth=2,drop=no", "answer-lost:command=FF46,nth=4", "answer-lost:command=50")
"""A receipt's closing, a receipt's line, cash."""


@pytest.fixture
def quiet() -> Iterator[None]:
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    yield
    structlog.configure(**before)


@pytest.mark.usefixtures("quiet")
def test_the_checker_reads_what_the_product_has_written(tmp_path: Path) -> None:
    """Server, agent, driver and simulated register have written these books: the hand-made ones are like them."""
    customers = Customers(Random(5))
    with opened(tmp_path, MONDAY, ffd="1.2", capacity=500, rolls=()) as shop:
        shop.live(60)
        asked = [Wanted("c1", "cash_in", {"amount": "5000.00"}), Wanted("c2", "cash_out", {"amount": "99999.00"})]
        asked += [Wanted(f"r{n}", "receipt", customers.receipt(0)[0]) for n in range(6)]
        asked += [Wanted("s1", "print_text", {"lines": [{"text": "Спасибо"}]}), Wanted("z1", "close_shift", {})]
        for fault in LOST:
            shop.device.inject(fault)
        shop.post(*asked)
        shop.settle([one.job_id for one in asked])
        shop.live(60)
        shop.write_down()
    records = _of_a_shop(tmp_path)
    assert [str(wrong) for wrong in check(records)] == []
    counted = tally(records)
    assert (counted.jobs, counted.states["done"], counted.states["not_done"]) == (10, 9, 1)
    doubts = [row for row in records.journals[0].rows if '"event": "doubt"' in (row.body or "")]
    assert len(doubts) >= 2
    spoiled = dict(records.server.jobs["r1"]["proof"], fpd="1")
    records.server.jobs["r1"].update(proof=spoiled)  # type: ignore[attr-defined]
    assert {wrong.rule for wrong in check(records)} == {"proof_differs", "event_contradicts"}


def _of_a_shop(folder: Path) -> Records:
    kept = {name: json.loads((folder / f"{name}.json").read_text("utf-8")) for name in ("asked", "dump", "register")}
    tenant = kept["register"]["tenant_id"]
    with closing(sqlite3.connect(folder / "server.sqlite3")) as db:
        server = read_server(db)
        (agent_id,) = db.execute("SELECT id FROM agents").fetchone()
        journal = read_journal((folder / "journal.sqlite3"), agent_id=agent_id)
    asked = {job_id: Asked(a["kind"], "17", tenant, a["payload"]) for job_id, a in kept["asked"].items()}
    drawer = kept["register"]["drawer"]
    register = read_register([kept["dump"]], kkm_id="17", exclusive=True, imprint=True, drawer=drawer)
    read = [(0, {"type": row.type, "event_id": row.event_id, "data": row.data}) for row in server.feed]
    return Records(asked, [register], [journal], server, read)
