"""The doctor: why receipts do not print, told in two minutes and without touching anything.

``CHECKS`` is every check in the order in which a person would look: the settings, the data folder, the way to the
server, the running program, the journal, the program itself; then each register and each card terminal.
"""

from __future__ import annotations

from agent.support.doctor.checks import (
    device,
    folder,
    journal,
    network,
    places,
    program,
    register,
    running,
    settings,
    terminal,
)
from agent.support.doctor.model import Check, Finding, Verdict
from agent.support.doctor.runner import LIMIT, Progress, Report, examine
from agent.support.doctor.scene import Scene, World

CHECKS: tuple[Check, ...] = (
    settings.FILE,
    settings.DEVICES,
    settings.IDENTITY,
    settings.RIGHTS,
    settings.SERVER,
    folder.PLACE,
    folder.WRITABLE,
    folder.SPACE,
    folder.TWO,
    network.PROXY,
    network.NAME,
    network.CONNECT,
    network.TLS,
    network.ANSWERS,
    network.CLOCK,
    running.RUNNING,
    running.SECOND,
    running.ACCOUNT_CHECK,
    running.SESSION,
    places.PLACES,
    running.PAUSED,
    running.PROGRESS,
    journal.CHAIN,
    journal.OPEN,
    journal.DECISIONS,
    journal.HELD,
    journal.PAPER,
    journal.OUTBOX,
    journal.LEFT_OUT,
    program.PLACE,
    program.RIGHTS,
    program.PLUGINS,
    program.VERSION,
    device.PORT,
    device.LIBRARY,
    device.ANSWERING,
    device.IDENTITY,
    device.BOUND,
    device.DESK,
    register.FN,
    register.OFD,
    register.SHIFT,
    register.PAPER,
    register.CLOCK,
    register.SETUP,
    register.DOCUMENT,
    register.BLOCKED,
    terminal.ANSWERING,
    terminal.IDENTITY,
    terminal.READY,
)

__all__ = ["CHECKS", "LIMIT", "Check", "Finding", "Progress", "Report", "Scene", "Verdict", "World", "examine"]
