"""The server knows an end that this journal has lost: its disk is an older copy of the one that told it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.jobs.transitions import because
from protocol.crm.codes import reason
from protocol.crm.job_machine import JobEvent, Known
from protocol.crm.jobs import DeviceClass, JobKind
from protocol.crm.messages import Desk, Ended, Release, Released, StepTold, Update
from protocol.crm.outcomes import Proof, ProofSource
from tests.agent.desk.owing import SALE, TERMINAL
from tests.support.crm import AGENT, KID, KKM
from tests.support.job_books import Bench, bench

V, K = JobEvent, Known
PAID = Proof(source=ProofSource.DEVICE, total="4500.00", auth_code="A1")
MADE = Proof(source=ProofSource.DEVICE, fd=12, fpd="1")
DECLINED = reason("payment_declined")


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path, classes={KKM: DeviceClass.REGISTER, TERMINAL: DeviceClass.TERMINAL}) as made:
        made.binds(desk=Desk(terminal=TERMINAL))
        made.binds(kkm_id=TERMINAL)
        made.pongs()
        yield made


def hears(book: Bench, *, signed: bool = True, **told: Any) -> None:
    """What stands in the server's ``ready``."""
    known: dict[str, Any] = {"job_id": "s1", "agent_id": AGENT, "rev": 9, "state": "not_done", "reason": DECLINED,
                             "certainty": "proven", "kid": KID}  # fmt: skip
    end = Ended(**known | told)
    book.book.heard([book.key.signed("ended", end) if signed else end])


def step(name: str, n: int, state: str, **more: Any) -> StepTold:
    return StepTold(**{"step": name, "n": n, "state": state, **more})


def pays(book: Bench, job_id: str = "p1") -> None:
    """A payment in doubt."""
    book.offers(job_id, kind=JobKind.PAYMENT, kkm_id=TERMINAL, payload={"amount": "100.00"})
    book.lane(V.INTENT, V.DOUBT, job_id=job_id)


def sells(book: Bench, *events: JobEvent) -> None:
    """A sale whose payment is under way."""
    book.offers("s1", kind=JobKind.SALE, payload=SALE)
    assert book.book.sale_checked("s1") is None
    book.lane(V.INTENT, *events, job_id="s1/payment1")


def at_its_lane(book: Bench, job_id: str) -> None:
    """What the lane does that has the job in hand."""
    book.book.end_as_heard(book.row(job_id))


def in_hand(book: Bench, kkm_id: str) -> str | None:
    _, chosen = book.book.next_work(kkm_id)
    return chosen.row.job_id if chosen is not None else None


def test_a_payment_in_doubt_ends_as_the_server_knows_it_and_the_server_is_not_told_again(book: Bench) -> None:
    pays(book)
    book.told()
    hears(book, job_id="p1", state="done", proof=PAID, reason=None, certainty=None)
    assert book.row("p1").state is K.RESOLVING  # a lane has it in hand
    at_its_lane(book, "p1")
    row = book.row("p1")
    assert (row.state, row.rev, row.outcome["proof"]) == (K.DONE, 9, PAID.model_dump(mode="json"))
    assert (book.told(), in_hand(book, TERMINAL)) == ([], None)


@pytest.mark.parametrize("told", [{"signed": False}, {"agent_id": "another"}, {"state": "cancelled"}])
def test_only_an_end_of_this_agents_own_job_that_the_server_signed_is_heard(book: Bench, told: dict[str, Any]) -> None:
    """Whether a cancelled payment was made, nobody knows."""
    pays(book)
    hears(book, job_id="p1", **told)
    assert book.row("p1").heard is None


def test_what_has_ended_here_or_was_never_begun_is_left_alone(book: Bench) -> None:
    book.offers("j1")
    pays(book)
    book.book.transition("p1", V.NOT_TAKEN, outcome=because(DECLINED))
    for job_id in ("j1", "p1", "unknown"):
        hears(book, job_id=job_id, state="done", proof=PAID)
    assert (book.row("j1").state, book.row("p1").state, book.has("unknown")) == (K.ACCEPTED, K.NOT_DONE, False)


def test_a_sale_in_doubt_held_its_terminal_for_ever_after_a_rollback(book: Bench) -> None:
    """The end was known to the server, which therefore took nobody's decision."""
    sells(book, V.DOUBT)
    book.book.distrust()
    book.told()
    hears(book, steps=[step("payment", 1, "not_done", reason=DECLINED, certainty="proven")])
    assert in_hand(book, TERMINAL) == "s1/payment1"
    at_its_lane(book, "s1/payment1")
    part, sale = book.row("s1/payment1"), book.row("s1")
    assert (part.state, part.outcome["reason"]["code"]) == (K.NOT_DONE, "payment_declined")
    assert (sale.state, sale.rev, sale.outcome["certainty"]) == (K.NOT_DONE, 9, "proven")
    assert (in_hand(book, TERMINAL), in_hand(book, KKM), book.told()) == (None, None, [])


