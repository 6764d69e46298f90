"""The behaviours of a fiscal register's driver: all there are."""

from __future__ import annotations

from drivers.api import Capabilities
from drivers.conformance.stage import Stage
from drivers.conformance.suite import Ability, Behaviour, Section, Suite, behaviour

__all__ = ("SUITE", "Able", "Behaviour", "behaviour", "behaviours", "sections")

SECTIONS = (
    "identity",
    "condition",
    "receipts",
    "formats",
    "judging",
    "refusals",
    "verdicts",
    "doubt",
    "attempts",
    "fence",
    "money",
    "archive",
    "paper",
    "line",
)
"""Modules of ``drivers.conformance.behaviours``, in the order of the sheet."""


class Able(Ability):
    IMPRINT = "the driver says that nothing of ours is stored in a document (has_imprint)"
    CANCEL = "the driver says that an open document cannot be cancelled (can_cancel_open)"
    ARCHIVE = "the driver says that the archive cannot be read (can_read_archive)"
    FFD_12 = "the driver says that it makes no receipts of format 1.2 (formats)"
    NAMES = "the driver says that its device knows no names of attempts (has_task_id)"
    STEPWISE = "the driver says that a receipt is one command (one_command)"

    def within(self, capabilities: Capabilities) -> bool:
        match self:
            case Able.IMPRINT:
                return capabilities.has_imprint
            case Able.CANCEL:
                return capabilities.can_cancel_open
            case Able.ARCHIVE:
                return capabilities.can_read_archive
            case Able.FFD_12:
                return "1.2" in capabilities.formats
            case Able.NAMES:
                return capabilities.has_task_id
            case Able.STEPWISE:
                return not capabilities.one_command


SUITE = Suite("register", "drivers.conformance.behaviours", SECTIONS, Stage)


def sections() -> list[Section]:
    return SUITE.sections()


def behaviours() -> list[Behaviour]:
    return SUITE.behaviours()
