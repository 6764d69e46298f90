"""Faults of a card terminal in the register's place: a real simulated one, and what the running agent tells of one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from drivers.terminal_api import TerminalIdentity
from tests.agent.support.doctor.clinic import KKM, Case, Clinic
from tests.agent.support.doctor.network_cases import closed_port

ID = "52500041"
WHO = TerminalIdentity("ZVT", "zvt", ID, model="T 100")
WELL: dict[str, Any] = {"id": ID, "ready": True, "attention": None, "vendor": None, "settled_at": None}


def terminal(pc: Clinic, *, bound: str = ID, address: str = "", driver: str = "zvt") -> None:
    """The PC's one device is a terminal, and well."""
    pc.journal(lambda tx: tx.write_device(replace(tx.device(KKM), register_serial=bound), "test"))
    pc.write(driver=driver, address=address or f"sim:zvt?state={pc.folder / 'terminal.json'}&terminal={ID}")
    if pc.status is not None:
        pc.tell_register(
            driver=driver, address=pc.address, is_terminal=True, identity=None, terminal=WHO,
            facts={"answers": True, "terminal": WELL},
        )  # fmt: skip


def a_terminal_that_is_off(pc: Clinic) -> None:
    terminal(pc, address=f"tcp:127.0.0.1:{closed_port()}")


def a_banks_program_that_was_removed(pc: Clinic) -> None:
    terminal(pc, driver="sber", address=f"exe:{pc.folder / 'sc552'}")


def another_terminal_at_the_address(pc: Clinic) -> None:
    terminal(pc, bound="52500099")


def _agents(code: str) -> Any:
    """The running agent has met this trouble."""

    def plant(pc: Clinic) -> None:
        terminal(pc)
        pc.tell_trouble(code)

    return plant


def a_terminal_not_seen_yet(pc: Clinic) -> None:
    terminal(pc)
    pc.tell_register(terminal=None, facts=None)


def a_terminal_added_after_the_start(pc: Clinic) -> None:
    terminal(pc)
    pc.tell(devices=())


def a_settlement_that_is_due(pc: Clinic) -> None:
    terminal(pc)
    pc.tell_facts("terminal", ready=False, attention="terminal_settlement_needed", vendor="5003")


CASES = (
    Case("terminal.answers", "terminal_offline", a_terminal_that_is_off, stopped=True),
    Case("terminal.answers", "terminal_program_missing", a_banks_program_that_was_removed, stopped=True),
    Case("terminal.answers", "terminal_port_busy", _agents("terminal_port_busy")),
    Case("terminal.answers", "terminal_program_failed", _agents("terminal_program_failed")),
    Case("terminal.answers", "terminal_setup", _agents("terminal_setup")),
    Case("terminal.answers", "terminal_busy", _agents("terminal_busy")),
    Case("terminal.answers", "not_seen_yet", a_terminal_not_seen_yet),
    Case("terminal.answers", "not_served", a_terminal_added_after_the_start),
    Case("terminal.answers", "trouble", _agents("terminal_refused")),
    Case("terminal.identity", "another_terminal", another_terminal_at_the_address, stopped=True),
    Case("terminal.ready", "wants", a_settlement_that_is_due),
)
