"""How long the procedures wait, for what, and which refusals waiting can change."""

from __future__ import annotations

MARGIN = 2.0  # seconds added to a command's own maximum time
PEEK_AFTER = 1.0  # seconds after a lost answer before the device's records are looked at for the first time
UNREADABLE_AFTER = 5  # looks at records that will not be read or make no sense, before a person is told
SILENT_AFTER = 15 * 60.0  # a device that has not decided for this long is shown to a person
LEFTOVER_PATIENCE = 30.0  # how long another program's document may stay open before the cashier is told
PRINT_PATIENCE = 60.0  # how long the end of printing is waited for, after the outcome

PASSING = frozenset(
    {
        "device_offline", "device_busy", "port_busy", "wrong_device", "wrong_password", "line_noise", "no_paper",
        "cover_open", "continue_print", "printer_fault", "register_fault", "document_open", "other_operator",
        "shift_expired", "shift_closed", "shift_overflow", "clock_unset", "clock_wrong", "wrong_state", "fn_absent",
        "fn_failed", "fn_expired", "fn_full", "fn_state", "ofd_blocked", "ofd_failed",
    }
)  # fmt: skip
"""Codes of refusals that time or a hand at the register can change; every other one would come again."""
