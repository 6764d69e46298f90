"""Slips of a simulated terminal: lines of at most ``WIDTH`` characters, in Russian, or in Latin letters for ZVT. Pure.

The merchant's copy comes first and carries the whole card number, as terminals that are set up carelessly print it: a
slip is one of the places where it leaks (``cards``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drivers.simulators.bank.cards import Card
from drivers.simulators.bank.ledger import Settlement, Totals
from drivers.simulators.bank.state import Entry, Kind, Means
from drivers.simulators.dump import roubles

WIDTH = 32


@dataclass(frozen=True, slots=True)
class Words:
    """What a slip says, in one language."""

    shop: str
    kinds: dict[Kind, str]
    approved: str
    declined: str
    sum: str
    currency: str
    card: str
    sbp: str
    link: str  # the rrn
    code: str  # auth code
    terminal: str
    merchant: str
    number: str
    signature: str
    merchant_copy: str
    customer_copy: str
    totals: str
    matched: str
    differ: str
    rows: tuple[str, str, str, str]  # payments, refunds, voids, balance
    report: str
    day: str


RUSSIAN = Words(
    shop="МАГАЗИН, КОТОРОГО НЕТ",
    kinds={
        Kind.PAYMENT: "ОПЛАТА",
        Kind.REFUND: "ВОЗВРАТ",
        Kind.VOID: "ОТМЕНА",
        Kind.REVERSAL: "АВАРИЙНАЯ ОТМЕНА",
    },
    approved="ОДОБРЕНО",
    declined="ОТКЛОНЕНО",
    sum="СУММА",
    currency="РУБ",
    card="КАРТА",
    sbp="СБП",
    link="ССЫЛКА",
    code="КОД АВТОРИЗАЦИИ",
    terminal="ТЕРМИНАЛ",
    merchant="ПРЕДПРИЯТИЕ",
    number="ЧЕК",
    signature="ПОДПИСЬ",
    merchant_copy="ЭКЗЕМПЛЯР ТОРГОВОЙ ТОЧКИ",
    customer_copy="ЭКЗЕМПЛЯР КЛИЕНТА",
    totals="СВЕРКА ИТОГОВ",
    matched="ИТОГИ СОВПАЛИ",
    differ="ИТОГИ НЕ СОВПАЛИ",
    rows=("ОПЛАТА", "ВОЗВРАТ", "ОТМЕНА", "ИТОГО"),
    report="ОТЧЕТ",
    day="ДЕНЬ ТЕРМИНАЛА",
)
LATIN = Words(
    shop="A SHOP THAT IS NOT THERE",
    kinds={
        Kind.PAYMENT: "PAYMENT",
        Kind.REFUND: "REFUND",
        Kind.VOID: "VOID",
        Kind.REVERSAL: "REVERSAL",
    },
    approved="APPROVED",
    declined="DECLINED",
    sum="AMOUNT",
    currency="RUB",
    card="CARD",
    sbp="SBP",
    link="RRN",
    code="AUTH CODE",
    terminal="TERMINAL",
    merchant="MERCHANT",
    number="RECEIPT",
    signature="SIGNATURE",
    merchant_copy="MERCHANT COPY",
    customer_copy="CUSTOMER COPY",
    totals="END OF DAY",
    matched="TOTALS MATCH",
    differ="TOTALS DIFFER",
    rows=("PAYMENTS", "REFUNDS", "VOIDS", "BALANCE"),
    report="REPORT",
    day="TERMINAL DAY",
)


def operation(
    entry: Entry, card: Card, merchant_id: str, words: Words = RUSSIAN, width: int = WIDTH
) -> tuple[list[str], list[str]]:
    """The merchant's copy and the customer's."""
    return (
        _copy(entry, card.pan, card, merchant_id, words, width, merchant=True),
        _copy(entry, card.masked, card, merchant_id, words, width, merchant=False),
    )


def settlement(
    done: Settlement, merchant_id: str, terminal_id: str, words: Words = RUSSIAN, width: int = WIDTH
) -> list[str]:
    return [
        *_head(terminal_id, merchant_id, words, width),
        _row(f"{done.at:%d.%m.%Y}", f"{done.at:%H:%M:%S}", width),
        words.totals.center(width).rstrip(),
        _row(words.day, str(done.day), width),
        *_sums(done.terminal, words, width),
        (words.matched if done.matched else words.differ).center(width).rstrip(),
    ]


def report(
    entries: Sequence[Entry],
    sums: Totals,
    merchant_id: str,
    terminal_id: str,
    *,
    full: bool,
    words: Words = RUSSIAN,
    width: int = WIDTH,
) -> list[str]:
    """What the terminal has done in its day so far; ``full``: every operation."""
    lines = [*_head(terminal_id, merchant_id, words, width), words.report.center(width).rstrip()]
    if full:
        for entry in entries:
            lines.append(_row(f"{entry.of_day:04d} {words.kinds[entry.kind]}", roubles(entry.amount), width))
            lines.append(_row(f"  {words.link}", entry.rrn, width))
    return [*lines, *_sums(sums, words, width)]


def _copy(
    entry: Entry, number: str, card: Card, merchant_id: str, words: Words, width: int, *, merchant: bool
) -> list[str]:
    paid_by = words.sbp if entry.means is Means.SBP else f"{words.card} {card.system}"
    lines = [
        *_head(entry.terminal_id, merchant_id, words, width),
        _row(f"{entry.at:%d.%m.%Y}", f"{entry.at:%H:%M:%S}", width),
        _row(words.number, f"{entry.of_day:04d}", width),
        words.kinds[entry.kind].center(width).rstrip(),
        _row(words.sum, f"{roubles(entry.amount)} {words.currency}", width),
        _row(paid_by, "" if entry.means is Means.SBP else number, width),
    ]
    if entry.approved:
        lines += [_row(words.link, entry.rrn, width), _row(words.code, entry.auth_code, width)]
    lines.append((words.approved if entry.approved else f"{words.declined} {entry.response}").center(width).rstrip())
    if merchant and entry.approved:
        lines += ["", f"{words.signature} ".ljust(width, "_")]
    lines.append((words.merchant_copy if merchant else words.customer_copy).center(width).rstrip())
    return lines


def _head(terminal_id: str, merchant_id: str, words: Words, width: int) -> list[str]:
    return [
        words.shop.center(width).rstrip(),
        _row(words.terminal, terminal_id, width),
        _row(words.merchant, merchant_id, width),
    ]


def _sums(sums: Totals, words: Words, width: int) -> list[str]:
    rows = (
        (sums.payments, sums.payments_sum),
        (sums.refunds, sums.refunds_sum),
        (sums.voids, sums.voids_sum),
        (None, sums.balance),
    )
    return [
        _row(word if count is None else f"{word} {count}", roubles(amount), width)
        for word, (count, amount) in zip(words.rows, rows, strict=True)
    ]


def _row(left: str, right: str, width: int) -> str:
    return f"{left}{right.rjust(max(len(right), width - len(left)))}"[:width].rstrip()
