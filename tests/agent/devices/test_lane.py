"""The lane with everything real but the wire and the time: what ends up in the archive, the journal and the outbox."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.devices.runs import Procedures
from agent.procedures.patience import SILENT_AFTER
from drivers.api import Paper, Status
from protocol.crm.job_machine import Known
from protocol.crm.jobs import imprint_of
from protocol.crm.messages import Accept, Event, OpenJob, Released, Update
from protocol.crm.outcomes import Paper as PaperOutcome
from protocol.ffd.planning import plan
from protocol.ffd.shape import parse_receipt
from tests.agent.devices.bench import Bench, Death, bench, opened
from tests.support.crm import KKM, RECEIPT, TENANT

LOST = "answer-lost:command=FF45,stored=no"  # the closing command was carried out, its answer is gone


def _dies(*_: object) -> None:
    raise Death


def tags(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["tags"]
    return found


# --- a receipt ------------------------------------------------------------------------------------------------------


def test_a_receipt_from_the_offer_to_the_proof(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        b.offer()
        row = b.run()
        (receipt,) = b.receipts()
        proof = row.outcome["proof"]
        assert (row.state, row.attempt, row.outcome["paper"]) == (Known.DONE, 1, "complete")
        assert (proof["source"], proof["fd"], proof["fpd"], proof["total"]) == (
            *("device", receipt["fd"], receipt["fpd"], "100.00"),
        )
        assert proof["register_serial"] == b.serial
        assert tags(receipt)["1084"] == {"1085": "ID", "1086": imprint_of(TENANT, "j1")}
        assert [type(body) for body in b.outbox()] == [Accept, Event, Update, Update]
        assert b.states() == ["started", "done"]
        assert (b.row().fn_serial, b.row().highest_fd) == (proof["fn"], receipt["fd"])
        assert b.claims == [(KKM, b.lane.state.identity, 1)]
        assert b.lane.state.doing == "idle"


def test_a_shift_opened_for_a_receipt_is_told_with_its_document(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        b.offer()
        b.run()
        (event,) = b.events()
        opened_shift = b.documents()[1]
        assert (event.kind, event.kkm_id) == ("shift_opened", KKM)
        assert (event.body["fd"], event.body["fpd"], event.body["shift"]) == (2, opened_shift["fpd"], 1)
        assert (event.body["register_serial"], event.body["by"]) == (b.serial, "policy")
        assert event.body["at"].endswith("+03:00")
        assert b.row().operation is None


def test_an_expired_shift_is_closed_and_a_new_one_opened(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        b.offer()
        b.run()
        b.line.sleep(25 * 3600)
        b.offer("j2")
        assert b.run("j2").state is Known.DONE
        assert [event.kind for event in b.events()] == ["shift_opened", "shift_closed", "shift_opened"]


@pytest.mark.parametrize(
    ("desk", "code"), [({"open_shift": False}, "shift_closed"), ({"close_expired_shift": False}, "shift_expired")]
)
def test_without_the_desks_policy_the_job_waits(tmp_path: Path, desk: dict[str, bool], code: str) -> None:
    with bench(tmp_path) as b:
        if code == "shift_expired":
            b.offer("j0")
            b.run("j0")
            b.line.sleep(25 * 3600)
        b.desk(**desk)
        b.offer()
        b.idle()
        assert b.job().state is Known.ACCEPTED
        assert b.lane.state.reason is not None
        assert b.lane.state.reason.code == code
        assert ("j1", code) in b.progress


def test_jobs_are_done_in_order_of_arrival(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        for job_id in ("b", "c", "a"):
            b.offer(job_id)
        b.run("a")
        made = [tags(receipt)["1084"]["1086"] for receipt in b.receipts()]
        assert made == [imprint_of(TENANT, job_id) for job_id in ("b", "c", "a")]


# --- when nothing starts --------------------------------------------------------------------------------------------


def test_nothing_starts_without_the_servers_time_or_after_the_lease(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        b.offer()
        b.line.sleep(61)  # the last pong is too old
        b.lane.round()
        b.lane.round()
        assert b.job().state is Known.ACCEPTED
        b.line.sleep(3600)
        b.idle()
        assert b.job().state is Known.ACCEPTED  # ``held`` by the clockwork, not by the lane
        assert b.receipts() == []


def test_a_lease_that_passes_while_the_register_is_asked_starts_nothing(tmp_path: Path) -> None:
    """R4 judges once more."""
    with bench(tmp_path, "slow:command=FF01,seconds=0.5,times=always") as b:
        b.offer("j0")
        b.run("j0")
        b.offer(start_by=b.now(), issued_at=b.now())
        b.idle()
        assert (b.job().state, b.job().attempt) == (Known.ACCEPTED, 0)
        assert len(b.receipts()) == 1


def test_nothing_runs_on_a_register_that_is_not_bound(tmp_path: Path) -> None:
    with bench(tmp_path, bound=False) as b:
        assert b.round() == 60.0
        assert len(b.claims) == 1  # it says who it is: the server may bind it
        b.lane.reclaim()
        b.round()
        assert len(b.claims) == 2


def test_a_register_that_is_away_is_told_and_tried_again(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        b.offer()
        b.device.inject("mute:seconds=20")
        pauses = [b.round() for _ in range(5)]
        assert pauses == [0.5, 1.0, 2.0, 4.0, 5.0]
        assert b.lane.state.reason is not None
        b.line.sleep(20)
        assert b.run().state is Known.DONE
        assert b.job().attempt == 1


def test_while_a_register_in_trouble_is_asked_again_its_trouble_stands(tmp_path: Path) -> None:
    """Whoever looks at this PC meanwhile sees what is wrong, and not that all is going well."""
    with bench(tmp_path) as b:
        b.offer()
        b.device.take_paper()
        b.round()
        seen: list[str | None] = []
        status = b.register.status

        def looked() -> Status:
            seen.append(b.lane.state.reason.code if b.lane.state.reason is not None else None)
            return status()

        b.register.status = looked  # type: ignore[method-assign]
        b.round()
        assert seen
        assert set(seen) == {"no_paper"}
        b.register.status = status  # type: ignore[method-assign]
        b.device.load_paper()
        assert b.run().state is Known.DONE
        assert b.lane.state.reason is None


def test_a_pause_is_told_of_the_job_that_waits_for_its_end(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        b.book.pause(True)
        b.offer()
        b.round()
        assert b.progress == [("j1", "paused")]
        assert b.receipts() == []
        b.book.pause(False)
        assert b.run().state is Known.DONE


def test_another_machine_behind_the_address_makes_nothing(tmp_path: Path) -> None:
    with bench(tmp_path, bound=False) as b:
        b.device.state.drive.registration = _renamed(b, "0010690000000001")
        b.bind()
        b.device.state.drive.registration = _renamed(b, "0010690000000002")
        b.say("offer", b.made_offer(register_serial="0010690000000001"))
        b.idle()
        assert b.job().state is Known.ACCEPTED
        assert b.lane.state.reason is not None
        assert b.lane.state.reason.code == "wrong_device"


def test_a_stranger_at_the_address_kept_the_channel_when_the_right_register_was_back(tmp_path: Path) -> None:
    with bench(tmp_path, bound=False) as b:
        b.device.state.drive.registration = _renamed(b, "0010690000000001")
        b.bind()
        b.device.state.drive.registration = _renamed(b, "0010690000000002")
        b.say("offer", b.made_offer(register_serial="0010690000000001"))
        b.idle()
        assert b.lane.state.reason is not None
        assert b.lane.state.reason.code == "wrong_device"
        assert b.lane._performer.identity is None, "the channel is closed"


def _renamed(b: Bench, serial: str) -> Any:
    return replace(b.device.state.drive.registration, register_serial=serial)


# --- doubt ----------------------------------------------------------------------------------------------------------

DOUBTS = [
    # fault                                       desk                  attempts
    (LOST,                                        {},                   1),
    (LOST,                                        {"imprint": False},   1),  # the only one, alike, exclusive
    ("power:command=FF45,when=before",            {},                   2),
    ("power:command=FF45,when=before",            {"imprint": False},   2),
    ("power:command=FF46,when=after,receipt=annulled", {},              2),
    ("late:command=FF45,seconds=2",               {},                   1),
    ("late:command=8D,seconds=1",                 {},                   2),
    ("answer-lost:command=FF46",                  {},                   2),
    ("answer-lost:command=E0,stored=no",          {},                   1),
    ("power:command=E0,when=after",               {},                   1),
    ("refuse:command=FF45,error=46",              {},                   2),
    ("refuse:command=E0,error=4F",                {},                   1),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "desk", "attempts"), DOUBTS)
def test_doubt_is_decided_by_the_archive(tmp_path: Path, fault: str, desk: dict[str, bool], attempts: int) -> None:
    with bench(tmp_path, fault, **desk) as b:
        b.offer()
        row = b.run()
        (receipt,) = b.receipts()
        assert (row.state, row.attempt, row.outcome["proof"]["fd"]) == (Known.DONE, attempts, receipt["fd"])
        assert "human" not in b.states()


def test_without_an_imprint_a_shared_desk_needs_nobody_while_all_goes_well(tmp_path: Path) -> None:
    """The register's answer to the closing command names the document."""
    with bench(tmp_path, exclusive=False, imprint=False) as b:
        b.offer()
        assert b.run().state is Known.DONE
        assert b.states() == ["started", "done"]


