"""The books compared by a stranger: what was asked for, the register's archive, the agent's journal, the server.

Knows nothing of the code that made them (standard library only). Reads a folder: ``asked.json`` (job id → kind and
payload), ``dump.json`` (the archive), ``register.json`` (drawer and unsent documents at the end), ``noticed.json`` (the
server's health rows at planted moments), ``journal.sqlite3`` and ``server.sqlite3``. Money is kopecks here.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from base64 import b32encode
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

FINAL = ("done", "not_done", "cancelled", "rejected")
DAY = timedelta(hours=24)
PERCENT = {
    "vat20": 20, "vat120": 20, "vat10": 10, "vat110": 10, "vat5": 5, "vat105": 5, "vat7": 7, "vat107": 7,
    "vat22": 22, "vat122": 22,
}  # fmt: skip
RATE = {
    "vat20": 1, "vat10": 2, "vat120": 3, "vat110": 4, "vat0": 5, "none": 6, "vat5": 7, "vat7": 8, "vat105": 9,
    "vat107": 10, "vat22": 11, "vat122": 12,
}  # fmt: skip
NAME_OF_RATE = {code: name for name, code in RATE.items()}
FLAT = {"1102": 1, "1103": 2, "1106": 3, "1107": 4, "1104": 5, "1105": 6}
SIGN = {"sell": 1, "sell_return": 2, "buy": 3, "buy_return": 4}
KINDS = {"cash": "1031", "card": "1081", "prepaid": "1215", "credit": "1216", "other": "1217"}
COUNTER = {1: "1129", 2: "1130", 3: "1131", 4: "1132"}
COUNTED = {"cash": "1136", "card": "1138", "prepaid": "1218", "credit": "1219", "other": "1220"}
METHOD = {
    "full_prepayment": 1, "prepayment": 2, "advance": 3, "full_payment": 4, "partial_payment": 5, "credit": 6,
    "credit_payment": 7,
}  # fmt: skip
OBJECT = {"commodity": 1, "job": 3, "service": 4, "payment": 10}
INTO_DRAWER = {1: 1, 2: -1, 3: -1, 4: 1}
DRIFT_SEEN = 2  # seconds between the register's whole seconds and the server's clock


def kopecks(text: str) -> int:
    sign = -1 if text.startswith("-") else 1
    whole, _, part = text.lstrip("-").partition(".")
    return sign * (int(whole) * 100 + int(part.ljust(2, "0")))


def half_up(value: Fraction) -> int:
    return int(value + Fraction(1, 2))


@dataclass(frozen=True)
class Sums:
    """A receipt: what the request comes to, or what a document shows."""

    sign: int
    total: int
    paid: dict[str, int]
    vat: dict[str, int]
    lines: tuple[tuple[Any, ...], ...]
    change: int | None = None


def asked_sums(payload: Mapping[str, Any]) -> Sums:
    lines, vat = [], defaultdict[str, int](int)
    for item in payload["items"]:
        cost = half_up(Fraction(kopecks(item["price"])) * Fraction(item["quantity"]))
        rate = PERCENT.get(item["vat"])
        vat[item["vat"]] += cost if rate is None else half_up(Fraction(cost * rate, 100 + rate))
        lines.append(
            (
                item["name"], kopecks(item["price"]), Fraction(item["quantity"]), cost, RATE[item["vat"]],
                METHOD[item["payment_method"]], OBJECT[item["payment_object"]],
            )
        )  # fmt: skip
    total = sum(line[3] for line in lines) - kopecks(payload.get("cash_rounding", "0.00"))
    given = dict.fromkeys(KINDS, 0)
    for payment in payload["payments"]:
        given[payment["type"]] += kopecks(payment["amount"])
    change = sum(given.values()) - total
    paid = {**given, "cash": given["cash"] - change}
    return Sums(SIGN[payload["type"]], total, paid, dict(vat), tuple(lines), change)


def shown_sums(tags: Mapping[str, Any]) -> Sums:
    """Of a document's tags; a rate without turnover (1104 = 0 beside 1115) is left out."""
    lines = tuple(
        (
            line["1030"], kopecks(line["1079"]), Fraction(line["1023"]), kopecks(line["1043"]), line["1199"],
            line["1214"], line["1212"],
        )
        for line in tags["1059"]
    )  # fmt: skip
    vat = {NAME_OF_RATE[code]: kopecks(tags[tag]) for tag, code in FLAT.items() if kopecks(tags.get(tag, "0.00"))}
    for block in tags.get("1115", []):
        vat[NAME_OF_RATE[block["1119"]["1199"]]] = kopecks(block["1119"]["1120"])
    paid = {kind: kopecks(tags.get(tag, "0.00")) for kind, tag in KINDS.items()}
    return Sums(tags["1054"], kopecks(tags["1020"]), paid, vat, lines)


