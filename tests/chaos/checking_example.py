"""A small shop written down by hand: the books that a right run leaves, for the checker's own tests to spoil.

``Shop`` is open to every change; ``records`` derives from it what follows by itself (hash chains, projections, what the
CRM has read), so that one change plants one wrong.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b32encode
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.chaos.checker import Asked, FeedRow, JournalBook, JournalRow, Letter, Records, Register, ServerBook

Doc = dict[str, Any]
START = datetime(2026, 7, 6, 6, 0, tzinfo=UTC)
TENANT = "tn_1"
PERSON = ("Управляющий", "сверено с лентой")


@dataclass
class Book:
    """A journal before its hashes."""

    rows: list[Doc] = field(default_factory=list)  # at, kind, job_id, kkm_id, body
    outbox: list[Letter] = field(default_factory=list)
    known: Doc = field(default_factory=dict)


@dataclass
class Till:
    drives: list[list[Doc]]
    known: Doc


class Shop:
    def __init__(self) -> None:
        self.now = START
        self.asked: dict[str, Asked] = {}
        self.tills: dict[str, Till] = {}
        self.books: dict[str, Book] = {}
        self.jobs: dict[str, Doc] = {}
        self.feed: list[FeedRow] = []
        self.outbox: list[Doc] = []
        self.evidence: list[Doc] = []
        self.binding: dict[str, Doc] = {}
        self.owner: dict[str, str] = {}
        self.flags: set[str] = set()
        self.more: Doc = {}

    def tick(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    # --- registers

    def till(self, kkm_id: str, agent: str, *, exclusive: bool = True, imprint: bool = True) -> None:
        known = {"serial": f"s{kkm_id}", "exclusive": exclusive, "imprint": imprint, "drawer": 0}
        self.tills[kkm_id] = Till([[]], {**known, "foreign": set(), "made": {}})
        self.owner[kkm_id] = agent
        self.books.setdefault(agent, Book())
        self.document(kkm_id, "registration")
        self.device(agent, kkm_id, "bind", binding_epoch=1, released=False, operation=None)

    def document(self, kkm_id: str, kind: str, *, foreign: bool = False, **tags: Any) -> Doc:
        till, at = self.tills[kkm_id], self.tick()
        drive = till.drives[-1]
        fn, fd = f"fn{kkm_id}{len(till.drives)}", len(drive) + 1
        shift = sum(d["type"] == "open_shift" for d in drive) + (kind == "open_shift")
        told: Doc = {"1037": "rnm1", "1040": fd, "1041": fn, **tags}
        if kind != "registration":
            told["1038"] = shift
        if kind == "receipt":
            told["1042"] = 1 + sum((d["type"], d["tags"].get("1038")) == ("receipt", shift) for d in drive)
        local = (at + timedelta(hours=3)).replace(tzinfo=None, second=0)
        made = {"fd": fd, "type": kind, "fpd": str(1000 + fd), "at": local.isoformat(), "tags": told}
        drive.append(made)
        till.known["made"][fn, fd] = at
        if foreign:
            till.known["foreign"].add((fn, fd))
        return made

    def sale(self, kkm_id: str, job_id: str, *, foreign: bool = False, **tags: Any) -> Doc:
        """The document of one of our receipts: 122 roubles in cash, 22 of them VAT of 22 %."""
        line = {"1030": f"Кабель {job_id}", "1079": "61.00", "1023": "2", "1043": "122.00", "1199": 11, "1214": 4,
                "1212": 1}  # fmt: skip
        told: Doc = {"1054": 1, "1055": 1, "1020": "122.00", "1031": "122.00", "1059": [line], "1104": "0.00",
                     "1115": [{"1119": {"1199": 11, "1120": "22.00"}}]}  # fmt: skip
        if self.tills[kkm_id].known["imprint"] and not foreign:
            told["1084"] = {"1085": "ID", "1086": imprint(job_id)}
        self.tills[kkm_id].known["drawer"] += 12200
        return self.document(kkm_id, "receipt", foreign=foreign, **{**told, **tags})

    def last_fd(self, kkm_id: str) -> int:
        return len(self.tills[kkm_id].drives[-1])

    # --- the CRM and the server

    def post(self, job_id: str, kind: str, kkm_id: str, payload: Doc | None = None, **more: Any) -> None:
        self.asked[job_id] = Asked(
            kind, kkm_id, TENANT, receipt(job_id) if kind == "receipt" else payload or {}, **more
        )
        self.jobs[job_id] = {
            "job_id": job_id, "kkm_id": kkm_id, "state": "queued", "rev": 0, "sent": 0, "agent_id": None,
            "total": 12200 if kind == "receipt" else 0, "reason": None, "proof": None, "evidence": None,
            "paper": None, "certainty": None, "document": None,
        }  # fmt: skip
        self.tell(job_id)

    def serve(self, job_id: str, state: str, **changes: Any) -> None:
        """The server's own decision."""
        self.jobs[job_id].update(state=state, **changes)
        self.tell(job_id)

    def tell(self, job_id: str) -> None:
        row = self.jobs[job_id]
        names = ("job_id", "state", "rev", "reason", "proof", "paper", "certainty")
        self._feed(f"job.{row['state']}", job_id, deepcopy({name: row[name] for name in names}))

    def words(self, job_id: str) -> list[Doc]:
        """What the feed has said of the job, open to change."""
        return [row.data for row in self.feed if row.job_id == job_id and isinstance(row.data, dict)]

    def tell_device(self, kkm_id: str, kind: str, body: Doc) -> None:
        self._feed(f"device.{kind}", None, {"kkm_id": kkm_id, "kind": kind, "body": body})

    def _feed(self, type_: str, job_id: str | None, data: Doc) -> None:
        n = len(self.feed) + 1
        self.feed.append(FeedRow(n, f"ev{n}", type_, job_id, data))

    # --- agents

    def device(self, agent: str, kkm_id: str, event: str, kind: str = "device", **changes: Any) -> None:
        before = next((r["body"]["device"] for r in reversed(self.books[agent].rows)
                       if r["body"].get("device", {}).get("kkm_id") == kkm_id), {"kkm_id": kkm_id})  # fmt: skip
        self._write(agent, kind, None, kkm_id, {"event": event, "device": {**before, **changes}})

    def job(self, agent: str, job_id: str, event: str, state: str, *, told: bool = True, **changes: Any) -> Doc:
        """A transition: the record, and (``told``) what the server makes of it."""
        asked, row = self.asked[job_id], self.row(agent, job_id)
        if row is None:
            start_by = (self.now + timedelta(seconds=600)).isoformat()
            row = {"job_id": job_id, "kkm_id": asked.kkm_id, "kind": asked.kind, "rev": 0, "attempt": 0,
                   "closing": False, "start_by": start_by, "binding_epoch": 1, "snapshot": None, "outcome": {},
                   "archived": False}  # fmt: skip
        row = {**deepcopy(row), "state": state, "rev": row["rev"] + told, **changes}
        signed = {"agent_id": agent, "tenant_id": TENANT, "kkm_id": asked.kkm_id, "kind": asked.kind}
        offer = {"offer": {**signed, "payload": deepcopy(asked.payload)}} if event == "offer" else {}
        self._write(agent, "job", job_id, asked.kkm_id, {"event": event, "job": row, **offer})
        if told:
            outcome = row["outcome"]
            kept = {name: outcome.get(name) for name in ("reason", "proof", "paper", "evidence", "certainty")}
            self.jobs[job_id].update(state=state, rev=row["rev"], sent=1, agent_id=agent, **deepcopy(kept))
            self.tell(job_id)
        return row

    def row(self, agent: str, job_id: str) -> Doc | None:
        rows = (r["body"]["job"] for r in reversed(self.books[agent].rows) if r["job_id"] == job_id)
        return next(rows, None)

    def _write(self, agent: str, kind: str, job_id: str | None, kkm_id: str, body: Doc) -> None:
        self.books[agent].rows.append(
            {"at": self.tick().isoformat(), "kind": kind, "job_id": job_id, "kkm_id": kkm_id, "body": body}
        )

    def snapshot(self, kkm_id: str) -> Doc:
        return {"fn_serial": f"fn{kkm_id}{len(self.tills[kkm_id].drives)}", "last_fd": self.last_fd(kkm_id)}

    # --- whole stories

    def begin(self, job_id: str, agent: str, *, closing: bool = True) -> None:
        kkm_id = self.asked[job_id].kkm_id
        row = self.row(agent, job_id)
        if row is None:
            row = self.job(agent, job_id, "offer", "accepted")
        self.job(agent, job_id, "intent", "started", attempt=row["attempt"] + 1, closing=False, outcome={},
                 snapshot=self.snapshot(kkm_id))  # fmt: skip
        if closing:
            self.job(agent, job_id, "closing", "started", told=False, closing=True)

    def prove(self, job_id: str, agent: str, proof: Doc, event: str = "proven", **outcome: Any) -> None:
        state = "not_done" if event == "decided_not_done" else "done"
        self.job(agent, job_id, event, state, outcome={"proof": proof, "paper": "complete", **outcome})
        self.job(agent, job_id, "archived", state, told=False, archived=True)

    def refuse(self, job_id: str, agent: str, event: str, state: str, code: str, certainty: str | None) -> None:
        self.job(agent, job_id, event, state, outcome={"reason": {"code": code}, "certainty": certainty})
        if state not in ("accepted", "held"):
            self.job(agent, job_id, "archived", state, told=False, archived=True)

    def policy(self, agent: str, kkm_id: str, operation: str, *, for_job: str | None = None) -> Doc:
        intent = {"operation": operation, "for_job": for_job, "snapshot": self.snapshot(kkm_id)}
        self.device(agent, kkm_id, "operation_intent", "operation_intent", operation=intent)
        made = self.document(kkm_id, operation)
        self.device(agent, kkm_id, "operation_outcome", "operation_outcome", operation=None)
        self.tell_device(kkm_id, "shift_opened" if operation == "open_shift" else "shift_closed",
                         {"fn": made["tags"]["1041"], "fd": made["fd"]})  # fmt: skip
        return made

    def proof(self, kkm_id: str, made: Doc) -> Doc:
        tags, serial = made["tags"], self.tills[kkm_id].known["serial"]
        proof = {
            "source": "device", "fn": tags["1041"], "fd": made["fd"], "fpd": made["fpd"], "shift": tags["1038"],
            "printed_at": f"{made['at']}+03:00", "register_serial": serial, "registration_number": tags["1037"],
        }  # fmt: skip
        if made["type"] == "receipt":
            qr = f"t=20260706T0900&s=122.00&fn={tags['1041']}&i={made['fd']}&fp={made['fpd']}&n=1"
            proof |= {"receipt_in_shift": tags["1042"], "total": "122.00", "vat": {"vat22": "22.00"}, "qr": qr}
        return proof

    # --- the records

    def records(self) -> Records:
        books = []
        for name, book in self.books.items():
            rows = chained(book.rows)
            jobs = {r["job_id"]: r["body"]["job"] for r in book.rows if r["kind"] == "job"}
            devices = {r["kkm_id"]: r["body"]["device"] for r in book.rows if "device" in r["body"]}
            known = {"agent_id": name, **book.known}
            books.append(JournalBook(rows=rows, jobs=jobs, devices=devices, outbox=list(book.outbox), **known))
        registers = [Register(kkm_id=kkm_id, drives=t.drives, **{**t.known, "foreign": frozenset(t.known["foreign"])})
                     for kkm_id, t in self.tills.items()]  # fmt: skip
        settled = {"releasing": 0, "binding_epoch": 1, "bound_epoch": 1}
        devices = {
            kkm_id: {"kkm_id": kkm_id, "agent_id": agent, **settled, **self.binding.get(kkm_id, {})}
            for kkm_id, agent in self.owner.items()
        }
        told = [(0, {"type": row.type, "event_id": row.event_id, "data": row.data}) for row in self.feed]
        server = ServerBook(self.jobs, self.outbox, self.evidence, self.feed, devices)
        records = Records(self.asked, registers, books, server, told, frozenset(self.flags))
        return replace(deepcopy(records), **self.more)


