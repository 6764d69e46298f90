"""The description of the API names what a payload may be, and refers to nothing that it lacks."""

from __future__ import annotations

import json
import re

from server.app import build_app
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
