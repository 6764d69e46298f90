"""``Status.last_fd`` is asked for last: a document that explains what the rest shows is never above it."""

from __future__ import annotations

from protocol.wire.shtrih import commands as c
from tests.drivers.fiscal.atol_wire.desk import Desk as AtolDesk
from tests.drivers.fiscal.desk import Desk as ShtrihDesk


def test_shtrih_showed_a_shift_that_opened_between_two_questions_without_its_document() -> None:
    desk = ShtrihDesk()
    desk.connect()
    desk.register.status()
    asked = [type(command) for command in desk.device.log]
    assert asked.index(c.DriveStatus) > max(asked.index(c.FullStatus), asked.index(c.ShiftParameters))


def test_atol_showed_a_shift_that_opened_between_two_questions_without_its_document() -> None:
    desk = AtolDesk()
    desk.connect()
    desk.register.status()
    asked = [bytes(command[:2]).hex() for command in desk.device.executed]
    assert asked.index("a430") > asked.index("9112")
