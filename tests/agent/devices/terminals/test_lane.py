"""Jobs with money at every terminal there is: what the bank has moved is what the jobs say."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.conformance.terminals.bench import Bench, Fate, Kind, NotOffered, Step
from protocol.crm.job_machine import Known
from protocol.crm.jobs import JobKind
from tests.agent.devices.terminals.bench import Counter, counter
from tests.conformance import arcus2, inpas, sber, zvt

BENCHES = {str(bench): bench for bench in (*zvt.BENCHES, *sber.BENCHES[:1], *arcus2.BENCHES[:1], *inpas.BENCHES)}
AMOUNT, SUM = "1250.00", 125_000


def sold(at: Counter, fate: Fate | None = None, *, step: Step = Step.PAYMENT) -> None:
    if fate is not None:
        at.desk.fate(step, fate, seconds=20.0)
    at.job(JobKind.PAYMENT, amount=AMOUNT)


def agrees(at: Counter, job_id: str = "j1") -> None:
    """One charge of this sum at most, by every payment job; the bank holds what is done, and what a person is asked
    about or nothing of that."""
    states = at.row(job_id).state
    charges = [charge for charge in at.desk.truth().charges if charge.stands and charge.kind is Kind.PAYMENT]
    assert len(charges) <= 1
    if states is Known.DONE:
        assert [charge.amount for charge in charges] == [SUM]
    elif states is not Known.HUMAN:
        assert charges == []


@pytest.mark.parametrize("name", BENCHES)
def test_a_payment_with_its_proof(name: str, tmp_path: Path) -> None:
    with counter(BENCHES[name].make(frozenset()), tmp_path) as at:
        sold(at)
        row = at.run()
        assert row.state is Known.DONE
        (charge,) = at.desk.truth().charges
        proof = row.outcome["proof"]
        assert (proof["total"], proof["auth_code"]) == (AMOUNT, charge.auth_code)
        assert proof["rrn"] in (charge.rrn, None)  # not every interface has it
        assert proof["source"] == "device"
        slips = at.journal.read(lambda tx: tx.facts("j1"))["result"]["slips"]
        assert slips
        assert not any(secret in line for slip in slips for line in slip for secret in at.desk.truth().secrets)


ENDS = {
    Fate.DECLINED: "payment_declined",
    Fate.CANCELLED: "payment_cancelled",
}


@pytest.mark.parametrize("fate", ENDS)
@pytest.mark.parametrize("name", BENCHES)
def test_a_no_is_the_end_and_is_not_tried_again(name: str, fate: Fate, tmp_path: Path) -> None:
    with counter(BENCHES[name].make(frozenset()), tmp_path) as at:
        sold(at, fate)
        row = at.run()
        assert (row.state, row.attempt) == (Known.NOT_DONE, 1)
        assert row.outcome["reason"]["code"] == ENDS[fate]
        assert at.desk.truth().charges == []


def fates(bench: Bench) -> list[Fate]:
    return [fate for fate in Fate if fate in bench.offers and fate is not Fate.NOTHING_LEFT]


ROWS = [(name, fate) for name, bench in BENCHES.items() for fate in fates(bench)]


@pytest.mark.parametrize(("name", "fate"), ROWS)
def test_whatever_happens_to_it_the_bank_and_the_job_agree(name: str, fate: Fate, tmp_path: Path) -> None:
    """And whenever the process dies."""
    bench, ways = BENCHES[name], 0
    for dies_at in (None, *range(1, 7)):
        folder = tmp_path / str(dies_at)
        folder.mkdir()
        with counter(bench.make(frozenset()), folder) as at:
            try:
                sold(at, fate)
            except NotOffered:
                pytest.skip(f"{name} cannot: {fate}")
            at.dies_at = at.commits + dies_at if dies_at is not None else None
            at.run()
            agrees(at)
            at.desk.sleep(600.0)  # whatever is still on its way arrives
            agrees(at)
            ways += 1
    assert ways == 7


def test_a_refund_and_a_void_bring_back_what_was_taken(tmp_path: Path) -> None:
    for kind in (JobKind.REFUND, JobKind.VOID):
        folder = tmp_path / kind
        folder.mkdir()
        with counter(BENCHES["zvt-tcp"].make(frozenset()), folder) as at:
            sold(at)
            proof = at.run().outcome["proof"]
            original = {"amount": AMOUNT} | {name: proof[name] or "" for name in ("rrn", "auth_code", "number")}
            at.job(kind, "back", amount=AMOUNT, original=original)
            row = at.run("back")
            assert row.state is Known.DONE, row.outcome
            assert at.desk.truth().net == 0