def test_the_imprint_of_an_attempt_is_a_fact_of_the_attempt(tmp_path: Path) -> None:
    """A desk whose imprint is switched on while a receipt without one is in doubt must not get a second receipt."""
    with bench(tmp_path, LOST, imprint=False) as b:
        b.offer()
        b.at(0.3, lambda: b.desk(imprint=True))
        b.at(0.4, _dies)
        with pytest.raises(Death):
            b.run()
        b.start(b.journal)
        row = b.run()
        assert (row.state, row.attempt, len(b.receipts())) == (Known.DONE, 1, 1)


def test_an_imprint_switched_off_in_doubt_is_looked_for_all_the_same(tmp_path: Path) -> None:
    with bench(tmp_path, LOST) as b:
        b.offer()
        b.at(0.3, lambda: b.desk(imprint=False))
        b.at(0.4, _dies)
        with pytest.raises(Death):
            b.run()
        b.start(b.journal)
        row = b.run()
        assert (row.state, row.attempt, len(b.receipts())) == (Known.DONE, 1, 1)


@pytest.mark.parametrize("after", [0.0, 0.5, 2.0])
@pytest.mark.parametrize(("fault", "attempts", "waited"), [(LOST, 1, 1.0), ("mute:command=FF45,seconds=3", 2, 4.999)])
def test_a_process_that_dies_in_doubt_is_followed_by_one_that_asks(
    tmp_path: Path, fault: str, attempts: int, waited: float, after: float
) -> None:
    """A document that is there proves itself; that none is there is believed after the command's whole time."""
    with bench(tmp_path, fault) as b:
        b.offer()
        b.at(after, _dies)
        try:
            b.run()
        except Death:
            b.register.disconnect()
            b.start(b.journal)
            before = b.line.now()
            b.run()
            assert b.line.now() - before >= waited
        assert (b.job().state, b.job().attempt, len(b.receipts())) == (Known.DONE, attempts, 1)


