"""The parsers of what both sides say: wire, tags, receipts, messages, bodies of the API."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from importlib import import_module
from io import BytesIO
from pkgutil import walk_packages
from random import Random
from typing import Any

from pydantic import BaseModel, ValidationError

import server
from agent.jobs.acceptance import broken_field
from drivers.errors import DeviceError
from drivers.fiscal.shtrih.archive import fiscal_document
from protocol.crm import envelope
from protocol.crm.jobs import JobKind
from protocol.crm.payloads import SUPPORTED
from protocol.ffd import fields, money, qr, tlv
from protocol.ffd.register_facts import RegisterFacts
from protocol.ffd.shape import parse_receipt
from protocol.ffd.violation import ReceiptInvalid
from protocol.wire.buffer import BufferFull, ReceiveBuffer
from protocol.wire.layout import LayoutError, unpack
from protocol.wire.shtrih.catalogue import COMMANDS, read_command
from protocol.wire.shtrih.codec import Frame, next_frame
from protocol.wire.shtrih.codec2 import Numbered, next_numbered
from protocol.wire.shtrih.commands import DeviceType, FoundDocumentReply, ShortStatus
from protocol.wire.shtrih.exchange import Exchange, Limits
from protocol.wire.shtrih.exchange2 import NumberedExchange
from protocol.wire.shtrih.greeting import Greeting
from server.problems import Problem
from server.services import payloads
from tests.fuzz.parser import RECEIPTS, Parser, mapping, pure, text, tree
from tests.support.crm import NOW, RECEIPT, SAMPLES

# --- the wire -----

_FRAMES = (
    Frame(b"\x10\x1e\x00\x00\x00").to_bytes(),
    b"\x06" + Frame(b"\x10\x00" + bytes(range(16))).to_bytes() + b"\x06",
    b"\x15", b"\x05\x06", Numbered(7, b"\xfc\x00" + b"model").to_bytes(), Numbered(8, b"\x10\x00" * 9).to_bytes() * 2,
)  # fmt: skip


def frames(next_: Callable[[ReceiveBuffer], Any]) -> Callable[[bytes], Any]:
    def read(data: bytes) -> list[Any]:
        buffer = ReceiveBuffer(70_000)
        buffer.feed(data)
        found = []
        while (frame := next_(buffer)) is not None:
            found.append(frame)
        assert len(found) <= len(data), "a frame of nothing"
        return found

    return read


def conversation(make: Callable[[], Any]) -> Callable[[bytes], Any]:
    """An exchange is told the bytes in pieces, and the silence after them, until it has its verdict."""

    def talk(data: bytes) -> Any:
        exchange = make()
        step = exchange.start()
        chance = Random(data)
        stream = BytesIO(data)
        for _ in range(3 * len(data) + 1000):
            if step.verdict is not None:
                return step.verdict
            chunk = stream.read(chance.choice((1, 1, 2, 5, 300)))
            step = exchange.received(chunk) if chunk else exchange.timed_out()
        raise AssertionError("it does not end")

    return talk


def _command_rows() -> Iterator[Parser]:
    replies = (b"", b"\x00", bytes(8), bytes(33), bytes(64), bytes(range(64)), b"\xff" * 48, b" 12.34" * 9)
    seen = set()
    for kind in COMMANDS:
        if kind in seen:
            continue
        seen.add(kind)
        blank = object.__new__(kind)
        yield Parser(f"reply of {kind.__name__}", pure(blank.read_reply), (LayoutError,), replies, examples=20)
        yield Parser(
            f"request {kind.__name__}", pure(kind.from_bytes), (LayoutError,),
            tuple(kind.code + reply for reply in replies), examples=20,
        )  # fmt: skip


def _archived(data: bytes) -> Any:
    """The first bytes are the drive's summary, the rest the tags of the document."""
    found = unpack(FoundDocumentReply, data[:40])
    return fiscal_document(found, data[40:] if data[39:40] != b"\x00" else None)


_TLV = tlv.encode_all([(1021, "Иванова"), (1037, "0001"), (1084, [(1085, "ID"), (1086, "A" * 13)]), (1020, 10000)])
_SUMMARY = bytes.fromhex("0301") + bytes((26, 7, 1, 12, 0)) + (12).to_bytes(4, "little") + bytes(29)

