"""Running totals that a fiscal drive prints into its reports: tags 1194 (shift) and 1157 (its whole life)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from drivers.simulators.tlv import Fields
from drivers.simulators.vat import FLAT_TOTALS

SIGN_TAGS = {1: 1129, 2: 1130, 3: 1131, 4: 1132}
CORRECTION_TAGS = {1: 1145, 2: 1232, 3: 1146, 4: 1233}
VAT_TAGS = {1102: 1139, 1103: 1140, 1106: 1141, 1107: 1142, 1104: 1143, 1105: 1183}
"""A receipt's flat total -> its counter. The rates kept in 1115 have no published counter tag and are not counted."""


@dataclass(slots=True)
class SignTotals:
    """Receipts of one sign (tag 1054); kopecks."""

    count: int = 0
    total: int = 0
    cash: int = 0
    card: int = 0
    prepaid: int = 0
    credit: int = 0
    other: int = 0
    vat: dict[int, int] = field(default_factory=dict)  # by tag 1199

    def fields(self) -> Fields:
        if not self.count:
            return [(1135, 0)]
        fields: Fields = [(1135, self.count), (1201, self.total), (1136, self.cash), (1138, self.card)]
        fields += [(1218, self.prepaid), (1219, self.credit), (1220, self.other)]
        fields += [(VAT_TAGS[FLAT_TOTALS[code]], self.vat.get(code, 0)) for code in sorted(FLAT_TOTALS)]
        return fields


@dataclass(frozen=True, slots=True)
class Settlement:
    """One receipt as the counters see it; kopecks."""

    sign: int  # 1054
    correction: bool
    total: int
    cash: int
    card: int
    prepaid: int
    credit: int
    other: int
    vat: Mapping[int, int]  # by tag 1199

    @classmethod
    def of_document(cls, fields: Fields, *, correction: bool) -> Settlement:
        """Read back from a receipt's own tags; the rates kept in 1115 have no counter."""
        tags = dict(fields)

        def money(tag: int) -> int:
            return cast(int, tags.get(tag, 0))

        flat = {code: money(tag) for code, tag in FLAT_TOTALS.items() if tag in tags}
        paid = (money(1031), money(1081), money(1215), money(1216), money(1217))
        return cls(money(1054), correction, money(1020), *paid, flat)


@dataclass(slots=True)
class Totals:
    receipts: dict[int, SignTotals] = field(default_factory=dict)
    corrections: dict[int, SignTotals] = field(default_factory=dict)

    def of(self, sign: int, *, correction: bool = False) -> SignTotals:
        return (self.corrections if correction else self.receipts).setdefault(sign, SignTotals())

    def add(self, made: Settlement) -> None:
        each = self.of(made.sign, correction=made.correction)
        each.count += 1
        each.total += made.total
        each.cash += made.cash
        each.card += made.card
        each.prepaid += made.prepaid
        each.credit += made.credit
        each.other += made.other
        for code, amount in made.vat.items():
            each.vat[code] = each.vat.get(code, 0) + amount

    def count(self) -> int:
        return sum(each.count for kind in (self.receipts, self.corrections) for each in kind.values())

    def fields(self) -> Fields:
        fields: Fields = [(1134, self.count())]
        for sign, tag in SIGN_TAGS.items():
            fields.append((tag, self.receipts.get(sign, SignTotals()).fields()))
        inner: Fields = [(1144, sum(each.count for each in self.corrections.values()))]
        for sign, tag in CORRECTION_TAGS.items():
            each = self.corrections.get(sign)
            if each:
                inner.append((tag, [(1135, each.count), (1201, each.total)]))
        return [*fields, (1133, inner)]
