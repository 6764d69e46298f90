"""How a wrong is planted into the books of a right shop: small changes that everybody who would say so agrees on."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.chaos.checker import JournalBook, Records
from tests.chaos.checking_example import START, Doc, Shop

Spoil = Callable[[Shop], Any]
Forge = Callable[[Records], Records]


def proofs(shop: Shop, job_id: str, **changes: Any) -> None:
    """Everybody says so: the journal, the server, the feed."""
    for place in _places(shop, job_id):
        if place.get("proof"):
            place["proof"] = {**place["proof"], **changes}


def _places(shop: Shop, job_id: str) -> list[Doc]:
    outcomes = [r["body"]["job"]["outcome"] for b in shop.books.values() for r in b.rows if r["job_id"] == job_id]
    return [shop.jobs[job_id], *shop.words(job_id), *outcomes]


def no_proof(shop: Shop, job_id: str) -> None:
    for place in _places(shop, job_id):
        place["proof"] = None


def reasons(shop: Shop, job_id: str, **changes: Any) -> None:
    """The server and its feed say so of the job's end."""
    for place in (shop.jobs[job_id], *shop.words(job_id)):
        if place["state"] == shop.jobs[job_id]["state"]:
            place.update(changes)


def record(shop: Shop, job_id: str, event: str, agent: str = "A") -> Doc:
    """The last record of that event; a change of its body is in the chain."""
    rows = (r for r in reversed(shop.books[agent].rows) if (r["job_id"], r["body"]["event"]) == (job_id, event))
    return next(rows)


def drop(shop: Shop, job_id: str | None, *events: str, agent: str = "A") -> None:
    """The records of these events, or all of the job's, were never written."""
    rows = shop.books[agent].rows
    rows[:] = [r for r in rows if r["job_id"] != job_id or (events and r["body"]["event"] not in events)]


def document(shop: Shop, fd: int, kkm_id: str = "17") -> Doc:
    return shop.tills[kkm_id].drives[-1][fd - 1]


def tags(shop: Shop, fd: int, kkm_id: str = "17") -> Doc:
    found: Doc = document(shop, fd, kkm_id)["tags"]
    return found


def drawer(shop: Shop, kopecks: int, kkm_id: str = "17") -> None:
    shop.tills[kkm_id].known["drawer"] += kopecks


def two_documents(shop: Shop) -> None:
    shop.policy("A", "17", "open_shift")
    shop.sale("17", "one")


def ghost(shop: Shop, kind: str = "receipt", event: str = "proven") -> None:
    """Done, says everybody but the register."""
    shop.post("ghost", kind, "17")
    shop.begin("ghost", "A")
    made: Doc = {"fd": 77, "fpd": "1", "at": "2026-07-06T09:00:00", "type": kind,
                 "tags": {"1041": "fn171", "1038": 1, "1037": "rnm1", "1042": 1}}  # fmt: skip
    shop.prove("ghost", "A", shop.proof("17", made), event)


def hidden(shop: Shop, *, imprinted: bool = True) -> None:
    """Not done, says everybody but the register."""
    shop.policy("A", "17", "open_shift")
    shop.tills["17"].known["imprint"] = imprinted
    shop.post("hidden", "receipt", "17")
    shop.begin("hidden", "A")
    shop.sale("17", "hidden")
    shop.refuse("hidden", "A", "proven_none", "not_done", "no_answer", "proven")


def hidden_shift(shop: Shop) -> None:
    shop.post("hidden", "open_shift", "17")
    shop.begin("hidden", "A", closing=False)
    shop.document("17", "open_shift")
    shop.refuse("hidden", "A", "proven_none", "not_done", "no_answer", "proven")


def shift_twice(shop: Shop) -> None:
    shop.post("again", "close_shift", "17")
    shop.begin("again", "A", closing=False)
    shop.prove("again", "A", dict(shop.jobs["close"]["proof"]))


def line(shop: Shop, **changes: Any) -> None:
    tags(shop, 3)["1059"][0].update(changes)


def paid_by_card(shop: Shop) -> None:
    tags(shop, 3)["1081"] = tags(shop, 3).pop("1031")
    drawer(shop, -12200)


def astray(shop: Shop) -> None:
    shop.asked["one"] = replace(shop.asked["one"], kkm_id="18")
    offered(shop, "one", kkm_id="18")


def rev(shop: Shop, job_id: str) -> None:
    shop.jobs[job_id]["rev"] += 1
    shop.tell(job_id)


def changed_end(shop: Shop) -> None:
    shop.flags.add("server_restored")
    shop.job("A", "slip", "found", "done", told=False, rev=4)
    shop.job("A", "slip", "paper", "not_done", told=False, rev=5)


def changed_end_told(shop: Shop) -> None:
    shop.flags.add("server_restored")
    for state in ("resolving", "done"):
        shop.jobs["one"].update(state=state, rev=shop.jobs["one"]["rev"] + 1)
        shop.tell("one")


def told_rev(shop: Shop, state: str, rev: int) -> None:
    next(data for data in shop.words("two") if data["state"] == state)["rev"] = rev


def word_again(shop: Shop, job_id: str) -> None:
    """The feed says once more what it has said of the job last."""
    row = next(row for row in reversed(shop.feed) if row.job_id == job_id)
    shop.feed.append(replace(row, id=len(shop.feed) + 1, event_id="ev-again"))


def no_intent(shop: Shop) -> None:
    drop(shop, "one", "intent", "closing")
    record(shop, "one", "proven")["body"]["event"] = "found"


def made_at(shop: Shop, fd: int, event: str, seconds: int) -> None:
    """The document came into being so long after a record of job one."""
    at = START.fromisoformat(record(shop, "one", event)["at"]) + timedelta(seconds=seconds)
    shop.tills["17"].known["made"]["fn171", fd] = at