WIRE = (
    Parser("frames of protocol 1", pure(frames(next_frame)), (BufferFull,), _FRAMES, (
        "protocol.wire.shtrih.codec:next_frame", "protocol.wire.buffer:ReceiveBuffer.feed",
    )),
    Parser("frames of protocol 2", pure(frames(next_numbered)), (BufferFull,), _FRAMES, (
        "protocol.wire.shtrih.codec2:next_numbered",
    )),
    Parser("command in a frame", pure(read_command), (LayoutError,), (
        b"\x10\x1e\x00\x00\x00", b"\xff\x01" + bytes(9),
    ), (
        "protocol.wire.shtrih.catalogue:read_command", "protocol.wire.layout:unpack",
        "protocol.wire.shtrih.commands:Command.from_bytes", "protocol.wire.shtrih.commands:Command.read_reply",
    )),
    Parser("exchange of protocol 1", pure(conversation(lambda: Exchange(ShortStatus(30), 1.0))), (), _FRAMES, (
        "protocol.wire.shtrih.exchange:Exchange.received",
    )),
    Parser("exchange of protocol 2", pure(conversation(lambda: NumberedExchange(DeviceType(), 1.0, Limits(), 6))), (),
           _FRAMES, ("protocol.wire.shtrih.exchange2:NumberedExchange.received",)),
    Parser("greeting", pure(conversation(lambda: Greeting((1, 2), Limits()))), (), _FRAMES, (
        "protocol.wire.shtrih.greeting:Greeting.received",
    )),
    Parser("tags of a document", pure(tlv.decode_document), (tlv.TlvError,), (_TLV,), (
        "protocol.ffd.tlv:decode_document",
    )),
    Parser("records of tags", pure(lambda data: list(tlv.records(data))), (tlv.TlvError,), (_TLV,), (
        "protocol.ffd.tlv:records",
    )),
    Parser("document of the archive", pure(_archived), (LayoutError, DeviceError), (_SUMMARY + b"\x01" + _TLV,)),
    *_command_rows(),
)  # fmt: skip

# --- receipts, texts -----

FFD = (
    Parser("receipt", tree(parse_receipt), (ReceiptInvalid,), RECEIPTS, ("protocol.ffd.shape:parse_receipt",), True),
    Parser("day", text(fields.parse_day), (ValueError,), (b"01.02.2026",), ("protocol.ffd.fields:parse_day",)),
    Parser("moment", text(fields.parse_moment), (ValueError,), (b"2026-11-21T14:05", b"21.11.2026 14:05:00"), (
        "protocol.ffd.fields:parse_moment",
    )),
    Parser("money", text(money.parse_kopecks), (ValueError,), (b"4500.00", b"0.5"), (
        "protocol.ffd.money:parse_kopecks",
    )),
    Parser("quantity", text(money.parse_quantity), (ValueError,), (b"0.345", b"12"), (
        "protocol.ffd.money:parse_quantity",
    )),
    Parser("QR code", text(qr.parse_qr), (qr.QrError,), (
        b"t=20260701T1200&s=100.00&fn=9999078900012345&i=12&fp=1234567890&n=1",
    ), ("protocol.ffd.qr:parse_qr",)),
)  # fmt: skip

# --- the link and the API -----

_MESSAGES = tuple(envelope.Envelope("m-1", NOW, body).to_text().encode() for body in SAMPLES)
_PAYLOADS = (
    json.dumps(RECEIPT).encode(), b'{"amount": "100.00", "cashier": {"name": "A"}}', b'{"fd": 12}',
    b'{"lines": [{"text": "a", "bold": true}, {"barcode": {"kind": "EAN13", "data": "4600000000008"}}]}',
)  # fmt: skip


def _everywhere(read: Callable[[JobKind, dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    return lambda payload: [read(kind, payload) for kind in SUPPORTED]


def _judged(payload: dict[str, Any]) -> None:
    for kind in SUPPORTED:
        try:
            payloads.judge(kind, payload, register=RegisterFacts(), on=date(2026, 7, 1))
        except (Problem, ReceiptInvalid):
            continue


def _bodies() -> Iterator[Parser]:
    """Every model of the server's API."""
    found: dict[str, type[BaseModel]] = {}
    for module in walk_packages(server.__path__, "server."):
        if "migrations" in module.name or module.name.endswith("__main__"):
            continue
        for value in vars(import_module(module.name)).values():
            if isinstance(value, type) and issubclass(value, BaseModel) and value.__module__ == module.name:
                found[f"{value.__module__}.{value.__name__}"] = value
    job = {"job_id": "j1", "kind": "receipt", "kkm_id": "17", "payload": RECEIPT, "start_within_s": 60, "rev": 1}
    more = {"decision": "done", "person": "A", "reason": "b", "url": "https://a.example/", "events": ["job.done"]}
    samples = (json.dumps(job).encode(), json.dumps(more).encode(), b"{}")
    for name, model in sorted(found.items()):
        yield Parser(
            f"body {name}", pure(model.model_validate_json), (ValidationError,), samples, json=True, examples=15
        )


LINK = (
    Parser("message", pure(envelope.parse), (envelope.BadMessage,), _MESSAGES, ("protocol.crm.envelope:parse",), True,
           examples=300),
    Parser("message as text", text(envelope.parse), (envelope.BadMessage,), _MESSAGES),
    Parser("payload on the agent", mapping(_everywhere(broken_field)), (), _PAYLOADS, json=True),
    Parser("payload on the server", mapping(_judged), (), (*_PAYLOADS, *RECEIPTS), json=True),
    Parser("summary of a payload", mapping(_everywhere(payloads.summary)), (), _PAYLOADS, json=True),
    *_bodies(),
)  # fmt: skip
