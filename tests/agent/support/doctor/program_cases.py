"""Faults of the program, the running agent and the journal: a real journal, a real server's answers."""

from __future__ import annotations

import json
import sqlite3
from base64 import b64encode
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import Any

from agent import keys
from agent.devices.lock import device_lock
from agent.identity import load_identity
from agent.journal.rows import DeviceRow, JobRow
from agent.status import JobStatus
from agent.support.install import Install, write_install
from agent.version import VERSION
from drivers.plugins import GROUP
from protocol.crm.job_machine import Known
from protocol.crm.link_machine import AgentLink
from protocol.crm.messages import Desk, Event
from tests.agent.support.doctor.clinic import KKM, Case, Clinic, now

# --- the running agent


def an_agent_that_holds_the_register_and_is_silent(pc: Clinic) -> None:
    pc.stack.enter_context(device_lock(pc.data, pc.address))


def an_agent_that_hangs(pc: Clinic) -> None:
    pc.tell(at=now() - timedelta(minutes=5))


def an_agent_of_another_pairing(pc: Clinic) -> None:
    pc.tell(agent_id="ag_other")


def a_copy_of_this_pc(pc: Clinic) -> None:
    pc.tell_link("superseded")


def no_link(pc: Clinic) -> None:
    pc.tell_link("unreachable")


def a_link_that_is_being_made(pc: Clinic) -> None:
    assert pc.status is not None
    pc.tell(link=replace(pc.status.link, state=AgentLink.GREETING))


def a_journal_that_the_server_distrusts(pc: Clinic) -> None:
    assert pc.status is not None
    pc.tell(quarantined=True, link=replace(pc.status.link, state=AgentLink.QUARANTINED))


def a_desk_without_a_register(pc: Clinic) -> None:
    """The CRM expects a second register at this PC."""
    put, wanted = pc.home.rig.put, {"kkm_id": "18", "name": "Касса 2"}
    put("/devices", {**wanted, "agent_id": load_identity(pc.data).agent_id})
    pc.stack.callback(put, "/devices", {**wanted, "agent_id": None})


def a_pause(pc: Clinic) -> None:
    pc.tell(paused=True)


def a_job_that_stands_still(pc: Clinic) -> None:
    pc.tell_job(JobStatus("order-1", KKM, "receipt", "started", now() - timedelta(minutes=30)), step="printing")


# --- the account


def a_wrong_account(pc: Clinic) -> None:
    """The real server does not know such an agent."""
    pc.identity(agent_id="pm_00000")


def another_key(pc: Clinic) -> None:
    """The real server finds that the signature is not this PC's."""
    pc.identity(private_key=keys.new_private_key())


def a_server_with_other_keys(pc: Clinic) -> None:
    pc.identity(server_keys={"k1": b64encode(bytes(32)).decode()})


def a_pairing_that_nobody_confirmed(pc: Clinic) -> None:
    pc.tell_link("agent_not_active")


def another_tenant(pc: Clinic) -> None:
    pc.tell_link("wrong_tenant")


def a_link_address_where_nobody_listens(pc: Clinic) -> None:
    pc.identity(link_url="ws://127.0.0.1:1/api/v1/agent")


# --- the journal


def _row(pc: Clinic, state: Known, **changes: Any) -> JobRow:
    row = JobRow(
        job_id="order-1", kkm_id=KKM, kind="receipt", state=state, rev=3, attempt=1, closing=False, seq=1, lease_no=1,
        start_by=now().isoformat(), binding_epoch=1, payload_hash="0" * 64, imprint="KB-1",
    )  # fmt: skip
    return replace(row, **changes)


def _job(state: Known, **changes: Any) -> Any:
    return lambda pc: pc.journal(lambda tx: tx.write_job(_row(pc, state, **changes), "test"))


def _register(pc: Clinic, **changes: Any) -> None:
    pc.journal(lambda tx: tx.write_device(replace(tx.device(KKM), **changes), "test"))


def a_record_that_was_changed(pc: Clinic) -> None:
    with closing(sqlite3.connect(pc.data / "journal.sqlite3")) as db:
        ((body,),) = db.execute("SELECT body FROM journal WHERE n = 1")
        db.execute("UPDATE journal SET body = ? WHERE n = 1", (json.dumps({**json.loads(body), "event": "other"}),))
        db.commit()


def a_journal_of_garbage(pc: Clinic) -> None:
    for path in pc.data.glob("journal.sqlite3*"):
        path.unlink()
    (pc.data / "journal.sqlite3").write_bytes(b"no database at all" * 1000)


def a_receipt_begun_and_the_program_ended(pc: Clinic) -> None:
    _job(Known.RESOLVING)(pc)


def a_receipt_whose_answer_was_lost(pc: Clinic) -> None:
    _job(Known.RESOLVING)(pc)


def a_shift_begun_and_the_program_ended(pc: Clinic) -> None:
    _register(pc, operation={"operation": "close_shift"})


def a_receipt_that_a_person_must_judge(pc: Clinic) -> None:
    _job(Known.HUMAN)(pc)


