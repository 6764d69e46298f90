"""Sales in the journal where the devices' lanes have no part: other PCs, releases, older copies, words too late."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.jobs.at_desk import accept
from agent.jobs.transitions import because
from agent.journal.records import RecordKind
from protocol.crm.codes import reason
from protocol.crm.job_machine import JobEvent, Known
from protocol.crm.jobs import JobKind
from protocol.crm.messages import Desk, Update
from protocol.crm.outcomes import Proof, ProofSource
from tests.agent.desk.owing import SALE, TERMINAL, owes
from tests.protocol.ffd.payloads import item, payload
from tests.support.crm import KKM
from tests.support.job_books import Bench, bench

V = JobEvent
PAYMENT = {"amount": "100.00"}
TWO = payload(item("100.00"), payments=[{"type": "card", "amount": "60.00"}, {"type": "card", "amount": "40.00"}])
PAID = {"proof": Proof(source=ProofSource.DEVICE, total="60.00", auth_code="A1").model_dump(mode="json")}


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path) as made:
        made.binds(desk=Desk(terminal=TERMINAL))
        made.binds(kkm_id=TERMINAL)
        made.pongs()
        yield made


def sells(book: Bench, what: dict[str, object] = SALE, job_id: str = "s1") -> None:
    book.offers(job_id, kind=JobKind.SALE, payload=what)
    assert book.book.sale_checked(job_id) is None


def next_at(book: Bench, kkm_id: str) -> str | None:
    _, chosen = book.book.next_work(kkm_id)
    return chosen.row.job_id if chosen is not None else None


def live(book: Bench) -> list[str]:
    return [row.job_id for row in book.journal.read(lambda tx: tx.live_jobs())]


def test_the_sale_begins_with_its_first_part_in_one_transaction(book: Bench) -> None:
    sells(book)
    assert book.row("s1").state is Known.ACCEPTED
    book.lane(V.INTENT, job_id="s1/payment1")
    assert (book.row("s1").state, book.row("s1/payment1").state) == (Known.STARTED, Known.STARTED)


def test_a_part_of_a_cancelled_sale_cannot_begin(book: Bench) -> None:
    sells(book)
    book.cancels("s1")
    assert book.row("s1").state is Known.CANCELLED
    assert live(book) == ["s1"]
    assert next_at(book, TERMINAL) is None


def test_a_check_that_is_a_minute_old_is_made_again(book: Bench) -> None:
    sells(book)
    assert (next_at(book, KKM), next_at(book, TERMINAL)) == (None, "s1/payment1")
    book.hands.turn(61)
    book.pongs()
    book.book.tick()
    assert (next_at(book, KKM), next_at(book, TERMINAL)) == ("s1", None)


def test_parts_of_a_sale_that_has_begun_come_before_what_waited_longer(book: Bench) -> None:
    book.offers("older")
    sells(book)
    book.lane(V.INTENT, job_id="s1/payment1")
    book.book.transition("s1/payment1", V.PROVEN, outcome=PAID)
    assert next_at(book, KKM) == "s1/receipt1"


def test_a_sale_in_a_terminals_hands_holds_nothing_up_at_the_register(book: Bench) -> None:
    sells(book)
    book.lane(V.INTENT, job_id="s1/payment1")
    book.offers("later")
    assert next_at(book, KKM) == "later"


def test_a_release_waits_until_no_sale_needs_the_device(book: Bench) -> None:
    sells(book)
    book.lane(V.INTENT, job_id="s1/payment1")
    book.releases(kkm_id=TERMINAL)
    book.book.transition("s1/payment1", V.PROVEN, outcome=PAID)
    assert not book.device(TERMINAL).released
    book.lane(V.INTENT, job_id="s1/receipt1")
    book.book.transition("s1/receipt1", V.PROVEN, outcome=PAID)
    assert book.row("s1").state is Known.DONE
    assert book.device(TERMINAL).released


def test_a_release_lets_a_sale_go_that_has_not_begun(book: Bench) -> None:
    sells(book)
    book.releases()
    assert book.device().released
    assert book.row("s1").state is Known.ABSENT
    assert live(book) == ["s1"]


@pytest.mark.parametrize(
    ("kind", "what", "kkm_id"),
    [(JobKind.PAYMENT, PAYMENT, TERMINAL), (JobKind.REFUND, PAYMENT, TERMINAL), (JobKind.SALE, SALE, KKM)],
)
def test_money_that_another_journal_may_have_moved_is_not_moved_by_a_renewal(
    book: Bench, kind: JobKind, what: dict[str, object], kkm_id: str
) -> None:
    open_job = book.open_job("m1", rev=5, kind=kind, payload=what, kkm_id=kkm_id)
    desk = Desk(terminal=TERMINAL) if kkm_id == KKM else Desk()
    book.binds(2, kkm_id=kkm_id, desk=desk, open_jobs=[open_job], last_fd=11)
    assert (book.row("m1").state, book.row("m1").outcome["reason"]["code"]) == (Known.HELD, "moved_money")
    book.book.searched("m1")
    book.renews(job_id="m1", binding_epoch=2)
    assert book.row("m1").state is Known.HELD
    book.told()
    book.cancels("m1")
    told = book.update()
    assert (told.state.value, told.certainty, told.reason and told.reason.code) == (
        "cancelled", "unproven", "moved_money",
    )  # fmt: skip


def test_an_older_copy_of_the_journal_gives_no_money_back_by_itself(book: Bench) -> None:
    """Its successor may have done so already."""
    sells(book, TWO)
    book.lane(V.INTENT, job_id="s1/payment1")
    book.book.transition("s1/payment1", V.PROVEN, outcome=PAID)
    book.lane(V.INTENT, job_id="s1/payment2")
    book.book.transition("s1/payment2", V.NOT_TAKEN, outcome=because(reason("payment_declined"), certainty="proven"))
    assert next_at(book, TERMINAL) == "s1/void1"
    book.book.distrust()
    assert next_at(book, TERMINAL) is None
    said = [body for body in book.told() if isinstance(body, Update)][-1]
    assert (said.owed, said.waits) == (True, "maybe_returned")
    book.resolves(book.row("s1").rev, job_id="s1", decision="go_on")
    assert next_at(book, TERMINAL) == "s1/void2"


def test_a_person_who_was_asked_to_go_on_by_an_older_copy_charged_a_card_twice(book: Bench) -> None:
    """Its successor had charged the second card, and the question spoke of a restart."""
    sells(book, TWO)
    book.lane(V.INTENT, job_id="s1/payment1")
    book.book.transition("s1/payment1", V.PROVEN, outcome=PAID)
    book.book.distrust()
    said = [body for body in book.told() if isinstance(body, Update)][-1]
    assert (said.waits, said.choices) == ("maybe_charged", ["go_on", "give_back", "leave_owed"])
    book.resolves(book.row("s1").rev, job_id="s1", decision="leave_owed")
    assert (book.row("s1").state, next_at(book, TERMINAL), next_at(book, KKM)) == (Known.HUMAN, None, None)


def test_before_the_binding_a_copy_charged_what_its_successor_had_charged(book: Bench) -> None:
    """The sale was accepted when the copy was made; the letter with the next epoch took a second."""
    book.offers("s1", kind=JobKind.SALE, payload=SALE)
    assert next_at(book, KKM) == "s1"
    book.book.distrust()
    book.book.allow_starts(True)
    assert (next_at(book, KKM), next_at(book, TERMINAL)) == (None, None)
    book.binds(2, open_jobs=[book.open_job("s1", kind=JobKind.SALE, payload=SALE)])
    assert (book.row("s1").state, next_at(book, KKM)) == (Known.HELD, None)


def test_what_is_asked_for_at_the_pc_itself_is_done_though_the_journal_is_doubted(book: Bench) -> None:
    """No successor of this journal has done it: with the commands of one device support looks at such a PC."""
    book.book.distrust()
    book.book.allow_starts(True)
    book.offers("s1", kind=JobKind.SALE, payload=SALE)
    start_by = datetime(2030, 1, 1, tzinfo=UTC)
    book.book.at_this_pc(
        KKM, lambda tx: accept(tx, tx.device(KKM), JobKind.DEVICE_STATUS, "here", {}, start_by=start_by)
    )
    assert next_at(book, KKM) == "here"


def knows_up_to(book: Bench, fd: int) -> None:
    book.book.update_device(KKM, "seen", RecordKind.DEVICE, lambda device: replace(device, highest_fd=fd))


def test_an_older_copy_looks_for_the_receipt_that_its_successor_may_have_made(book: Bench) -> None:
    """It was made once more: the register was known up to it by then, from the binding."""
    knows_up_to(book, 2)
    sells(book)
    book.lane(V.INTENT, job_id="s1/payment1")
    book.book.distrust()
    knows_up_to(book, 3)
    book.book.transition("s1/payment1", V.PROVEN, outcome=PAID)
    assert next_at(book, KKM) is None
    (sought,) = book.book.adopted(KKM)
    assert (sought.row.job_id, sought.row.outcome["search_above"]) == ("s1/receipt1", 2)
    book.resolves(book.row("s1").rev, job_id="s1", decision="give_back")
    assert book.row("s1").state is Known.STARTED  # nobody knows yet that there is no receipt
    book.book.searched("s1/receipt1")
    assert next_at(book, KKM) == "s1/receipt1"


def test_a_receipt_that_the_successor_of_an_older_copy_has_made_ends_the_sale(book: Bench) -> None:
    sells(book)
    book.lane(V.INTENT, job_id="s1/payment1")
    book.book.transition("s1/payment1", V.PROVEN, outcome=PAID)
    book.book.distrust()
    (sought,) = book.book.adopted(KKM)
    found = {"proof": Proof(source=ProofSource.DEVICE, fd=3).model_dump(mode="json")}
    book.book.transition(sought.row.job_id, V.FOUND, outcome=found)
    row = book.row("s1")
    assert (row.state, row.outcome["proof"]["fd"]) == (Known.DONE, 3)


def test_an_older_copy_gave_the_money_of_an_owed_sale_back_and_its_successor_had_made_the_receipt(book: Bench) -> None:
    """The archive is read before UNDOING, and the CRM hears of no second receipt meanwhile."""
    knows_up_to(book, 2)
    owes(book, "s2")
    book.book.distrust()
    knows_up_to(book, 3)
    before = book.row("s2").rev
    book.told()
    book.resolves(before, job_id="s2", decision="give_back")
    said = [body for body in book.told() if isinstance(body, Update)][-1]
    assert (said.rev > before, said.waits, [step.n for step in said.steps]) == (True, None, [1, 1])
    assert (next_at(book, TERMINAL), next_at(book, KKM)) == (None, None)
    (sought,) = book.book.adopted(KKM)
    assert (sought.row.job_id, sought.row.outcome["search_above"]) == ("s2/receipt2", 2)
    found = {"proof": Proof(source=ProofSource.DEVICE, fd=3).model_dump(mode="json")}
    book.book.transition(sought.row.job_id, V.FOUND, outcome=found)
    assert (book.row("s2").state, next_at(book, TERMINAL)) == (Known.DONE, None)


def test_an_older_copy_gives_the_money_back_once_the_archive_holds_no_receipt(book: Bench) -> None:
    owes(book, "s2")
    book.book.distrust()
    book.resolves(book.row("s2").rev, job_id="s2", decision="give_back")
    book.book.searched("s2/receipt2")
    assert (next_at(book, KKM), next_at(book, TERMINAL)) == (None, None)
    book.resolves(book.row("s2").rev, job_id="s2", decision="go_on")  # its successor may have given it back, too
    assert next_at(book, TERMINAL) == "s2/void1"


def test_a_choice_that_crosses_the_next_attempt_at_the_receipt_was_refused_without_a_word(book: Bench) -> None:
    sells(book)
    book.lane(V.INTENT, job_id="s1/payment1")
    book.book.transition("s1/payment1", V.PROVEN, outcome=PAID)
    book.hands.turn(301.0)
    book.book.tick()
    row = book.row("s1")
    assert row.sale is not None
    assert row.sale["waits"] == "receipt_owed"
    book.lane(V.INTENT, job_id="s1/receipt1")  # there is paper again
    book.told()
    book.resolves(row.rev, job_id="s1", decision="give_back")
    said = book.update()
    assert said.reason is not None
    assert (said.reason.code, said.rev, said.state.value) == ("choice_not_offered", row.rev + 1, "started")
    assert (said.owed, said.choices, said.reason.params) == (True, [], {"choices": []})
    assert next_at(book, TERMINAL) is None


def test_a_terminal_of_this_pc_that_has_not_been_bound_yet_was_said_to_stand_at_another(tmp_path: Path) -> None:
    with bench(tmp_path) as book:
        book.binds(desk=Desk(terminal=TERMINAL))
        book.offers("s1", kind=JobKind.SALE, payload=SALE)
        for terminal, code in ((TERMINAL, "device_not_bound"), ("elsewhere", "devices_on_two_pcs")):
            book.binds(desk=Desk(terminal=terminal))
            why = book.book.sale_checked("s1")
            assert why is not None
            assert (why.code, why.detail) == (code, terminal)
        book.binds(desk=Desk(terminal=TERMINAL))
        book.binds(kkm_id=TERMINAL)
        assert book.book.sale_checked("s1") is None


def test_a_choice_is_used_once(book: Bench) -> None:
    owes(book, "s2")
    book.resolves(book.row("s2").rev, job_id="s2", decision="go_on")
    book.book.transition("s2/receipt2", V.IMPOSSIBLE, outcome=because(reason("fn_full")))
    row = book.row("s2")
    assert row.sale is not None
    assert (row.sale["waits"], row.sale["choice"]) == ("receipt_owed", None)
