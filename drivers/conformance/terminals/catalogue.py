"""The behaviours of a card terminal's driver: all there are."""

from __future__ import annotations

from drivers.conformance.suite import Ability, Behaviour, Suite, behaviour
from drivers.conformance.terminals.stage import Stage
from drivers.terminal_api import Means, ReportKind, TerminalCapabilities

__all__ = ("SUITE", "Able", "Behaviour", "behaviour")

SECTIONS = (
    "identity",
    "readiness",
    "payments",
    "bringing_back",
    "by_code",
    "aborting",
    "approval",
    "verdicts",
    "doubt",
    "day",
    "slips",
    "masking",
    "money",
)
"""Modules of ``drivers.conformance.terminals.behaviours``, in the order of the sheet."""


class Able(Ability):
    ABORT = "the driver says that a payment cannot be called off from here (abort)"
    NO_ABORT = "the driver says that a payment can be called off from here (abort)"
    ACKNOWLEDGES = "the driver says that no acknowledgement makes an operation final (reverses_unacknowledged)"
    HAS_LAST = "the driver says that the last operation cannot be asked for (last_transaction)"
    HAS_NO_LAST = "the driver says that the last operation can be asked for (last_transaction)"
    FINDS = "the driver says that an operation cannot be found by its reference (finds)"
    REVERSES = "the driver says that the last operation cannot be taken back unseen (reverses_last)"
    REVERSES_NOT = "the driver says that the last operation can be taken back (reverses_last)"
    PARTIAL_REFUND = "the driver says that a part cannot be refunded (partial_refund)"
    WHOLE_REFUND = "the driver says that a part can be refunded (partial_refund)"
    PARTIAL_VOID = "the driver says that a part cannot be voided (partial_void)"
    WHOLE_VOID = "the driver says that a part can be voided (partial_void)"
    REFUND_NEEDS = "the driver says that a refund needs nothing of the original (refund_needs)"
    REFUND_NEEDS_NOTHING = "the driver says that a refund needs something of the original (refund_needs)"
    VOID_NEEDS = "the driver says that a void needs nothing of the original (void_needs)"
    SBP = "the driver says that nothing is paid by QR code (means)"
    NO_SBP = "the driver says that a QR code can be paid (means)"
    PROGRESS = "the driver says that nothing is heard while the terminal works (progress)"
    SETTLES = "the driver says that the terminal's day cannot be closed from here (settles)"
    SHORT = "the driver says that there is no short report (reports)"
    FULL = "the driver says that there is no full report (reports)"
    NOT_EVERY_REPORT = "the driver says that it makes both reports (reports)"
    REPRINTS = "the driver says that no slip is given again (reprints)"
    REPRINTS_NOT = "the driver says that the last slip is given again (reprints)"

    def within(self, capabilities: TerminalCapabilities) -> bool:
        c = capabilities
        return {
            Able.ABORT: c.abort,
            Able.NO_ABORT: not c.abort,
            Able.ACKNOWLEDGES: c.reverses_unacknowledged > 0,
            Able.HAS_LAST: c.last_transaction,
            Able.HAS_NO_LAST: not c.last_transaction,
            Able.FINDS: c.finds,
            Able.REVERSES: c.reverses_last,
            Able.REVERSES_NOT: not c.reverses_last,
            Able.PARTIAL_REFUND: c.partial_refund,
            Able.WHOLE_REFUND: not c.partial_refund,
            Able.PARTIAL_VOID: c.partial_void,
            Able.WHOLE_VOID: not c.partial_void,
            Able.REFUND_NEEDS: bool(c.refund_needs),
            Able.REFUND_NEEDS_NOTHING: not c.refund_needs,
            Able.VOID_NEEDS: bool(c.void_needs),
            Able.SBP: Means.SBP in c.means,
            Able.NO_SBP: Means.SBP not in c.means,
            Able.PROGRESS: c.progress,
            Able.SETTLES: c.settles,
            Able.SHORT: ReportKind.SHORT in c.reports,
            Able.FULL: ReportKind.FULL in c.reports,
            Able.NOT_EVERY_REPORT: set(c.reports) != set(ReportKind),
            Able.REPRINTS: c.reprints,
            Able.REPRINTS_NOT: not c.reprints,
        }[self]


SUITE = Suite("terminal", "drivers.conformance.terminals.behaviours", SECTIONS, Stage)
