"""The lines of watched logs: how many are kept, for how long, and what of a stranger's line is told on."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from protocol.crm.support import LogLines
from server.services.tails import CHARACTERS, NEWEST, WITHHELD, LineView, Tails, known

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
OVER = NOW + timedelta(minutes=15)


def said(*events: str, dropped: int = 0, request_id: str = "rq", **more: Any) -> LogLines:
    return LogLines(request_id=request_id, dropped=dropped, lines=[{"event": event, **more} for event in events])


@pytest.fixture
def woken() -> list[str]:
    return []


@pytest.fixture
def tails(woken: list[str]) -> Tails:
    made = Tails(woken.append)
    made.begin("ag", "rq", OVER)
    return made


def read(tails: Tails, after: int = 0, limit: int = 10_000, now: datetime = NOW) -> list[LineView]:
    return tails.read("ag", "rq", now, after, limit).lines


def test_lines_are_counted_from_one_and_read_from_where_the_reader_is(tails: Tails, woken: list[str]) -> None:
    assert tails.take("ag", said("a", "b"), NOW)
    assert tails.take("ag", said("c"), NOW)
    assert [(line.n, line.event) for line in read(tails)] == [(1, "a"), (2, "b"), (3, "c")]
    assert [line.n for line in read(tails, after=1, limit=1)] == [2]
    assert read(tails, after=3) == []
    assert [line.n for line in tails.last("ag", "rq", NOW, 2).lines] == [2, 3]
    assert woken == ["rq", "rq"]


def test_a_number_that_this_log_has_not_reached_is_another_logs(tails: Tails) -> None:
    tails.take("ag", said("a", "b"), NOW)
    assert [line.n for line in read(tails, after=500)] == [1, 2]


def test_what_was_not_told_is_counted_where_it_is_missing(tails: Tails) -> None:
    tails.take("ag", said("a"), NOW)
    tails.take("ag", said("b", "c", dropped=7), NOW)
    tails.take("ag", said(dropped=2), NOW)
    told = tails.read("ag", "rq", NOW, 0, 100)
    assert [(line.event, line.dropped) for line in told.lines] == [("a", 0), ("b", 7), ("c", 0)]
    assert (told.dropped, told.untold) == (9, 2), "two behind the last line"
    tails.take("ag", said("d", dropped=3), NOW)
    assert [line.dropped for line in read(tails, after=3)] == [5]
    assert tails.read("ag", "rq", NOW, 0, 100).untold == 0


def test_the_newest_are_kept_and_a_reader_sees_what_it_has_missed(tails: Tails) -> None:
    for first in range(0, NEWEST + 300, 100):
        tails.take("ag", said(*(f"e{n}" for n in range(first, first + 100))), NOW)
    lines = read(tails)
    assert (len(lines), lines[0].n, lines[0].missed, lines[-1].n) == (NEWEST, 301, 300, NEWEST + 300)
    assert [(line.n, line.missed) for line in read(tails, after=250, limit=2)] == [(301, 50), (302, 0)]
    assert [(line.n, line.missed) for line in read(tails, after=301, limit=1)] == [(302, 0)]


def test_long_lines_push_out_more_of_them(tails: Tails) -> None:
    frames = [f"{'d' * 100}.py:1 {'f' * 90}"] * 12
    for _ in range(20):
        tails.take("ag", said(*["failed"] * 100, raised="ValueError", frames=frames), NOW)
    kept = [line.model_dump_json(exclude_unset=True) for line in read(tails)]
    size = len(kept[-1])
    assert CHARACTERS - 2 * size < sum(len(one) for one in kept) - len(kept) * len('"n":2000,') <= CHARACTERS
    assert len(kept) < 500


@pytest.mark.parametrize(("agent_id", "request_id"), [("ag", "another"), ("other", "rq")])
def test_lines_of_another_pc_or_request_are_not_kept(
    tails: Tails, woken: list[str], agent_id: str, request_id: str
) -> None:
    assert not tails.take(agent_id, said("a", request_id=request_id), NOW)
    assert (read(tails), woken) == ([], [])
    assert tails.read(agent_id, request_id, NOW, 0, 9).lines == []


def test_after_its_end_nothing_is_added_and_what_is_there_stays_until_its_time(tails: Tails) -> None:
    tails.take("ag", said("a"), NOW)
    tails.end("ag", "rq")
    assert not tails.take("ag", said("b"), NOW)
    assert [line.event for line in read(tails, now=OVER - timedelta(seconds=1))] == ["a"]
    assert read(tails, now=OVER) == []


def test_at_its_time_it_is_over_whether_anybody_looks_or_not(tails: Tails) -> None:
    tails.take("ag", said("a"), NOW)
    assert not tails.take("ag", said("b"), OVER)
    assert tails.sweep(OVER - timedelta(microseconds=1)) == []
    assert tails.sweep(OVER) == ["rq"], "what was open until now is named once"
    assert tails.sweep(OVER) == []
    assert read(tails) == [], "nothing of it is left"


def test_one_that_had_ended_goes_without_being_named(tails: Tails) -> None:
    tails.end("ag", "rq")
    assert tails.sweep(OVER) == []


def test_the_next_log_of_a_pc_begins_empty(tails: Tails) -> None:
    tails.take("ag", said("a"), NOW)
    tails.forget("ag")
    assert read(tails) == []
    tails.begin("ag", "rq2", OVER)
    tails.end("ag", "rq")  # an end that comes late
    assert tails.take("ag", said("b", request_id="rq2"), NOW)
    assert [line.n for line in tails.read("ag", "rq2", NOW, 0, 9).lines] == [1]


# --- what of a line is told on ----------------------------------------------------------------------------------------

WHOLE = {
    "timestamp": "2026-11-23T10:00:00+00:00", "level": "warning", "event": "answer_lost", "code": "no_answer",
    "state": "resolving", "kind": "receipt", "step": "payment", "after": "close", "answer": "ok", "why": "timeout",
    "reason": "paper_out", "what": "lane", "phase": "R1 may it start?", "job_id": "order-1042:1", "kkm_id": "17",
    "session_epoch": 4, "resumed": True, "attempt": 2, "rev": 7, "fd": 41, "failures": 3, "vendor": "6B",
    "raised": "TimeoutError", "frames": ["lane.py:17 run", "<lambda>"],
}  # fmt: skip


def test_what_a_line_may_say() -> None:
    told = known(WHOLE)
    assert told == WHOLE | {"frames": ["lane.py:17 run", WITHHELD]}
    shown = LineView(n=1, **json.loads(json.dumps(told)))
    assert shown.model_dump(exclude_unset=True, mode="json") == {
        "n": 1, **told, "timestamp": "2026-11-23T10:00:00Z",
    }  # fmt: skip
    assert set(WHOLE) == set(LineView.model_fields) - {"n", "dropped", "missed"}


def test_what_is_not_named_here_is_left_out() -> None:
    assert known({"event": "x", "card": "4111111111111111", "password": "30", "n": 9, "dropped": 9}) == {"event": "x"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("event", "Иванова М."), ("event", "a b"), ("event", "x" * 65), ("event", "a\n"), ("code", "<img>"),
        ("job_id", "1042 ../x"), ("kkm_id", "с"), ("fd", "сорок один"), ("fd", 10**30), ("rev", -(10**16)),
        ("phase", "<b>"), ("phase", "R1\n"),
        ("attempt", 1e300), ("vendor", "привет"), ("raised", "not a name"), ("raised", ["a"]), ("event", ["a"]),
    ],
)  # fmt: skip
def test_a_value_of_another_form_is_withheld(name: str, value: Any) -> None:
    assert known({name: value}) == {name: WITHHELD}


@pytest.mark.parametrize(
    "at", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59+00:00", "2026-11-23T10:00:00", "soon", 17, None, ["2026"]]
)
def test_a_moment_that_is_none_is_no_moment(at: Any) -> None:
    assert known({"timestamp": at}) == {"timestamp": None}


@pytest.mark.parametrize("frames", ["lane.py:1 run", None, 3, True])
def test_frames_that_are_none(frames: Any) -> None:
    assert known({"frames": frames}) == {"frames": []}
