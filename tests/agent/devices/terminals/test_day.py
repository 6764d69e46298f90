"""A terminal's day, its state, and what it does at rest: real drivers at simulated terminals."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from agent.devices.terminals.account import SETTLED
from agent.devices.terminals.watch import LOOK_EVERY, OFFLINE_AFTER
from drivers.conformance.terminals.bench import Fate, Hand, Step
from drivers.terminal_api import TerminalStatus
from drivers.terminals.record import Entry, Record
from drivers.terminals.runs import Place, Runs
from protocol.crm.job_machine import Known
from protocol.crm.jobs import JobKind
from protocol.crm.messages import Event, Health
from tests.agent.devices.terminals.bench import TERMINAL, Counter, counter
from tests.agent.devices.terminals.test_lane import BENCHES


def result(at: Counter, job_id: str) -> dict[str, Any]:
    told: dict[str, Any] = at.journal.read(lambda tx: tx.facts(job_id))["result"]
    return told


def events(at: Counter) -> list[Event]:
    sent = at.journal.read(lambda tx: tx.outbox(100))
    return [body for _, _, body in sent if isinstance(body, Event)]


@pytest.mark.parametrize("name", BENCHES)
def test_a_settlement_with_its_totals_and_slips(name: str, tmp_path: Path) -> None:
    with counter(BENCHES[name].make(frozenset()), tmp_path) as at:
        at.job(JobKind.PAYMENT, "paid", amount="300.00")
        assert at.run("paid").state is Known.DONE
        at.job(JobKind.SETTLEMENT, "day")
        row = at.run("day")
        assert (row.state, row.attempt) == (Known.DONE, 1)
        told = result(at, "day")
        assert told["slips"]
        assert told["journal"] == {"count": 1, "amount": "300.00", "since": None, "decided_by_person": []}
        assert told["amount"] in ("300.00", None)  # not every interface tells it
        assert told["differences"] == []


def test_what_was_brought_back_and_what_belongs_to_the_day_before_is_not_counted(tmp_path: Path) -> None:
    with counter(BENCHES["zvt-tcp"].make(frozenset()), tmp_path) as at:
        at.job(JobKind.PAYMENT, "yesterday", amount="1000.00")
        at.run("yesterday")
        at.job(JobKind.SETTLEMENT, "evening")
        at.run("evening")
        at.job(JobKind.PAYMENT, "one", amount="300.00")
        proof = at.run("one").outcome["proof"]
        at.job(JobKind.PAYMENT, "two", amount="50.00")
        at.run("two")
        at.job(JobKind.PAYMENT, "declined", amount="70.00")
        at.desk.fate(Step.PAYMENT, Fate.DECLINED)
        at.run("declined")
        at.job(JobKind.VOID, "back", amount="300.00", original={"amount": "300.00", "number": proof["number"]})
        assert at.run("back").state is Known.DONE
        at.job(JobKind.SETTLEMENT, "day")
        at.run("day")
        told = result(at, "day")
        assert (told["journal"]["amount"], told["amount"], told["differences"]) == ("50.00", "50.00", [])
        assert told["journal"]["since"] is not None


def test_what_another_program_has_taken_is_a_difference_and_an_event(tmp_path: Path) -> None:
    with counter(BENCHES["zvt-tcp"].make(frozenset()), tmp_path) as at:
        at.desk.hand(Hand.FOREIGN_PAYMENT, 10_000)
        at.job(JobKind.SETTLEMENT, "day")
        at.run("day")
        told = result(at, "day")
        assert told["differences"] == [{"between": "terminal_and_journal", "terminal": "100.00", "journal": "0.00"}]
        assert [event.kind for event in events(at)] == ["terminal_settled", "settlement_differs"]  # it is a local job
        assert events(at)[1].body["differences"] == told["differences"]
        assert "slips" not in events(at)[1].body


def test_totals_that_differ_at_the_bank_are_told(tmp_path: Path) -> None:
    with counter(BENCHES["sber-linux"].make(frozenset()), tmp_path) as at:
        at.desk.hand(Hand.TOTALS_DIFFER)
        at.job(JobKind.SETTLEMENT, "day")
        at.run("day")
        assert result(at, "day")["differences"] == [{"between": "terminal_and_bank"}]


LOST = [("zvt-tcp", Fate.ANSWER_LOST), ("zvt-tcp", Fate.BROKEN), ("inpas", Fate.ANSWER_LOST)]


@pytest.mark.parametrize(("name", "fate"), LOST)
def test_a_settlement_whose_answer_is_lost_is_unproven_and_not_repeated(name: str, fate: Fate, tmp_path: Path) -> None:
    with counter(next(bench for label, bench in BENCHES.items() if label.startswith(name)).make(frozenset()),
                 tmp_path) as at:  # fmt: skip
        at.desk.fate(Step.SETTLEMENT, fate)
        at.job(JobKind.SETTLEMENT, "day")
        row = at.run("day")
        assert (row.state, row.attempt) == (Known.NOT_DONE, 1)
        assert (row.outcome["reason"]["code"], row.outcome["certainty"]) == ("settlement_unknown", "unproven")
        assert SETTLED not in at.book.device(TERMINAL).facts  # what was moved belongs to the day that is still open
        at.desk.sleep(700.0)
        at.lane.round()
        assert at.row("day").attempt == 1


@pytest.mark.parametrize("dies_at", range(1, 4))
def test_a_settlement_is_never_made_twice_whenever_the_process_dies(dies_at: int, tmp_path: Path) -> None:
    with counter(BENCHES["zvt-tcp"].make(frozenset()), tmp_path) as at:
        at.job(JobKind.PAYMENT, "paid", amount="300.00")
        at.run("paid")
        at.job(JobKind.SETTLEMENT, "day")
        at.dies_at = at.commits + dies_at
        row = at.run("day")
        assert row.attempt == 1
        settled = SETTLED in at.book.device(TERMINAL).facts
        assert settled is (row.state is Known.DONE)  # told and written down together, or neither
        assert len([event for event in events(at) if event.kind == "terminal_settled"]) == int(settled)


@pytest.mark.parametrize("name", BENCHES)
def test_how_a_terminal_is(name: str, tmp_path: Path) -> None:
    with counter(BENCHES[name].make(frozenset()), tmp_path) as at:
        at.job(JobKind.TERMINAL_STATUS, "how")
        row = at.run("how")
        assert (row.state, row.attempt) == (Known.DONE, 0)  # there was no intent
        told = result(at, "how")
        assert (told["answers"], told["terminal"]["ready"], told["terminal"]["attention"]) == (True, True, None)
        assert told["terminal"]["id"] in (at.desk.truth().terminal_id, None)


# --- at rest --------------------------------------------------------------------------------------------------------


def watched(at: Counter) -> list[Health]:
    """The lane as the agent has it: bound, and looking."""
    told: list[Health] = []
    claims: list[str] = []
    at.begin(on_claim=lambda kkm_id, _: claims.append(kkm_id), on_health=told.append)
    at.bind()
    at.lane.round()
    assert claims == [TERMINAL]
    return told


@pytest.mark.parametrize("name", BENCHES)
def test_at_rest_a_terminal_is_looked_at_once_a_minute(name: str, tmp_path: Path) -> None:
    with counter(BENCHES[name].make(frozenset()), tmp_path) as at:
        told = watched(at)
        assert [health.facts["answers"] for health in told] == [True]
        for _ in range(6):
            at.desk.sleep(LOOK_EVERY / 3)
            at.lane.round()
        assert [health.facts["answers"] for health in told] == [True] * 3


PROGRAMS = [name for name in BENCHES if name.startswith(("sber", "arcus2"))]


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_banks_program_is_not_started_to_see_whether_it_is_there(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts: list[str] = []
    begin = Runs.begin

    def counted(runs: Runs, place: Place, arguments: Sequence[str], entry: Entry, *, kept: bool) -> Record:
        starts.append(entry.operation)
        return begin(runs, place, arguments, entry, kept=kept)

    monkeypatch.setattr(Runs, "begin", counted)
    with counter(BENCHES[name].make(frozenset()), tmp_path) as at:
        watched(at)
        before = len(starts)
        for _ in range(5):
            at.desk.sleep(LOOK_EVERY)
            at.lane.round()
        at.lane.reclaim()  # nor because the link was lost for a while
        at.lane.round()
        assert len(starts) == before
        at.job(JobKind.TERMINAL_STATUS, "how")
        at.run("how")
        assert len(starts) > before or name.startswith("arcus2")  # whose link test is not known


GONE = [
    ("zvt-tcp", Hand.UNPLUG, Hand.PLUG, "terminal_offline"),
    ("inpas", Hand.UNPLUG, Hand.PLUG, "terminal_offline"),
    ("sber-linux", Hand.NO_PROGRAM, Hand.PROGRAM, "terminal_program_missing"),
    ("arcus2", Hand.NO_PROGRAM, Hand.PROGRAM, "terminal_program_missing"),
]


@pytest.mark.parametrize(("name", "goes", "comes", "code"), GONE)
def test_a_terminal_that_falls_silent_and_comes_back_is_an_event_each(
    name: str, goes: Hand, comes: Hand, code: str, tmp_path: Path
) -> None:
    with counter(next(bench for label, bench in BENCHES.items() if label.startswith(name)).make(frozenset()),
                 tmp_path) as at:  # fmt: skip
        told = watched(at)
        at.desk.hand(goes)
        for _ in range(2):
            at.desk.sleep(LOOK_EVERY + OFFLINE_AFTER)
            at.lane.round()
        assert told[-1].facts["reason"] == code
        assert [event.kind for event in events(at)] == ["device_offline"]
        at.desk.hand(comes)
        at.desk.sleep(LOOK_EVERY)
        at.lane.round()
        assert told[-1].facts["answers"] is True
        assert [event.kind for event in events(at)] == ["device_offline", "device_online"]


def test_a_run_of_the_banks_program_that_is_still_going_on_is_seen_at_rest(tmp_path: Path) -> None:
    with counter(BENCHES["sber-linux"].make(frozenset()), tmp_path) as at:
        seen: list[TerminalStatus | None] = []
        at.desk.fate(Step.PAYMENT, Fate.HANG, seconds=400.0)
        at.job(JobKind.PAYMENT, amount="100.00")
        at.when("payment_in_doubt", lambda: seen.append(at.desk.driver.glance()))
        assert at.run().state is Known.DONE
        assert seen == [TerminalStatus("", "terminal_busy", busy=True)]
        assert at.desk.driver.glance() is None


def test_a_payment_waits_for_a_terminal_that_is_off_and_says_so(tmp_path: Path) -> None:
    with counter(BENCHES["zvt-tcp"].make(frozenset()), tmp_path) as at:
        at.desk.hand(Hand.UNPLUG)
        at.begin(on_claim=lambda *_: None)
        at.job(JobKind.PAYMENT, amount="100.00")
        at.run(patience=20.0)
        assert (at.row().state, set(at.heard)) == (Known.ACCEPTED, {"terminal_offline"})
        at.desk.hand(Hand.PLUG)
        assert at.run().state is Known.DONE


# --- called off -----------------------------------------------------------------------------------------------------


def test_a_payment_is_called_off_while_the_card_is_awaited(tmp_path: Path) -> None:
    with counter(BENCHES["zvt-tcp"].make(frozenset()), tmp_path) as at:
        at.desk.fate(Step.PAYMENT, Fate.NO_CARD)
        at.job(JobKind.PAYMENT, amount="100.00")
        at.when("present_card", lambda: at.lane.abort("j1"))
        row = at.run()
        assert (row.state, row.outcome["reason"]["code"]) == (Known.NOT_DONE, "payment_cancelled")
        assert at.desk.truth().charges == []


def test_an_abort_that_comes_when_the_bank_has_said_yes_changes_nothing(tmp_path: Path) -> None:
    with counter(BENCHES["zvt-tcp"].make(frozenset()), tmp_path) as at:
        at.job(JobKind.PAYMENT, amount="100.00")
        at.when("remove_card", lambda: at.lane.abort("j1"))
        assert at.run().state is Known.DONE


def test_a_program_is_never_ended_and_says_so(tmp_path: Path) -> None:
    with counter(BENCHES["sber-linux"].make(frozenset()), tmp_path) as at:
        said: list[bool] = []
        at.when("connecting", lambda: said.append(at.lane.abort("j1")))
        at.job(JobKind.PAYMENT, amount="100.00")
        assert at.run().state is Known.DONE
        assert said == [False]


def test_an_abort_is_for_the_job_that_was_named(tmp_path: Path) -> None:
    with counter(BENCHES["zvt-tcp"].make(frozenset()), tmp_path) as at:
        assert not at.lane.abort("j1")  # nothing is in hand
        at.job(JobKind.PAYMENT, amount="100.00")
        at.when("present_card", lambda: at.lane.abort("another"))
        assert at.run().state is Known.DONE


def test_a_wish_that_comes_when_the_job_is_over_is_no_wish_for_the_next_one(tmp_path: Path) -> None:
    with counter(BENCHES["zvt-tcp"].make(frozenset()), tmp_path) as at:
        at.job(JobKind.PAYMENT, amount="100.00")
        at.when("remove_card", lambda: at.lane.abort("j1"))
        at.run()
        at.job(JobKind.PAYMENT, "j2", amount="200.00")
        assert at.run("j2").state is Known.DONE


# --- in the wrong place ---------------------------------------------------------------------------------------------


def test_a_registers_job_that_was_left_where_a_terminal_stands_now_waits(tmp_path: Path) -> None:
    """The lane took it for a payment and stopped the agent, and the next start did so again."""
    with counter(BENCHES["zvt-tcp"].make(frozenset()), tmp_path) as at:
        at.job(JobKind.X_REPORT)
        at.run(patience=30.0)
        assert at.row().state is Known.ACCEPTED
        assert at.lane.state.reason is not None
        assert at.lane.state.reason.code == "wrong_kind_of_device"


def test_a_terminal_that_another_pc_owns_is_not_asked_even_about_what_is_open(tmp_path: Path) -> None:
    with counter(BENCHES["zvt-tcp"].make(frozenset()), tmp_path) as at:
        at.desk.fate(Step.PAYMENT, Fate.SILENCE)
        at.job(JobKind.PAYMENT, amount="100.00")
        at.when("payment_in_doubt", lambda: at.book.learned_epoch(TERMINAL, 2))
        at.run(patience=900.0)
        assert at.row().state is Known.RESOLVING
        assert at.lane.round() == 60.0
