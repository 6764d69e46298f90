"""What a sale does next, for every way its parts can end and every choice of a person."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.procedures.sale import (
    CONTINUE,
    MAYBE_CHARGED,
    MAYBE_RETURNED,
    NOT_RETURNED,
    OWED,
    Begin,
    Done,
    Left,
    Look,
    NotDone,
    Part,
    Sale,
    Step,
    Under,
    Undo,
    Waits,
    charged,
    follow,
)
from protocol.crm.codes import reason
from protocol.crm.job_machine import Known
from protocol.crm.outcomes import SaleChoice

DECLINED, NO_PAPER, GIVEN_BACK = reason("payment_declined"), reason("no_paper"), reason("sale_given_back")
WHY = {Step.PAYMENT: DECLINED, Step.REFUND: DECLINED, Step.VOID: DECLINED, Step.RECEIPT: NO_PAPER}
LETTERS = {"p": Step.PAYMENT, "f": Step.REFUND, "v": Step.VOID, "r": Step.RECEIPT, "s": Step.SLIP}
MARKS = {"+": Known.DONE, "-": Known.NOT_DONE, "?": Known.RESOLVING, "!": Known.HUMAN, ".": Known.ACCEPTED,
         "*": Known.STARTED}  # fmt: skip


def part(word: str) -> Part:
    """``p0+``: the payment of charge 0 is done."""
    step, state = LETTERS[word[0]], MARKS[word[-1]]
    charge = int(word[1:-1]) if word[1:-1] else None
    return Part(step, state, charge, WHY.get(step) if state is Known.NOT_DONE else None)


def parts(words: str) -> list[Part]:
    return [part(word) for word in words.split()]


ONE, TWO, CASH = Sale(1), Sale(2), Sale(0)
BACK = Sale(2, Step.REFUND)
LEFT = Left()

# sale, its parts, what comes next
ROWS = [
    # money, then the receipt
    (ONE, "", Begin(Step.PAYMENT, 0)),
    (ONE, "p0.", Under(part("p0."))),
    (ONE, "p0+", Begin(Step.RECEIPT)),
    (ONE, "p0+ r?", Under(part("r?"))),
    (ONE, "p0+ r+", Done()),
    (ONE, "p0+ r+ s.", Done()),
    (TWO, "p0+", Begin(Step.PAYMENT, 1)),
    (TWO, "p0+ p1+", Begin(Step.RECEIPT)),
    (CASH, "", Begin(Step.RECEIPT)),
    (CASH, "r+", Done()),
    (CASH, "r-", NotDone(NO_PAPER)),
    # a charge is declined
    (ONE, "p0-", NotDone(DECLINED)),
    (TWO, "p0+ p1-", Undo(DECLINED)),
    (replace(TWO, undoing=DECLINED), "p0+ p1-", Begin(Step.VOID, 0)),
    (replace(TWO, undoing=DECLINED), "p0+ p1- v0?", Under(part("v0?"))),
    (replace(TWO, undoing=DECLINED), "p0+ p1- v0+", NotDone(DECLINED)),
    (replace(TWO, undoing=DECLINED), "p0+ p1- v0-", Begin(Step.REFUND, 0)),
    (replace(TWO, undoing=DECLINED), "p0+ p1- v0- f0+", NotDone(DECLINED)),
    (replace(TWO, undoing=DECLINED), "p0+ p1- v0- f0-", Waits(NOT_RETURNED, owed=True)),
    (replace(TWO, undoing=DECLINED, choice=SaleChoice.GO_ON), "p0+ p1- v0- f0-", Begin(Step.VOID, 0)),
    (replace(TWO, undoing=DECLINED, choice=SaleChoice.LEAVE_OWED), "p0+ p1- v0- f0-", LEFT),
    (replace(TWO, undoing=NO_PAPER), "p0+ p1+ r- v0+", Begin(Step.VOID, 1)),
    # the receipt cannot be made
    (ONE, "p0+ r-", Waits(OWED, owed=True)),
    (replace(ONE, choice=SaleChoice.GO_ON), "p0+ r-", Begin(Step.RECEIPT)),
    (replace(ONE, choice=SaleChoice.GIVE_BACK), "p0+ r-", Undo(NO_PAPER)),
    (replace(ONE, choice=SaleChoice.LEAVE_OWED), "p0+ r-", LEFT),
    (replace(ONE, choice=SaleChoice.GIVE_BACK), "p0+ r.", Undo(GIVEN_BACK)),
    (replace(ONE, choice=SaleChoice.LEAVE_OWED), "p0+ r.", LEFT),
    # left owed, nothing more is made
    (replace(ONE, left=True), "p0+", LEFT),
    (replace(ONE, left=True), "p0+ r-", LEFT),
    (replace(TWO, left=True, undoing=DECLINED), "p0+ p1-", LEFT),
    *[(replace(ONE, left=True, choice=c), "p0+ r-", LEFT) for c in SaleChoice],
    # while it is in doubt, nothing
    *[(replace(ONE, choice=c), f"p0+ r{mark}", Under(part(f"r{mark}"))) for mark in "*?!" for c in SaleChoice],
    *[(replace(ONE, choice=c), f"p0{mark}", Under(part(f"p0{mark}"))) for mark in "*?!" for c in SaleChoice],
    # after a restart
    (replace(ONE, halted=True), "", Waits(CONTINUE, owed=False)),
    (replace(TWO, halted=True), "p0+", Waits(CONTINUE, owed=False)),
    (replace(TWO, halted=True, choice=SaleChoice.GO_ON), "p0+", Begin(Step.PAYMENT, 1)),
    (replace(TWO, halted=True, choice=SaleChoice.GIVE_BACK), "p0+", Undo(GIVEN_BACK)),
    (replace(TWO, halted=True, choice=SaleChoice.LEAVE_OWED), "p0+", LEFT),
    (replace(ONE, halted=True, choice=SaleChoice.GIVE_BACK), "", NotDone(GIVEN_BACK)),
    (replace(ONE, halted=True), "p0+", Begin(Step.RECEIPT)),
    (replace(TWO, halted=True, undoing=DECLINED), "p0+ p1-", Begin(Step.VOID, 0)),
    # the journal may be an older copy
    (replace(ONE, copied=True), "", Waits(MAYBE_CHARGED, owed=False)),
    (replace(TWO, copied=True, halted=True), "p0+", Waits(MAYBE_CHARGED, owed=False)),
    (replace(TWO, copied=True, undoing=DECLINED), "p0+ p1-", Waits(MAYBE_RETURNED, owed=True)),
    (replace(TWO, copied=True, undoing=DECLINED), "p0+ p1- v0- f0-", Waits(NOT_RETURNED, owed=True)),
    (replace(TWO, copied=True, undoing=DECLINED, choice=SaleChoice.GO_ON), "p0+ p1-", Begin(Step.VOID, 0)),
    (replace(TWO, copied=True, undoing=DECLINED, choice=SaleChoice.GO_ON), "p0+ p1- v0-", Begin(Step.REFUND, 0)),
    (replace(ONE, copied=True, choice=SaleChoice.LEAVE_OWED), "", LEFT),  # the terminal's list has the charge
    (replace(BACK, copied=True), "f0+", Waits(MAYBE_RETURNED, owed=False)),
    (replace(ONE, copied=True), "p0+", Begin(Step.RECEIPT)),  # its imprint is looked for first
    (replace(TWO, copied=True), "p0+ p1-", Look()),  # no money goes back before the archive was read
    (replace(TWO, copied=True, choice=SaleChoice.GIVE_BACK), "p0+", Look()),
    (replace(ONE, copied=True, choice=SaleChoice.GIVE_BACK), "p0+ r-", Look()),
    (replace(ONE, copied=True, looked=True, choice=SaleChoice.GIVE_BACK), "p0+ r-", Undo(NO_PAPER)),
    (replace(TWO, copied=True, looked=True), "p0+ p1-", Undo(DECLINED)),
    (replace(TWO, copied=True, choice=SaleChoice.GO_ON), "p0+ r+", Done()),  # charged and made by its successor
    # money back, then the return receipt
    (BACK, "", Begin(Step.REFUND, 0)),
    (BACK, "f0+ f1+", Begin(Step.RECEIPT)),
    (BACK, "f0-", NotDone(DECLINED)),
    (BACK, "f0+ f1-", Waits(OWED, owed=True)),
    (replace(BACK, choice=SaleChoice.GO_ON), "f0+ f1-", Begin(Step.REFUND, 1)),
    (replace(BACK, choice=SaleChoice.LEAVE_OWED), "f0+ f1-", LEFT),
    (replace(BACK, choice=SaleChoice.GIVE_BACK), "f0+ f1-", Waits(OWED, owed=True)),
    (replace(BACK, choice=SaleChoice.GIVE_BACK), "f0+ f1+ r-", Waits(OWED, owed=True)),
]  # fmt: skip


@pytest.mark.parametrize(("sale", "words", "expected"), ROWS)
def test_what_comes_next(sale: Sale, words: str, expected: object) -> None:
    assert follow(sale, parts(words)) == expected


ENDS = st.sampled_from((Known.DONE, Known.NOT_DONE))


@given(st.data(), st.integers(0, 3), st.sampled_from((Step.PAYMENT, Step.REFUND)))
def test_however_its_parts_end_it_ends_and_money_and_receipt_agree(
    data: st.DataObject, charges: int, moves: Step
) -> None:
    """Parts end as they like, a person chooses at random, the process is restarted now and then."""
    sale, done = Sale(charges, moves), list[Part]()
    for turn in range(200):
        if turn and data.draw(st.integers(0, 9)) == 0:
            sale = replace(sale, halted=True, copied=sale.copied or data.draw(st.booleans()))
        next_ = follow(sale, done)
        match next_:
            case Begin(step, charge):
                _may_begin(sale, done, step, charge)
                sale = replace(sale, choice=None, halted=sale.halted and step is not moves)
                state = data.draw(ENDS)
                done.append(Part(step, state, charge, WHY[step] if state is Known.NOT_DONE else None))
            case Look():
                assert sale.copied
                sale = replace(sale, looked=True)
            case Undo(why):
                assert sale.looked or not sale.copied
                assert not any(p.step is Step.RECEIPT and p.done for p in done)
                sale = replace(sale, undoing=why, choice=None)
            case Waits(_, owed):
                assert not owed or charged(done, sale)
                assert sale.choice is None or not sale.undoes or sale.undoing is not None or sale.halted
                choices = [c for c in SaleChoice if not isinstance(follow(replace(sale, choice=c), done), Waits)]
                assert choices, "somebody can always choose something"
                sale = replace(sale, choice=data.draw(st.sampled_from(choices)))
            case Done():
                assert sum(p.step is Step.RECEIPT and p.done for p in done) == 1
                assert charged(done, sale) == list(range(charges))
                return
            case NotDone(_):
                assert not any(p.step is Step.RECEIPT and p.done for p in done)
                assert not charged(done, sale)
                return
            case Left():
                assert not any(p.step is Step.RECEIPT and p.done for p in done)
                assert charged(done, sale) or sale.copied
                return
    raise AssertionError("it never ends")


def _may_begin(sale: Sale, done: list[Part], step: Step, charge: int | None) -> None:
    assert not any(p.step is Step.RECEIPT and p.done for p in done), "nothing after the receipt"
    if sale.undoing is not None:
        assert step is Step.VOID or (step is Step.REFUND and sale.undoes), "only undoing"
    if step is sale.moves and sale.undoing is None:
        assert charge not in charged(done, sale), "no charge twice"
        assert not (sale.halted or sale.copied) or sale.choice is SaleChoice.GO_ON
    if step in (Step.VOID, Step.REFUND):
        assert not sale.copied or sale.choice is SaleChoice.GO_ON
    if step is Step.VOID:
        assert charge in charged(done, sale), "no undoing of what was not charged, or is undone"
    if step is Step.RECEIPT:
        assert charged(done, sale) == list(range(sale.charges)), "no receipt without the money"
