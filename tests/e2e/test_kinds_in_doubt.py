"""Kind × fault: shift and cash exactly once or provably not at all, plain commands once and never again
by themselves, what only reads until it is read. Judged by the register's memory and paper; the answers must agree.

Each fault has registers of its own that live through a day of every kind; all days run at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import pytest

from drivers.registry import open_register
from drivers.transports.base import SystemClock
from protocol.crm.jobs import JobKind
from protocol.crm.payloads import PAYLOADS, PLAIN_KINDS, PROVEN_KINDS, READING_KINDS
from tests.e2e.shop import QUICK, Shop, Till, at_once
from tests.protocol.ffd.payloads import item, payload

K = JobKind
CODES = {
    K.OPEN_DRAWER: "28", K.OPEN_SHIFT: "E0", K.CASH_IN: "50", K.CASH_OUT: "51", K.X_REPORT: "40", K.PRINT_TEXT: "2F",
    K.PRINT_COPY: "8C", K.DEVICE_STATUS: "FF01", K.DOCUMENT: "FF0A", K.CLOSE_SHIFT: "41",
}  # fmt: skip
"""The day of a register: every kind once, in this order, with the command that carries it."""

PAYLOAD: dict[JobKind, dict[str, Any]] = {
    K.CASH_IN: {"amount": "500.00"},
    K.CASH_OUT: {"amount": "120.00"},
    K.PRINT_TEXT: {"lines": [{"text": "Заказ 1042 готов"}]},
    K.DOCUMENT: {"fd": 2},
}
OTHER_PROVEN = PROVEN_KINDS - {K.OPEN_SHIFT}

Told = tuple[str, str | None, int]  # state, certainty, attempts
Outcome = tuple[Told, int]  # and how often the register has really done it

ONCE = (("done", None, 1), 1)
AGAIN = (("done", None, 2), 1)
NEVER = (("not_done", "proven", 3), 0)
LOST = (("not_done", "unproven", 1), 0)  # a plain command that has not reached the register
STRUCK = (("not_done", "unproven", 1), 1)  # one that has
READ = (("done", None, 0), 0)
"""So many commands are lost here that even the times of the other tests would add up to minutes."""

LATE = 10.0  # seconds within which everything that is still on its way has struck

Row = tuple[str, Outcome, Outcome, Outcome]

SHORT: tuple[Row, ...] = (
    # fault                                           opening  other proven  plain
    ("answer-lost:command={},stored=no",              ONCE,    ONCE,         STRUCK),
    ("mute:command={},seconds=3",                     ONCE,    AGAIN,        LOST),
    ("late:command={},seconds=2",                     ONCE,    ONCE,         STRUCK),
    ("power:command={},when=before,off=1",            ONCE,    AGAIN,        LOST),
    ("refuse:command={},error=6B",                    AGAIN,   AGAIN,        AGAIN),
    ("refuse:command={},error=73,times=always",       NEVER,   NEVER,        NEVER),
)  # fmt: skip
"""One for every way in which an outcome comes about; the others differ in how the line or the device fails."""
LINE: tuple[Row, ...] = (
    ("answer-lost:command={}",                        ONCE,    ONCE,         STRUCK),
    ("answer-lost:command={},stored=no,drop=no",      ONCE,    ONCE,         STRUCK),
    ("checksum:command={}",                           ONCE,    ONCE,         ONCE),
    ("ack-lost:command={}",                           ONCE,    ONCE,         ONCE),
    ("nak:command={},times=2",                        ONCE,    ONCE,         ONCE),
)  # fmt: skip
DEVICE: tuple[Row, ...] = (
    ("power:command={},when=after,off=1",             ONCE,    ONCE,         STRUCK),
    ("slow:command={},seconds=2",                     ONCE,    ONCE,         ONCE),
    ("slow:command={},seconds=5.5",                   ONCE,    ONCE,         STRUCK),
    ("busy:command={},times=3",                       ONCE,    ONCE,         ONCE),
)  # fmt: skip
ROWS = [
    pytest.param(SHORT, id="short"),
    pytest.param(LINE, id="line", marks=pytest.mark.long),
    pytest.param(DEVICE, id="device", marks=pytest.mark.long),
]


def effect(till: Till, kind: JobKind) -> int:
    """How often the register has done it, by its memory and its paper; the drawer is counted by ``pulses``."""
    counters = till.memory.counters
    match kind:
        case K.OPEN_SHIFT | K.CLOSE_SHIFT:
            return till.kinds().count(kind.value)
        case K.CASH_IN:
            return int(counters.cash_in_number)
        case K.CASH_OUT:
            return int(counters.cash_out_number)
        case K.X_REPORT:
            return int(counters.x_reports)
        case K.PRINT_TEXT:
            on_the_roll = [str(row) for row in till.memory.printer.strip]  # not cut off yet
            return (till.paper() + "\n".join(on_the_roll)).count("Заказ 1042 готов")
        case K.PRINT_COPY:
            return till.paper().count("КОПИЯ")
        case K.OPEN_DRAWER:
            return int(till.tell("status")["drawer_pulses"])
    return 0


def told(job: dict[str, Any]) -> Told:
    return job["state"], job["certainty"], job["attempt"]


def wanted(kind: JobKind, row: Row) -> Outcome:
    _, opening, proven, plain = row
    if kind in READING_KINDS:
        return READ
    return opening if kind is K.OPEN_SHIFT else proven if kind in PROVEN_KINDS else plain


def prepared(till: Till, kind: JobKind) -> None:
    """What the kind needs, without a fault: a shift, a receipt to copy, money."""
    if kind not in (K.OPEN_SHIFT, K.OPEN_DRAWER) and not till.memory.drive.shift_open:
        assert till.do("open_shift")["state"] == "done"
    if kind is K.CASH_OUT and till.memory.counters.drawer < 12000:
        till.do("receipt", payload(item("500.00"), cash="500.00"), order_ref=f"float {till.kkm_id}")
    if kind is K.PRINT_COPY and not till.memory.last_receipt_fd:
        till.do("receipt", payload(item("10.00"), card="10.00"), order_ref=f"copied {till.kkm_id}")


def agrees(till: Till, kind: JobKind, job: dict[str, Any]) -> None:
    """What is said of a job that is done stands in the register's memory."""
    proof = job["proof"]
    assert (proof is not None) == (job["state"] == "done" and kind in PROVEN_KINDS)
    if proof is None:
        return
    assert proof["source"] == "device"
    if kind in (K.OPEN_SHIFT, K.CLOSE_SHIFT):
        made = till.document(proof["fd"])
        assert (made["type"], made["fpd"], made["tags"]) == (kind.value, proof["fpd"], job["document"]["tags"])
    else:
        drawer = till.memory.counters.drawer
        assert proof["document_number"] == till.memory.document_number
        assert proof["drawer"] == f"{drawer // 100}.{drawer % 100:02d}"


