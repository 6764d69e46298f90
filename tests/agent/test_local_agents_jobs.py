"""The command line on a register that the agent owns: its jobs stay the server's, its intents are seen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.journal.rows import DeviceRow
from agent.problems import UserError
from protocol.crm.job_machine import Known
from protocol.crm.jobs import JobKind
from protocol.crm.messages import Desk
from tests.agent.devices.bench import Bench, Death, bench
from tests.agent.test_local import work  # noqa: F401  (a fixture)
from tests.support.crm import KKM


def dies_in_doubt(b: Bench) -> None:
    """A closing of the server's, its answer lost, and then the process."""

    def dies() -> None:
        raise Death

    b.offer("open", kind=JobKind.OPEN_SHIFT, payload={})
    b.run("open")
    b.device.inject("answer-lost:command=41,stored=no")
    b.offer(kind=JobKind.CLOSE_SHIFT, payload={})
    b.at(0.0, dies)
    with pytest.raises(Death):
        b.run()
    b.register.disconnect()


def test_the_server_was_never_told_what_the_command_line_found_out(tmp_path: Path, work: Any) -> None:  # noqa: F811
    with bench(tmp_path) as b:
        dies_in_doubt(b)
        told = work(b).run(JobKind.CLOSE_SHIFT, "j1", {})
        assert told["state"] == "done"
        assert b.states()[-1] == "done"
        assert not b.job().archived


def test_a_job_that_the_register_is_not_ready_for_stays_the_servers(tmp_path: Path, work: Any) -> None:  # noqa: F811
    with bench(tmp_path) as b:
        b.offer("open", kind=JobKind.OPEN_SHIFT, payload={})
        b.run("open")
        b.device.inject("cover:seconds=100000,times=always")
        b.offer(kind=JobKind.CLOSE_SHIFT, payload={})
        work(b).run(JobKind.CLOSE_SHIFT, "j1", {}, patience=5.0)
        assert b.job().state is Known.ACCEPTED


def test_a_job_of_another_register_was_cancelled(tmp_path: Path, work: Any) -> None:  # noqa: F811
    with bench(tmp_path) as b:
        b.offer(kind=JobKind.OPEN_SHIFT, payload={})
        b.journal.commit(lambda tx: tx.write_job(replace(tx.job("j1"), kkm_id="18"), "test"))  # type: ignore[type-var]
        with pytest.raises(UserError) as caught:
            work(b).run(JobKind.OPEN_SHIFT, "j1", {}, patience=1.0)
        assert caught.value.code == "id_conflict"
        assert b.job().state is Known.ACCEPTED


def test_an_intent_was_not_seen_beside_an_older_row_of_the_register(tmp_path: Path, work: Any) -> None:  # noqa: F811
    """The command line was used before the agent was paired: the journal knows the register by two names."""
    with bench(tmp_path) as b:
        dies_in_doubt(b)
        older = DeviceRow(f"local:{b.serial}", b.serial, binding_epoch=1, desk=Desk().model_dump(mode="json"))
        b.journal.commit(lambda tx: tx.write_device(older, "local"))
        row = b.job()
        b.journal.commit(lambda tx: tx.write_job(replace(row, kkm_id="shop"), "test"))  # sorts behind "local:…"
        b.journal.commit(lambda tx: tx.write_device(replace(tx.device(KKM), kkm_id="shop"), "test"))
        b.journal.commit(lambda tx: tx.write_device(replace(tx.device(KKM), register_serial=None), "test"))
        with pytest.raises(UserError) as caught:
            work(b).run(JobKind.OPEN_DRAWER, "drawer", {})
        assert caught.value.code == "intent_open"
        assert work(b).run(JobKind.CLOSE_SHIFT, "j1", {})["state"] == "done"
        assert work(b).run(JobKind.OPEN_DRAWER, "drawer", {})["state"] == "done"
        assert b.job("drawer").kkm_id == "shop"
