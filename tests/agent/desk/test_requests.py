"""What support asks: the doctor answers at once, a bundle leaves only by a yes at this PC to that very bundle."""

from __future__ import annotations

from typing import Any

import pytest

from agent.desk.requests import LIVES, MOST, REMEMBERED, SupportRequests
from agent.problems import UserError
from agent.support.bundle.collect import Bundle
from protocol.crm.support import Bundle as BundleAsked
from protocol.crm.support import Doctor, Report, ReportState, SupportAsked
from tests.agent.desk.support_desk import FINDINGS, Support, trouble
from tests.support.crm import AGENT, KID
from tests.support.job_books import Hands

ASKED, DONE, REFUSED = ReportState.ASKED, ReportState.DONE, ReportState.REFUSED


class Pc:
    def __init__(self, *, always: bool = False) -> None:
        self.hands = Hands()
        self.support = Support(self.hands, always=always)
        self.requests = SupportRequests(self.support.means())
        self.wakes = 0
        self.requests.on_answer(self._wake)

    def _wake(self) -> None:
        self.wakes += 1

    def hears(self, kind: type[SupportAsked], request_id: str = "rq_1", *, signed: bool = True, **more: Any) -> None:
        known: dict[str, Any] = {
            "request_id": request_id,
            "agent_id": AGENT,
            "person": "Ольга",
            "reason": "Не печатает",
        }
        body = kind(**{**known, "lives_s": 900, "kid": KID, **more})
        name = "doctor" if kind is Doctor else "bundle"
        self.requests.receive(self.support.key.signed(name, body) if signed else body)

    def said(self) -> list[tuple[ReportState, str | None]]:
        return [(report.state, report.code) for report in self.requests.answers()]

    def refused(self, what: Any, *args: Any, **more: Any) -> str:
        with pytest.raises(UserError) as caught:
            what(*args, **more)
        return caught.value.code


@pytest.fixture
def pc() -> Pc:
    return Pc()


# --- the doctor ------------------------------------------------------------------------------------------------------


def test_the_doctor_looks_and_its_findings_are_told(pc: Pc) -> None:
    pc.hears(Doctor)
    assert pc.said() == [(ASKED, None)]
    assert (pc.wakes, pc.requests.asks()) == (1, ())
    pc.support.work()
    (report,) = pc.requests.answers()
    assert report == Report(request_id="rq_1", state=DONE, findings=FINDINGS)
    assert pc.wakes == 2


def test_heard_again_it_is_answered_again_and_not_examined_again(pc: Pc) -> None:
    pc.hears(Doctor)
    pc.hears(Doctor)
    assert pc.said() == [(ASKED, None)] * 2
    pc.support.work()
    pc.requests.answers()
    pc.hears(Doctor)  # the answer was lost with the connection
    assert pc.said() == [(DONE, None)]
    assert pc.support.examined == 1


@pytest.mark.parametrize(("error", "code"), [(trouble("no_config"), "no_config"), (OSError(), "request_failed")])
def test_a_doctor_that_fails_says_so(pc: Pc, error: Exception, code: str) -> None:
    pc.support.trouble = error
    pc.hears(Doctor)
    pc.support.work()
    assert pc.said() == [(ASKED, None), (REFUSED, code)]


@pytest.mark.parametrize("more", [{"signed": False}, {"agent_id": "ag_other"}])
@pytest.mark.parametrize("kind", [Doctor, BundleAsked])
def test_who_is_not_the_server_gets_no_word(pc: Pc, kind: type[SupportAsked], more: dict[str, Any]) -> None:
    pc.hears(kind, **more)
    pc.support.work()
    assert (pc.said(), pc.requests.asks(), pc.support.examined) == ([], (), 0)


# --- a bundle --------------------------------------------------------------------------------------------------------


def test_a_bundle_waits_for_a_yes_and_says_who_asks(pc: Pc) -> None:
    pc.hears(BundleAsked)
    pc.support.work()
    (ask,) = pc.requests.asks()
    assert (ask.request_id, ask.person, ask.reason, ask.own) == ("rq_1", "Ольга", "Не печатает", False)
    assert (ask.until - pc.hands.now()).total_seconds() == 900
    assert pc.said() == [(ASKED, None)]
    assert (pc.support.made, pc.support.sent) == ([], []), "nothing is even made before somebody looks"


def test_what_was_shown_is_what_is_sent(pc: Pc) -> None:
    pc.hears(BundleAsked, jobs=["j1"])
    shown = pc.requests.preview("rq_1")
    assert pc.requests.preview("rq_1") is shown
    assert pc.requests.allow("rq_1", "Иванова", reference=shown.reference).bundle_id == "bu_1"
    ((bundle, consent),) = pc.support.sent
    assert bundle is shown
    assert pc.support.made == [frozenset({"j1"})]
    assert (consent.person, consent.standing, consent.request) == ("Иванова", False, "rq_1")
    assert pc.requests.asks() == ()
    assert pc.said() == [(ASKED, None), (DONE, None)]


def test_nobody_agrees_to_what_was_not_looked_at(pc: Pc) -> None:
    pc.hears(BundleAsked)
    assert [ask.seen for ask in pc.requests.asks()] == [False]
    assert pc.refused(pc.requests.allow, "rq_1", "Иванова") == "look_first"
    own = pc.requests.own(pc.support.make(frozenset()))
    assert pc.refused(pc.requests.allow, own.request_id, "Иванова") == "look_first"
    pc.requests.preview("rq_1")
    assert [ask.seen for ask in pc.requests.asks()] == [True, False]
    assert pc.support.sent == []


