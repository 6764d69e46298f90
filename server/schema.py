"""The machine-readable description of the API, with the payload of every kind of job in it."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict

from protocol.crm.jobs import JobKind
from protocol.crm.payloads import MODELS
from protocol.crm.sales import SALE_TYPES, SaleFields
from protocol.ffd.receipt import Receipt


class Sale(Receipt, SaleFields):
    """A receipt whose card payments are moved at the desk's terminal, and how."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


_REF = "#/components/schemas/{model}"


class Api(FastAPI):
    """A job's payload is judged by its kind, not by the framework; the description says what it may be."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = _described(super().openapi())
        return self.openapi_schema


def _described(schema: dict[str, Any]) -> dict[str, Any]:
    known: dict[str, Any] = schema["components"]["schemas"]
    kinds: dict[JobKind, type[BaseModel]] = {JobKind.RECEIPT: Receipt, **dict.fromkeys(SALE_TYPES, Sale), **MODELS}
    models = list(dict.fromkeys(kinds.values()))
    for model in models:
        whole = model.model_json_schema(ref_template=_REF)
        for name, part in {**whole.pop("$defs", {}), model.__name__: whole}.items():
            known.setdefault(name, part)
    payload = known["JobPost"]["properties"]["payload"]
    payload.pop("additionalProperties", None)
    payload.pop("type", None)
    payload["anyOf"] = [{"$ref": _REF.format(model=model.__name__)} for model in models]
    payload["description"] = "By `kind`. " + "; ".join(f"{kind}: {model.__name__}" for kind, model in kinds.items())
    return schema