def offered(shop: Shop, job_id: str, agent: str = "A", **changes: Any) -> None:
    record(shop, job_id, "offer", agent)["body"]["offer"].update(changes)


def attempt(shop: Shop, job_id: str, number: int) -> None:
    record(shop, job_id, "intent")["body"]["job"]["attempt"] = number


def open_twice(shop: Shop) -> None:
    shop.post("more", "receipt", "18")
    shop.begin("more", "B")
    shop.refuse("more", "B", "proven_none", "not_done", "no_answer", "proven")


def open_under_policy(shop: Shop) -> None:
    shop.device("A", "17", "operation_intent", "operation_intent",
                operation={"operation": "open_shift", "for_job": None, "snapshot": shop.snapshot("17")})  # fmt: skip
    shop.post("more", "receipt", "17")
    shop.begin("more", "A")
    shop.refuse("more", "A", "proven_none", "not_done", "no_answer", "proven")


def left(shop: Shop, event: str, state: str, code: str) -> None:
    """Begun, and then left without an outcome."""
    shop.more["held_may_stay"] = True
    shop.post("left", "receipt", "17", cancelled=True)
    shop.begin("left", "A")
    shop.refuse("left", "A", event, state, code, None)
    if state == "accepted":
        shop.refuse("left", "A", "cancel", "cancelled", "cancelled_by_crm", None)


def second_agent(shop: Shop) -> None:
    shop.flags.add("move")
    shop.books["B"].rows += deepcopy([r for r in shop.books["A"].rows if r["job_id"] == "one"])
    offered(shop, "one", "B", agent_id="B")


def elsewhere(shop: Shop) -> None:
    shop.books["B"].rows.append(deepcopy(next(r for r in shop.books["A"].rows if r["job_id"] == "one")))
    offered(shop, "one", "B", agent_id="B")


def released(shop: Shop) -> None:
    shop.device("A", "17", "released", released=True)
    open_late(shop)


def given_up(shop: Shop) -> None:
    shop.post("more", "receipt", "17")
    shop.begin("more", "A")
    shop.device("A", "17", "released", released=True)
    shop.refuse("more", "A", "proven_none", "not_done", "no_answer", "proven")


def adopted_and_begun(shop: Shop) -> None:
    shop.post("more", "receipt", "17")
    shop.job("A", "more", "adopt", "held", rev=1)
    shop.begin("more", "A")
    shop.refuse("more", "A", "proven_none", "not_done", "no_answer", "proven")


def open_late(shop: Shop) -> None:
    shop.post("more", "receipt", "17")
    shop.begin("more", "A")
    shop.refuse("more", "A", "proven_none", "not_done", "no_answer", "proven")


def newer_binding(shop: Shop) -> None:
    shop.device("B", "17", "bind", binding_epoch=2, released=False, operation=None)
    open_late(shop)


def human(shop: Shop) -> None:
    shop.post("lost", "receipt", "17")
    shop.begin("lost", "A")
    shop.job("A", "lost", "undecidable", "human", outcome={"evidence": {"case": "device_silent"}})


def unfinished(shop: Shop, event: str, state: str) -> None:
    shop.post("slow", "receipt", "17")
    if event == "doubt":
        shop.begin("slow", "A")
    shop.job("A", "slow", event, state)


def untold_shift(shop: Shop) -> None:
    shop.feed[:] = [row for row in shop.feed if row.type != "device.shift_opened"]


def late_by_the_world(shop: Shop) -> None:
    """The PC's own clock says nothing of it."""
    rows = shop.books["A"].rows
    true = {n: START.fromisoformat(row["at"]) for n, row in enumerate(rows, 1)}
    n = rows.index(record(shop, "close", "intent")) + 1
    true[n] += timedelta(hours=1)
    shop.books["A"].known["committed"] = true


def other_body(book: JournalBook) -> str:
    return str(book.rows[1].body).replace('"attempt": 0', '"attempt": 1')


def forged(agent: str, change: Callable[[JournalBook], JournalBook]) -> Forge:
    """After the hashes were made."""
    return lambda records: replace(
        records, journals=[change(book) if book.agent_id == agent else book for book in records.journals]
    )


def row_changed(book: JournalBook, n: int, **changes: Any) -> JournalBook:
    rows = list(book.rows)
    rows[n - 1] = replace(rows[n - 1], **changes)
    return replace(book, rows=rows)


def heard(change: Callable[[list[tuple[int, Any]]], Any]) -> Forge:
    """What the CRM has read is not what the server has told."""

    def forge(records: Records) -> Records:
        events = list(records.events)
        change(events)
        return replace(records, events=events)

    return forge


def last(events: list[tuple[int, Any]], job_id: str) -> int:
    return max(n for n, (_, event) in enumerate(events) if event["data"].get("job_id") == job_id)


def say(events: list[tuple[int, Any]], job_id: str, at: int, **changes: Any) -> None:
    """One event more, like the job's last one but for ``changes``."""
    event = events[last(events, job_id)][1]
    events.insert(at, (0, {**event, "event_id": "ev-more", "data": {**event["data"], **changes}}))


def told_twice(events: list[tuple[int, Any]]) -> None:
    events.append((0, {**events[0][1], "type": "job.held"}))


def other_proof(events: list[tuple[int, Any]]) -> None:
    event = events[last(events, "one")][1]
    event["data"] = {**event["data"], "proof": {**event["data"]["proof"], "drawer": "1.00"}}


def unheard(events: list[tuple[int, Any]], job_id: str, state: str | None = None) -> None:
    events[:] = [
        one
        for one in events
        if one[1]["data"].get("job_id") != job_id or state not in (None, one[1]["data"].get("state"))
    ]
