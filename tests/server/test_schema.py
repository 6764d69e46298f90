"""The description of the API names what a payload may be, and refers to nothing that it lacks."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Any

import pytest

from protocol.ffd.register_facts import RegisterFacts
from server.app import build_app
from server.services.jobs import EXAMPLES, JobPost
from server.services.payloads import judge
from server.settings import Settings


def test_every_reference_leads_somewhere_and_payloads_are_described() -> None:
    schema = build_app(Settings()).openapi()
    known = schema["components"]["schemas"]
    referred = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(schema)))
    assert referred <= set(known)
    payload = known["JobPost"]["properties"]["payload"]
    assert {"$ref": "#/components/schemas/Receipt"} in payload["anyOf"]
    for model in ("CashPayload", "Sale", "PaymentPayload", "RefundPayload", "VoidPayload"):
        assert {"$ref": f"#/components/schemas/{model}"} in payload["anyOf"]
    assert set(known["Sale"]["properties"]) == {*known["Receipt"]["properties"], "cards"}
    assert "vat22" in known["Vat"]["enum"]
    assert known["Item"]["properties"]["price"]["type"] == "string"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["kind"])
def test_every_example_is_a_good_job(example: dict[str, Any]) -> None:
    asked = JobPost.model_validate(example)
    assert judge(asked.kind, asked.payload, register=RegisterFacts(), on=date(2026, 7, 1)).warnings == ()


def test_the_examples_are_shown() -> None:
    shown = build_app(Settings()).openapi()["components"]["schemas"]["JobPost"]["examples"]
    assert shown == list(EXAMPLES)