def test_a_sale_that_waits_for_a_person_ends_at_once_and_begins_nothing_more(book: Bench) -> None:
    """Its receipt has not begun here; there it was made."""
    sells(book, V.PROVEN)
    assert in_hand(book, KKM) == "s1/receipt1"
    hears(book, state="done", proof=MADE, reason=None, certainty=None,
          steps=[step("payment", 1, "done", proof=PAID), step("receipt", 1, "done", proof=MADE)])  # fmt: skip
    row = book.row("s1")
    assert (row.state, row.outcome["proof"]["fd"]) == (K.DONE, 12)
    assert (book.row("s1/receipt1").state, in_hand(book, KKM)) == (K.CANCELLED, None)


def test_what_was_left_owed_is_left_here_too_and_no_receipt_is_made(book: Bench) -> None:
    """Its correction receipt may have been made already."""
    sells(book, V.PROVEN)
    assert in_hand(book, KKM) == "s1/receipt1"
    for _ in range(2):
        hears(book, state="human", owed=True, reason=reason("left_owed"), certainty=None,
              steps=[step("payment", 1, "done", proof=PAID)])  # fmt: skip
    row = book.row("s1")
    assert row.sale is not None
    assert (row.state, row.sale["owed"], row.sale["waits"], row.rev) == (K.HUMAN, True, None, 10)
    assert (book.row("s1/receipt1").state, in_hand(book, KKM)) == (K.CANCELLED, None)
    *_, said = [body for body in book.told() if isinstance(body, Update)]
    assert (said.state.value, said.rev, said.owed, said.evidence) == ("human", 10, True, {"case": "left_owed"})
    book.resolves(10, job_id="s1", fd=4711)
    assert book.row("s1").state is K.DONE


def test_a_receipt_that_is_open_here_decides_before_it_is_left(book: Bench) -> None:
    sells(book, V.PROVEN)
    book.lane(V.INTENT, V.DOUBT, job_id="s1/receipt1")
    hears(book, state="human", owed=True, reason=reason("left_owed"), certainty=None,
          steps=[step("payment", 1, "done", proof=PAID)])  # fmt: skip
    assert book.row("s1").state is K.RESOLVING
    book.lane(V.PROVEN_NONE, job_id="s1/receipt1")
    assert (book.row("s1").state, in_hand(book, KKM)) == (K.HUMAN, None)


def test_only_a_sale_can_be_left(book: Bench) -> None:
    book.offers("j1")
    book.lane(V.INTENT)
    hears(book, job_id="j1", state="human", owed=True, reason=reason("left_owed"), certainty=None, steps=[])
    assert (book.row("j1").state, book.row("j1").heard) == (K.STARTED, None)


def test_an_end_that_does_not_tell_what_became_of_the_charge_is_none_and_a_person_can_decide(book: Bench) -> None:
    sells(book, V.UNDECIDABLE)
    book.told()
    hears(book, steps=[])
    said = book.update()
    assert (said.state.value, said.rev) == ("human", 10)
    book.resolves(10, job_id="s1", decision="not_done")
    assert book.row("s1/payment1").outcome["asked"]["decision"] == "not_done"


def test_the_archive_decides_about_a_receipt_that_is_open_here_before_the_end_counts(book: Bench) -> None:
    """A copy may have begun it by itself: no server is needed for that."""
    sells(book, V.PROVEN)
    book.lane(V.INTENT, V.DOUBT, job_id="s1/receipt1")
    hears(book, steps=[step("payment", 1, "done", proof=PAID), step("void", 1, "done", proof=PAID)])
    assert (book.row("s1").state, book.row("s1/receipt1").heard) == (K.RESOLVING, None)
    book.lane(V.PROVEN_NONE, job_id="s1/receipt1")
    assert (book.row("s1").state, book.row("s1/receipt1").state) == (K.NOT_DONE, K.CANCELLED)
    assert in_hand(book, KKM) is None  # there is no second attempt: the money has gone back


def test_a_receipt_that_was_made_after_all_is_told_above_the_servers_rev(book: Bench) -> None:
    sells(book, V.PROVEN)
    book.lane(V.INTENT, V.DOUBT, job_id="s1/receipt1")
    hears(book, owed=True, reason=reason("left_owed"), steps=[step("payment", 1, "done", proof=PAID)])
    book.told()
    book.book.transition("s1/receipt1", V.PROVEN, outcome={"proof": MADE.model_dump(mode="json")})
    said = [body for body in book.told() if isinstance(body, Update)][-1]
    assert (said.state.value, said.rev) == ("done", 10)


def test_an_attempt_that_proves_to_have_made_nothing_is_the_last_one(book: Bench) -> None:
    book.offers("j1")
    book.lane(V.INTENT, V.DOUBT)
    hears(book, job_id="j1", state="done", proof=MADE, reason=None, certainty=None)
    book.lane(V.PROVEN_NONE)
    assert (book.row("j1").state, in_hand(book, KKM)) == (K.DONE, None)


def test_the_terminal_of_a_sale_that_ends_so_is_released(book: Bench) -> None:
    sells(book, V.PROVEN)
    book.told()
    release = Release(agent_id=AGENT, kkm_id=TERMINAL, binding_epoch=1, kid=KID)
    book.say("release", release)
    assert not book.device(TERMINAL).released
    hears(book, owed=True, reason=reason("left_owed"), steps=[step("payment", 1, "done", proof=PAID)])
    assert book.device(TERMINAL).released
    assert [body.kkm_id for body in book.told() if isinstance(body, Released)] == [TERMINAL]
