"""Paper: everything that the law wants on it, within the width, from the archive's tags alone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.ffd.layout import layout
from protocol.ffd.qr import parse_qr
from protocol.ffd.sheet import PairLine, QrLine, TextLine, as_text

RECEIPT: dict[str, Any] = {
    "1209": 4,
    "1048": 'ООО "Мастерская"',
    "1018": "7707083893",
    "1009": "127006, г. Москва, ул. Долгоруковская, д. 5",
    "1187": "Мастерская у метро",
    "1012": "2026-11-21T14:05:00",
    "1038": 3,
    "1042": 17,
    "1054": 1,
    "1055": 1,
    "1021": "Кассир Иванова М.А.",
    "1037": "0000000001062448",
    "1008": "+79001234567",
    "1117": "noreply@example.ru",
    "1060": "www.nalog.gov.ru",
    "1059": [
        {
            "1030": "Замена дисплея смартфона с сохранением заводской влагозащиты",
            "1079": "4500.00",
            "1023": "1",
            "2108": 0,
            "1199": 11,
            "1200": "811.48",
            "1043": "4500.00",
            "1212": 4,
            "1214": 4,
        },
        {"1030": "Книга", "1079": "110.00", "1023": "2", "2108": 0, "1199": 2, "1200": "20.00", "1043": "220.00"},
    ],
    "1020": "4720.00",
    "1031": "720.00",
    "1081": "4000.00",
    "1103": "20.00",
    "1104": "0.00",
    "1115": [{"1119": {"1199": 11, "1120": "811.48"}}],
    "1084": {"1085": "ID", "1086": "K7Q2ABCD"},
    "1040": 112,
    "1041": "9999078900001234",
    "1077": "3304159072",
}


def test_each_cashless_payment_stands_below_their_sum() -> None:
    details = [
        {"1235": {"1082": "3000.00", "1236": 1, "1237": "RRN:606012345678"}},
        {"1235": {"1082": "1000.00", "1236": 7, "1237": "SBP:A1", "1238": "кредит"}},
    ]
    lines = as_text(layout("receipt", RECEIPT | {"1234": details}), 48).splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("БЕЗНАЛИЧНЫМИ"))
    assert [" ".join(line.split()) for line in lines[at : at + 8]] == [
        "БЕЗНАЛИЧНЫМИ =4000.00",
        "ОПЛАТА БЕЗНАЛИЧНЫМИ =3000.00",
        "СПОСОБ ОПЛАТЫ 1",
        "ИДЕНТИФИКАТОРЫ RRN:606012345678",
        "ОПЛАТА БЕЗНАЛИЧНЫМИ =1000.00",
        "СПОСОБ ОПЛАТЫ 7",
        "ИДЕНТИФИКАТОРЫ SBP:A1",
        "ДОП. СВЕДЕНИЯ кредит",
    ]


def test_a_receipt_as_it_is_printed() -> None:
    assert as_text(layout("receipt", RECEIPT, change=28000), 48) == (
        '                ООО "Мастерская"\n'
        "                 ИНН 7707083893\n"
        "  127006, г. Москва, ул. Долгоруковская, д. 5\n"
        "               Мастерская у метро\n"
        "                  КАССОВЫЙ ЧЕК\n"
        "                     ПРИХОД\n"
        "------------------------------------------------\n"
        "ДАТА, ВРЕМЯ                     21.11.2026 14:05\n"
        "СМЕНА                                          3\n"
        "ЧЕК ЗА СМЕНУ                                  17\n"
        "КАССИР                       Кассир Иванова М.А.\n"
        "------------------------------------------------\n"
        "1. Замена дисплея смартфона с сохранением\n"
        "заводской влагозащиты\n"
        "  1 шт. x 4500.00                       =4500.00\n"
        "  НДС 22%                                 811.48\n"
        "  УСЛУГА, ПОЛНЫЙ РАСЧЕТ\n"
        "2. Книга\n"
        "  2 шт. x 110.00                         =220.00\n"
        "  НДС 10%                                  20.00\n"
        "------------------------------------------------\n"
        "ИТОГ                                    =4720.00\n"
        "НАЛИЧНЫМИ                                =720.00\n"
        "БЕЗНАЛИЧНЫМИ                            =4000.00\n"
        "ПОЛУЧЕНО НАЛИЧНЫМИ                      =1000.00\n"
        "СДАЧА                                    =280.00\n"
        "СУММА НДС 10%                             =20.00\n"
        "СУММА НДС 22%                            =811.48\n"
        "------------------------------------------------\n"
        "СНО                                          ОСН\n"
        "ЭЛ. АДР. ПОКУПАТЕЛЯ                 +79001234567\n"
        "ЭЛ. АДР. ОТПРАВИТЕЛЯ          noreply@example.ru\n"
        "САЙТ ФНС                        www.nalog.gov.ru\n"
        "РН ККТ                          0000000001062448\n"
        "ФН                              9999078900001234\n"
        "ФД                                           112\n"
        "ФП                                    3304159072\n"
        "ФФД                                          1.2\n"
        "ID                                      K7Q2ABCD\n"
        "[QR t=20261121T1405&s=4720.00&fn=9999078900001234&i=112&fp=3304159072&n=1]\n"
    )


def test_the_qr_code_says_what_the_tags_say() -> None:
    (qr,) = [line for line in layout("receipt", RECEIPT) if isinstance(line, QrLine)]
    read = parse_qr(qr.text)
    assert (read.total, read.fd, read.fpd, read.fn) == (472000, 112, "3304159072", "9999078900001234")


def test_a_return_without_vat_names_itself_and_its_turnover() -> None:
    tags = RECEIPT | {"1054": 2, "1105": "4720.00"}
    del tags["1103"], tags["1115"]
    paper = as_text(layout("receipt", tags), 48)
    assert "ВОЗВРАТ ПРИХОДА" in paper
    assert "СУММА РАСЧЕТА БЕЗ НДС                   =4720.00" in paper
    assert "СДАЧА" not in paper
    assert "НДС 0%" not in paper


@pytest.mark.parametrize("width", [24, 32, 42, 48, 57, 64])
def test_nothing_is_wider_than_the_paper(width: int) -> None:
    tags = RECEIPT | {"1187": "https://example.ru/" + "x" * 90, "1021": "Ж" * 64}
    for line in layout("receipt", tags, width=width, change=0):
        match line:
            case TextLine(text):
                assert len(text) <= width // (2 if line.large else 1)
            case PairLine(left, right):
                assert len(left) + 1 + len(right) <= width // (2 if line.large else 1)


def test_too_narrow_paper_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="24"):
        layout("receipt", RECEIPT, width=23)


SHIFT = {
    key: RECEIPT[key]
    for key in ("1048", "1018", "1009", "1187", "1012", "1038", "1021", "1037", "1040", "1041", "1077")
}


def test_opening_a_shift() -> None:
    paper = as_text(layout("open_shift", SHIFT | {"1188": "1.0", "1189": 4, "1053": 1}), 48)
    for words in (
        "ОТЧЕТ ОБ ОТКРЫТИИ СМЕНЫ",
        "ВЕРСИЯ ФФД ККТ",
        "1.2",
        "ПРЕВЫШЕНО ВРЕМЯ ОЖИДАНИЯ ОТВЕТА ОФД",
        "3304159072",
    ):
        assert words in paper
    assert "[QR" not in paper


def test_closing_a_shift_with_its_counters() -> None:
    counters = {"1134": 2, "1129": {"1135": 2, "1201": "4720.00", "1136": "720.00", "1138": "4000.00"}}
    tags = SHIFT | {"1118": 2, "1111": 4, "1097": 1, "1098": "2026-11-21T00:00:00", "1194": counters}
    paper = as_text(layout("close_shift", tags), 48)
    for words in ("ЧЕКОВ ЗА СМЕНУ", "ДОКУМЕНТОВ ЗА СМЕНУ", "ПЕРВЫЙ НЕ ПЕРЕДАН", "СЧЕТЧИКИ ИТОГОВ СМЕНЫ", "4720.00"):
        assert words in paper


def test_registration() -> None:
    tags = SHIFT | {"1062": 3, "1013": "0000000001", "1001": 0, "1002": 0, "1290": 1 << 8, "1189": 4, "1190": 4}
    paper = as_text(layout("registration", tags), 48)
    for words in ("ОТЧЕТ О РЕГИСТРАЦИИ", "ОСН, УСН доход", "МАРКИРОВАННЫЕ ТОВАРЫ", "ЗАВОДСКОЙ НОМЕР ККТ"):
        assert words in paper


def test_a_kind_without_a_form_is_printed_tag_by_tag() -> None:
    paper = as_text(
        layout("state_report", {"1097": 5, "1157": {"1134": 7}, "1059": [{"1030": "Чай"}], "9999": "00ff"}), 48
    )
    for words in ("Количество непереданных ФД", "Чай", "Тег 9999", "00ff"):
        assert words in paper


@given(
    st.sets(st.sampled_from(sorted(RECEIPT))),
    st.sampled_from(["receipt", "open_shift", "close_shift", "registration", "other"]),
)
def test_missing_tags_leave_lines_out_and_break_nothing(missing: set[str], kind: str) -> None:
    tags = {key: value for key, value in RECEIPT.items() if key not in missing}
    assert layout(kind, tags)


def test_buyer_agent_and_internet_stand_on_paper() -> None:
    line = RECEIPT["1059"][0] | {
        "1222": 32,
        "1226": "7707083893",
        "1224": {"1225": "Поставщик", "1171": ["+7900", "+7901"]},
    }
    tags = RECEIPT | {"1059": [line], "1125": 1, "1256": {"1227": "ООО Ромашка", "1228": "7707083893"}}
    del tags["1060"]
    paper = as_text(layout("receipt", tags), 48)
    for words in ("КОМИССИОНЕР", "Поставщик", "+7901", "РАСЧЕТ В ИНТЕРНЕТ", "ООО Ромашка", "www.nalog.gov.ru"):
        assert words in paper


def test_what_was_rounded_off_is_shown() -> None:
    paper = as_text(layout("receipt", RECEIPT | {"1020": "4719.50"}), 48)
    assert "ОКРУГЛЕНИЕ                                 =0.50" in paper
    assert "ОКРУГЛЕНИЕ" not in as_text(layout("receipt", RECEIPT), 48)
