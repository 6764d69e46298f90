"""Paper of what is not fiscal: reports of commands 40h, 42h to 44h and 2Ch, cash slips, copies. Pure."""

from __future__ import annotations

from datetime import datetime

from drivers.simulators import slips
from drivers.simulators.paper import Row
from drivers.simulators.shtrih import registers
from drivers.simulators.shtrih.state import Counters
from drivers.simulators.slips import Tape

SIGN_OF_KIND = {0: 1, 1: 3, 2: 2, 3: 4}
"""Command 8Dh's receipt type -> tag 1054 (and FF46h's operation type)."""
GROUP_NAMES = ("А НДС 20%", "Б НДС 10%", "В НДС 0%", "Г БЕЗ НДС")


def headed(columns: int, title: str, at: datetime, number: int) -> Tape:
    tape = Tape(columns)
    tape.centred(title)
    tape.pair(f"{at:%d.%m.%y %H:%M}", f"N{number:04d}")
    return tape


def x_report(tape: Tape, counters: Counters, shift: int, payment_names: list[str]) -> list[Row]:
    tape.pair("СМЕНА", str(shift))
    for kind, sign in SIGN_OF_KIND.items():
        paid = {place // 4: amount for place, amount in counters.payments.items() if place % 4 == kind}
        tape.money(f"{slips.SIGNS[sign]} ({counters.receipts.get(kind, 0)})", sum(paid.values()))
        for index in sorted(paid):
            tape.money(f"  {payment_names[index]}", paid[index])
    if counters.corrections:
        tape.pair("ЧЕКОВ КОРРЕКЦИИ", str(sum(counters.corrections.values())))
    tape.pair("АННУЛИРОВАНО ЧЕКОВ", str(sum(counters.voids.values())))
    tape.money(f"ВНЕСЕНИЯ ({counters.cash_in_count})", counters.cash_in)
    tape.money(f"ВЫПЛАТЫ ({counters.cash_out_count})", counters.cash_out)
    tape.money("НАЛИЧНЫХ В КАССЕ", counters.drawer)
    return tape.rows


def departments(tape: Tape, counters: Counters, names: list[str]) -> list[Row]:
    for number, name in enumerate(names):
        sums = {kind: counters.departments.get(4 * number + kind, 0) for kind in SIGN_OF_KIND}
        if any(sums.values()):
            tape.left(f"{number + 1} {name}")
            for kind, amount in sums.items():
                if amount:
                    tape.money(f"  {slips.SIGNS[SIGN_OF_KIND[kind]]}", amount)
    return tape.rows


def taxes(tape: Tape, counters: Counters) -> list[Row]:
    for group, name in enumerate(GROUP_NAMES):
        for kind, sign in SIGN_OF_KIND.items():
            turnover = counters.turnovers.get(4 * group + kind, 0)
            if turnover:
                tape.money(f"{name} {slips.SIGNS[sign]}", turnover)
                tape.money("  НАЛОГ", counters.taxes.get(4 * group + kind, 0))
    return tape.rows


def cashiers(tape: Tape, counters: Counters, names: dict[int, str]) -> list[Row]:
    for operator, name in names.items():
        tape.left(f"{operator} {name}")
        tape.pair("  ЧЕКОВ", str(counters.by_operator.get(operator, 0)))
    return tape.rows


def operation_registers(tape: Tape, counters: Counters, document_number: int) -> list[Row]:
    for number in (*range(144, 159), *range(179, 183), *range(185, 187), *range(200, 204)):
        tape.pair(f"РЕГИСТР {number}", str(registers.operation(counters, document_number, number)))
    return tape.rows


def cash(tape: Tape, amount: int, drawer: int, cashier: str) -> list[Row]:
    tape.pair("КАССИР", cashier)
    tape.total("СУММА", abs(amount))
    tape.money("НАЛИЧНЫХ В КАССЕ", drawer)
    return tape.rows