def has_struck(till: Till, kind: JobKind, before: int) -> bool:
    return effect(till, kind) > before


def day(till: Till, shop: Shop, kinds: Iterable[JobKind], row: Row) -> dict[JobKind, Outcome]:
    fault, came = row[0], dict[JobKind, Outcome]()
    for kind in kinds:
        if kind in READING_KINDS and "always" in fault:
            continue  # nothing can be read at all, and the job waits: there is nothing to prove
        prepared(till, kind)
        before = effect(till, kind)
        till.tell(f"fault {fault.format(CODES[kind])}")
        job = till.do(kind.value, PAYLOAD.get(kind))
        assert "human" not in [step["state"] for step in job["history"]], job
        till.tell("no-faults")
        agrees(till, kind, job)
        if job["certainty"] == "unproven" and wanted(kind, row) == STRUCK:  # it may strike after its job has ended
            shop.rig.until(partial(has_struck, till, kind, before), LATE, f"{kind} strikes late")
        came[kind] = (told(job), effect(till, kind) - before)
    return came


@pytest.mark.gate
@pytest.mark.parametrize("rows", ROWS)
def test_kind_and_fault(tills: Shop, rows: tuple[Row, ...]) -> None:
    days = [(row, half) for row in rows for half in (PROVEN_KINDS, PLAIN_KINDS | READING_KINDS)]
    made = {each: tills.till(str(100 + at)) for at, each in enumerate(days)}
    everywhere = list(made.values())
    tills.pc(*everywhere[::2], name="one", profile=QUICK)
    tills.pc(*everywhere[1::2], name="two", profile=QUICK)
    tills.start(name="one")
    tills.start(*everywhere, name="two")

    def lived(each: tuple[Row, frozenset[JobKind]]) -> dict[JobKind, Outcome]:
        row, half = each
        return day(made[each], tills, [kind for kind in CODES if kind in half], row)

    for (row, half), outcomes in at_once(days, lived).items():
        due = {kind: wanted(kind, row) for kind in outcomes}
        assert outcomes == due, row[0]
        # and once more over the whole day: nothing has struck again since
        till, struck = made[row, half], set(outcomes) & {K.CASH_IN, K.CASH_OUT, K.X_REPORT, K.PRINT_TEXT, K.PRINT_COPY}
        assert {kind: effect(till, kind) for kind in struck} == {kind: due[kind][1] for kind in struck}, row[0]


