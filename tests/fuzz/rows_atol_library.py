"""ATOL's library: what its host says, what the maker's web server says, and the answers to its tasks."""

from __future__ import annotations

import json
from typing import Any

from drivers.address import SetupError
from drivers.errors import InDoubt
from drivers.fiscal.atol_json.runner import answer_of
from drivers.fiscal.atol_lib import load_profile
from drivers.fiscal.atol_web import load_profile as load_web_profile
from drivers.hosts.messages import Decoder, MessageError, Request, encode, read_reply
from protocol.wire.atol import web
from protocol.wire.atol.json_reading import AnswerError
from tests.fuzz.parser import Parser, file, mapping, pure, text

_REPLY = {"id": 7, "value": {"code": 0, "text": "{}"}}
_REFUSED = {"id": 8, "refused": {"code": "driver_missing", "detail": "no such file"}}
_REQUEST = {"id": 7, "command": "process_json", "arguments": {"text": "{}"}}
_PARAMS = {
    "fiscalParams": {
        "fiscalDocumentNumber": 42, "fiscalDocumentSign": "305419896", "fnNumber": "9999078900001234",
        "fiscalDocumentDateTime": "2026-11-21T10:30:00+00:00", "fiscalReceiptNumber": 9, "shiftNumber": 6, "total": 201,
    },
    "warnings": {"notPrinted": True},
}  # fmt: skip
_ANSWERS: tuple[dict[str, Any], ...] = (
    _PARAMS,
    {"fnStatus": {"fiscalDocumentNumber": 41, "fiscalReceiptNumber": 9, "warnings": {"ofdTimeout": False}}},
    {"shiftStatus": {"state": "opened", "number": 6, "expiredTime": "2026-11-22T10:30:00+00:00"}},
    {"counters": {"cashSum": 1234.56}},
    {"documentTLV": {"fiscalDocumentNumber": 2, "short": False}, "rawData": "AwAEAA=="},
)  # fmt: skip


def _fed(data: bytes) -> list[dict[str, Any]]:
    decoder = Decoder()
    return [message for start in range(0, len(data), 3) for message in decoder.feed(data[start : start + 3])]


def _samples(*values: Any) -> tuple[bytes, ...]:
    return tuple(json.dumps(value).encode() for value in values)


ATOL_LIBRARY = (
    Parser("messages of a vendor's host", pure(_fed), (MessageError,), (
        encode(_REPLY) + encode(_REFUSED), encode(_REQUEST), b"\xff\xff\xff\xff{}",
    ), ("drivers.hosts.messages:Decoder.feed",)),
    Parser("request to a vendor's host", mapping(Request.from_message), (MessageError,), _samples(_REQUEST), (
        "drivers.hosts.messages:Request.from_message",
    ), json=True),
    Parser("reply of a vendor's host", mapping(read_reply), (MessageError,), _samples(_REPLY, _REFUSED), (
        "drivers.hosts.messages:read_reply",
    ), json=True),
    Parser("profile of ATOL's library", file("own.toml", load_profile), (SetupError,), (
        b"[time]\nquery = 10.0\nclose = 60\n", b"[time]\nclose = 'long'\n", b"[other]\n",
    ), ("drivers.fiscal.atol_lib.profile:load_profile",)),
    Parser("profile of ATOL's web server", file("own.toml", load_web_profile), (SetupError,), (
        b'[access]\nuser = "u"\npassword = "p"\n[server]\napi = "2"\n', b"[wait]\nanswer = 0\n",
        b"[time]\nclose = 60\n",
    ), ("drivers.fiscal.atol_web.profile:load_profile",)),
    Parser("results of ATOL's web server", text(web.subtasks), (AnswerError,), _samples(
        {"results": [{"status": "ready", "error": {"code": 0, "description": "Ошибок нет"}, "result": _PARAMS}]},
        {"results": [{"status": "error", "errorCode": 68, "errorDescription": "x"}, {"status": "interrupted"}]},
    ), ("protocol.wire.atol.web:subtasks",), json=True),
    Parser("queue of ATOL's web server", text(web.queue), (AnswerError,), _samples(
        {"number": 1, "isBlocked": True, "blockReason": "fnError", "blockedUUID": "u"}, {"isBlocked": False},
    ), ("protocol.wire.atol.web:queue",), json=True),
    Parser("who ATOL's web server is", text(web.server_info), (AnswerError,), _samples(
        {"serverVersion": "1.0.4.0", "driverVersion": "10.10.8.0", "os": "x"},
    ), ("protocol.wire.atol.web:server_info",), json=True),
    Parser("refusal of ATOL's web server", text(web.error), (), _samples(
        {"error": {"code": 505, "description": "x"}}, {"error": "x"},
    ), ("protocol.wire.atol.web:error",), json=True),
    Parser("answer's text of ATOL's library", text(answer_of), (InDoubt,), _samples(*_ANSWERS), (
        "drivers.fiscal.atol_json.runner:answer_of",
    ), json=True),
)  # fmt: skip
