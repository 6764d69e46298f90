"""A register whose driver does not load: its jobs wait with the reason, doubt stays doubt, and the lane lives."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent import app
from agent.config import Device
from drivers.address import SetupError
from drivers.api import CloseReply
from drivers.missing import MissingRegister
from drivers.plugins import BrokenDriver
from protocol.crm.job_machine import Known
from protocol.ffd.planned import PlannedReceipt
from tests.agent.devices.bench import FINAL, Bench, Death, bench

WHY = SetupError("broken_driver", "driver 'theirs' does not load: ImportError", "не загружается")


def lost(b: Bench) -> None:
    """The agent starts again, and the driver is gone."""
    b.register.disconnect()
    b.start(b.journal)
    register = MissingRegister(WHY)
    b.lane._register = b.lane._performer._register = register


def test_a_job_waits_with_the_reason(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        lost(b)
        b.offer()
        b.idle()
        assert b.job().state is Known.ACCEPTED
        assert b.lane.state.reason is not None
        assert (b.lane.state.reason.code, b.lane.state.reason.detail) == ("driver_failed", WHY.en)


@pytest.mark.parametrize("made", [True, False])
def test_doubt_that_an_earlier_process_has_left_is_not_decided_without_a_driver(tmp_path: Path, made: bool) -> None:
    with bench(tmp_path) as b:
        close = b.register.close_receipt

        def dies(receipt: PlannedReceipt) -> CloseReply:
            if made:
                close(receipt)
            raise Death

        b.offer()
        b.register.close_receipt = dies  # type: ignore[method-assign]
        with pytest.raises(Death):
            b.run()
        lost(b)
        row = b.run(seconds=3600, states=(Known.HUMAN, *FINAL))
        assert row.state is Known.HUMAN
        b.register.disconnect()
        b.start(b.journal)  # the driver is there again, and the register says what it has
        row = b.run()
        assert (row.state, len(b.receipts())) == ((Known.DONE, 1) if made else (Known.NOT_DONE, 0))


def test_the_agent_starts_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise BrokenDriver("broken_driver", WHY.en, WHY.ru)

    monkeypatch.setattr(app, "open_register", broken)
    device = Device("17", "theirs", "tcp:127.0.0.1:1", None)
    assert isinstance(app.open_device(device, lambda *_: None), MissingRegister)