def a_sale_that_owes_its_receipt(pc: Clinic) -> None:
    _job(Known.STARTED, kind="sale", sale={"terminal": "18", "waits": "receipt_owed", "owed": True})(pc)


def a_receipt_put_off(pc: Clinic) -> None:
    _job(Known.HELD)(pc)


def a_receipt_that_waits_for_paper(pc: Clinic) -> None:
    _register(pc, unprinted="order-1")


def a_result_that_the_server_never_confirmed(pc: Clinic) -> None:
    event = Event(event_id="e1", kkm_id=KKM, kind="device_online", at=now())
    pc.journal(lambda tx: tx.send(event, "event"), at=now() - timedelta(hours=2))


def a_bound_register_that_is_not_configured(pc: Clinic) -> None:
    desk = Desk(desk_id="desk-2").model_dump(mode="json")
    row = DeviceRow("18", register_serial="0018", binding_epoch=1, desk=desk)
    pc.journal(lambda tx: tx.write_device(row, "test"))


# --- the program


def the_program_was_moved(pc: Clinic) -> None:
    write_install(pc.data, Install(pc.folder / "old place", VERSION, pc.config, now()))


def a_second_copy_of_the_program(pc: Clinic) -> None:
    (pc.folder / "copy").mkdir()
    write_install(pc.data, Install(pc.folder / "copy", VERSION, pc.config, now()))


def a_program_that_all_can_write(pc: Clinic) -> None:
    pc.world.program.chmod(0o777)


def a_program_with_every_right(pc: Clinic) -> None:
    pc.set(all_powerful=lambda: True)


def _plugin(pc: Clinic, source: str) -> None:
    folder = pc.folder / "plugins"
    info = folder / "outside-1.dist-info"
    info.mkdir(parents=True)
    (folder / "examined_driver.py").write_text(source, "utf-8")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: outside\nVersion: 1\n", "utf-8")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\noutside = examined_driver:driver\n", "utf-8")
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755)
    pc.set(plugins=folder)


def plugins_that_all_can_write(pc: Clinic) -> None:
    _plugin(pc, "")
    (pc.folder / "plugins").chmod(0o777)


def a_plugin_of_another_version(pc: Clinic) -> None:
    _plugin(pc, "from drivers.registry import gone\n")


def an_upgrade_without_a_restart(pc: Clinic) -> None:
    pc.tell(version="0.0.9")


CASES = (
    Case("agent.running", "not_running", lambda _: None, stopped=True),
    Case("agent.running", "no_answer", an_agent_that_holds_the_register_and_is_silent, stopped=True),
    Case("agent.running", "hangs", an_agent_that_hangs),
    Case("agent.second", "another_agent", an_agent_of_another_pairing),
    Case("agent.second", "copied", a_copy_of_this_pc),
    Case("agent.session", "link_down", no_link),
    Case("agent.session", "connecting", a_link_that_is_being_made),
    Case("agent.session", "quarantined", a_journal_that_the_server_distrusts),
    Case("server.places", "missing", a_desk_without_a_register),
    Case("agent.paused", "paused", a_pause),
    Case("agent.progress", "stuck", a_job_that_stands_still),
    Case("server.account", "unknown_agent", a_wrong_account, stopped=True),
    Case("server.account", "bad_signature", another_key, stopped=True),
    Case("server.account", "bad_welcome", a_server_with_other_keys, stopped=True),
    Case("server.account", "agent_not_active", a_pairing_that_nobody_confirmed),
    Case("server.account", "wrong_tenant", another_tenant),
    Case("server.account", "not_told", a_link_address_where_nobody_listens, stopped=True),
    Case("journal.chain", "damaged", a_record_that_was_changed),
    Case("journal.chain", "unreadable", a_journal_of_garbage),
    Case("journal.open", "intent_open", a_receipt_begun_and_the_program_ended, stopped=True),
    Case("journal.open", "resolving", a_receipt_whose_answer_was_lost),
    Case("journal.open", "operation_open", a_shift_begun_and_the_program_ended, stopped=True),
    Case("journal.decisions", "human", a_receipt_that_a_person_must_judge),
    Case("journal.decisions", "sale_waits", a_sale_that_owes_its_receipt),
    Case("journal.held", "held", a_receipt_put_off),
    Case("journal.paper", "unprinted", a_receipt_that_waits_for_paper),
    Case("journal.outbox", "undelivered", a_result_that_the_server_never_confirmed),
    Case("journal.devices", "left_out", a_bound_register_that_is_not_configured),
    Case("program.place", "moved", the_program_was_moved),
    Case("program.place", "another_copy", a_second_copy_of_the_program),
    Case("program.rights", "open_to_all", a_program_that_all_can_write),
    Case("program.rights", "all_powerful", a_program_with_every_right),
    Case("program.plugins", "unsafe_plugins", plugins_that_all_can_write),
    Case("program.plugins", "broken_driver", a_plugin_of_another_version),
    Case("program.version", "another_version", an_upgrade_without_a_restart),
)
