"""Numbers of the ZVT protocol that the simulated terminal uses, with what they mean there."""

from __future__ import annotations

from collections.abc import Mapping

# commands of the cash register
REGISTRATION, AUTHORISATION, LOG_OFF = 0x0600, 0x0601, 0x0602
SEND_TOTALS, PRINT_TOTALS, PRINT_CONFIG, REPEAT = 0x0610, 0x0612, 0x061A, 0x0620
REVERSAL, REFUND, END_OF_DAY = 0x0630, 0x0631, 0x0650
DIAGNOSIS, SELF_TEST, INITIALISATION, ABORT, STATUS_ENQUIRY = 0x0670, 0x0679, 0x0693, 0x06B0, 0x0501

# commands of the terminal
INTERMEDIATE, STATUS_INFORMATION, PRINT_LINE, PRINT_BLOCK = 0x04FF, 0x040F, 0x06D1, 0x06D3
COMPLETION, ABORTED = 0x060F, 0x061E

# results and errors
OK = 0x00
NOT_REGISTERED, KEY_OR_TIMEOUT, WRONG_CURRENCY, BAD_FIELDS = 0x6B, 0x6C, 0x6F, 0x73
COMMUNICATION, IMPOSSIBLE, PROTOCOL, LINE, PLEASE_WAIT = 0x7D, 0x83, 0x9A, 0x9B, 0x9C
ALREADY_REVERSED, NO_REVERSAL, WRONG_AMOUNT, DIAGNOSIS_NEEDED = 0xB4, 0xB5, 0xB7, 0xC2
NO_PAPER, CARD_INSIDE, PARTLY, SETTLEMENT_NEEDED = 0xCC, 0xDC, 0x9D, 0xF0
INITIALISATION_NEEDED = 0x51
"""Status byte of the status enquiry."""

# configuration byte of the registration
PRINTS_PAYMENTS, PRINTS_ADMIN, WANTS_PROGRESS, PRINT_LINES = 0x02, 0x04, 0x08, 0x80
# status byte of its completion
NEEDS_INITIALISATION, NEEDS_DIAGNOSIS, VENDING = 0x01, 0x02, 0x10
# service byte of the repeated receipt
SEND_RESULT, NO_PRINT = 0x01, 0x02
# and of the status enquiry
NO_VERSION, SEND_TLV = 0x02, 0x04

# intermediate states
CONFIRM_AMOUNT, LOOK_AT_PIN_PAD, WAIT_FOR_HOST, REVERSING = 0x00, 0x01, 0x04, 0x05
PRESENT_CARD, REMOVE_CARD, PLEASE_WAIT_STATE, AUTOMATIC_END_OF_DAY = 0x0A, 0x0B, 0x0E, 0x0F
APPROVED_STATE, DECLINED_STATE = 0x1B, 0x1D

# TLV tags
WIDTH, CHARSET, DEVICE, PERMITTED, PRINT_TEXTS, TEXT_LINE = 0x12, 0x14, 0xE4, 0x26, 0x25, 0x07
PERMITTED_COMMAND, RECEIPT_TYPE, SYNC, LONG_TRACE, SEQUENCE = 0x0A, 0x1F07, 0x1F1F, 0x1F2B, 0x1F73
NAME, SOFTWARE, SERIAL, DEVICE_STATE = 0x1F40, 0x1F41, 0x1F42, 0x1F43
MERCHANT, CUSTOMER, ADMIN = 1, 2, 3

# times, seconds
T1, T2, T3, T4 = 0.2, 5.0, 5.0, 180.0
REPEATS = 2
WAIT_BETWEEN = 2.0
"""Before a result that was answered «not yet» is sent again."""
GOODS_TIMEOUT = 30.0

WORDS: Mapping[int, str] = {
    REGISTRATION: "registration",
    AUTHORISATION: "payment",
    LOG_OFF: "log-off",
    SEND_TOTALS: "totals",
    PRINT_TOTALS: "report",
    PRINT_CONFIG: "config",
    REPEAT: "repeat",
    REVERSAL: "void",
    REFUND: "refund",
    END_OF_DAY: "settlement",
    DIAGNOSIS: "diagnosis",
    SELF_TEST: "self-test",
    INITIALISATION: "initialisation",
    ABORT: "abort",
    STATUS_ENQUIRY: "status",
    INTERMEDIATE: "progress",
    STATUS_INFORMATION: "result",
    PRINT_LINE: "print",
    PRINT_BLOCK: "print",
    COMPLETION: "completion",
    ABORTED: "aborted",
}
"""By what word a fault names a command, of either side; ``reversal`` is what the terminal does by itself."""
