"""A sale that has charged the card and whose receipt could not be made, in a real journal."""

from __future__ import annotations

from agent.jobs.transitions import because
from protocol.crm.codes import reason
from protocol.crm.job_machine import JobEvent
from protocol.crm.jobs import JobKind
from protocol.crm.messages import Desk
from protocol.crm.outcomes import Proof, ProofSource
from tests.protocol.ffd.payloads import item, payload
from tests.support.crm import NOW
from tests.support.job_books import Bench

TERMINAL = "18"
SALE = payload(item("4500.00", name="Замена аккумулятора"), card="4500.00")


def owes(book: Bench, job_id: str = "s1") -> None:
    """The CRM's sale ``job_id``: paid, its receipt given up; a person is asked."""
    book.binds(desk=Desk(terminal=TERMINAL))
    book.binds(kkm_id=TERMINAL)
    book.pongs()
    book.offers(job_id, kind=JobKind.SALE, payload=SALE)
    assert book.book.sale_checked(job_id) is None
    paid = Proof(source=ProofSource.DEVICE, printed_at=NOW, total="4500.00", rrn="632712345678", auth_code="A1B2C3",
                 number="0042", card="****6763", card_system="MIR")  # fmt: skip
    book.lane(JobEvent.INTENT, job_id=f"{job_id}/payment1")
    book.book.transition(f"{job_id}/payment1", JobEvent.PROVEN, outcome={"proof": paid.model_dump(mode="json")})
    book.book.transition(f"{job_id}/receipt1", JobEvent.IMPOSSIBLE, outcome=because(reason("fn_full")))