def test_every_kind_is_here() -> None:
    assert set(CODES) == set(PAYLOADS) == PROVEN_KINDS | PLAIN_KINDS | READING_KINDS


# --- where a person is really needed --------------------------------------------------------------------------------


@pytest.mark.gate
def test_cash_that_another_hand_has_moved_meanwhile_is_shown_to_a_person(tills: Shop) -> None:
    till = tills.till("300")
    tills.pc(till, profile=QUICK)
    armed = till.folder / "armed"
    agent = tills.start(till, dying=("--armed", str(armed)))
    till.do("open_shift")
    armed.write_text("written:50 after")
    job_id = till.post("cash_in", {"amount": "500.00"})
    assert agent.wait() == -9
    other = open_register("shtrih", till.address, clock=SystemClock())
    other.connect()
    other.cash_in(3000, None)
    other.disconnect()
    tills.start(till)
    job = tills.ended(job_id)
    assert (job["state"], job["reason"]["code"]) == ("human", "cash_unclear")
    assert job["evidence"]["after"]["drawer"] == till.memory.counters.drawer == 53000

    waiting = till.post("x_report")  # nothing mutating is sent while it is open
    decided = {"decision": "done", "person": "Петров", "reason": "пересчитали", "rev": job["rev"]}
    start = len(tills.feed.heard)
    tills.rig.post(f"/jobs/{job_id}/resolve", decided)
    tills.heard(lambda e: e["type"] == "job.done" and e["data"].get("job_id") == job_id, what=job_id, start=start)
    job = tills.rig.job(job_id)
    assert (job["state"], job["proof"]["source"], job["proof"]["person"]) == ("done", "person", "Петров")
    assert tills.ended(waiting)["state"] == "done"
    assert till.memory.counters.cash_in_count == 2


@pytest.mark.gate
def test_a_shift_that_another_hand_has_closed_meanwhile_is_proven_by_its_document(tills: Shop) -> None:
    till = tills.till("301")
    tills.pc(till, profile=QUICK)
    armed = till.folder / "armed"
    agent = tills.start(till, dying=("--armed", str(armed)))
    till.do("open_shift")
    armed.write_text("intent after")
    job_id = till.post("close_shift")
    assert agent.wait() == -9
    other = open_register("shtrih", till.address, clock=SystemClock())
    other.connect()
    other.close_shift(None, None)
    other.disconnect()
    tills.start(till)
    assert told(tills.ended(job_id)) == ("done", None, 1)
    assert till.kinds().count("close_shift") == 1
