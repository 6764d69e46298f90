"""The tags that an application gives for a receipt, and how large the whole document will be.

The register adds the rest itself: who, where, when, numbers and the fiscal sign. Source: format order ЕД-7-20/662@,
tables of the cash receipt; VAT totals of 5, 7 and 22 % by letter АБ-4-20/11248@.
"""

from __future__ import annotations

from protocol.ffd.forms import head_records, line_records
from protocol.ffd.planned import PlannedLine, PlannedReceipt
from protocol.ffd.tags import TAGS
from protocol.ffd.tlv import Value, encode_all
from protocol.ffd.vat import Vat

DOCUMENT_LIMIT = 32768
"""Bytes of TLV in a receipt."""

VAT_TOTAL_TAGS = {Vat.VAT20: 1102, Vat.VAT10: 1103, Vat.VAT0: 1104, Vat.NONE: 1105, Vat.VAT120: 1106, Vat.VAT110: 1107}
"""Rates with a total tag of their own; the others go into the container 1115."""

_BY_REGISTER = (
    *(1209, 1048, 1018, 1042, 1012, 1038, 1037, 1036, 1009, 1187, 1060, 1117, 1108, 1040, 1041, 1077),
    1104,
)

Records = list[tuple[int, Value]]


def item_records(line: PlannedLine, ffd: str) -> Records:
    """What stands inside one 1059."""
    return [
        (1214, line.payment_method),
        (1212, line.payment_object),
        (1030, line.name),
        (1079, line.price),
        (1023, line.quantity),
        (1199, line.vat.code),
        (1200, line.vat_sum),
        (1043, line.total),
        *line_records(line, ffd),
    ]


def vat_records(vat: dict[Vat, int]) -> Records:
    """The VAT totals of a receipt: amounts for taxed rates, turnovers for 1104 and 1105."""
    flat: Records = [(VAT_TOTAL_TAGS[rate], amount) for rate, amount in vat.items() if rate in VAT_TOTAL_TAGS]
    boxed: Records = [
        (1119, [(1199, rate.code), (1120, amount)]) for rate, amount in vat.items() if rate not in VAT_TOTAL_TAGS
    ]
    return [*flat, (1115, boxed)] if boxed else flat


def receipt_records(receipt: PlannedReceipt, ffd: str) -> Records:
    """Everything of a receipt that comes from the application; sums of zero are left out."""
    payments = receipt.payments
    sums = (
        (1031, payments.cash),
        (1081, payments.card),
        (1215, payments.prepaid),
        (1216, payments.credit),
        (1217, payments.other),
    )
    return [
        (1054, receipt.sign),
        (1055, receipt.taxation),
        *head_records(receipt, ffd),
        *((1059, item_records(line, ffd)) for line in receipt.lines),
        (1020, receipt.total),
        *((tag, amount) for tag, amount in sums if amount),
        *vat_records(dict(receipt.vat)),
    ]


def document_size(receipt: PlannedReceipt, ffd: str) -> int:
    """Bytes of the document when everything that the register adds is as long as it can be."""
    records = receipt_records(receipt, ffd)
    given = {tag for tag, _ in records}
    return len(encode_all(records)) + sum(4 + TAGS[tag].length for tag in _BY_REGISTER if tag not in given)