def imprint(job_id: str) -> str:
    return b32encode(hashlib.sha256(f"{TENANT}\x1f{job_id}".encode()).digest()).decode()[:13]


def receipt(job_id: str) -> Doc:
    item = {"name": f"Кабель {job_id}", "price": "61.00", "quantity": "2", "vat": "vat22"}
    return {"type": "sell", "taxation": "osn", "items": [item], "payments": [{"type": "cash", "amount": "200.00"}]}


def chained(rows: list[Doc]) -> list[JournalRow]:
    made, before = [], ""
    for n, row in enumerate(rows, 1):
        body = json.dumps(row["body"], ensure_ascii=False)
        spelled = json.dumps(row["body"], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        of_body = hashlib.sha256(spelled.encode()).hexdigest()
        told = (before, str(n), row["at"], row["kind"], row["job_id"] or "", row["kkm_id"] or "", of_body)
        before = hashlib.sha256("\n".join(told).encode()).hexdigest()
        made.append(JournalRow(n, row["at"], row["kind"], row["job_id"], row["kkm_id"], body, of_body, before))
    return made


def right() -> Shop:
    """Two registers, two PCs, every kind of end. 17 is our own with imprints, 18 is shared and has none."""
    shop = Shop()
    shop.till("17", "A")
    shop.till("18", "B", exclusive=False, imprint=False)
    _own(shop)
    _shared(shop)
    return shop


def _own(shop: Shop) -> None:
    shop.post("cash", "cash_in", "17", {"amount": "50.00"})
    shop.begin("cash", "A", closing=False)
    shop.tills["17"].known["drawer"] += 5000
    shop.prove("cash", "A", {"source": "device", "fn": "fn171", "total": "50.00", "drawer": "50.00",
                             "register_serial": "s17", "document_number": 1})  # fmt: skip
    shop.post("one", "receipt", "17")
    shop.job("A", "one", "offer", "accepted")
    shop.policy("A", "17", "open_shift", for_job="one")
    shop.begin("one", "A")
    shop.prove("one", "A", shop.proof("17", shop.sale("17", "one")))
    shop.post("two", "receipt", "17")  # needs a second attempt, and its answer is lost
    shop.begin("two", "A", closing=False)
    shop.refuse("two", "A", "proven_none", "accepted", "link_lost", "proven")
    shop.begin("two", "A")
    made = shop.sale("17", "two")
    shop.job("A", "two", "doubt", "resolving")
    shop.prove("two", "A", shop.proof("17", made))
    shop.post("short", "cash_out", "17", {"amount": "9000.00"})
    shop.job("A", "short", "offer", "accepted")
    shop.refuse("short", "A", "impossible", "not_done", "cash_short", "proven")
    shop.post("slip", "print_text", "17")
    shop.begin("slip", "A", closing=False)
    shop.refuse("slip", "A", "unproven", "not_done", "no_answer", "unproven")
    shop.post("never", "receipt", "17", cancelled=True)
    shop.serve("never", "cancelled", reason={"code": "cancelled_by_crm"})
    shop.post("late", "receipt", "17", cancelled=True)
    shop.job("A", "late", "offer", "accepted")
    shop.refuse("late", "A", "lease_passed", "held", "lease_passed", None)
    shop.refuse("late", "A", "cancel", "cancelled", "cancelled_by_crm", None)
    shop.post("wrong", "receipt", "17")
    shop.serve("wrong", "rejected", sent=1, agent_id="A", reason={"code": "busy"})
    shop.post("close", "close_shift", "17")
    shop.begin("close", "A", closing=False)
    shop.prove("close", "A", shop.proof("17", shop.document("17", "close_shift")))


def _shared(shop: Shop) -> None:
    shop.document("18", "open_shift", foreign=True)
    shop.sale("18", "theirs", foreign=True)
    shop.post("plain", "receipt", "18")
    shop.begin("plain", "B")
    shop.prove("plain", "B", shop.proof("18", shop.sale("18", "plain")))
    shop.post("asked", "receipt", "18", decisions=[("not_done", None)])
    shop.begin("asked", "B")
    shop.refuse("asked", "B", "undecidable", "human", "looks_alike", None)
    told = {"source": "person", "person": PERSON[0], "person_reason": PERSON[1], "verified": False}
    shop.prove("asked", "B", told, "decided_not_done", reason={"code": "decided_by_person"})
    shop.post("waits", "receipt", "18")
    shop.begin("waits", "B")
    shop.sale("18", "waits")
    shop.job("B", "waits", "undecidable", "human", outcome={"evidence": {"case": "looks_alike"}})
