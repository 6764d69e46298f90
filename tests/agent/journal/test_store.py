"""The journal: all or nothing, flushed, projected from its records, and stopped by the first failure."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.journal import store
from agent.journal.records import GENESIS, RecordKind
from agent.journal.rows import DeviceRow, JobRow, Snapshot
from agent.journal.store import Journal, JournalFailed, Transaction
from protocol.crm.job_machine import Known
from protocol.crm.messages import Accept, Update
from protocol.crm.outcomes import Value
from tests.support.crm import KKM, NOW, offer
from tests.support.journals import opened, sql

NOTE = RecordKind.NOTE


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with opened(tmp_path / "journal.sqlite") as made:
        yield made


def job(job_id: str = "j1", **more: Any) -> JobRow:
    known: dict[str, Any] = {
        "job_id": job_id, "kkm_id": KKM, "kind": "receipt", "state": Known.ACCEPTED, "rev": 1, "attempt": 0,
        "closing": False, "seq": 1, "lease_no": 1, "start_by": NOW.isoformat(), "binding_epoch": 1,
        "payload_hash": "0" * 64, "imprint": "A" * 13,
    }  # fmt: skip
    return JobRow(**known | more)


def note(text: str) -> Any:
    return lambda tx: tx.append(NOTE, {"text": text})


# --- transactions ----------------------------------------------------------------------------------------------------


def test_what_is_committed_is_there_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with opened(path) as journal:
        assert journal.commit(note("one")) == 1
        head = journal.read(lambda tx: tx.head())
    with opened(path) as journal:
        assert journal.read(lambda tx: tx.head()) == head
        assert journal.commit(note("two")) == 2


def test_a_transaction_inside_a_transaction_waited_for_itself_for_ever(journal: Journal) -> None:
    with pytest.raises(RuntimeError, match="inside"):
        journal.commit(lambda _: journal.read(lambda tx: tx.head()))
    assert journal.commit(note("goes on")) == 1


def test_records_projections_and_outbox_are_written_together_or_not_at_all(journal: Journal) -> None:
    class Trouble(Exception):
        pass

    def work(tx: Transaction) -> None:
        tx.write_job(job(), "offer", offer=offer())
        tx.write_device(DeviceRow(KKM, binding_epoch=1), "bind")
        tx.send(Accept(job_id="j1", rev=1, payload_hash="0" * 64), "accept", job_id="j1", rev=1)
        raise Trouble

    with pytest.raises(Trouble):
        journal.commit(work)
    assert journal.read(lambda tx: (tx.head(), tx.job("j1"), tx.offer("j1"), tx.devices(), tx.outbox(9))) == (
        (0, GENESIS), None, None, [], [],
    )  # fmt: skip
    assert journal.commit(note("the journal goes on")) == 1


def test_every_step_of_a_job_is_told_once_it_is_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[tuple[str, str]] = []
    with opened(tmp_path / "journal.sqlite", told=lambda row, event: steps.append((row.job_id, event))) as journal:
        journal.commit(lambda tx: (tx.write_job(job("j1"), "offer"), tx.write_job(job("j2"), "offer")))
        assert steps == [("j1", "offer"), ("j2", "offer")]

        def given_up(tx: Transaction) -> None:
            tx.write_job(job("j3"), "offer")
            raise KeyError

        with pytest.raises(KeyError):
            journal.commit(given_up)
        monkeypatch.setattr(Journal, "flush", staticmethod(lambda db: db.execute("INSERT INTO nowhere VALUES (1)")))
        with pytest.raises(JournalFailed):
            journal.commit(lambda tx: tx.write_job(job("j4"), "offer"))
    assert [job_id for job_id, _ in steps] == ["j1", "j2"]


def test_reading_sees_what_was_committed(journal: Journal) -> None:
    journal.commit(lambda tx: tx.write_job(job(), "offer", offer=offer()))
    assert journal.read(lambda tx: tx.job("j1")) == job()
    assert journal.read(lambda tx: tx.offer("j1")) == offer()
    assert journal.read(lambda tx: tx.job("j2")) is None
    assert journal.read(lambda tx: tx.device("99")) == DeviceRow("99")


def test_a_row_comes_back_whole(journal: Journal) -> None:
    snapshot = Snapshot("SN", "FN", 11, 3, 4, "2026-07-01T15:00:00")
    row = job(state=Known.HUMAN, attempt=2, closing=True, first_snapshot=snapshot, snapshot=snapshot, held_since="x",
              outcome={"reason": {"code": "device_silent"}, "asked": {"person": "Иванова"}})  # fmt: skip
    device = DeviceRow(KKM, "SN", 3, True, True, {"exclusive": False}, "FN", 12, True, {"operation": "open_shift"})
    journal.commit(lambda tx: (tx.write_job(row, "x"), tx.write_device(device, "y")))
    assert journal.read(lambda tx: (tx.job("j1"), tx.device(KKM))) == (row, device)


def test_jobs_come_in_order_of_arrival_and_leave_when_archived(journal: Journal) -> None:
    def work(tx: Transaction) -> None:
        for seq, name in enumerate(("late", "early", "other", "gone")):
            kkm_id = "18" if name == "other" else KKM
            tx.write_job(job(name, seq=4 - seq, kkm_id=kkm_id, archived=name == "gone"), "x")

    journal.commit(work)
    assert journal.read(lambda tx: [row.job_id for row in tx.live_jobs(KKM)]) == ["early", "late"]
    assert journal.read(lambda tx: [row.job_id for row in tx.live_jobs()]) == ["other", "early", "late"]
    assert journal.read(lambda tx: tx.next_seq()) == 5
    assert journal.read(lambda tx: tx.job("gone")) is not None


def test_the_outbox_keeps_order_and_forgets_by_id(journal: Journal) -> None:
    def told(rev: int) -> Value:
        return Update(job_id="j1", rev=rev, state="accepted", at=NOW)  # type: ignore[arg-type]

    for rev in (1, 2, 3):
        journal.commit(lambda tx, rev=rev: tx.send(told(rev), "update", job_id="j1", rev=rev))
    assert journal.read(lambda tx: tx.outbox(2)) == [("m1", NOW, told(1)), ("m2", NOW, told(2))]
    assert journal.read(lambda tx: [tx.has_outgoing("j1", rev) for rev in (2, 3, 4)]) == [True, True, False]
    assert journal.commit(lambda tx: tx.remove_outgoing("m2")) == ("update", "j1", 2)
    assert journal.commit(lambda tx: tx.remove_outgoing("m2")) is None
    assert [m for m, _, _ in journal.read(lambda tx: tx.outbox(9))] == ["m1", "m3"]
    journal.commit(lambda tx: tx.forget_outgoing("j1"))
    assert journal.read(lambda tx: tx.outbox(9)) == []


def test_a_record_carries_the_time_of_its_transaction(tmp_path: Path) -> None:
    times = iter([NOW, NOW + timedelta(seconds=5)])
    with opened(tmp_path / "j.sqlite", now=lambda: next(times)) as journal:
        journal.commit(lambda tx: (note("a")(tx), note("b")(tx)))
        assert [r[0] for r in sql(journal.path, "SELECT at FROM journal")] == [NOW.isoformat()] * 2


# --- rebuilding ------------------------------------------------------------------------------------------------------

HISTORY = st.lists(
    st.one_of(
        st.tuples(st.just("job"), st.sampled_from("abc"), st.sampled_from(Known), st.integers(1, 9), st.booleans()),
        st.tuples(st.just("offer"), st.sampled_from("abc"), st.sampled_from(["17", "18"])),
        st.tuples(st.just("device"), st.sampled_from(["17", "18"]), st.integers(0, 5)),
        st.tuples(st.just("note"), st.text(max_size=5)),
        st.tuples(st.just("fails"), st.sampled_from("abc")),
    ),
    max_size=25,
)


def _live(tx: Transaction, deed: tuple[Any, ...]) -> None:
    match deed:
        case ("job", job_id, state, rev, archived):
            tx.write_job(job(job_id, state=state, rev=rev, archived=archived, seq=tx.next_seq()), "x")
        case ("offer", job_id, kkm_id):
            tx.write_job(job(job_id, kkm_id=kkm_id), "offer", offer=offer(job_id, kkm_id=kkm_id))
        case ("device", kkm_id, epoch):
            tx.write_device(DeviceRow(kkm_id, binding_epoch=epoch), "bind")
        case ("note", text):
            tx.append(NOTE, {"text": text})
        case ("fails", job_id):
            tx.write_job(job(job_id, rev=99), "x")
            raise LookupError


@settings(max_examples=25, deadline=None)
@given(HISTORY)
def test_the_projections_follow_from_the_records(history: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder) / "journal.sqlite") as journal:
        for deed in history:
            if deed[0] == "fails":
                with pytest.raises(LookupError):
                    journal.commit(lambda tx, deed=deed: _live(tx, deed))  # type: ignore[misc]
            else:
                journal.commit(lambda tx, deed=deed: _live(tx, deed))  # type: ignore[misc]
        tables = [f"SELECT * FROM {table} ORDER BY 1" for table in ("jobs", "offers", "devices", "journal")]
        before = [sql(journal.path, table) for table in tables]
        for table in ("jobs", "offers", "devices"):
            sql(journal.path, f"UPDATE {table} SET rowid = -rowid")
        sql(journal.path, "DELETE FROM jobs WHERE job_id = 'a'")
        sql(journal.path, "UPDATE devices SET row = '{}'")
        journal.rebuild()
        assert [sql(journal.path, table) for table in tables] == before


# --- refusing to open ------------------------------------------------------------------------------------------------


def refusal(path: Path) -> str:
    with pytest.raises(JournalFailed) as caught, opened(path):
        pass
    return str(caught.value)


def test_a_file_that_is_no_journal_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_bytes(b"Dear diary, " * 1000)
    told = refusal(path)
    assert str(path) in told
    assert "not a database" in told
    assert path.read_bytes() == b"Dear diary, " * 1000


def test_a_damaged_journal_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with opened(path) as journal:
        journal.commit(note("x"))
    whole = path.read_bytes()
    path.write_bytes(whole[:2048])
    assert "malformed" in refusal(path)
    path.write_bytes(whole[:100] + bytes(len(whole) - 100))
    assert "malformed" in refusal(path)


def test_a_folder_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite").mkdir()
    assert "unable to open" in refusal(tmp_path / "journal.sqlite")


def test_a_file_in_the_place_of_its_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    assert "data" in refusal(tmp_path / "data" / "journal.sqlite")


def test_a_database_that_cannot_have_a_write_ahead_log_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = refusal(Path(":memory:"))
    assert "journal_mode=memory" in told
    assert "WAL and FULL are required" in told


@contextmanager
def _without_rights() -> Iterator[None]:
    """Root may write everything, so the test stops being root for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.skipif(os.name != "posix", reason="file rights of POSIX")
