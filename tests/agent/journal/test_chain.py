"""The hash chain: whatever is done to a record behind the journal's back is found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.journal.inspect import list_jobs, show_job, verify
from agent.journal.records import GENESIS, RecordKind, chain_hash, hash_of_body
from tests.agent.journal.test_store import job
from tests.support.crm import NOW, offer
from tests.support.journals import opened, sql

RECORDS = 5


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "journal.sqlite"
    with opened(made) as journal:
        journal.commit(lambda tx: tx.write_job(job(), "offer", offer=offer()))
        for n in range(2, RECORDS + 1):
            journal.commit(lambda tx, n=n: tx.append(RecordKind.NOTE, {"n": n, "buyer": "+79"}, kkm_id="17"))  # type: ignore[misc]
    return made


def problem(path: Path) -> str:
    told = verify(path)
    assert told["ok"] is False
    return str(told["problem"])


def test_a_whole_chain(path: Path) -> None:
    head = sql(path, "SELECT hash FROM journal ORDER BY n DESC LIMIT 1")[0][0]
    assert verify(path) == {"ok": True, "records": RECORDS, "head": head, "problem": None}


def test_an_empty_journal_is_whole(tmp_path: Path) -> None:
    with opened(tmp_path / "j.sqlite"):
        pass
    assert verify(tmp_path / "j.sqlite") == {"ok": True, "records": 0, "head": GENESIS, "problem": None}


def test_the_formula_is_fixed() -> None:
    """The server keeps these hashes: another formula would quarantine every agent."""
    body_hash = hash_of_body({"event": "offer"})
    digest = chain_hash(GENESIS, 1, NOW.isoformat(), RecordKind.JOB, "j1", None, body_hash)
    assert digest == "a0485ee61ff8d26fc3d0c0d1b92c3405467852f920344c9708df37b016268aa6"


@pytest.mark.parametrize("n", range(1, RECORDS + 1))
@pytest.mark.parametrize(
    ("column", "value"),
    [("at", "2020-01-01"), ("kind", "event"), ("job_id", "j9"), ("kkm_id", "99"), ("body_hash", "0" * 64),
     ("hash", "0" * 64), ("body", '{"n": 0}'), ("body", "not JSON")],
)  # fmt: skip
def test_a_change_of_any_column_of_any_record_is_found(path: Path, n: int, column: str, value: str) -> None:
    sql(path, f"UPDATE journal SET {column} = ? WHERE n = ?", value, n)
    assert problem(path).startswith(f"record {n}")


@pytest.mark.parametrize("n", range(1, RECORDS + 1))
def test_a_record_taken_out_is_missed(path: Path, n: int) -> None:
    sql(path, "DELETE FROM journal WHERE n = ?", n)
    assert problem(path) == f"record {n} is missing"


@pytest.mark.parametrize("n", range(1, RECORDS))
def test_a_record_taken_out_is_missed_even_if_the_gap_is_closed(path: Path, n: int) -> None:
    sql(path, "DELETE FROM journal WHERE n = ?", n)
    for later in range(n + 1, RECORDS + 1):
        sql(path, "UPDATE journal SET n = ? WHERE n = ?", later - 1, later)
    assert problem(path) == f"record {n}: the chain is broken"


@pytest.mark.parametrize("left", range(RECORDS))
def test_a_tail_that_was_cut_off_is_missed(path: Path, left: int) -> None:
    sql(path, "DELETE FROM journal WHERE n > ?", left)
    assert problem(path) == f"record {left + 1} is missing"


@pytest.mark.parametrize("n", range(1, RECORDS))
def test_two_records_that_changed_places_are_found(path: Path, n: int) -> None:
    for was, now in ((n, 999), (n + 1, n), (999, n + 1)):
        sql(path, "UPDATE journal SET n = ? WHERE n = ?", now, was)
    assert problem(path) == f"record {n}: the chain is broken"


def test_a_record_put_in_between_is_found(path: Path) -> None:
    for was in range(RECORDS, 2, -1):
        sql(path, "UPDATE journal SET n = ? WHERE n = ?", was + 1, was)
    sql(path, "INSERT INTO journal SELECT 3, at, kind, job_id, kkm_id, body, body_hash, hash FROM journal WHERE n = 2")
    assert problem(path) == "record 3: the chain is broken"


def test_a_forged_body_with_its_own_hash_still_breaks_the_chain(path: Path) -> None:
    body = {"n": 2, "buyer": "+70"}
    sql(path, "UPDATE journal SET body = ?, body_hash = ? WHERE n = 2", json.dumps(body), hash_of_body(body))
    assert problem(path) == "record 2: the chain is broken"


@pytest.mark.parametrize("n", range(1, RECORDS))
def test_a_forged_record_with_a_hash_of_its_own_breaks_the_next_one(path: Path, n: int) -> None:
    at, kind, job_id, kkm_id = sql(path, "SELECT at, kind, job_id, kkm_id FROM journal WHERE n = ?", n)[0]
    previous = sql(path, "SELECT hash FROM journal WHERE n = ?", n - 1)[0][0] if n > 1 else GENESIS
    body = {"n": n, "buyer": "forged"}
    forged = chain_hash(previous, n, at, kind, job_id, kkm_id, hash_of_body(body))
    sql(path, "UPDATE journal SET body = ?, body_hash = ?, hash = ? WHERE n = ?",
        json.dumps(body), hash_of_body(body), forged, n)  # fmt: skip
    assert problem(path) == f"record {n + 1}: the chain is broken"


def test_a_body_that_was_pruned_leaves_the_chain_whole(path: Path) -> None:
    sql(path, "UPDATE journal SET body = NULL WHERE n IN (1, 3)")
    assert verify(path)["ok"] is True
    with opened(path) as journal:
        assert [r.body is None for r in journal.read(lambda tx: list(tx.records()))] == [
            True,
            False,
            True,
            False,
            False,
        ]
        journal.commit(lambda tx: tx.append(RecordKind.NOTE, {}))
    assert verify(path)["records"] == RECORDS + 1
    sql(path, "UPDATE journal SET body_hash = ? WHERE n = 3", "0" * 64)
    assert problem(path) == "record 3: the chain is broken"


def test_the_hash_at_a_place_is_what_the_server_compares(path: Path) -> None:
    with opened(path) as journal:
        at = [journal.read(lambda tx, n=n: tx.hash_at(n)) for n in (0, 1, RECORDS, RECORDS + 1)]  # type: ignore[misc]
    hashes = dict(sql(path, "SELECT n, hash FROM journal"))
    assert at == [GENESIS, hashes[1], hashes[RECORDS], None]


def test_a_journal_can_be_looked_into_while_it_is_open(path: Path) -> None:
    with opened(path) as journal:
        journal.commit(lambda tx: tx.write_job(job(rev=2), "renew"))
        assert verify(path)["records"] == RECORDS + 1
        assert [row["rev"] for row in list_jobs(path)] == [2]
        shown = show_job(path, "j1")
        assert shown is not None
        assert shown["offer"]["job_id"] == "j1"
        assert [record["body"]["event"] for record in shown["records"]] == ["offer", "renew"]
        assert show_job(path, "j2") is None
