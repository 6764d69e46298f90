"""What an agent does with an offer: takes it once, answers it again, or refuses it by a name."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.jobs import acceptance
from protocol.crm.job_machine import JobEvent, Known
from protocol.crm.jobs import DeviceClass, JobKind, JobState, imprint_of, sha256_hex
from protocol.crm.messages import Accept, JournalHead, Reject, Update
from tests.support.crm import KKM, NOW, RECEIPT, TENANT, JobKey, offer
from tests.support.job_books import Bench, bench


def test_a_good_offer_is_on_disk_and_accepted(book: Bench) -> None:
    made = book.offers(rev=0)
    row = book.row()
    assert (row.state, row.rev, row.attempt, row.kkm_id) == (Known.ACCEPTED, 1, 0, KKM)
    assert (row.lease_no, row.binding_epoch, row.start_by) == (1, 1, (NOW + timedelta(seconds=120)).isoformat())
    assert row.imprint == imprint_of(TENANT, "j1")
    head = JournalHead(n=book.head(), hash=book.hash_at(book.head()))
    assert book.told() == [Accept(job_id="j1", rev=1, payload_hash=made.payload_hash, journal_head=head)]
    assert book.journal.read(lambda tx: tx.offer("j1")) == made
    assert book.woken == [KKM]
    _, work = book.book.next_work(KKM)
    assert work is not None
    assert (work.row, work.offer, work.start_by) == (row, made, made.start_by)


def test_the_agent_counts_on_from_the_servers_rev(book: Bench) -> None:
    book.offers(rev=7)
    assert book.row().rev == 8


def test_the_same_offer_again_is_answered_and_changes_nothing(book: Bench) -> None:
    book.offers()
    book.told()
    before = book.row(), book.head()
    book.offers(issued_at=NOW + timedelta(seconds=9))
    assert (book.row(), book.head()) == before
    said = book.update()
    assert (said.state, said.rev, said.offer) == (JobState.ACCEPTED, 1, None)


def test_the_same_id_with_other_contents_is_a_conflict(book: Bench) -> None:
    book.offers()
    book.told()
    other = {**RECEIPT, "taxation": "usn_income"}
    before = book.row(), book.head()
    book.offers(payload=other)
    (said,) = book.told()
    assert isinstance(said, Reject)
    assert said.reason.code == "id_conflict"
    assert (book.row(), book.head()) == before


def test_an_offer_of_an_ended_job_tells_how_it_ended(book: Bench) -> None:
    book.offers()
    book.cancels()
    book.told()
    book.offers()
    assert book.update().state is JobState.CANCELLED


def test_a_forged_offer_of_a_known_job_is_noted_and_not_answered(book: Bench) -> None:
    book.offers()
    book.told()
    forged = JobKey().signed("offer", offer(payload={**RECEIPT, "taxation": "usn_income"}))
    assert book.book.receive("offer", forged, acting=True)
    assert book.told() == []
    assert book.notes()[-1]["event"] == "bad_signature"
    assert book.row().state is Known.ACCEPTED


SECOND_REGISTER = {"kkm_id": "18"}
BAD_RECEIPT = {**RECEIPT, "taxation": "none of them"}
REFUSED: dict[str, dict[str, Any]] = {
    "wrong_tenant": {"tenant_id": "t_2"},
    "wrong_agent": {"agent_id": "ag_2"},
    "bad_hash": {"payload_hash": "0" * 64},
    "kind_not_supported": {"kind": JobKind.CORRECTION},
    "device_not_configured": {"kkm_id": "99"},
    "wrong_epoch": {"binding_epoch": 2},
    "wrong_device": {"register_serial": "another"},
    "bad_payload": {"payload": BAD_RECEIPT},
}


@pytest.mark.parametrize("code", REFUSED)
def test_what_must_not_run_here_is_refused_by_name_and_leaves_no_job(book: Bench, code: str) -> None:
    book.offers("bad", **REFUSED[code])
    (said,) = book.told()
    assert isinstance(said, Reject)
    assert (said.job_id, said.reason.code) == ("bad", code)
    assert not book.has("bad")
    (note,) = book.notes()
    assert {name: note[name] for name in ("event", "job_id", "code")} == {
        "event": "bad_offer", "job_id": "bad", "code": code,
    }  # fmt: skip
    assert book.book.next_work(KKM)[1] is None


@pytest.mark.parametrize(
    ("there", "kind", "payload"),
    [
        (DeviceClass.TERMINAL, JobKind.RECEIPT, RECEIPT),
        (DeviceClass.TERMINAL, JobKind.SALE, RECEIPT),
        (DeviceClass.TERMINAL, JobKind.DEVICE_STATUS, {}),
        (DeviceClass.REGISTER, JobKind.PAYMENT, {"amount": "5.00"}),
        (DeviceClass.REGISTER, JobKind.SETTLEMENT, {}),
    ],
)
def test_a_job_for_another_kind_of_device_is_refused(
    tmp_path: Path, there: DeviceClass, kind: JobKind, payload: dict[str, Any]
) -> None:
    with bench(tmp_path, classes={KKM: there}) as book:
        book.offers(kind=kind, payload=payload)
        said = book.told()[-1]
        assert isinstance(said, Reject)
        assert (said.reason.code, said.reason.params) == ("wrong_kind_of_device", {"device": there})
        assert not book.has("j1")


def test_a_field_that_breaks_a_rule_is_named(book: Bench) -> None:
    book.offers(payload=BAD_RECEIPT)
    (said,) = book.told()
    assert isinstance(said, Reject)
    assert said.reason.detail is not None
    assert said.reason.detail.startswith("taxation: ")


def test_a_field_that_nobody_knows_is_refused_not_dropped(book: Bench) -> None:
    book.offers(payload={**RECEIPT, "loyalty": "gold"})
    (said,) = book.told()
    assert isinstance(said, Reject)
    assert said.reason.code == "bad_payload"
    assert "loyalty" in str(said.reason.detail)


def test_an_offer_that_was_not_signed_by_the_pinned_key_is_refused(book: Bench) -> None:
    for forged in (offer(), JobKey().signed("offer", offer()), book.key.signed("offer", offer(kid="k2"))):
        assert book.book.receive("offer", forged, acting=True)
        (said,) = book.told()
        assert isinstance(said, Reject)
        assert said.reason.code == "bad_signature"
    changed = book.key.signed("offer", offer()).model_copy(update={"start_by": NOW + timedelta(days=9)})
    assert book.book.receive("offer", changed, acting=True)
    assert [said.reason.code for said in book.told() if isinstance(said, Reject)] == ["bad_signature"]
    assert not book.has("j1")


def test_a_signature_over_another_type_of_message_does_not_make_an_offer(book: Bench) -> None:
    assert book.book.receive("offer", book.key.signed("cancel", offer()), acting=True)
    assert [said.reason.code for said in book.told() if isinstance(said, Reject)] == ["bad_signature"]


def test_a_register_that_is_not_bound_takes_nothing(book: Bench) -> None:
    book.offers(**SECOND_REGISTER)
    assert [said.reason.code for said in book.told() if isinstance(said, Reject)] == ["wrong_epoch"]


def test_a_released_register_takes_nothing(book: Bench) -> None:
    book.releases()
    book.told()
    book.offers()
    assert [said.reason.code for said in book.told() if isinstance(said, Reject)] == ["wrong_epoch"]


def test_a_full_queue_is_busy_and_jobs_that_ended_make_room(book: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acceptance, "MAX_ACCEPTED", 2)
    book.offers("a")
    book.offers("b")
    book.told()
    book.offers("c")
    assert [said.reason.code for said in book.told() if isinstance(said, Reject)] == ["busy"]
    book.cancels("a")
    book.told()
    book.offers("d")
    assert [type(said) for said in book.told()] == [Accept]


def test_an_offer_that_was_heard_again_was_taken_although_it_had_been_refused(
    book: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The CRM had been told that the job was rejected, and then its receipt was made."""
    with monkeypatch.context() as full:
        full.setattr(book.journal, "space_is_low", lambda: True)
        book.offers("j1")
        assert [said.reason.code for said in book.told() if isinstance(said, Reject)] == ["disk_low"]
    for _ in range(2):
        book.offers("j1")
        assert [said.reason.code for said in book.told() if isinstance(said, Reject)] == ["disk_low"]
    assert not book.has("j1")
    book.offers("j1", lease_no=2)  # offered anew
    assert book.row("j1").state is Known.ACCEPTED


