"""In the place of a device whose driver does not load: the agent goes on with its other devices, and this one's jobs
wait, with the reason."""

from __future__ import annotations

from typing import Any, NoReturn

from drivers.address import SetupError
from drivers.api import Capabilities, FiscalRegister
from drivers.errors import NotSent
from drivers.terminal_api import CardTerminal, TerminalCapabilities

PACES = ("query", "fill", "close", "cancel", "shift", "report")
LONGEST = 180.0  # seconds: whatever the driver may have sent before it was lost has been worked off by then


class MissingRegister(FiscalRegister):
    """Sends nothing, ever: every method raises ``NotSent("driver_failed")`` with what is wrong with the driver."""

    capabilities = Capabilities(
        has_imprint=False,
        has_task_id=False,
        task_id_durable=False,
        can_cancel_open=False,
        can_read_archive=False,
        max_time=dict.fromkeys(PACES, LONGEST),
    )

    def __init__(self, why: SetupError) -> None:
        self._why = why

    def disconnect(self) -> None:
        pass

    def _not_sent(self, *_: Any, **__: Any) -> NoReturn:
        raise NotSent("driver_failed", self._why.en)

    connect = status = document = open_shift = close_shift = x_report = health = shift_totals = _not_sent
    cash_counters = cash_in = cash_out = print_slip = print_copy = open_drawer = check_receipt = _not_sent
    fill_receipt = subtotal = close_receipt = cancel_document = continue_print = _not_sent


class MissingTerminal(CardTerminal):
    """Sends nothing, ever: every method raises ``NotSent("terminal_program_failed")`` with what is wrong."""

    capabilities = TerminalCapabilities(max_time={"query": LONGEST, "money": LONGEST, "settlement": LONGEST})

    def __init__(self, why: SetupError) -> None:
        self._why = why

    def disconnect(self) -> None:
        pass

    def _not_sent(self, *_: Any, **__: Any) -> NoReturn:
        raise NotSent("terminal_program_failed", self._why.en)

    connect = status = pay = refund = void = settle = report = _not_sent
