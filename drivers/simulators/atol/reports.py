"""Paper of what is not fiscal: X report, departments, cash slips. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from drivers.simulators import slips
from drivers.simulators.atol.state import SIGNS, Counters
from drivers.simulators.paper import Row
from drivers.simulators.slips import Tape

Fill = Callable[[Tape, Counters, int], list[Row]]
PAYMENTS = {1: "НАЛИЧНЫМИ", 2: "БЕЗНАЛИЧНЫМИ", 3: "ПРЕДОПЛАТА", 4: "ПОСТОПЛАТА", 5: "ВСТРЕЧНОЕ ПРЕДОСТ."}


def headed(columns: int, title: str, at: datetime, number: int) -> Tape:
    tape = Tape(columns)
    tape.centred(title)
    tape.pair(f"{at:%d.%m.%y %H:%M}", f"N{number:04d}")
    return tape


def cash(tape: Tape, amount: int, drawer: int, cashier: str) -> list[Row]:
    tape.pair("КАССИР", cashier)
    tape.total("СУММА", amount)
    tape.money("НАЛИЧНЫХ В КАССЕ", drawer)
    return tape.rows


def x_report(tape: Tape, counters: Counters, shift: int) -> list[Row]:
    tape.pair("СМЕНА", str(shift))
    for kind, sign in SIGNS.items():
        paid = {payment: counters.payments.get(f"{kind}.{payment}", 0) for payment in PAYMENTS}
        tape.money(f"{slips.SIGNS[sign]} ({counters.receipts.get(kind, 0)})", sum(paid.values()))
        for payment, amount in paid.items():
            if amount:
                tape.money(f"  {PAYMENTS[payment]}", amount)
    if counters.corrections:
        tape.pair("ЧЕКОВ КОРРЕКЦИИ", str(sum(counters.corrections.values())))
    tape.pair("АННУЛИРОВАНО ЧЕКОВ", str(counters.cancelled))
    tape.money(f"ВНЕСЕНИЯ ({counters.cash_in_count})", counters.cash_in)
    tape.money(f"ВЫПЛАТЫ ({counters.cash_out_count})", counters.cash_out)
    tape.money("НАЛИЧНЫХ В КАССЕ", counters.drawer)
    return tape.rows


def departments(tape: Tape, counters: Counters, shift: int) -> list[Row]:
    tape.pair("СМЕНА", str(shift))
    for key, amount in sorted(counters.departments.items()):
        department, kind = key.split(".")
        tape.money(f"{department} {slips.SIGNS[SIGNS[int(kind)]]}", amount)
    return tape.rows
