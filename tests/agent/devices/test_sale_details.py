"""A sale whose receipt tells of its cashless payments (tag 1234): by what the terminal has answered, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from drivers.conformance.terminals.bench import Desk
from protocol.crm.job_machine import Known
from tests.agent.devices.shop_bench import Shop, by_card, shop
from tests.conformance import inpas

(INPAS,) = inpas.BENCHES
SPLIT = by_card("1000.00", "250.00", cards=[{"method": 1}, {"method": 2}])


@pytest.fixture
def terminal() -> Desk:
    return INPAS.make(frozenset())


@pytest.fixture
def at(tmp_path: Path, terminal: Desk) -> Iterator[Shop]:
    with shop(tmp_path, terminal) as made:
        yield made


def knows(at: Shop, *, details: bool) -> None:
    """What the place's profile says of the register's firmware, from the next connection on."""
    at._profile = replace(at._profile, cashless_details=details)
    at.die()


def test_each_payment_stands_in_the_receipt_with_what_the_terminal_calls_it(at: Shop) -> None:
    knows(at, details=True)
    at.sells(SPLIT)
    assert at.goes().state is Known.DONE
    proofs = [step.proof for step in at.told().steps if step.proof is not None][:2]
    told = [detail["1235"] for detail in at.receipts()[0]["tags"]["1234"]]
    assert [(one["1082"], one["1236"]) for one in told] == [("1000.00", 1), ("250.00", 2)]
    for one, proof in zip(told, proofs, strict=True):
        assert one["1237"].split()[:2] == [f"RRN:{proof.rrn}", f"AUTH:{proof.auth_code}"]


def test_a_register_that_is_not_said_to_know_them_is_found_out_before_the_card_is_touched(at: Shop) -> None:
    knows(at, details=False)
    at.sells(SPLIT)
    row = at.goes(seconds=60)
    assert row.outcome["reason"]["code"] == "not_expressible"
    assert "1234" in row.outcome["reason"]["detail"]
    assert (at.taken(), at.receipts(), row.attempt) == ([], [], 0)


def test_without_a_method_nothing_is_told(at: Shop) -> None:
    knows(at, details=True)
    at.sells(by_card("1250.00"))
    assert at.goes().state is Known.DONE
    assert "1234" not in at.receipts()[0]["tags"]