def test_a_forged_offer_that_was_refused_does_not_stand_against_the_true_one(book: Bench) -> None:
    book.offers("j1", tenant_id="another")
    book.told()
    book.offers("j1")
    assert book.row("j1").state is Known.ACCEPTED


def test_a_nearly_full_disk_takes_no_new_job_but_answers_for_the_old_ones(
    book: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    book.offers("old")
    book.told()
    monkeypatch.setattr(book.journal, "space_is_low", lambda: True)
    book.offers("new")
    assert [said.reason.code for said in book.told() if isinstance(said, Reject)] == ["disk_low"]
    book.offers("old")
    assert book.update().state is JobState.ACCEPTED


def test_what_was_refused_once_may_be_offered_rightly_later(book: Bench) -> None:
    book.offers(binding_epoch=2)
    book.told()
    book.offers()
    assert book.row().state is Known.ACCEPTED


def test_a_payload_that_only_another_program_could_hash_is_refused(book: Bench) -> None:
    """The hash is made over the canonical spelling, not over the bytes that came."""
    turned = dict(reversed(list(RECEIPT.items())))
    book.offers(payload=turned, payload_hash=sha256_hex(RECEIPT))
    assert book.row().state is Known.ACCEPTED


def test_jobs_of_a_register_run_in_order_of_arrival(book: Bench) -> None:
    for name in ("b", "a", "c"):
        book.offers(name)

    def next_id() -> str:
        work = book.book.next_work(KKM)[1]
        assert work is not None
        return work.row.job_id

    assert next_id() == "b"
    book.cancels("b")
    assert next_id() == "a"
    book.lane(JobEvent.INTENT, job_id="c")
    assert next_id() == "c", "an open intent comes before everything"


def test_every_word_about_a_job_carries_the_journal_head_it_was_made_under(book: Bench) -> None:
    """What the server has been told, the journal must still hold later."""
    book.offers()
    book.cancels()
    book.offers()
    accept, cancelled, again = book.told()
    for said, n in ((accept, 2), (cancelled, 3), (again, 3)):
        assert isinstance(said, (Accept, Update))
        assert said.journal_head == JournalHead(n=n, hash=book.hash_at(n))


def test_an_accept_that_was_lost_is_said_again_as_an_update(book: Bench) -> None:
    book.offers()
    book.told()
    book.book.differences([])
    said = book.update()
    assert isinstance(said, Update)
    assert (said.state, said.rev) == (JobState.ACCEPTED, 1)