# --- a person -------------------------------------------------------------------------------------------------------


def test_a_shared_desk_without_imprint_in_doubt_needs_a_person(tmp_path: Path) -> None:
    with bench(tmp_path, LOST, exclusive=False, imprint=False) as b:
        b.offer()
        row = b.run(states=(Known.HUMAN,))
        evidence = row.outcome["evidence"]
        assert (row.outcome["reason"]["code"], len(evidence["candidates"])) == ("looks_alike", 1)
        fd = b.receipts()[0]["fd"]
        assert evidence["candidates"][0]["fd"] == fd

        b.offer("j2")  # I4: nothing new on this register
        b.resolve("done", fd)
        row = b.run()
        proof = row.outcome["proof"]
        assert (row.state, proof["source"], proof["person"]) == (Known.DONE, "person", "Иванова")
        assert (proof["fd"], proof["fpd"]) == (fd, b.receipts()[0]["fpd"])  # read back
        assert row.outcome["evidence"] == evidence
        assert b.run("j2").state is Known.DONE


def test_it_was_not_this_sale(tmp_path: Path) -> None:
    with bench(tmp_path, LOST, exclusive=False, imprint=False) as b:
        b.offer()
        b.run(states=(Known.HUMAN,))
        b.resolve("not_done")
        row = b.run()
        assert (row.state, row.outcome["proof"]["source"]) == (Known.NOT_DONE, "person")


