"""The rules between the fields of a receipt: sums, payments, rates, dates, people, sizes.

``check`` is the one place where a receipt is judged before it travels to a desk; it is pure and needs no register. What
is known of the register (``RegisterFacts``) is judged as well; the age of its shift and its unsent documents are
for the register itself. Sources: format order ЕД-7-20/662@ (tags 1008 to 1273, 2108), order ЕД-7-20/236@ (1125), law
54-ФЗ articles 1.2 and 4.7, letter АБ-4-20/11248@.

A return repeats the receipt it reverses, mistakes included: rules about how method, rate and payment fit together
only warn there.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from protocol.ffd import imprint
from protocol.ffd.forms import VERSIONS
from protocol.ffd.planning import plan
from protocol.ffd.receipt import Receipt
from protocol.ffd.register_facts import RegisterFacts
from protocol.ffd.rules_attributes import attributes, place
from protocol.ffd.rules_line import line
from protocol.ffd.rules_payments import cashless_details, methods_and_payments, sums
from protocol.ffd.rules_people import people
from protocol.ffd.rules_register import registration, version
from protocol.ffd.rules_size import sizes
from protocol.ffd.shape import parse_receipt
from protocol.ffd.violation import ReceiptInvalid, Violation, broken

__all__ = ["MAX_LINES", "ReceiptInvalid", "RegisterFacts", "Violation", "accept_receipt", "check", "parse_receipt"]

MAX_LINES = 1000

_UNKNOWN = RegisterFacts()
_SOME_IMPRINT = "A" * imprint.LENGTH
"""Room is kept for an imprint, whether or not the device will use one."""


def accept_receipt(data: object, *, on: date, register: RegisterFacts | None = None) -> tuple[Receipt, list[Violation]]:
    """Parse and check a payload: the receipt with its warnings. Raises ``ReceiptInvalid`` when there is any error."""
    receipt = parse_receipt(data)
    found = check(receipt, on=on, register=register)
    if any(violation.severity == "error" for violation in found):
        raise ReceiptInvalid(found)
    return receipt, found


def check(receipt: Receipt, *, on: date, register: RegisterFacts | None = None) -> list[Violation]:
    """Every broken rule of a receipt that is to be made on the day ``on``, by ``register`` if it is known.

    No entry with severity ``error`` means that the receipt may be planned and sent to a register. A format version
    that is not of ``forms.VERSIONS`` counts as unknown: the driver refuses it.
    """
    facts = register or _UNKNOWN
    ffd = facts.ffd if facts.ffd in VERSIONS else None
    found = [
        *registration(receipt, facts.taxation),
        *people(receipt, on),
        *place(receipt),
        *attributes(receipt),
        *_line_count(receipt),
        *(found for at, item in enumerate(receipt.items) for found in line(receipt, item, f"items[{at}]", on)),
        *sums(receipt),
        *methods_and_payments(receipt),
        *cashless_details(receipt),
    ]
    if all(violation.severity == "warning" for violation in found):
        planned = plan(receipt, imprint=_SOME_IMPRINT)
        found += [*version(planned, ffd), *sizes(planned, ffd)]
    return found


def _line_count(receipt: Receipt) -> Iterator[Violation]:
    count = len(receipt.items)
    if not 1 <= count <= MAX_LINES:
        yield broken(
            "LINES",
            "items",
            f"1 to {MAX_LINES} lines of 1059",
            f"1 to {MAX_LINES} lines",
            f"В чеке должно быть от 1 до {MAX_LINES} позиций, а не {count}.",
            f"A receipt has 1 to {MAX_LINES} lines, not {count}.",
            got=str(count),
        )
