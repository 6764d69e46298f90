"""A full disk: the journal stops, the ballast makes room, and the next process writes the outcome."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.journal import store
from agent.journal.records import RecordKind
from agent.journal.store import Journal, JournalFailed
from tests.disk.faulty import FaultyDisk
from tests.disk.life import SHORT_LIFE, Life
from tests.support.crm import NOW


@pytest.fixture
def disk() -> Iterator[FaultyDisk]:
    made = FaultyDisk()
    yield made
    made.close()


@pytest.fixture
def small_ballast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "BALLAST_BYTES", 4096)
    monkeypatch.setattr(store, "LOW_SPACE_BYTES", 0)


def no_space_for_a_ballast(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=4000))


def test_whenever_the_disk_fills_up_the_next_process_can_write_the_outcome(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_ballast: None
) -> None:
    at, fillings = 0, 0
    while True:
        folder = tmp_path / str(at)
        folder.mkdir()
        disk, ballast = FaultyDisk(), folder / "journal.ballast"
        life = Life(folder, disk)
        with monkeypatch.context() as patched:
            life.opens(ballast=True).close()
            fills_at = len(disk.ops) + at
            disk.is_full = lambda: len(disk.ops) >= fills_at and ballast.exists()  # noqa: B023
            no_space_for_a_ballast(patched)
            try:
                life.lives(SHORT_LIFE, ballast=True)
            except JournalFailed:
                assert not ballast.exists()
                life.is_killed()
            else:
                life.ends()
            if ballast.exists():
                break  # the life was over before the disk was full
            before = life.promised
            journal = life.opens(ballast=True)
            assert before.allows(life.promised.state)
            journal.commit(lambda tx: tx.append(RecordKind.NOTE, {"event": "the outcome"}))
            life.ends()
        disk.close()
        shutil.rmtree(folder)
        at, fillings = at + 3, fillings + 1
    disk.close()
    assert fillings > 50


def test_a_disk_that_was_full_at_the_start_kept_the_agent_out_and_the_ballast_in(
    tmp_path: Path, disk: FaultyDisk, monkeypatch: pytest.MonkeyPatch, small_ballast: None
) -> None:
    ballast = tmp_path / "journal.ballast"
    life = Life(tmp_path, disk)
    life.opens(ballast=True)
    life.ends()
    assert ballast.exists()
    disk.is_full = ballast.exists
    no_space_for_a_ballast(monkeypatch)
    journal = life.opens(ballast=True)
    journal.commit(lambda tx: tx.append(RecordKind.NOTE, {"event": "the outcome"}))
    assert not ballast.exists()
    life.ends()


def test_a_disk_that_stays_full_is_told_at_the_start(
    tmp_path: Path, disk: FaultyDisk, monkeypatch: pytest.MonkeyPatch, small_ballast: None
) -> None:
    life = Life(tmp_path, disk)
    life.opens(ballast=True)
    life.ends()
    disk.is_full = lambda: True
    no_space_for_a_ballast(monkeypatch)
    with pytest.raises(JournalFailed, match="full"):
        life.opens(ballast=True)
    assert not (tmp_path / "journal.ballast").exists()


# The limit on the size of files stands for the full disk: the log's index cannot grow either.
STARTS_WITHOUT_SPACE_FOR_THE_INDEX = """
import resource, sys
from pathlib import Path
from agent.journal.store import Journal, JournalFailed, utc_now
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    Journal(Path(sys.argv[1]), now=utc_now, new_id=lambda: "")
except JournalFailed as error:
    print(error.__cause__.sqlite_errorname)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
def test_no_space_for_the_index_of_the_log_is_a_full_disk(tmp_path: Path, small_ballast: None) -> None:
    path, ballast = tmp_path / "journal.sqlite", tmp_path / "journal.ballast"
    Journal(path, now=lambda: NOW, new_id=lambda: "").close()
    assert ballast.exists()
    done = subprocess.run(
        [sys.executable, "-c", STARTS_WITHOUT_SPACE_FOR_THE_INDEX, str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "SQLITE_IOERR_SHMSIZE\n", done
    assert not ballast.exists()