def imprint_of(tags: Mapping[str, Any]) -> str | None:
    value = tags.get("1084", {}).get("1086")
    return value.rpartition("ID=")[2] if isinstance(value, str) else None


@dataclass
class Books:
    """Everything that is on disk."""

    documents: list[dict[str, Any]]
    asked: dict[str, dict[str, Any]]
    register: dict[str, Any]
    noticed: list[dict[str, Any]]
    jobs: dict[str, dict[str, Any]]  # the server's
    rows: dict[str, dict[str, Any]]  # the journal's
    facts: dict[str, dict[str, Any]]  # the journal's, of jobs that have ended
    order: list[str]  # jobs as they ended on the agent
    events: list[dict[str, Any]]
    doubts: Counter[str]
    papers: dict[str, list[str | None]]
    left: dict[str, int]  # what waits where nothing should
    broken: list[int]  # records of the journal whose hash does not follow from what stands in it and before it
    deaths: bool = False
    """Processes have been killed: the totals that one read before a shift was closed die with it."""

    @property
    def receipts(self) -> list[dict[str, Any]]:
        return [document for document in self.documents if document["type"] == "receipt"]


def read(folder: Path) -> Books:
    loaded = {name: json.loads((folder / f"{name}.json").read_text("utf-8")) for name in
              ("dump", "asked", "register", "noticed")}  # fmt: skip
    with closing(sqlite3.connect(folder / "server.sqlite3")) as db:
        db.row_factory = sqlite3.Row
        jobs = {row["job_id"]: _parsed(row) for row in db.execute("SELECT * FROM jobs")}
        events = [_parsed(row) for row in db.execute("SELECT * FROM device_events ORDER BY id")]
        left = {
            "server outbox": db.execute("SELECT count(*) FROM outbox").fetchone()[0],
            "evidence": db.execute("SELECT count(*) FROM evidence").fetchone()[0],
        }
    rows: dict[str, dict[str, Any]] = {}
    facts: dict[str, dict[str, Any]] = {}
    order: list[str] = []
    doubts: Counter[str] = Counter()
    papers: dict[str, list[str | None]] = defaultdict(list)
    with closing(sqlite3.connect(folder / "journal.sqlite3")) as db:
        for (text,) in db.execute("SELECT body FROM journal WHERE kind = 'job' ORDER BY n"):
            body = json.loads(text)
            row = body["job"]
            rows[row["job_id"]] = row
            if "facts" in body:
                facts[row["job_id"]] = body["facts"]
            if row["state"] == "done" and row["job_id"] not in order[-1:] and body["event"] != "archived":
                if row["job_id"] not in papers:
                    order.append(row["job_id"])
                papers[row["job_id"]].append(row["outcome"].get("paper"))
            doubts[row["job_id"]] += body["event"] == "doubt"
        broken = list(_broken(db))
        left["agent outbox"] = db.execute("SELECT count(*) FROM outbox").fetchone()[0]
    return Books(
        loaded["dump"]["documents"], loaded["asked"], loaded["register"], loaded["noticed"], jobs, rows, facts, order,
        events, doubts, papers, left, broken,
    )  # fmt: skip


