"""The stranger who compares the books of a finished run: archives, journals, the server, what the CRM has read.

Pure functions over plain data (``Records``); it imports nothing of agent, server, drivers or protocol, and derives
anew what it needs to know of them. ``check`` says what is wrong, rule by rule; ``tally`` counts how the jobs ended.
Texts of receipts are compared as they are, so a run should ask for plain ones (a register replaces typographic signs),
and where a desk has no imprint each job should ask for something else than the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain
from types import MappingProxyType

from tests.chaos import checking_archive as archive
from tests.chaos import checking_journal as journal
from tests.chaos import checking_money as money
from tests.chaos import checking_server as server
from tests.chaos.checking_records import (
    Asked,
    FeedRow,
    JournalBook,
    JournalRow,
    Letter,
    Records,
    Register,
    ServerBook,
    Terminal,
    Wrong,
    read_journal,
    read_register,
    read_server,
)
from tests.chaos.checking_view import APART, MONEY, SALES, view_of

__all__ = [
    "RULES",
    "Asked",
    "FeedRow",
    "JournalBook",
    "JournalRow",
    "Letter",
    "Records",
    "Register",
    "ServerBook",
    "Tally",
    "Terminal",
    "Wrong",
    "check",
    "read_journal",
    "read_register",
    "read_server",
    "tally",
]

RULES = MappingProxyType(
    {
        "duplicate": "a job has two documents, or its cash was moved twice",
        "lost": "the server took a job, and nobody knows it any more",
        "false_done": "a job is done, and the register has not done it",
        "false_not_done": "a job has ended otherwise, and the register has done it",
        "wrong_document": "the document is not what was asked for, or another register's",
        "no_proof": "an end without its proof or its reason, or by a person who has not decided so",
        "proof_differs": "the proof is not what the archive, or the journal, says",
        "foreign_taken": "the proof names another program's document",
        "unasked": "a document, or a job, that nobody has asked for",
        "missing_in_server": "an agent holds a job that the server does not know",
        "states_differ": "journal and server disagree about a job",
        "final_changed": "what had ended has changed",
        "rev_went_back": "a rev fell, or stayed with another state",
        "chain_broken": "a record of a journal does not follow from those before it",
        "projection_differs": "a table beside a journal is not what its records add up to",
        "intent_missing": "done without INTENT and CLOSING on disk before it",
        "intent_after_lease": "INTENT later than the job might be started",
        "wrong_address": "an agent took a job that was not signed for it as it was asked for",
        "too_many_attempts": "more than three attempts",
        "two_open_intents": "INTENT while another one of the same register was open",
        "abandoned": "an open intent was left without an outcome",
        "heard_wrongly": "an end was taken over from the server that it has not, or by no older copy",
        "unconfirmed": "a job that another journal may have begun was started without a person",
        "two_agents": "one job was carried out by two agents, or offered to one while another had begun it",
        "epoch_wrong": "INTENT under a binding that was not the newest",
        "human_with_imprint": "a person is needed on a desk of our own with imprints",
        "not_final": "a job has not ended",
        "outbox_left": "something was not told, or not acknowledged",
        "ownership_open": "a register is still between two owners",
        "event_missing": "the CRM was not told how a job, or a shift, has ended",
        "event_twice": "the CRM was told the same word of a job twice",
        "event_contradicts": "the CRM was told something else than the server's row says",
        "totals": "drawer or turnover are not the sum of what was done",
        "numbering": "document numbers have gaps",
        "charged_twice": "one movement of money was made twice, or brought back twice",
        "owed_untold": "money stands without a receipt, and nobody is told",
        "owed_falsely": "a sale is called owed, and nothing is",
        "undone_in_doubt": "money is given back while a receipt is in doubt, or is there",
        "after_undoing": "a charge or a receipt after the money was on its way back",
        "charged_unasked": "after a restart a charge has begun, and nobody has said that it may",
        "out_of_order": "a step of a sale before another one that it needs",
        "parted": "a part of a sale has moved, and the sale not with it",
        "reference_twice": "two movements of money under one reference",
        "settled_twice": "a terminal's day was closed more often than was asked for",
        "shift": "shifts or their receipts are out of order, or a receipt is later than its 24 hours",
    }
)
"""Every rule, and what it means when it is broken."""

_CHECKS = (
    archive.receipts, archive.cash, archive.drawers, archive.totals, archive.numbering, archive.shift_documents,
    journal.chains, journal.projections, journal.transitions, journal.heard, journal.offers, journal.attempts,
    journal.intents, journal.brackets, journal.agents,
    server.known, server.ends, server.both_sides, server.feed, server.events,
    money.ends, money.owed, money.proofs, money.settlements, money.begun, money.stories, money.references,
)  # fmt: skip


def check(records: Records) -> list[Wrong]:
    """Everything that is wrong, each thing once, in a fixed order; empty when the run was right."""
    view = view_of(records)
    return sorted(set(chain.from_iterable(rules(view) for rules in _CHECKS)), key=lambda w: (w.rule, str(w)))


@dataclass(frozen=True, slots=True)
class Tally:
    """How the jobs of one or more runs ended. ``+`` adds."""

    runs: int = 0
    jobs: int = 0
    states: Counter[str] = field(default_factory=Counter)  # by the server's last state; "unknown" without a row
    by_person: int = 0
    documents: int = 0  # settlements in the archives, another program's among them
    foreign: int = 0
    own: int = 0  # jobs on an exclusive desk with imprints, in runs that are not counted apart
    own_human: int = 0
    apart: int = 0  # jobs of runs with rollback, move or a new fiscal drive
    money: Counter[str] = field(default_factory=Counter)  # of ``states``, those of jobs that a card may be declined for

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.runs + other.runs, self.jobs + other.jobs, self.states + other.states,
            self.by_person + other.by_person, self.documents + other.documents, self.foreign + other.foreign,
            self.own + other.own, self.own_human + other.own_human, self.apart + other.apart,
            self.money + other.money,
        )  # fmt: skip

    @property
    def done_share(self) -> float:
        """Of all jobs that were asked for and that no bank can decline; what the CRM cancelled counts as not done."""
        jobs = self.jobs - self.money.total()
        return (self.states["done"] - self.money["done"]) / jobs if jobs else 1.0

    @property
    def money_share(self) -> float:
        """The same of the others: sales, payments, money back."""
        return self.money["done"] / self.money.total() if self.money else 1.0


def tally(records: Records) -> Tally:
    apart = bool(records.flags & APART)
    rows = {job_id: records.server.jobs.get(job_id, {}) for job_id in records.asked}
    ours = {r.kkm_id for r in records.registers if r.exclusive and r.imprint and not r.foreign}
    own = [job_id for job_id, asked in records.asked.items() if not apart and asked.kkm_id in ours]
    return Tally(
        runs=1,
        jobs=len(rows),
        states=Counter(str(row.get("state", "unknown")) for row in rows.values()),
        by_person=sum((row.get("proof") or {}).get("source") == "person" for row in rows.values()),
        documents=_count(
            d["type"] in ("receipt", "correction") for r in records.registers for one in r.drives for d in one
        ),
        foreign=sum(len(register.foreign) for register in records.registers),
        own=len(own),
        own_human=_count(rows[job_id].get("state") == "human" for job_id in own),
        apart=len(rows) if apart else 0,
        money=Counter(str(row.get("state", "unknown")) for job_id, row in rows.items() if _by_card(records, job_id)),
    )


def _by_card(records: Records, job_id: str) -> bool:
    return records.asked[job_id].kind in SALES | MONEY | {"settlement"}


def _count(facts: Iterable[bool]) -> int:
    return sum(facts)
