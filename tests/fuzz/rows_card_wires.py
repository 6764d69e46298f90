"""Card terminals by a wire: ZVT's messages, frames and procedures, INPAS's XML, their profiles."""

from __future__ import annotations

from typing import Any

from drivers.address import SetupError
from drivers.terminals.inpas import load_profile as load_inpas
from drivers.terminals.zvt import load_profile as load_zvt
from protocol.wire.buffer import BufferFull
from protocol.wire.inpas.slip import copies
from protocol.wire.inpas.xml import AnswerError, read_answer
from protocol.wire.zvt.answers import read_print, read_registered, read_state, read_status
from protocol.wire.zvt.apdu import PRINT_LINE, PRINT_TEXT_BLOCK, Apdu, next_apdu
from protocol.wire.zvt.commands import Password, authorisation, end_of_day
from protocol.wire.zvt.exchange import Exchange
from protocol.wire.zvt.fields import read_fields
from protocol.wire.zvt.redaction import redacted
from protocol.wire.zvt.serial import SerialLine, TcpLine, frame, next_piece
from protocol.wire.zvt.steps import Decision, Limits, Step
from protocol.wire.zvt.tlv import every_tag, read_tags
from tests.fuzz.parser import ROOT, Parser, file, pure, text
from tests.fuzz.rows_protocol import conversation, frames

_STATUS = bytes.fromhex(
    "27 00 04 00 00 00 00 01 23 49 09 78 0c 12 34 56 0d 11 21 0b 00 00 42 87 00 17 29 12 34 56 78 22 f0 f8 40 00 00 ee"
    "ee ee 12 34 3c f0 f0 f2 4f 4b 06 06 1f 07 01 01 41 00"
)
_TOTALS = b"\x27\x00\x60\xf0\xf5\xf3\x00\x01\x00\x03" + bytes(49)
_TAGS = bytes.fromhex("26 04 0a 02 06 d3 1f 73 03 00 00 01 25 06 07 01 41 07 01 42 1f 07 01 02")
_REGISTERED = bytes.fromhex("19 10 29 12 34 56 78 49 06 43 06 07 e4 05 1f 40 02 4d 4f")
_TALK = (
    Apdu(0x8000), Apdu(0x04FF, b"\x0a\x05"), Apdu(0x040F, _STATUS), Apdu(0x06D1, b"\x00OK"), Apdu(0x06D3, _TAGS),
    Apdu(0x060F), Apdu(0x061E, b"\x6c"),
)  # fmt: skip
_APPROVED = b"".join(each.to_bytes() for each in _TALK)
_DECLINED = Apdu(0x8000).to_bytes() + Apdu(0x040F, b"\x27\x05").to_bytes() + Apdu(0x061E, b"\x05").to_bytes()
_FRAMED = b"".join(b"\x06" + frame(each) for each in _TALK)
_ANSWER = """<?xml version="1.0" encoding="windows-1251"?><response><field id="00">15000</field><field id="10">****1234
</field><field id="19">ОДОБРЕНО</field><field id="21">20260301121530</field><field id="29">5</field><field id="30">1
</field><field id="39">1</field><field id="90">Я^^чек~Ъ^^копия</field></response>""".encode("cp1251")
_ERROR = b"<response><errorcode>13</errorcode><errordescription>x</errordescription></response>"


class _Keeper:
    """An exchange whose approvals are all kept."""

    def __init__(self, *, money: bool, serial: bool) -> None:
        command = authorisation(123) if money else end_of_day(Password("000000"))
        line = SerialLine(5.0) if serial else TcpLine()
        self._exchange = Exchange(command, line, Limits(5.0, 180.0), money=money)

    def start(self) -> Step:
        return self._exchange.start()

    def received(self, chunk: bytes) -> Step:
        return self._kept(self._exchange.received(chunk))

    def timed_out(self) -> Step:
        return self._kept(self._exchange.timed_out())

    def _kept(self, step: Step) -> Step:
        while step.asks is not None:
            step = self._exchange.decide(Decision.KEEP)
        return step


def _answer(data: bytes) -> tuple[Any, ...]:
    answer = read_answer(data)
    return answer.status, answer.at, answer.totals, repr(answer)


def _printed(data: bytes) -> tuple[Any, ...]:
    return read_print(Apdu(PRINT_LINE, data)), read_print(Apdu(PRINT_TEXT_BLOCK, data))


def _shown(data: bytes) -> list[bytes]:
    return [redacted(Apdu(command, data[:4096]), str) for command in (0x040F, 0x0600, 0x0630, 0x06D3, 0x841E)]


CARD_WIRES = (
    Parser("messages of ZVT", pure(frames(next_apdu)), (BufferFull,), (_APPROVED, b"\x06\xd3\xff\x05\x00hello"), (
        "protocol.wire.zvt.serial:TcpLine.feed",
    )),
    Parser("frames of ZVT", pure(frames(next_piece)), (BufferFull,), (_FRAMED, b"\x15\x10\x02\x10\x03"), (
        "protocol.wire.zvt.serial:SerialLine.feed",
    )),
    *(
        Parser(f"procedure of ZVT, {'money' if money else 'none'}, {'serial' if serial else 'TCP'}",
               pure(conversation(lambda money=money, serial=serial: _Keeper(money=money, serial=serial))),  # type: ignore[misc]
               (), (_FRAMED if serial else _APPROVED, _DECLINED), ("protocol.wire.zvt.exchange:Exchange.received",))
        for money in (True, False) for serial in (True, False)
    ),
    Parser("status information of ZVT", pure(read_status), (), (_STATUS, _TOTALS), (
        "protocol.wire.zvt.answers:read_status", "protocol.wire.zvt.fields:read_fields",
    )),
    Parser("fields of ZVT", pure(read_fields), (), (_STATUS, _TOTALS, _REGISTERED)),
    Parser("end of ZVT's registration", pure(read_registered), (), (_REGISTERED,), (
        "protocol.wire.zvt.answers:read_registered",
    )),
    Parser("end of ZVT's status enquiry", pure(read_state), (), (b"\xf0\xf0\xf3SIM\x00", b"\x9c"), (
        "protocol.wire.zvt.answers:read_state",
    )),
    Parser("paper of ZVT", pure(_printed), (), (b"\x00APPROVED", _TAGS, b"\x06\x18" + _TAGS)),
    Parser("containers of ZVT", pure(lambda data: (list(read_tags(data)), list(every_tag(data)))), (), (_TAGS,), (
        "protocol.wire.zvt.tlv:read_tags",
    )),
    Parser("ZVT as it is written down", pure(_shown), (), (_STATUS, _TAGS, _REGISTERED)),
    Parser("answer of INPAS", pure(_answer), (AnswerError,), (_ANSWER, _ERROR, b"<response/>"), (
        "protocol.wire.inpas.xml:read_answer",
    )),
    Parser("slips of INPAS", text(copies), (), ("Я^^чек~Ъ^^копия".encode(), b"plain")),
    Parser("profile of ZVT", file("own.toml", load_zvt), (SetupError,), (
        (ROOT / "drivers/profiles/zvt.toml").read_bytes(), b'[access]\npassword = "123456"\n',
    ), ("drivers.terminals.zvt.profile:load_profile",)),
    Parser("profile of INPAS", file("own.toml", load_inpas), (SetupError,), (
        (ROOT / "drivers/profiles/inpas.toml").read_bytes(), b"[operations]\nreversal = 56\n",
    ), ("drivers.terminals.inpas.profile:load_profile",)),
)  # fmt: skip