def _broken(db: sqlite3.Connection) -> Iterator[int]:
    before, last = "", 0
    for n, at, kind, job_id, kkm_id, body, body_hash, digest in db.execute("SELECT * FROM journal ORDER BY n"):
        spelled = json.dumps(json.loads(body), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        of_body = hashlib.sha256(spelled.encode()).hexdigest()
        fields = (before, str(n), at, kind, job_id or "", kkm_id or "", body_hash)
        if (n, of_body, hashlib.sha256("\n".join(fields).encode()).hexdigest()) != (last + 1, body_hash, digest):
            yield n
        before, last = digest, n


def _parsed(row: sqlite3.Row) -> dict[str, Any]:
    return {
        name: json.loads(value) if isinstance(value, str) and value[:1] in ("{", "[") else value
        for name, value in zip(row.keys(), tuple(row), strict=True)
    }


# --- what must be true ------------------------------------------------------------------------------------------------


def jobs_have_ended(books: Books) -> Iterator[str]:
    """Every job that was asked for has one end, the same on both sides, and nothing waits to be said."""
    if set(books.jobs) != set(books.asked):
        yield f"jobs lost or invented: {set(books.jobs) ^ set(books.asked)}"
    for job_id, job in books.jobs.items():
        row = books.rows.get(job_id)
        if job["state"] not in FINAL:
            yield f"{job_id} is {job['state']}"
        elif row is None:
            if job["state"] != "cancelled" or job["sent"]:
                yield f"{job_id} is {job['state']} and the journal has never heard of it"
        elif (row["state"], row["rev"]) != (job["state"], job["rev"]) or not row["archived"]:
            yield f"{job_id}: journal {row['state']} rev {row['rev']}, server {job['state']} rev {job['rev']}"
        if job["state"] == "not_done" and not (job["reason"] or {}).get("code"):
            yield f"{job_id} is not done without a reason"
    if books.broken:
        yield f"the journal's chain is broken at {books.broken}"
    for where, count in books.left.items():
        if count:
            yield f"{where}: {count} left"


def receipts_agree(books: Books) -> Iterator[str]:
    """Each done receipt has exactly one document, and request, archive, journal and server agree to the kopeck."""
    by_imprint: dict[str | None, list[dict[str, Any]]] = defaultdict(list)
    for document in books.receipts:
        by_imprint[imprint_of(document["tags"])].append(document)
    tenant, claimed = books.register["tenant_id"], 0
    for job_id, asked in books.asked.items():
        if asked["kind"] != "receipt":
            continue
        imprint = b32encode(hashlib.sha256(f"{tenant}\x1f{job_id}".encode()).digest()).decode()[:13]
        made, job = by_imprint.get(imprint, []), books.jobs[job_id]
        claimed += len(made)
        if len(made) != (job["state"] == "done"):
            yield f"{job_id} is {job['state']} and has {len(made)} documents"
            continue
        if made:
            yield from (f"{job_id} FD {made[0]['fd']}: {what}" for what in _one_receipt(books, job_id, made[0]))
    if claimed != len(books.receipts):
        yield f"{len(books.receipts) - claimed} receipts belong to no job"


def _one_receipt(books: Books, job_id: str, document: dict[str, Any]) -> Iterator[str]:
    job, row, tags = books.jobs[job_id], books.rows[job_id], document["tags"]
    wanted, shown, proof = asked_sums(books.asked[job_id]["payload"]), shown_sums(tags), job["proof"]
    for name in ("sign", "total", "paid", "vat", "lines"):
        if getattr(wanted, name) != getattr(shown, name):
            yield f"{name} asked {getattr(wanted, name)}, in the archive {getattr(shown, name)}"
    if proof != row["outcome"]["proof"]:
        yield "the server's proof is not the journal's"
    told = {
        "fn": tags["1041"], "fd": document["fd"], "fpd": document["fpd"], "shift": tags["1038"],
        "receipt_in_shift": tags["1042"], "source": "device", "registration_number": tags["1037"],
    }  # fmt: skip
    for name, value in told.items():
        if proof[name] != value:
            yield f"proof {name} {proof[name]}, in the archive {value}"
    if datetime.fromisoformat(proof["printed_at"]).replace(tzinfo=None) != datetime.fromisoformat(document["at"]):
        yield f"printed at {proof['printed_at']}, in the archive {document['at']}"
    if kopecks(proof["total"]) != wanted.total or job["total"] != wanted.total:
        yield f"total asked {wanted.total}, proof {proof['total']}, server {job['total']}"
    if {rate: kopecks(text) for rate, text in proof["vat"].items()} != wanted.vat:
        yield f"VAT asked {wanted.vat}, proof {proof['vat']}"
    if kopecks(proof["change"] or "0.00") != wanted.change:
        yield f"change asked {wanted.change}, proof {proof['change']}"
    if f"&s={wanted.total // 100}.{wanted.total % 100:02d}&fn={tags['1041']}&i={document['fd']}&" not in proof["qr"]:
        yield f"QR {proof['qr']}"
    for where, kept in (("server", job["document"]), ("journal", books.facts[job_id]["document"])):
        if kept != {"type": "receipt", "fd": document["fd"], "tags": tags}:
            yield f"the {where}'s document is not the archive's"
    printed = books.asked[job_id]["payload"].get("print", True)
    if job["paper"] != ("complete" if printed else "not_wanted"):
        yield f"paper {job['paper']}"


def drawer_is_the_sum(books: Books) -> Iterator[str]:
    """Cash put in, taken out and settled, job by job as they ended: each proof's drawer, and the register's own."""
    drawer = 0
    for job_id in books.order:
        asked, job = books.asked[job_id], books.jobs[job_id]
        if asked["kind"] in ("cash_in", "cash_out"):
            drawer += kopecks(asked["payload"]["amount"]) * (1 if asked["kind"] == "cash_in" else -1)
        elif asked["kind"] == "receipt":
            sums = asked_sums(asked["payload"])
            drawer += sums.paid["cash"] * INTO_DRAWER[sums.sign]
        told = (job["proof"] or job["result"] or {}).get("drawer")
        if told is not None and kopecks(told) != drawer:
            yield f"{job_id}: drawer {told}, the sum is {drawer}"
    if books.register["drawer"] != drawer:
        yield f"drawer {books.register['drawer']}, the sum is {drawer}"


def numbers_run_on(books: Books) -> Iterator[str]:
    """Document numbers without gaps, in the order of time; shifts one after another, and no receipt after 24 hours."""
    if [document["fd"] for document in books.documents] != list(range(1, len(books.documents) + 1)):
        yield "document numbers have gaps"
    times = [document["at"] for document in books.documents]
    if times != sorted(times):
        yield "documents are not in the order of time"
    opened: datetime | None = None
    number = count = 0
    for document in books.documents[1:]:
        at, tags, name = datetime.fromisoformat(document["at"]), document["tags"], f"FD {document['fd']}"
        if document["type"] == "open_shift":
            number, count = number + 1, 0
            if opened is not None:
                yield f"{name} opens a shift in a shift"
            opened = at
        elif opened is None:
            yield f"{name} stands outside any shift"
        elif document["type"] == "receipt":
            count += 1
            if tags["1042"] != count or at - opened >= DAY:
                yield f"{name}: receipt {tags['1042']} for {count}, {at - opened} after the shift was opened"
        elif document["type"] == "close_shift":
            if at - opened > DAY and _rule(books, document) != "close_expired_shift":
                yield f"{name} closes a shift of {at - opened}"
            opened = None
        if tags["1038"] != number:
            yield f"{name}: shift {tags['1038']}, the {number}. was due"
    if opened is not None:
        yield "a shift is left open"


def _rule(books: Books, document: dict[str, Any]) -> str | None:
    rules = (e["body"].get("rule") for e in books.events if e["kind"] == "shift_closed" and _fd(e) == document["fd"])
    return next(rules, None)


def _fd(event: dict[str, Any]) -> int | None:
    fd: int | None = event["body"].get("fd")
    return fd


@dataclass
class Turnover:
    count: int = 0
    total: int = 0
    paid: Counter[str] = field(default_factory=Counter)
    vat: Counter[str] = field(default_factory=Counter)

    def add(self, sums: Sums) -> None:
        self.count += 1
        self.total += sums.total
        self.paid.update(sums.paid)
        self.vat.update(sums.vat)


def shifts_agree(books: Books) -> Iterator[str]:
    """The receipts of a shift against its closing document (1118, 1111 and, where the format has it, 1194), and against
    the totals that the register told before it was closed."""
    told = dict(_told_totals(books))
    by_sign: dict[int, Turnover] = defaultdict(Turnover)
    documents = 0
    for document in books.documents:
        tags, name = document["tags"], f"shift {document['tags'].get('1038')}"
        documents += 1
        if document["type"] == "open_shift":
            by_sign, documents = defaultdict(Turnover), 1
        elif document["type"] == "receipt":
            sums = shown_sums(tags)
            by_sign[sums.sign].add(sums)
        elif document["type"] == "close_shift":
            count = sum(turnover.count for turnover in by_sign.values())
            if (tags["1118"], tags["1111"]) != (count, documents):
                yield f"{name}: {tags['1118']} receipts, {tags['1111']} documents; counted {count}, {documents}"
            if "1194" in tags:
                yield from (f"{name}: {what}" for what in _counters(tags["1194"], by_sign))
            totals = told.get(document["fd"])
            if totals is None:
                if not books.deaths:
                    yield f"{name}: nobody told its totals"
            else:
                yield from (f"{name}: {what}" for what in _totals(totals, by_sign))


def _told_totals(books: Books) -> Iterator[tuple[int, dict[str, Any]]]:
    for event in books.events:
        if event["kind"] == "shift_closed":
            yield event["body"]["fd"], event["body"]["totals"]
    for job in books.jobs.values():
        if job["kind"] == "close_shift" and job["state"] == "done" and job["result"] is not None:
            yield job["proof"]["fd"], job["result"]["totals"]


def _counters(shown: Mapping[str, Any], by_sign: Mapping[int, Turnover]) -> Iterator[str]:
    for sign, tag in COUNTER.items():
        mine, theirs = by_sign.get(sign, Turnover()), shown[tag]
        pairs = [("count", mine.count, theirs["1135"])]
        if mine.count:
            pairs += [("total", mine.total, kopecks(theirs["1201"]))]
            pairs += [(kind, mine.paid[kind], kopecks(theirs[counter])) for kind, counter in COUNTED.items()]
            flat = {"1139": "vat20", "1140": "vat10", "1141": "vat120", "1142": "vat110", "1143": "vat0",
                    "1183": "none"}  # fmt: skip
            pairs += [(rate, mine.vat[rate], kopecks(theirs[counter])) for counter, rate in flat.items()]
        yield from (f"1194 {tag} {what}: {theirs_}, counted {mine_}" for what, mine_, theirs_ in pairs
                    if mine_ != theirs_)  # fmt: skip


def _totals(told: Mapping[str, Any], by_sign: Mapping[int, Turnover]) -> Iterator[str]:
    for name, sign in SIGN.items():
        mine, theirs = by_sign.get(sign, Turnover()), told[name]
        wanted = (mine.count, mine.total, mine.paid["cash"], mine.paid["card"])
        shown = (theirs["receipts"], *(kopecks(theirs[key]) for key in ("total", "cash", "cashless")))
        if wanted != shown:
            yield f"totals of {name} told {shown}, counted {wanted}"


def shift_documents_are_told_once(books: Books) -> Iterator[str]:
    """Every opening and closing is either one event or the end of one job, and carries the archive's document."""
    told: Counter[int] = Counter()
    archive = {document["fd"]: document for document in books.documents}
    for event in books.events:
        if event["kind"] in ("shift_opened", "shift_closed"):
            body, document = event["body"], archive[event["body"]["fd"]]
            told[document["fd"]] += 1
            same = (body["fpd"], body["document"]["tags"]) == (document["fpd"], document["tags"])
            if not same or document["type"] != ("open_shift" if event["kind"] == "shift_opened" else "close_shift"):
                yield f"the event {event['kind']} of FD {document['fd']} is not the archive's document"
    for job in books.jobs.values():
        if job["kind"] in ("open_shift", "close_shift") and job["state"] == "done":
            told[job["proof"]["fd"]] += 1
    shifts = {document["fd"] for document in books.documents if document["type"] in ("open_shift", "close_shift")}
    wrong = {fd: told[fd] for fd in shifts | set(told) if told[fd] != (fd in shifts)}
    if wrong:
        yield f"shift documents and how often they were told: {wrong}"


def health_was_seen(books: Books) -> Iterator[str]:
    """What was planted at the register stood in the server's facts, and once among the events."""
    for notice in books.noticed:
        health, name = notice["health"], f"{notice['what']} at {notice['local']}"
        ofd, clock, fn = (health.get(part, {}) for part in ("ofd", "clock", "fn"))
        for key, value in notice["planted"].items():
            match key:
                case "paper":
                    good = health.get("paper") == value
                case "shift":
                    good = health.get("shift", {}).get("state") == value
                case "warning":
                    good = value in fn.get("warnings", [])
                case "drift_s":
                    good = "drift_s" in clock and abs(clock["drift_s"] - value) <= DRIFT_SEEN
                case "first_at":
                    good = ofd.get("first_at", "").startswith(value)
                case _:
                    good = ofd.get(key, 0) == value
            if not good:
                yield f"{name}: {key} {value} was not seen in {health}"
    warned = [w for e in books.events if e["kind"] == "fn_warning" for w in e["body"]["warnings"]]
    if Counter(warned) != Counter({"memory": 1, "ofd_overdue": 1}):
        yield f"fn_warning told of {warned}"
    kinds = Counter(event["kind"] for event in books.events)
    if kinds["clock_drift"] != 1:
        yield f"{kinds['clock_drift']} events of one moved clock"
    if kinds["paper_out"] != kinds["paper_back"] or not kinds["paper_out"]:
        yield f"paper out {kinds['paper_out']} times, back {kinds['paper_back']} times"
    surprising = set(kinds) - {
        "shift_opened", "shift_closed", "fn_warning", "clock_drift", "paper_out", "paper_back"
    }  # fmt: skip
    if surprising:
        yield f"events that nothing has caused: {surprising}"
    if books.register["unsent"]:
        yield f"{books.register['unsent']} documents are not sent"


def doubt_was_resolved(books: Books) -> Iterator[str]:
    """Paper that ran out was printed in the end, and no doubt was left to a person."""
    for job_id, papers in books.papers.items():
        if "incomplete" in papers and papers[-1] != "complete":
            yield f"{job_id}: paper {papers}"
    for job_id, job in books.jobs.items():
        if (job["proof"] or {}).get("source") == "person":
            yield f"{job_id} was decided by a person"


CHECKS = (
    jobs_have_ended, receipts_agree, drawer_is_the_sum, numbers_run_on, shifts_agree, shift_documents_are_told_once,
    health_was_seen, doubt_was_resolved,
)  # fmt: skip


def audit(books: Books) -> list[str]:
    """Everything that does not agree. Without all of the jobs on both sides nothing further can be compared."""
    known = {job_id for job_id, job in books.jobs.items() if job["state"] == "cancelled" or job_id in books.rows}
    checks = CHECKS if known == set(books.asked) else (jobs_have_ended,)
    return [f"{check.__name__}: {problem}" for check in checks for problem in check(books)]
