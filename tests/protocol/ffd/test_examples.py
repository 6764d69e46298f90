"""The receipts in ``examples/`` are right and come to the sums that a person would expect."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from protocol.ffd.money import format_kopecks
from protocol.ffd.planning import plan
from protocol.ffd.rules import accept_receipt

from .payloads import TODAY

FOLDER = Path(__file__).parents[3] / "examples" / "receipts"

# file: total, change, VAT
EXPECTED = {
    "01-service-order-cash": ("14327.50", "672.50", {"vat22": "2583.66"}),
    "02-two-rates-card": ("14490.00", "0.00", {"vat22": "270.49", "vat10": "1180.91"}),
    "03-usn-5-percent": ("6239.80", "260.20", {"vat5": "297.14"}),
    "04-patent-without-vat": ("1610.00", "390.00", {"none": "1610.00"}),
    "05-return-of-2025": ("6580.00", "0.00", {"vat20": "1096.66"}),
    "06-prepayment-for-part": ("4000.00", "0.00", {"vat122": "721.31"}),
    "07-handover-after-prepayment": ("17400.00", "0.00", {"vat22": "3137.71"}),
    "08-advance": ("5000.00", "0.00", {"vat122": "901.64"}),
    "09-settlement-of-the-advance": ("10250.00", "0.00", {"vat22": "1848.36"}),
    "10-by-weight": ("2467.86", "532.14", {"vat22": "445.02"}),
    "11-e-mail-only": ("2400.00", "0.00", {"vat22": "432.79"}),
    "12-split-cash-and-card": ("5190.00", "310.00", {"vat22": "935.90"}),
    "13-forty-lines": ("8507.60", "11492.40", {"vat22": "1534.15"}),
    "14-internet-sale": ("2880.00", "0.00", {"vat22": "519.35"}),
    "15-commission-goods": ("21000.00", "0.00", {"none": "21000.00"}),
    "16-company-buyer": ("18300.00", "0.00", {"vat22": "3300.00"}),
    "17-rounded-cash": ("1817.00", "183.00", {"vat22": "327.69"}),
    "18-goods-for-children": ("11500.00", "500.00", {"vat10": "1017.27", "none": "310.00"}),
}


def test_every_example_is_expected_here() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_example(name: str) -> None:
    job = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    assert set(job) == {"kind", "start_within_s", "order_ref", "payload"}
    assert job["kind"] == "receipt"
    receipt, warnings = accept_receipt(job["payload"], on=TODAY)
    assert warnings == []
    document = plan(receipt, imprint=None)
    vat = {rate.value: format_kopecks(amount) for rate, amount in document.vat.items()}
    assert (format_kopecks(document.total), format_kopecks(document.change), vat) == EXPECTED[name]
