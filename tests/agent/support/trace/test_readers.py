"""Frames are named and cut as the line has them, and hold no secret when they are written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import fields
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.support.trace.atol import AtolReader
from agent.support.trace.readers import Piece, Plain, Reader, Requisites, Side
from agent.support.trace.shtrih import ShtrihReader
from agent.support.trace.texts import HttpReader, TaskReader
from agent.support.trace.zvt import ZvtReader
from protocol.ffd.tlv import encode, records
from protocol.wire.atol.catalogue import COMMANDS as ATOL
from protocol.wire.atol.coding import Digits, Printed
from protocol.wire.atol.frame import Packet
from protocol.wire.layout import Raw, Text
from protocol.wire.shtrih.catalogue import COMMANDS as SHTRIH
from protocol.wire.shtrih.codec import Frame
from protocol.wire.shtrih.codec2 import Numbered, Sync
from protocol.wire.shtrih.commands import FullStatus, OpenShift, ReadTable, SendTags, WriteTable
from tests.agent.support.cards import BYTES, FORMS, card_number, is_left

MANY = 10_000
SECRET = 12345678
PASSWORD = SECRET.to_bytes(4, "little")
READERS: dict[str, Callable[[], Reader]] = {
    "shtrih": ShtrihReader, "atol-wire": AtolReader, "atol-lib": TaskReader, "atol-web": HttpReader, "zvt": ZvtReader,
    "other": Plain,
}  # fmt: skip


def heard(reader: Reader, side: Side, *chunks: bytes) -> list[Piece]:
    return [piece for chunk in chunks for piece in reader.feed(side, chunk)]


def all_of(reader: Reader, side: Side, data: bytes) -> list[Piece]:
    return [*reader.feed(side, data), *reader.rest(side)]


def written(pieces: list[Piece]) -> bytes:
    """Everything of them that stands in a trace."""
    return (
        b"".join(p.data for p in pieces) + json.dumps([[p.command, dict(p.fields), p.result] for p in pieces]).encode()
    )


# --- Shtrih-M --------------------------------------------------------------------------------------------------------


def test_a_command_of_a_shtrih_is_named_and_its_password_hidden() -> None:
    reader = ShtrihReader()
    frame = Frame(FullStatus(SECRET).to_bytes()).to_bytes()
    enq, command = heard(reader, "tx", b"\x05", frame)
    assert (enq.command, enq.data) == ("ENQ", b"\x05")
    assert (command.command, command.fields, command.masked) == ("FullStatus", {"password": "***"}, ("password",))
    assert command.data == Frame(FullStatus(0).to_bytes()).to_bytes(), "a whole frame, with its checksum"


def test_a_refusal_is_told_by_code() -> None:
    reader = ShtrihReader()
    heard(reader, "tx", Frame(OpenShift(SECRET).to_bytes()).to_bytes())
    (reply,) = heard(reader, "rx", Frame(OpenShift.code + b"\x4f").to_bytes())
    assert (reply.command, reply.result) == ("OpenShift", "4Fh wrong_password")


def test_the_numbered_level_is_read_as_well() -> None:
    reader = ShtrihReader()
    sync, command = heard(reader, "tx", Sync().to_bytes(), Numbered(7, FullStatus(SECRET).to_bytes()).to_bytes())
    assert sync.command == "sync"
    assert command.data == Numbered(7, FullStatus(0).to_bytes()).to_bytes()


def test_the_table_of_passwords_is_hidden_both_ways() -> None:
    reader = ShtrihReader()
    asked = Frame(ReadTable(SECRET, 2, 1, 1).to_bytes()).to_bytes()
    answer = Frame(ReadTable.code + b"\0" + PASSWORD).to_bytes()
    write = Frame(WriteTable(SECRET, 2, 1, 1, PASSWORD).to_bytes()).to_bytes()
    pieces = heard(reader, "tx", asked) + heard(reader, "rx", answer) + heard(reader, "tx", write)
    assert PASSWORD not in written(pieces)
    assert [piece.masked for piece in pieces] == [("password",)] * 3


def test_an_unknown_command_is_taken_to_begin_with_a_password() -> None:
    (piece,) = heard(ShtrihReader(), "tx", Frame(b"\xc0" + PASSWORD + b"\x01").to_bytes())
    assert piece.data == Frame(b"\xc0" + bytes(4) + b"\x01").to_bytes()
    assert piece.command == "command C0h"


def test_noise_damage_and_halves_are_kept() -> None:
    frame = Frame(FullStatus(0).to_bytes()).to_bytes()
    damaged = frame[:-1] + bytes((frame[-1] ^ 1,))
    pieces = all_of(ShtrihReader(), "rx", b"zz" + damaged + frame[:4])
    assert [(p.command, p.data) for p in pieces] == [("noise", b"zz"), ("damaged", damaged), ("unfinished", frame[:4])]


# --- people ----------------------------------------------------------------------------------------------------------

PEOPLE = (
    (1008, "ivanova@example.ru"),
    (1227, "Иванова Мария Петровна"),
    (1228, "500100732259"),
    (1254, "Москва, Мира, 1"),
    (1021, "Иванова М."),
    (1203, "773301001234"),
)


@pytest.mark.parametrize(("tag", "value"), PEOPLE)
def test_people_are_hidden_in_requisites(tag: int, value: str) -> None:
    tlv = encode(1187, "Клин") + encode(tag, value) + encode(1048, "ООО Ромашка")
    (piece,) = heard(ShtrihReader(), "tx", Frame(SendTags(SECRET, tlv).to_bytes()).to_bytes())
    assert value.encode("cp866") not in written([piece])
    left = {record.tag: record.value for record in records(bytes.fromhex(piece.fields["tlv"]))}
    assert left == {1187: "Клин".encode("cp866"), tag: b"*" * len(left[tag]), 1048: "ООО Ромашка".encode("cp866")}


@given(st.integers(1, 60))
def test_also_when_the_device_gives_them_in_blocks(cut: int) -> None:
    tlv = encode(1187, "К") + encode(1227, "ИВАНОВА МАРИЯ ПЕТРОВНА ИЗ КЛИНА") + encode(1048, "Клин")
    requisites = Requisites()
    whole = b"".join(requisites.hide(tlv[at : at + cut]) for at in range(0, len(tlv), cut))
    assert len(whole) == len(tlv)
    if cut >= 12:  # a block that ends inside the four bytes of a tag's head is the known limit
        head = len(encode(1187, "К")) + 4
        if not any(head - 4 < at < head for at in range(0, len(tlv), cut)):
            assert "МАРИЯ".encode("cp866") not in whole


def test_the_buyer_is_hidden_in_tasks() -> None:
    task = '{"type":"sell","clientInfo":{"emailOrPhone":"ivanova@example.ru","name":"Иванова Мария"},"total":1.00}'
    (piece,) = heard(TaskReader(), "tx", task.encode())
    assert len(piece.data) == len(task.encode())
    assert b"example" not in piece.data
    assert "Мария".encode() not in piece.data
    assert piece.command == "sell"


# --- any line --------------------------------------------------------------------------------------------------------

LINES = {
    "shtrih": b"\x05"
    + Frame(FullStatus(1).to_bytes()).to_bytes()
    + b"\x06zz"
    + Numbered(3, b"\x11\0\0\0\0").to_bytes(),
    "atol-wire": Packet(1, b"\xc1\x01\x00\x00\x00\xa5").to_bytes() + b"zz" + Packet(2, b"\xc2\x00").to_bytes(),
    "atol-web": b"POST /a HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}GET /b HTTP/1.1\r\nHost: x\r\n\r\n",
    "zvt": bytes.fromhex("067000 800000 04ff010a 060f00 040fff0300 2700ee"),
}


@pytest.mark.parametrize("name", LINES)
def test_byte_by_byte_gives_the_same_frames(name: str) -> None:
    whole = all_of(READERS[name](), "tx", LINES[name])
    reader = READERS[name]()
    slowly = [piece for at in range(len(LINES[name])) for piece in reader.feed("tx", LINES[name][at : at + 1])]
    slowly += reader.rest("tx")
    wanted = [piece for piece in whole if piece.command != "noise"]
    assert [piece for piece in slowly if piece.command != "noise"] == wanted
    assert b"".join(piece.data for piece in slowly) == b"".join(piece.data for piece in whole)


@pytest.mark.parametrize("name", READERS)
@given(data=st.lists(st.tuples(st.sampled_from(["tx", "rx"]), st.binary(max_size=80)), max_size=6))
def test_any_bytes_give_pieces_and_none_is_lost(name: str, data: list[tuple[Any, bytes]]) -> None:
    reader = READERS[name]()
    sides: tuple[Side, Side] = ("tx", "rx")
    out = {"tx": 0, "rx": 0}
    for side, chunk in data:
        out[side] += sum(len(piece.data) for piece in reader.feed(side, chunk))
    for side in sides:
        out[side] += sum(len(piece.data) for piece in reader.rest(side))
        assert out[side] == sum(len(chunk) for to, chunk in data if to == side)


# --- card data -------------------------------------------------------------------------------------------------------


def bodies(kind: type[Any], pan: bytes) -> Iterator[bytes]:
    """The fields of a message as zeros, with ``pan`` in one of those that hold text or bytes."""
    specs = [each.metadata["codec"] for each in fields(kind)]
    for chosen, codec in enumerate(specs):
        if not isinstance(codec, Text | Raw | Printed | Digits) or (codec.size is not None and codec.size < len(pan)):
            continue
        parts = [bytes(each.size or 0) for each in specs]
        parts[chosen] = pan.ljust(codec.size or 0, b"\0")
        yield b"".join(parts)


def seeded(reader: str, random: Random) -> Iterator[tuple[str, list[Piece]]]:
    """Card numbers in every field of every message of a family, in every form that the field takes."""
    for kind in SHTRIH if reader == "shtrih" else ATOL:
        for form in (*BYTES.values(), *BYTES.values(), *BYTES.values()):
            pan = card_number(random)
            secret = form(pan, random)
            for body in bodies(kind, secret):
                yield pan, request(reader, kind, body)
            for body in bodies(kind.reply, secret):
                yield pan, request(reader, kind, b"") + reply(reader, kind, body)


def request(reader: str, kind: type[Any], body: bytes) -> list[Piece]:
    if reader == "shtrih":
        payload = kind.code + body
        return all_of(ShtrihReader(), "tx", Frame(payload[:255]).to_bytes())
    return all_of(AtolReader(), "tx", Packet(1, b"\xc1\x01\x00\x00\x00" + kind.code + body).to_bytes())


def reply(reader: str, kind: type[Any], body: bytes) -> list[Piece]:
    if reader == "shtrih":
        return all_of(ShtrihReader(), "rx", Frame((kind.code + b"\0" + body)[:255]).to_bytes())
    one = AtolReader()
    one.feed("tx", Packet(1, b"\xc1\x01\x00\x00\x00" + kind.code).to_bytes())
    return all_of(one, "rx", Packet(1, b"\xa3\x55\x00" + body).to_bytes())


@pytest.mark.parametrize("reader", ["shtrih", "atol-wire"])
def test_no_card_number_survives_in_a_field_of_the_wire(reader: str) -> None:
    random, count = Random(reader), 0
    for pan, pieces in seeded(reader, random):
        assert not is_left(pan, written(pieces)), pieces
        count += 1
    assert count > 100


def test_no_card_number_survives_in_a_slip() -> None:
    """Ten thousand card numbers, as a slip's lines and requisites on every kind of line."""
    random = Random("slips")
    forms = list(FORMS.values())
    line = next(kind for kind in ATOL if kind.__name__ == "PrintLine")
    for number in range(MANY):
        pan = card_number(random)
        text = forms[number % len(forms)](pan, random)
        page = text.encode("cp866", "replace")[:128]
        if not is_left(pan, page):
            page = pan.encode()
        match number % 5:
            case 0:
                pieces = all_of(
                    ShtrihReader(), "tx", Frame(SendTags(1, b"\xbc\x04\xff\x00" + page).to_bytes()).to_bytes()
                )
            case 1:
                pieces = request("atol-wire", line, page)
            case 2:
                pieces = all_of(
                    TaskReader(), "tx", json.dumps({"type": "nonFiscal", "items": [{"text": text}]}).encode()
                )
            case 3:
                body = json.dumps({"text": text}, ensure_ascii=False).encode()
                head = f"POST /r HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n".encode()
                pieces = all_of(HttpReader(), "tx", head + body)
            case _:
                reader = Plain()
                cut = random.randrange(len(page) + 1)
                pieces = [*reader.feed("rx", page[:cut]), *all_of(reader, "rx", page[cut:])]
        assert not is_left(pan, written(pieces)), (number % 5, text)