def test_a_yes_to_another_bundle_is_no_yes(pc: Pc) -> None:
    pc.hears(BundleAsked)
    pc.requests.preview("rq_1")
    assert pc.refused(pc.requests.allow, "rq_1", "Иванова", reference="KB-9999-9999") == "another_bundle"
    assert pc.support.sent == []


def test_a_no_is_told(pc: Pc) -> None:
    pc.hears(BundleAsked)
    pc.requests.refuse("rq_1")
    assert pc.said() == [(ASKED, None), (REFUSED, "consent_refused")]
    assert pc.refused(pc.requests.allow, "rq_1", "Иванова") == "no_such_request"
    assert (pc.support.sent, pc.requests.asks()) == ([], ())


def test_silence_is_a_no(pc: Pc) -> None:
    pc.hears(BundleAsked, lives_s=300)
    pc.requests.answers()
    pc.hands.turn(299.0)
    pc.requests.tick()
    assert (pc.said(), len(pc.requests.asks())) == ([], 1)
    pc.hands.turn(1.0)
    assert pc.refused(pc.requests.allow, "rq_1", "Иванова") == "no_such_request"
    pc.requests.tick()
    assert (pc.said(), pc.requests.asks()) == ([(REFUSED, "no_consent")], ())
    pc.hears(BundleAsked, lives_s=0)
    assert pc.said() == [(REFUSED, "no_consent")]


def test_no_request_is_open_for_longer_than_a_quarter_of_an_hour(pc: Pc) -> None:
    pc.hears(BundleAsked, lives_s=80_000)
    (ask,) = pc.requests.asks()
    assert (ask.until - pc.hands.now()).total_seconds() == LIVES
    pc.hands.turn(LIVES)
    pc.requests.tick()
    assert pc.said()[-1] == (REFUSED, "no_consent")


def test_an_upload_that_fails_may_be_tried_again(pc: Pc) -> None:
    pc.hears(BundleAsked)
    shown = pc.requests.preview("rq_1")
    pc.support.trouble = trouble("server_unreachable")
    assert pc.refused(pc.requests.allow, "rq_1", "Иванова") == "server_unreachable"
    assert len(pc.requests.asks()) == 1
    pc.support.trouble = None
    pc.requests.allow("rq_1", "Иванова", reference=shown.reference)
    assert [bundle for bundle, _ in pc.support.sent] == [shown]


def test_one_that_the_server_has_closed_meanwhile_is_over(pc: Pc) -> None:
    pc.hears(BundleAsked)
    pc.requests.preview("rq_1")
    pc.support.trouble = trouble("request_over")
    assert pc.refused(pc.requests.allow, "rq_1", "Иванова") == "request_over"
    assert pc.requests.asks() == ()


def test_while_it_is_being_sent_nobody_says_otherwise(pc: Pc) -> None:
    pc.hears(BundleAsked)
    codes: list[str] = []
    real = pc.support.send

    def meanwhile(bundle: Bundle, consent: Any) -> Any:
        codes.append(pc.refused(pc.requests.refuse, "rq_1"))
        codes.append(pc.refused(pc.requests.allow, "rq_1", "Петрова"))
        pc.hands.turn(2000.0)
        pc.requests.tick()
        return real(bundle, consent)

    pc.requests.means = Support(pc.hands).means()
    object.__setattr__(pc.requests.means, "send", meanwhile)
    pc.requests.preview("rq_1")
    pc.requests.allow("rq_1", "Иванова")
    assert codes == ["being_sent", "being_sent"]
    assert pc.said()[-1] == (DONE, None)


# --- the owner's standing consent ------------------------------------------------------------------------------------


def test_where_the_owner_has_agreed_to_all_it_is_sent_and_marked_so() -> None:
    pc = Pc(always=True)
    pc.hears(BundleAsked)
    assert pc.requests.asks() == ()
    pc.support.work()
    ((_, consent),) = pc.support.sent
    assert (consent.standing, consent.person, consent.request) == (True, "config.toml", "rq_1")
    assert pc.said() == [(ASKED, None), (DONE, None)]


def test_then_a_failure_is_told_to_the_server() -> None:
    pc = Pc(always=True)
    pc.support.trouble = trouble("server_unreachable")
    pc.hears(BundleAsked)
    pc.support.work()
    assert pc.said() == [(ASKED, None), (REFUSED, "server_unreachable")]


# --- a bundle that was made here -------------------------------------------------------------------------------------


def test_a_bundle_of_ones_own_may_be_sent_and_no_server_waits_for_it(pc: Pc) -> None:
    made = pc.support.make(frozenset())
    ask = pc.requests.own(made)
    assert (pc.requests.asks(), ask.own) == ((ask,), True)
    assert pc.requests.preview(ask.request_id) is made
    pc.requests.allow(ask.request_id, "Иванова", reference=made.reference)
    ((bundle, consent),) = pc.support.sent
    assert (bundle, consent.request) == (made, None)
    pc.requests.own(pc.support.make(frozenset()))
    pc.hands.turn(LIVES)
    pc.requests.tick()
    assert (pc.said(), pc.requests.asks()) == ([], ())


# --- bounds ----------------------------------------------------------------------------------------------------------


def test_what_is_long_over_is_forgotten_and_not_too_much_is_remembered(pc: Pc) -> None:
    for number in range(MOST + 1):
        pc.hears(Doctor, f"rq_{number}")
    assert pc.said() == [(ASKED, None)] * MOST + [(REFUSED, "too_many_requests")]
    pc.support.work()
    pc.requests.answers()
    pc.hands.turn(900 + REMEMBERED)
    pc.requests.tick()
    pc.hears(Doctor, "rq_0")
    assert pc.said() == [(ASKED, None)]
