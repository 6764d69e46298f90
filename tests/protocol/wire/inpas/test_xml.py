"""INPAS's XML: a request as it goes out, an answer in whatever shape it comes."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.wire.inpas.fields import Answer
from protocol.wire.inpas.slip import copies
from protocol.wire.inpas.xml import MOST, AnswerError, read_answer, write_request

REQUEST = b"""<?xml version="1.0" encoding="windows-1251"?>
<request>
  <field id="00">15000</field>
  <field id="04">643</field>
  <field id="25">1</field>
  <field id="26">101</field>
  <field id="27">00311159</field>
  <timeout>180000</timeout>
</request>
"""
ANSWER = """<response>
  <field id="00">15000</field>
  <field id="04">643</field>
  <field id="10">************1234</field>
  <field id="13">123456</field>
  <field id="14">606012345678</field>
  <field id="15">00</field>
  <field id="19">ОДОБРЕНО</field>
  <field id="21">20260301121530</field>
  <field id="27">00311159</field>
  <field id="39">1</field>
  <field id="90">Я^^чек</field>
</response>"""


def test_a_request() -> None:
    assert write_request({27: "00311159", 0: "15000", 26: "101", 4: "643", 25: "1"}, 180) == REQUEST


def test_what_xml_needs_is_escaped() -> None:
    assert b'<field id="13">&lt;a&gt; &amp; \xdf</field>' in write_request({13: "<a> & Я"}, 1)


@pytest.mark.parametrize(
    "body",
    [
        b'<?xml version="1.0" encoding="windows-1251"?>' + ANSWER.encode("cp1251"),
        b"<?xml version='1.0' encoding='Windows-1251' ?>\r\n" + ANSWER.encode("cp1251"),
        b'<?xml version="1.0" encoding="UTF-8"?>' + ANSWER.encode(),
        b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?>' + ANSWER.encode(),
        ANSWER.encode(),  # nothing declared
        ANSWER.encode("cp1251"),
        b'<?xml version="1.0" encoding="UTF-8"?>' + ANSWER.encode("cp1251"),  # declared wrongly
        b'<?xml version="1.0" encoding="klingon"?>' + ANSWER.encode("cp1251"),
        b'<?xml version="1.0" encoding="cp866"?>' + ANSWER.encode("cp866"),
        ANSWER.replace('id="0', 'id="').encode(),  # numbers without a zero in front
        ANSWER.replace("<field", "\n\t<field")
        .replace("</response>", "<other><field id='39'>0</field></other></response>")
        .encode(),
    ],
)
def test_an_answer(body: bytes) -> None:
    answer = read_answer(body)
    assert (answer.status, answer.number(0), answer.text(19), answer.text(14)) == (1, 15000, "ОДОБРЕНО", "606012345678")
    assert answer.at == datetime(2026, 3, 1, 12, 15, 30)  # noqa: DTZ001
    assert answer.card == "************1234"
    assert copies(answer.values[90]) == ("чек",)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"OK",
        b"<response>",
        b"<request></request>",
        b"<html><response/></html>",
        b"<response><field id='39'>1</field>",
        b"<response><field id='39'>1</field><field id='39'>16</field></response>",
        b"<response><field id='39'>&nbsp;</field></response>",
        b"<!DOCTYPE response><response/>",
        b"<!DOCTYPE r SYSTEM 'file:///etc/passwd'><response/>",
        b"<!DOCTYPE r [<!ENTITY a 'b'><!ENTITY c '&a;&a;'>]><response><field id='39'>&c;</field></response>",
        b"<response>" + b"<a>" * 8 + b"</a>" * 8 + b"</response>",
        b" " * MOST + b"<response/>",
    ],
)
def test_no_answer(body: bytes) -> None:
    with pytest.raises(AnswerError):
        read_answer(body)


def test_an_answer_without_anything_says_nothing() -> None:
    answer = read_answer(b"<response/>")
    assert (answer.status, answer.card, answer.error, answer.at, answer.totals) == (None, "", None, None, None)


@pytest.mark.parametrize("status", ["", "x", "-1", "1.0", "١", "1e0", "0x1", "9" * 13])
def test_a_status_that_is_no_number_is_none(status: str) -> None:
    assert read_answer(f"<response><field id='39'>{status}</field></response>".encode()).status is None


def test_slips_are_full_of_control_characters() -> None:
    body = b"<response><field id='39'>1</field><field id='90'>\xdf^^A\x0c\x01B&#1;&#x1B;C&#13;&#10;D</field></response>"
    answer = read_answer(body)
    assert answer.status == 1
    assert copies(answer.values[90]) == ("A  B  C\r\nD",)


def test_an_error_of_the_service() -> None:
    body = "<response><errorcode>13</errorcode><errordescription>нет связи</errordescription></response>".encode(
        "cp1251"
    )
    answer = read_answer(body)
    assert (answer.error, answer.error_text, answer.status) == ("13", "нет связи", None)


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("4000001234567899", "************7899"),
        ("400000******7899", "************7899"),
        ("************1234", "************1234"),
        ("1234", ""),
        ("****", ""),
        ("4000001234567X99", ""),
    ],
)
def test_of_a_card_number_four_digits_are_kept(told: str, kept: str) -> None:
    answer = read_answer(f"<response><field id='10'>{told}</field><field id='12'>{told}=99</field></response>".encode())
    assert answer.card == kept
    assert told not in repr(answer) or told == kept
    assert dict(answer.values) == {}


@pytest.mark.parametrize(
    ("text", "slips"),
    [
        ("Я^^первая~Ъ^^вторая", ("вторая", "первая")),
        ("Ъ^0^вторая~Я^1^первая", ("вторая", "первая")),
        ("Я^^а\r\nб\r\n~Я^^в", ("а\r\nб\r\n\nв",)),
        ("\xdf^^first~\xda^^second", ("second", "first")),
        ("просто чек", ("просто чек",)),
        ("Я^^со ^ знаком", ("со ^ знаком",)),
        ("", ()),
        ("~~", ()),
        ("Я", ("Я",)),
    ],
)
def test_paper(text: str, slips: tuple[str, ...]) -> None:
    assert copies(text) == slips


def test_totals_take_off_what_was_given_back() -> None:
    assert Answer({29: "500", 30: "5", 31: "20", 32: "1"}).totals == (6, 480)
    assert Answer({29: "500", 30: "5"}).totals == (5, 500)
    assert Answer({29: "500", 30: "5", 49: "0"}).totals == (5, 500)
    assert Answer({29: "500", 30: "5", 49: "1"}).totals is None
    assert Answer({31: "500", 32: "5"}).totals is None


@given(st.dictionaries(st.sampled_from([0, 4, 13, 14, 19, 27, 39]), st.text("абв<>&\"'19 ", max_size=12)))
def test_what_is_written_can_be_read(values: dict[int, str]) -> None:
    body = write_request(values, 1).replace(b"request", b"response")
    assert dict(read_answer(body).values) == values


def readable(body: bytes) -> bool:
    try:
        read_answer(body)
    except AnswerError:
        return False
    return True


@given(st.binary(max_size=300))
def test_any_bytes_are_an_answer_or_none(data: bytes) -> None:
    readable(data)
    readable(b"<response>" + data + b"</response>")
    readable(b"<response><field id='90'>" + data + b"</field></response>")
