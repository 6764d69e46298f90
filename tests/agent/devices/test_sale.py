"""A sale at real lanes: what the bank has moved, what the fiscal drive holds and what the server is told agree."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.conformance.terminals.bench import Fate, Step
from drivers.simulators.paper import MemoryPaper
from protocol.crm.codes import reason
from protocol.crm.job_machine import Known
from protocol.crm.jobs import JobKind, JobState
from protocol.crm.messages import Ended, StepTold
from tests.agent.devices.shop_bench import BACK, SALE, SPLIT, Shop, shop
from tests.conformance import zvt
from tests.protocol.ffd.payloads import item, payload
from tests.support.crm import AGENT, KID

ZVT = next(bench for bench in zvt.BENCHES if str(bench) == "zvt-tcp")


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Shop]:
    with shop(tmp_path, ZVT.make(frozenset())) as made:
        yield made


def test_money_then_the_receipt(at: Shop) -> None:
    at.sells()
    row = at.goes()
    assert row.state is Known.DONE
    assert (at.taken(), len(at.receipts())) == ([125_000], 1)
    assert row.outcome["proof"]["fd"] == at.receipts()[0]["fd"]
    assert at.steps() == ["payment1 done", "receipt1 done"]
    paid = at.told().steps[0]
    assert paid.proof is not None
    assert (paid.amount, paid.proof.total) == ("1250.00", "1250.00")
    assert paid.proof.auth_code
    assert at.states() == ["started", "started", "done"]


def test_a_sale_for_cash_is_its_receipt(at: Shop) -> None:
    at.sells(payload(item("100.00"), cash="100.00"))
    assert at.goes().state is Known.DONE
    assert (at.taken(), len(at.receipts()), at.steps()) == ([], 1, ["receipt1 done"])


def test_a_declined_card_ends_it(at: Shop) -> None:
    at.terminal.fate(Step.PAYMENT, Fate.DECLINED)
    at.sells()
    row = at.goes()
    assert (row.state, row.outcome["reason"]["code"]) == (Known.NOT_DONE, "payment_declined")
    assert (at.taken(), at.receipts()) == ([], [])


def test_of_two_cards_the_second_is_declined_and_the_first_gets_its_money_back(at: Shop) -> None:
    at.sells(SPLIT)
    while not at.taken():
        at.turn()
    at.terminal.fate(Step.PAYMENT, Fate.DECLINED)
    row = at.goes()
    assert (row.state, row.outcome["reason"]["code"]) == (Known.NOT_DONE, "payment_declined")
    assert (at.money(), at.receipts()) == (0, [])
    assert at.steps() == ["payment1 done", "payment2 not_done", "void1 done"]


def test_without_paper_the_card_is_not_touched(at: Shop) -> None:
    at.device.take_paper()
    at.sells()
    at.rests(30)
    assert (at.job().state, at.taken()) == (Known.ACCEPTED, [])


def test_without_a_terminal_the_register_is_not_touched(at: Shop) -> None:
    at.desk(terminal=None)
    at.sells()
    at.rests(10)
    assert at.job().state is Known.ACCEPTED
    assert ("j1", "desk_without_terminal") in at.progress


def test_money_back_then_the_return_receipt(at: Shop) -> None:
    at.sells()
    paid = at.goes().outcome
    assert paid
    original = at.told().steps[0].proof
    assert original is not None
    told = {"amount": "1250.00", "auth_code": original.auth_code, "number": original.number}
    at.sells({**BACK, "cards": [{"original": {k: v or "" for k, v in told.items()}}]}, "back", JobKind.SALE_REFUND)
    assert at.goes("back").state is Known.DONE
    assert (at.money(), len(at.receipts())) == (0, 2)
    assert at.steps("back") == ["refund1 done", "receipt1 done"]


def test_cancelled_before_it_began(at: Shop) -> None:
    at.device.take_paper()
    at.sells(SALE)
    at.rests()
    at.cancel()
    assert at.job().state is Known.CANCELLED
    at.device.load_paper()
    at.rests(20)
    assert (at.taken(), at.receipts()) == ([], [])


# --- the receipt has trouble, and the money is taken


@pytest.fixture
def owing(tmp_path: Path) -> Iterator[Shop]:
    """The register refuses the closing command of every attempt: proven not made, money taken."""
    with shop(tmp_path, ZVT.make(frozenset()), "refuse:command=FF45,error=33,times=3") as made:
        made.sells()
        row = made.goes()
        assert (row.state, made.told().owed, made.told().waits) == (Known.STARTED, True, "receipt_owed")
        assert (made.taken(), made.receipts()) == ([125_000], [])
        yield made


def test_new_paper_and_the_receipt_is_made_with_no_second_charge(tmp_path: Path) -> None:
    with shop(tmp_path, ZVT.make(frozenset()), "paper-out:line=1,load=100000") as at:
        at.sells()
        at.rests(40)
        assert at.taken() in ([], [125_000])
        at.device.load_paper()
        assert at.goes().state is Known.DONE
        assert (at.taken(), len(at.receipts())) == ([125_000], 1)


def sells_and_is_out_of_paper(at: Shop) -> None:
    """Just after the card was charged."""
    at.sells()
    while not at.taken():
        at.till.round()
        at._together()
        if not at.taken():
            at.lane.round()
            at._together()
    at.device.take_paper()


def test_a_receipt_that_waits_for_five_minutes_is_owed_and_made_all_the_same(at: Shop) -> None:
    sells_and_is_out_of_paper(at)
    at.rests(60)
    assert not at.told().owed
    at.rests(400)
    assert (at.job().state, at.told().owed) == (Known.STARTED, True)
    assert at.told().choices == ["give_back", "leave_owed"]  # it is being tried again as it is
    at.device.load_paper()
    while at.job().state is not Known.DONE:
        at.turn()
    assert (at.told().owed, at.taken(), len(at.receipts())) == (False, [125_000], 1)


def test_owed_nothing_happens_by_itself(owing: Shop) -> None:
    owing.rests(600)
    assert (owing.job().state, owing.taken(), owing.receipts()) == (Known.STARTED, [125_000], [])


def test_owed_and_tried_again(owing: Shop) -> None:
    assert owing.told().choices == ["go_on", "give_back", "leave_owed"]
    owing.resolve("go_on")
    assert owing.goes().state is Known.DONE
    assert (owing.told().waits, owing.told().choices) == (None, [])
    assert (owing.taken(), len(owing.receipts()), owing.told().owed) == ([125_000], 1, False)
    assert owing.steps() == ["payment1 done", "receipt1 not_done", "receipt2 done"]


def test_owed_and_given_back(owing: Shop) -> None:
    owing.resolve("give_back")
    row = owing.goes()
    assert (row.state, owing.money(), owing.receipts()) == (Known.NOT_DONE, 0, [])
    assert not owing.told().owed


def test_left_owed_it_stays_so_until_the_number_of_a_correction_receipt_is_told(owing: Shop) -> None:
    owing.resolve("leave_owed")
    told = owing.told()
    assert (told.state.value, told.owed, told.reason and told.reason.code) == ("human", True, "left_owed")
    assert told.evidence == {"case": "left_owed", "person": "Иванова", "why": "чек у покупателя"}
    owing.rests(600)
    assert (owing.told().rev, owing.taken(), owing.receipts()) == (told.rev, [125_000], [])
    for word in ("go_on", "give_back", "not_done", "done"):
        owing.resolve(word)
        assert (owing.told().state.value, owing.told().rev) == ("human", told.rev)
    owing.resolve("done", fd=4711)
    end = owing.told()
    assert end.proof is not None
    assert (end.state.value, end.owed, end.proof.source.value, end.proof.fd) == ("done", False, "person", 4711)
    assert (end.proof.person, end.proof.verified) == ("Иванова", False)
    assert (owing.taken(), owing.receipts()) == ([125_000], [])


def test_left_owed_while_it_waits_for_paper_no_receipt_comes_with_the_paper(at: Shop) -> None:
    sells_and_is_out_of_paper(at)
    at.rests(460)
    at.resolve("leave_owed")
    at.device.load_paper()
    at.rests(120)
    assert (at.job().state, at.told().owed, at.taken(), at.receipts()) == (Known.HUMAN, True, [125_000], [])


def test_left_owed_it_stays_so_over_a_restart(owing: Shop) -> None:
    owing.resolve("leave_owed")
    rev = owing.told().rev
    owing.die()
    owing.rests(120)
    assert (owing.job().state, owing.job().rev, owing.receipts()) == (Known.HUMAN, rev, [])


def test_a_choice_of_another_revision_is_not_followed(owing: Shop) -> None:
    before = owing.job()
    owing.say("resolve", owing.choice("give_back", rev=before.rev - 1))
    owing.rests()
    assert (owing.job().rev, owing.taken()) == (before.rev, [125_000])


# --- doubt


def test_a_lost_answer_is_looked_for_and_the_card_is_charged_once_at_most(at: Shop) -> None:
    at.sells(job_id="before")  # a fresh terminal has no last operation to compare with
    at.goes("before")
    at.terminal.fate(Step.PAYMENT, Fate.ANSWER_LOST)
    at.sells()
    row = at.goes(seconds=3600)
    assert row.state is Known.NOT_DONE  # the terminal has taken back what was not acknowledged
    assert (at.money(), len(at.receipts())) == (125_000, 1)
    assert at.states() == ["started", "resolving", "not_done"]


def test_a_payment_that_nobody_can_tell_of_is_a_persons_and_then_the_sale_goes_on(at: Shop) -> None:
    at.terminal.fate(Step.PAYMENT, Fate.ANSWER_LOST)
    at.sells()
    assert at.goes(seconds=3600).state is Known.HUMAN
    evidence = at.told().evidence
    assert evidence is not None
    assert evidence["step"] == "payment"
    at.resolve("not_done")
    at.rests(60)
    assert (at.job().state, at.money(), at.receipts()) == (Known.NOT_DONE, 0, [])


def test_an_end_that_the_server_knows_sets_free_the_terminal_of_an_older_copy(at: Shop) -> None:
    """It was asked on and on, and the server let nobody decide."""
    at.terminal.fate(Step.PAYMENT, Fate.ANSWER_LOST)
    at.sells()
    assert at.goes(seconds=3600).state is Known.HUMAN
    steps = [StepTold(step="payment", n=1, state=JobState.NOT_DONE, certainty="proven")]
    told = Ended(job_id="j1", agent_id=AGENT, rev=9, state=JobState.NOT_DONE, reason=reason("payment_declined"),
                 certainty="proven", steps=steps, kid=KID)  # fmt: skip
    at.book.heard([told])
    at.rests()
    assert (at.job().state, at.job().rev) == (Known.NOT_DONE, 9)
    at.sells(job_id="next")
    assert at.goes("next").state is Known.DONE


def test_a_receipt_in_doubt_is_resolved_and_the_money_not_given_back(tmp_path: Path) -> None:
    with shop(tmp_path, ZVT.make(frozenset()), "answer-lost:command=FF45") as at:
        said = []

        def give_back() -> None:
            at.at(0.0, give_back)
            if at.job().state is Known.RESOLVING:
                at.resolve("give_back")
                said.append(at.monotonic())

        at.at(0.0, give_back)
        at.sells()
        assert at.goes().state is Known.DONE
        assert said
        assert (at.taken(), len(at.receipts())) == ([125_000], 1)


# --- the process dies


@pytest.mark.parametrize("what", [SALE, SPLIT], ids=["one card", "two cards"])
def test_whenever_the_process_dies_money_and_receipt_agree(what: dict[str, object], tmp_path: Path) -> None:
    """After it a charge waits for a person's word; everything else goes on."""
    dies_at, ends = 0, set()
    while True:
        dies_at += 1
        folder = tmp_path / str(dies_at)
        folder.mkdir()
        with shop(folder, ZVT.make(frozenset())) as at:
            at.sells(what)
            at.dies_at = at.commits + dies_at
            row = at.goes()
            if row.sale and row.sale["waits"] == "continue_wanted":
                assert sum(at.taken()) < 125_000
                at.resolve("go_on")
                row = at.goes()
            agrees(at)
            ends.add(row.state)
            if at.dies_at is not None:  # it lives longer than the sale
                break
    assert dies_at > 10
    assert ends >= {Known.DONE}


