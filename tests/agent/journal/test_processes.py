"""Real processes on one journal: two that write at once, and one that is killed in the middle."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from agent.journal.inspect import verify
from agent.journal.records import RecordKind
from tests.support.journals import opened, sql

# Commits without an end; each number goes to stdout after its commit.
WRITER = """
import sys
from pathlib import Path
from agent.journal.records import RecordKind
from agent.journal.store import Journal, utc_now
journal = Journal(Path(sys.argv[1]), now=utc_now, new_id=lambda: "", ballast=False)
for i in range(int(sys.argv[2])):
    n = journal.commit(lambda tx: tx.append(RecordKind.NOTE, {"by": sys.argv[3], "i": i, "pad": "x" * 500}))
    sys.stdout.write(f"{n}\\n")
    sys.stdout.flush()
journal.close()
"""


def writer(path: Path, commits: int, name: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), str(commits), name], stdout=subprocess.PIPE, text=True
    )


def test_two_processes_that_write_at_once_keep_one_whole_chain(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with writer(path, 100, "theirs") as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "1\n"
        with opened(path) as journal:
            for i in range(100):
                journal.commit(lambda tx, i=i: tx.append(RecordKind.NOTE, {"by": "ours", "i": i}))  # type: ignore[misc]
        theirs = [1, *map(int, other.stdout)]
        assert other.wait() == 0
    assert verify(path)["records"] == 200
    stored = sql(path, "SELECT n FROM journal WHERE body LIKE '%theirs%' ORDER BY n")
    assert [n for (n,) in stored] == theirs


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_what_was_acknowledged_survives_a_kill_in_the_middle_of_commits(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    chance, last = random.Random(7), 0
    for _ in range(6):
        with writer(path, 1_000_000, "killed") as other:
            assert other.stdout is not None
            for _ in range(chance.randint(1, 60)):
                last = int(other.stdout.readline())
            other.send_signal(signal.SIGKILL)
            for line in other.stdout.read().splitlines(keepends=True):
                last = int(line) if line.endswith("\n") else last
            assert other.wait() == -signal.SIGKILL
        told = verify(path)
        assert told["ok"] is True, told
        assert told["records"] in (last, last + 1), "at most the one commit whose word did not get out"
        last = told["records"]
    with opened(path) as journal:
        assert journal.commit(lambda tx: tx.append(RecordKind.NOTE, {})) == last + 1
