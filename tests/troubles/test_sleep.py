"""The PC sleeps, the server sleeps, the program hangs: processes stand still for longer than the link's patience.

Clocks that jump, in both directions and in every state of a job, belong to the simulated shop (``tests/chaos``: weather
``pc_clock``, ``register_clock``, ``sleep``); what is real here is the standing still. It costs time:
``pytest tests/troubles -m long``.
"""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from agent.cli import main
from tests.troubles.test_named import every_sale_has_one_document
from tests.troubles.workplace import workplace

NAP = 5.0  # seconds; the agent's link, which pings every second here, gives up after two
SERVER_PATIENCE = 60.0  # of the server with a silent agent


@pytest.mark.long
def test_a_program_that_hangs_and_a_pc_that_sleeps_go_on_where_they_were(tmp_path: Path) -> None:
    """The icon of a program that hangs does so, too; whoever asks from outside is told. In the middle of a receipt
    everybody stands still while the register goes on; then everybody wakes, and nothing has been lost or doubled."""
    with workplace(tmp_path) as place:
        place.start()
        place.shop.bound(place.till)
        assert place.agent is not None
        assert place.rig.server is not None
        place.agent.signal(signal.SIGSTOP)
        place.sell()
        assert place.doctor() == {"agent.running:no_answer"}
        assert place.rig.job(place.job)["state"] == "queued"
        place.agent.signal(signal.SIGCONT)
        assert place.becomes("done")["attempt"] == 1

        place.till.tell("fault slow:command=FF45,seconds=2")
        place.sell()
        place.becomes("started")
        asleep = (place.agent, place.rig.server)
        for process in asleep:
            process.signal(signal.SIGSTOP)
        time.sleep(NAP)  # of real standing still
        for process in asleep:
            process.signal(signal.SIGCONT)
        assert place.becomes("done", "human", "not_done")["state"] == "done"
        place.sell()
        assert place.becomes("done")["attempt"] == 1
        place.until(lambda: place.well() and not place.doctor(), "well after the sleep")
        every_sale_has_one_document(place)


@pytest.mark.long
def test_the_server_tells_of_a_pc_that_has_fallen_silent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with workplace(tmp_path) as place:
        place.start()
        place.shop.bound(place.till)
        assert place.agent is not None
        place.agent.signal(signal.SIGSTOP)
        place.sell()
        assert main(["agent", "status", "--config", str(place.config)]) == 1  # after half a minute
        assert "не ответил" in capsys.readouterr().err
        place.until(lambda: not place.till.view()["online"], "missed by the server", 2 * SERVER_PATIENCE)
        assert place.till.view()["unreachable_since"]
        place.agent.signal(signal.SIGCONT)
        assert place.becomes("done")["attempt"] == 1
        every_sale_has_one_document(place)
