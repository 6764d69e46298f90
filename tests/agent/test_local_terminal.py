"""The command line beside a journal that an agent has written: what is open at a terminal there is open here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from agent.devices.terminals.place import place_of
from agent.jobs.at_desk import accept
from agent.jobs.transitions import apply
from agent.journal.rows import DeviceRow
from agent.journal.store import Journal, Transaction
from agent.local_terminal import TerminalBench
from agent.problems import UserError
from drivers.address import SetupError
from drivers.missing import MissingTerminal
from drivers.terminal_api import TerminalIdentity
from protocol.crm.job_machine import JobEvent
from protocol.crm.jobs import JobKind
from protocol.crm.messages import Desk
from tests.support.crm import NOW
from tests.support.job_books import Hands
from tests.support.journals import opened

SAYS_NOTHING = TerminalIdentity("Ingenico", "arcus2", "")
PLACE = place_of("install-1", "arcus2", "exe:/opt/arcus2")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """The agent has begun a payment at ``t1``, and was ended."""
    with opened(tmp_path / "journal.sqlite3", lambda: NOW) as journal:

        def work(tx: Transaction) -> None:
            row = DeviceRow("t1", PLACE, 1, desk=Desk().model_dump(mode="json"))
            tx.write_device(row, "bind")
            accept(tx, row, JobKind.PAYMENT, "j1", {"amount": "10.00"}, start_by=tx.now + timedelta(hours=1))
            job = tx.job("j1")
            assert job is not None
            apply(tx, job, JobEvent.INTENT, outcome={}, movement={"reference": 1, "last": None, "approved": None})

        journal.commit(work)
        yield journal


def at(journal: Journal, known_as: str | None) -> TerminalBench:
    terminal = MissingTerminal(SetupError("broken_driver", "gone", "нет"))
    place = place_of("", "arcus2", "exe:/opt/arcus2")
    return TerminalBench(terminal, journal, Hands().clock(), place=place, known_as=known_as)


def test_a_terminal_without_an_id_is_known_by_its_place_in_the_configuration(journal: Journal) -> None:
    with pytest.raises(UserError) as refused:
        at(journal, "t1").require_no_intent(SAYS_NOTHING)
    assert refused.value.code == "intent_open"
    at(journal, "t1").require_no_intent(SAYS_NOTHING, but="j1")


def test_another_place_is_another_terminal(journal: Journal) -> None:
    at(journal, None).require_no_intent(SAYS_NOTHING)