def agrees(at: Shop) -> None:
    """What the job says, the bank's book and the fiscal drive."""
    row, told = at.job(), at.told()
    assert len(at.receipts()) <= 1
    if row.state is Known.DONE:
        assert (sum(at.taken()), len(at.receipts())) == (125_000, 1)
    elif row.state is Known.NOT_DONE and not told.owed:
        assert (at.money(), at.receipts()) == (0, [])
    else:
        assert told.owed or row.state is Known.HUMAN, row


# --- slips


def test_the_terminals_slip_is_printed_as_text_afterwards(at: Shop) -> None:
    at.sells()
    at.goes()
    at.rests()
    slip = at.job("j1/slip1")
    assert (slip.kind, slip.state) == ("print_text", Known.DONE)
    paper = at.device.register.printer._paper
    assert isinstance(paper, MemoryPaper)
    assert "1250.00" in paper.slips[-1].text()


def test_trouble_with_a_slip_changes_nothing_of_the_sale(tmp_path: Path) -> None:
    with shop(tmp_path, ZVT.make(frozenset()), "answer-lost:command=2F") as at:
        at.sells()
        row = at.goes()
        at.rests(60)
        assert at.job("j1/slip1").state is Known.NOT_DONE
        assert (at.job().state, at.job().rev) == (Known.DONE, row.rev)