def test_a_person_may_decide_while_the_register_is_dead(tmp_path: Path) -> None:
    with bench(tmp_path, LOST) as b:
        b.offer()
        b.at(0.0, lambda: b.device.inject("mute:seconds=100000"))
        row = b.run(seconds=SILENT_AFTER + 300, states=(Known.HUMAN,))
        assert row.outcome["reason"]["code"] == "device_silent"
        b.at(10.0, lambda: b.resolve("done", 3))
        row = b.run()
        assert (row.state, row.outcome["proof"]["fd"], row.outcome["proof"]["verified"]) == (Known.DONE, 3, False)


def test_a_register_that_comes_back_wins(tmp_path: Path) -> None:
    with bench(tmp_path, LOST) as b:
        b.offer()
        b.at(0.0, lambda: b.device.inject("mute:seconds=1200"))
        b.run(seconds=SILENT_AFTER + 300, states=(Known.HUMAN,))
        b.line.sleep(600)
        b.resolve("not_done")
        row = b.run()
        assert (row.state, row.outcome["proof"]["source"]) == (Known.DONE, "device")


# --- other hands on the register ------------------------------------------------------------------------------------


def test_a_foreign_receipt_ends_the_trust_in_an_exclusive_desk(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        b.offer("j0")
        b.run("j0")
        b.foreign(12345)
        b.offer()
        b.run()
        (event,) = [e for e in b.events() if e.kind == "foreign_document"]
        assert [(d["fd"], d["total"]) for d in event.body["documents"]] == [(4, 12345)]
        assert (b.row().exclusive_lost, b.row().exclusive) == (True, False)
        b.bind(2)  # the owner says it anew
        assert b.row().exclusive is True


def test_a_foreign_receipt_that_came_before_ours_in_doubt_is_noted_too(tmp_path: Path) -> None:
    with bench(tmp_path, "power:command=FF45,when=before,receipt=annulled") as b:
        b.offer()
        b.at(0.0, b.foreign)
        assert b.run().attempt == 2
        assert [e.kind for e in b.events()] == ["shift_opened", "foreign_document"]

    (tmp_path / "second").mkdir()
    with bench(tmp_path / "second", LOST) as b:
        b.offer()
        b.at(0.0, b.foreign)  # after ours, while it is in doubt
        assert b.run().state is Known.DONE
        b.offer("j2")
        b.run("j2")
        assert [e.kind for e in b.events()] == ["shift_opened", "foreign_document"]


def test_between_two_of_ours_nothing_foreign_is_overlooked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stands between the snapshot and our own document, which is the highest one known afterwards."""
    with bench(tmp_path, exclusive=False) as b:
        b.offer("j0")
        b.run("j0")
        b.desk(exclusive=True)
        fill = b.register.fill_receipt

        def overtaken(*args: Any) -> None:
            b.desk(exclusive=False)  # so that R6 does not compare
            b.foreign(777)
            fill(*args)

        b.register.fill_receipt = overtaken  # type: ignore[method-assign, assignment]
        b.offer()
        of_receipt = Procedures._receipt
        shared = lambda *known: replace(of_receipt(*known), exclusive=False)  # noqa: E731
        monkeypatch.setattr(Procedures, "_receipt", shared)
        assert b.run().state is Known.DONE
        b.register.fill_receipt = fill  # type: ignore[method-assign]
        b.offer("j2")
        b.run("j2")
        assert "foreign_document" in [e.kind for e in b.events()]
        assert b.row().exclusive_lost


def test_a_new_fiscal_drive_is_an_event(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        b.offer("j0")
        old = b.run("j0").outcome["proof"]["fn"]
        new = b.new_drive()
        b.offer()
        assert b.run().outcome["proof"]["fn"] == new
        (event,) = [e for e in b.events() if e.kind == "fn_replaced"]
        assert event.body == {"was": old, "is": new}
        assert b.row().fn_serial == new


def test_a_fiscal_drive_replaced_in_doubt_needs_a_person(tmp_path: Path) -> None:
    with bench(tmp_path, LOST) as b:
        b.offer()
        b.at(0.0, b.new_drive)
        assert b.run(states=(Known.HUMAN,)).outcome["reason"]["code"] == "fn_replaced"


# --- journals that know less than the register ----------------------------------------------------------------------


def test_a_journal_restored_from_an_older_copy_prints_nothing_again(tmp_path: Path) -> None:
    copy = tmp_path / "copy.sqlite3"
    with bench(tmp_path) as b:
        b.offer("j0")
        b.run("j0")
        b.offer()
        b.journal.read(lambda tx: tx._db.execute("VACUUM INTO ?", (str(copy),)))
        first = b.run().outcome["proof"]
        b.register.disconnect()
        with opened(copy, b.now) as older:
            b.start(older)
            row = b.run()
            assert (row.state, row.attempt, row.outcome["proof"]["fd"]) == (Known.DONE, 0, first["fd"])
            assert len(b.receipts()) == 2
            assert not b.row().exclusive_lost  # both are ours


def _made_elsewhere(b: Bench, job_id: str) -> int:
    """Another PC's journal has had this receipt made."""
    b.register.connect()
    if b.register.status().shift.value == "closed":
        b.register.open_shift(None, None)
    made = plan(parse_receipt(RECEIPT), imprint=imprint_of(TENANT, job_id))
    b.register.fill_receipt(made, lambda *_: None)
    fd = b.register.close_receipt(made).fd
    b.register.disconnect()
    assert fd is not None
    return fd


def _open_job(b: Bench, job_id: str) -> OpenJob:
    return OpenJob(offer=b.made_offer(job_id, binding_epoch=2), rev=5, imprint=imprint_of(TENANT, job_id))


def test_an_adopted_job_whose_document_is_in_the_archive_is_done(tmp_path: Path) -> None:
    with bench(tmp_path, bound=False) as b:
        b.register.connect()
        last = b.register.status().last_fd
        b.register.disconnect()
        _made_elsewhere(b, "other")
        fd = _made_elsewhere(b, "j1")
        bind_knowing(b, last, _open_job(b, "j1"), _open_job(b, "j2"))
        b.idle()
        assert (b.job("j1").state, b.job("j1").outcome["proof"]["fd"]) == (Known.DONE, fd)
        assert (b.job("j2").state, b.job("j2").outcome["searched"]) == (Known.HELD, True)
        assert b.job("j2").outcome["reason"]["code"] == "moved_unconfirmed"
        assert len(b.receipts()) == 2


def bind_knowing(b: Bench, last_fd: int, *jobs: OpenJob) -> None:
    state = b.device.state.drive
    documents = list(state.documents)
    del state.documents[last_fd:]
    try:
        b.bind(2, open_jobs=jobs, knows=True)
    finally:
        state.documents[:] = documents


def test_a_quarantined_journal_shows_the_archive(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        b.offer("j0")
        b.run("j0")
        b.foreign(555)
        b.book.allow_starts(False)
        b.lane.want_archive()
        b.lane.round()
        (archive,) = b.archives
        assert (archive.register_serial, archive.last_fd) == (b.serial, 4)
        assert [(d.fd, d.kind, d.total, d.imprint) for d in archive.documents] == [(4, "receipt", "5.55", "")]
        b.lane.round()
        assert len(b.archives) == 1


def test_the_archive_is_shown_once_the_register_answers(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        b.lane.want_archive()
        b.device.inject("mute:seconds=10")
        b.round()
        assert b.archives == []
        b.line.sleep(10)
        b.idle()
        assert len(b.archives) == 1


# --- giving the register up -----------------------------------------------------------------------------------------


def _released(b: Bench) -> list[Released]:
    return [body for body in b.outbox() if isinstance(body, Released)]


def test_a_release_waits_for_what_is_open(tmp_path: Path) -> None:
    with bench(tmp_path, LOST) as b:
        b.offer()
        b.offer("j2")
        seen: list[int] = []
        b.at(0.0, b.release)
        b.at(0.1, lambda: seen.append(len(_released(b))))
        assert b.run().state is Known.DONE
        assert seen == [0]
        (released,) = _released(b)
        assert released.not_started == ["j2"]
        assert len(b.receipts()) == 1
        assert b.round() == 60.0


def test_a_register_that_was_given_up_is_claimed_anew_only_when_asked(tmp_path: Path) -> None:
    """It was never claimed again by the PC that had released it, and the jobs stayed queued for ever."""
    with bench(tmp_path) as b:
        b.idle()
        b.release()
        b.lane.reclaim()  # a new connection to the server
        b.idle()
        assert len(b.claims) == 1
        b.device.inject("mute:seconds=5")
        b.lane.invite()
        b.round()
        assert len(b.claims) == 1, "it does not answer yet"
        b.pass_(5)
        b.idle()
        assert len(b.claims) == 2
        b.idle()
        assert len(b.claims) == 2
        assert b.row().released, "until the bind"
        b.bind(2)
        b.offer(binding_epoch=2)
        assert b.run().state is Known.DONE


def test_an_invitation_is_used_up_by_one_claim(tmp_path: Path) -> None:
    """Kept until a later release, it would have disturbed a register that another PC owns by then."""
    with bench(tmp_path) as b:
        b.idle()
        b.lane.invite()
        b.idle()
        assert len(b.claims) == 2
        b.release()
        b.lane.reclaim()
        b.idle()
        assert len(b.claims) == 2


def test_a_release_while_a_shift_is_opened_waits_for_it(tmp_path: Path) -> None:
    with bench(tmp_path, "answer-lost:command=E0,stored=no") as b:
        b.offer()
        b.at(0.0, b.release)
        b.idle()
        (released,) = _released(b)
        assert released.not_started == ["j1"]
        assert b.row().operation is None
        assert [d["type"] for d in b.documents()] == ["registration", "open_shift"]


# --- paper ----------------------------------------------------------------------------------------------------------


def test_the_rest_of_a_receipt_is_printed_when_there_is_paper(tmp_path: Path) -> None:
    with bench(tmp_path, "paper-out:line=30,load=60") as b:
        b.offer()
        row = b.run()
        assert (row.state, row.outcome["paper"]) == (Known.DONE, PaperOutcome.INCOMPLETE.value)
        assert b.lane.state.paper_pending
        b.line.sleep(60)
        b.idle(6)
        assert not b.lane.state.paper_pending
        b.register.connect()
        assert b.register.status().paper is Paper.PRESENT
        assert len(b.receipts()) == 1


def test_an_idle_channel_is_closed(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        b.offer()
        b.run()
        b.idle(3)
        assert b.lane._performer.identity is None


# --- the thread -----------------------------------------------------------------------------------------------------


def test_stop_ends_the_thread_and_leaves_what_is_open_to_the_next(tmp_path: Path) -> None:
    with bench(tmp_path, LOST) as b:
        b.offer()
        b.at(0.0, b.lane.stop)
        b.pong()
        b.lane.start()
        assert b.lane.join(20)
        assert b.crashes == []
        assert b.job().state is Known.RESOLVING
        b.start(b.journal)
        assert b.run().state is Known.DONE
        assert len(b.receipts()) == 1


def test_a_lane_that_meets_a_bug_says_so_and_ends(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        b.offer()
        b.register.status = lambda: 1 / 0  # type: ignore[method-assign, assignment, return-value]
        b.lane.start()
        assert b.lane.join(20)
        assert [type(error) for error in b.crashes] == [ZeroDivisionError]


def test_a_higher_epoch_learned_in_the_drain_stops_even_the_fence(tmp_path: Path) -> None:
    """The register has another owner, who may have a document open on it: this lane never speaks to it again."""
    with bench(tmp_path, "answer-lost:command=FF46,stored=no") as b:
        b.offer()
        b.at(0.5, lambda: b.book.learned_epoch(KKM, 2))
        b.idle(6)
        assert (b.job().state, b.row().released) == (Known.RESOLVING, True)
        assert b.device.register.state.receipt is not None  # left for the new owner to cancel
        assert b.lane._performer.identity is None
        b.wait(300.0)
        b.idle()
        assert (b.job().state, b.receipts()) == (Known.RESOLVING, [])