@pytest.mark.parametrize("folder_mode", [0o555, 0o777], ids=["folder read-only", "only the file read-only"])
def test_a_read_only_journal_is_refused_at_the_start_not_at_the_first_job(folder_mode: int) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        with opened(folder / "journal.sqlite") as journal:
            journal.commit(note("x"))
        (folder / "journal.sqlite").chmod(0o444)
        folder.chmod(folder_mode)
        with _without_rights():
            told = refusal(folder / "journal.sqlite")
        assert "readonly" in told or "unable to open" in told
    finally:
        folder.chmod(0o777)
        shutil.rmtree(folder)


# --- failing ---------------------------------------------------------------------------------------------------------


def test_after_a_flush_that_failed_nothing_is_accepted_any_more(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.commit(note("one"))
    tries: list[int] = []

    def broken(_: sqlite3.Connection) -> None:
        tries.append(1)
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(Journal, "flush", staticmethod(broken))
    with pytest.raises(JournalFailed, match="disk I/O error"):
        journal.commit(note("two"))
    monkeypatch.undo()
    for _ in range(2):
        with pytest.raises(JournalFailed, match="disk I/O error"):
            journal.commit(note("three"))
        with pytest.raises(JournalFailed, match="disk I/O error"):
            journal.read(lambda tx: tx.head())
    assert tries == [1], "a flush is never tried again on the same handle"
    assert sql(journal.path, "SELECT n, body FROM journal") == [(1, '{"text": "one"}')]


def test_an_error_of_the_database_inside_the_work_stops_the_journal_too(journal: Journal) -> None:
    with pytest.raises(JournalFailed, match="no such table"):
        journal.commit(lambda tx: tx._db.execute("INSERT INTO nowhere VALUES (1)"))
    with pytest.raises(JournalFailed):
        journal.commit(note("two"))


def test_a_damage_that_reading_finds_stops_the_journal(tmp_path: Path) -> None:
    with opened(tmp_path / "j.sqlite") as journal:
        sql(journal.path, "DROP TABLE jobs")
        with pytest.raises(JournalFailed, match="no such table"):
            journal.read(lambda tx: tx.live_jobs())
        with pytest.raises(JournalFailed):
            journal.commit(note("x"))


def test_a_full_disk_frees_the_ballast_for_the_outcomes_of_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "BALLAST_BYTES", 1 << 20)
    monkeypatch.setattr(store, "LOW_SPACE_BYTES", 1 << 20)
    path, ballast = tmp_path / "journal.sqlite", tmp_path / "journal.ballast"
    with opened(path, ballast=True) as journal:
        assert ballast.stat().st_size == 1 << 20
        assert ballast.stat().st_blocks * 512 >= 1 << 20, "the space is really taken"
        journal.read(lambda tx: tx._db.execute("PRAGMA max_page_count = 20").fetchone())
        with pytest.raises(JournalFailed, match="full"):
            journal.commit(note("x" * 200_000))
        assert not ballast.exists()
    with opened(path, ballast=True) as journal:
        assert journal.commit(note("the outcome")) == 1
        assert ballast.exists()


def test_no_ballast_is_made_of_the_last_space_and_low_space_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=store.LOW_SPACE_BYTES - 1))
    with opened(tmp_path / "journal.sqlite", ballast=True) as journal:
        assert journal.space_is_low()
        assert not (tmp_path / "journal.ballast").exists()
        monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=store.LOW_SPACE_BYTES))
        assert not journal.space_is_low()


def test_a_ballast_that_could_not_be_made_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full, raising=False)
    monkeypatch.setattr(store, "LOW_SPACE_BYTES", 0)
    monkeypatch.setattr(store, "BALLAST_BYTES", 1024)
    with pytest.raises(JournalFailed, match="No space left"), opened(tmp_path / "j.sqlite", ballast=True):
        pass
    assert not (tmp_path / "j.ballast").exists()
