"""Support watches the log as it is written: by a yes at this PC, for a quarter of an hour, through one filter."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.desk.log_watch import SHOWN
from agent.desk.requests import LIVES, MOST, REMEMBERED
from agent.problems import UserError
from agent.support import logline
from agent.support.bundle.forms import Known
from agent.support.logfile import last_lines
from agent.support.masking import WITHHELD
from agent.support.tail.ring import LINES
from protocol.crm.support import LOG_BATCH, LOG_LASTS, LogBegan, LogLines, Report, ReportState
from tests.agent.desk.log_desk import Watching
from tests.support.job_books import Hands


@pytest.fixture
def pc(tmp_path: Path) -> Watching:
    return Watching(Hands(), tmp_path)


def refused(what: object, *args: object) -> str:
    with pytest.raises(UserError) as caught:
        what(*args)  # type: ignore[operator]
    return caught.value.code


# --- consent ---------------------------------------------------------------------------------------------------------


def test_somebody_is_asked_and_until_then_nothing_is_told(pc: Watching) -> None:
    pc.hears()
    assert pc.reported() == [("asked", None)]
    pc.writes()
    assert pc.told() == []
    (ask,) = pc.watch.asks()
    assert (ask.what, ask.person, ask.reason, ask.seen) == ("log", "Ольга", "Касса не отвечает", False)
    assert pc.watch.watched() is None


def test_a_yes_by_name_and_lines_from_then_on(pc: Watching) -> None:
    pc.writes("before")
    pc.hears()
    pc.said()
    pc.agrees()
    assert pc.said() == [LogBegan(request_id="rq_1", person="Иванова", standing=False)]
    watched = pc.watch.watched()
    assert watched is not None
    assert (watched.person, watched.agreed, pc.watch.asks()) == ("Ольга", "Иванова", ())
    pc.writes("link_down", code="timeout", failures=3)
    (batch,) = pc.told()
    (line,) = batch.lines  # nothing from before the yes
    assert (line["event"], line["code"], line["failures"], batch.dropped) == ("link_down", "timeout", 3, 0)
    assert pc.told() == [], "each line once"


def test_nobody_agrees_to_what_was_not_looked_at(pc: Watching) -> None:
    pc.hears()
    assert refused(pc.watch.allow, "rq_1", "Иванова") == "look_first"
    for n in range(SHOWN + 5):
        pc.writes("something", fd=n)
    seen = pc.watch.preview("rq_1")
    assert [line["fd"] for line in seen] == list(range(5, SHOWN + 5)), "the newest, as they would be told"
    pc.watch.allow("rq_1", "Иванова")


def test_a_no(pc: Watching) -> None:
    pc.hears()
    pc.watch.refuse("rq_1")
    assert pc.reported() == [("asked", None), ("refused", "consent_refused")]
    pc.writes()
    assert pc.told() == []
    assert refused(pc.agrees) == "no_such_request"


def test_silence_is_a_no(pc: Watching) -> None:
    pc.hears()
    pc.watch.preview("rq_1")
    pc.hands.turn(LIVES)
    assert refused(pc.watch.allow, "rq_1", "Иванова") == "no_such_request", "also before anybody looked at the clock"
    pc.watch.tick()
    assert pc.reported() == [("asked", None), ("refused", "no_consent")]
    assert pc.watch.asks() == ()


def test_the_owner_has_agreed_for_all(tmp_path: Path) -> None:
    pc = Watching(Hands(), tmp_path, always=True)
    pc.hears()
    assert pc.said()[1:] == [LogBegan(request_id="rq_1", person="config.toml", standing=True)]
    pc.writes()
    assert len(pc.told()) == 1


def test_a_request_that_is_not_the_servers_asks_nobody(pc: Watching) -> None:
    pc.hears(signed=False)
    pc.hears("rq_2", agent_id="another")
    assert (pc.watch.asks(), pc.said()) == ((), [])


def test_without_a_connection_nobody_could_see_it(pc: Watching) -> None:
    pc.hears()
    pc.watch.preview("rq_1")
    pc.watch.lost()
    assert refused(pc.watch.allow, "rq_1", "Иванова") == "no_connection"
    pc.hears()  # the next connection says it again
    pc.watch.allow("rq_1", "Иванова")


# --- the end ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "code"),
    [
        (lambda pc: pc.watch.stop(), "log_stopped_at_pc"),
        (lambda pc: pc.hears_stop(), "log_stopped"),
        (lambda pc: pc.hands.turn(LOG_LASTS), "log_time_over"),
        (lambda pc: pc.watch.lost(), "log_connection_lost"),
    ],
    ids=["at this PC", "by support", "by time", "with the connection"],
)
def test_it_ends_and_what_was_not_told_is_dropped(pc: Watching, how: object, code: str) -> None:
    pc.hears()
    pc.agrees()
    pc.said()
    pc.writes("one")
    pc.watch.tick()  # a batch waits for the link
    pc.writes("two")
    how(pc)  # type: ignore[operator]
    pc.watch.tick()
    assert pc.said() == [Report(request_id="rq_1", state=ReportState.DONE, code=code)]
    pc.writes("three")
    assert pc.told() == []
    assert pc.watch.watched() is None
    assert refused(pc.watch.stop) == "no_such_request"


def test_the_quarter_of_an_hour_begins_with_the_yes(pc: Watching) -> None:
    pc.hears()
    pc.hands.turn(LIVES - 1)
    pc.agrees()
    pc.hands.turn(LOG_LASTS - 1)
    pc.writes()
    assert len(pc.told()) == 1
    pc.hands.turn(1)
    pc.watch.tick()
    assert pc.reported() == [("done", "log_time_over")]


def test_of_a_lost_connection_the_next_one_is_told_no_lines_and_no_beginning(pc: Watching) -> None:
    pc.hears()
    pc.said()
    pc.agrees()
    pc.writes()
    pc.watch.tick()
    pc.watch.lost()  # before the link took anything
    pc.hears()
    assert [type(one) for one in pc.said()] == [Report, Report]
    assert pc.watch.asks() == ()


def test_a_stop_before_anybody_agreed_takes_the_question_away(pc: Watching) -> None:
    pc.hears()
    pc.hears_stop()
    assert pc.watch.asks() == ()
    assert refused(pc.agrees) == "no_such_request"


def test_a_stop_of_something_else_stops_nothing(pc: Watching) -> None:
    pc.hears()
    pc.agrees()
    pc.hears_stop("rq_2")
    assert pc.watch.watched() is not None


def test_a_newer_question_ends_what_was_before(pc: Watching) -> None:
    pc.hears()
    pc.agrees()
    pc.said()
    pc.hears("rq_2")
    assert pc.reported() == [("done", "log_stopped"), ("asked", None)]
    assert [ask.request_id for ask in pc.watch.asks()] == ["rq_2"]
    assert pc.watch.watched() is None, "a yes is to one request"


def test_heard_again_it_is_answered_again(pc: Watching) -> None:
    pc.hears()
    pc.hears()
    assert pc.reported() == [("asked", None)] * 2
    pc.agrees()
    pc.hears()
    assert [type(one) for one in pc.said()] == [LogBegan, LogBegan]
    pc.watch.stop()
    pc.said()
    pc.hears()
    assert pc.reported() == [("done", "log_stopped_at_pc")]


def test_a_server_that_asks_without_end_is_refused(pc: Watching) -> None:
    for n in range(MOST + 5):
        pc.hears(f"rq_{n}")
    codes = [code for state, code in pc.reported() if state == "refused"]
    assert codes == ["too_many_requests"] * 5
    pc.hands.turn(LIVES)
    pc.watch.tick()
    pc.hands.turn(REMEMBERED)
    pc.watch.tick()
    pc.said()
    pc.hears("rq_later")
    assert pc.reported() == [("asked", None)]


# --- what is told ----------------------------------------------------------------------------------------------------

FIELDS = (
    "event", "level", "code", "state", "kind", "step", "after", "answer", "why", "reason", "what", "job_id", "kkm_id",
    "session_epoch", "resumed", "attempt", "rev", "fd", "failures", "phase", "vendor", "raised", "frames", "error",
    "detail", "text", "advice", "path", "token", "request", "person", "agent_id", "config", "url", "msg_id",
    "timestamp",
)  # fmt: skip


@pytest.mark.parametrize(
    "form", ["{}: Иванова +7 912 345-67-89", "tcp:till-{}.shop.example:7778", "C:\\Users\\{}\\1.txt"]
)
@pytest.mark.parametrize("name", FIELDS)
def test_no_field_of_a_line_lets_free_text_through(pc: Watching, name: str, form: str) -> None:
    canary = f"CANARY{name}".replace("_", "")
    pc.hears()
    pc.agrees()
    pc.said()
    pc.writes("something", **{name: form.format(canary)}) if name not in ("event", "level", "timestamp") else (
        pc.lines.keep({"event": "something", name: form.format(canary)})
    )
    pc.lines.keep({"event": "x", form.format(canary): 1})  # as a name
    batches = pc.told()
    assert canary not in json.dumps([batch.model_dump(mode="json") for batch in batches], ensure_ascii=False)
    assert sum(len(batch.lines) for batch in batches) == 2


def test_it_is_the_bundles_own_filter(pc: Watching) -> None:
    pc.known |= {"order-7", "320"}
    pc.hears()
    pc.agrees()
    pc.said()
    pc.writes("job", job_id="order-7", kkm_id="320", state="done", rev=4, kind="receipt", step="proven")
    pc.writes("job", job_id="somebody", kkm_id="else", error="Иванова")
    try:
        raise ValueError("Иванова")
    except ValueError as error:
        pc.writes("request_failed", exc_info=error)
    (batch,) = pc.told()
    by_bundle = [logline.told(line, Known(pc.known)) for line in last_lines(pc.folder, 3)]
    assert batch.lines == by_bundle
    first, second, third = by_bundle
    assert first is not None
    assert second is not None
    assert third is not None
    assert (first["job_id"], first["kkm_id"], first["state"], first["step"]) == ("order-7", "320", "done", "proven")
    assert (second["job_id"], second["kkm_id"], "error" in second) == (WITHHELD, WITHHELD, False)
    assert third["raised"] == "ValueError"


# --- no job waits for a log ------------------------------------------------------------------------------------------


def test_ten_thousand_lines_are_one_batch_at_a_look_and_the_rest_is_counted(pc: Watching) -> None:
    pc.hears()
    pc.agrees()
    pc.said()
    for n in range(10_000):
        pc.writes("flood", fd=n)
    batches: list[LogLines] = []
    for _ in range(LINES // LOG_BATCH + 3):
        told = pc.told()
        assert len(told) <= 1
        batches += told
    assert all(len(batch.lines) <= LOG_BATCH for batch in batches)
    told_lines = [line for batch in batches for line in batch.lines]
    assert len(told_lines) == LINES
    assert [line["fd"] for line in told_lines] == list(range(10_000 - LINES, 10_000)), "the newest, in order"
    assert sum(batch.dropped for batch in batches) == 10_000 - LINES
    assert batches[0].dropped == 10_000 - LINES, "told where they are missing"


def test_while_a_batch_waits_for_the_link_no_other_is_made(pc: Watching) -> None:
    pc.hears()
    pc.agrees()
    pc.said()
    for _ in range(5):
        for n in range(300):
            pc.writes("flood", fd=n)
        pc.watch.tick()
    assert [len(one.lines) for one in pc.said() if isinstance(one, LogLines)] == [LOG_BATCH]


def test_lines_that_are_no_lines_harm_nothing(pc: Watching) -> None:
    pc.hears()
    pc.agrees()
    pc.said()
    pc.told()
    pc.lines.keep({"event": "x", "error": "y" * 20_000})  # longer than any line of ours
    pc.lines.keep({"event": "x", "frames": ["/etc/passwd:1 x"] * 50, "raised": "E" * 300})
    pc.lines.keep({})
    (batch,) = pc.told()
    assert batch.dropped >= 1
    assert [line.get("event") for line in batch.lines] == [None]


def test_a_line_that_the_filter_fails_at_ended_the_agent(pc: Watching) -> None:
    pc.hears()
    pc.agrees()
    pc.said()
    filter_ = pc.watch.means.told

    def fails(line: bytes) -> object:
        if b"bad" in line:
            raise RuntimeError("the journal is closed")
        return filter_(line)

    object.__setattr__(pc.watch.means, "told", fails)
    for event in ("good", "bad", "good"):
        pc.writes(event)
    (batch,) = pc.told()
    assert ([line["event"] for line in batch.lines], batch.dropped) == (["good", "good"], 1)
