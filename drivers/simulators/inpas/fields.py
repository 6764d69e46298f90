"""Field numbers, operation codes and statuses of the INPAS model, as far as the simulator knows them."""

from __future__ import annotations

from collections.abc import Mapping

AMOUNT, MORE_AMOUNT, CURRENCY, HOST_TIME, PAN, EXPIRY, TRACK2 = 0, 1, 4, 6, 10, 11, 12
AUTH_CODE, RRN, RESPONSE, TEXT, TIME, STAN, OPERATION, NUMBER = 13, 14, 15, 19, 21, 23, 25, 26
TERMINAL, MERCHANT, DEBIT_SUM, DEBIT_COUNT, CREDIT_SUM, CREDIT_COUNT = 27, 28, 29, 30, 31, 32
STATUS, VOID_SUM, VOID_COUNT, SBP_STEP, HOST_ID, SERIAL, MODE, RECEIPT = 39, 49, 50, 53, 54, 63, 65, 90

SALE, VOID, REFUND, TEST, REVERSAL, SETTLEMENT, REPORT = 1, 4, 29, 26, 53, 59, 63
SHORT, FULL, FIND = 20, 21, 22
"""Of field 65 with ``REPORT``."""
QR, QR_STATUS, QR_REFUND, QR_REFUND_STATUS = 115, 117, 118, 119
"""Of field 53."""

UNDETERMINED, APPROVED, REFUSED, NO_LINK, ABORTED = 0, 1, 16, 34, 53

IN_PROGRESS, DECLINED, NO_SUCH, NO_ANSWER, NOT_KEPT = "R00", "R10", "R11", "R12", "R14"
"""Of field 15, by a QR code."""

TIMED_OUT, BAD_REQUEST, BAD_TERMINAL, PORT_TAKEN, LINK = 1, 4, 9, 10, 13
"""Errors of the service itself, as its function ``Exchange`` numbers them."""
ERRORS: Mapping[int, str] = {
    TIMED_OUT: "Истекло время ожидания ответа терминала",
    BAD_REQUEST: "Ошибка в данных запроса",
    BAD_TERMINAL: "Ошибка параметров терминала",
    PORT_TAKEN: "Порт занят другой операцией",
    LINK: "Нет связи с терминалом",
}

WORDS: Mapping[tuple[int, int], str] = {
    (SALE, 0): "payment",
    (SALE, QR): "sbp",
    (SALE, QR_STATUS): "sbp-status",
    (REFUND, 0): "refund",
    (REFUND, QR_REFUND): "sbp-refund",
    (REFUND, QR_REFUND_STATUS): "sbp-refund-status",
    (VOID, 0): "void",
    (TEST, 0): "test",
    (REVERSAL, 0): "reversal",
    (SETTLEMENT, 0): "settlement",
    (REPORT, SHORT): "report",
    (REPORT, FULL): "report",
    (REPORT, FIND): "find",
}
"""By what word a fault names a request: its fields 25, and 53 or 65."""
