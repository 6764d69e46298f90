"""Faults of a register: a real simulated one, its memory and its faults; what the running agent tells of one."""

from __future__ import annotations

import fcntl
import os
import pty
import tty
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from drivers.registry import open_register
from drivers.transports.base import SystemClock
from tests.agent.support.doctor.clinic import KKM, Case, Clinic, at_the_desk
from tests.agent.support.doctor.network_cases import closed_port
from tests.agent.support.doctor.peers import answer, listening, saying

# --- where it is and who it is


def a_cable_pulled_out(pc: Clinic) -> None:
    pc.write(address=f"serial:{pc.folder}/ttyACM7?baud=115200")


def a_port_that_another_program_holds(pc: Clinic) -> None:
    near, far = pty.openpty()
    tty.setraw(far)
    name = os.ttyname(far)
    pc.stack.callback(os.close, near)
    pc.stack.callback(os.close, far)
    fcntl.flock(far, fcntl.LOCK_EX)  # as serial programs lock it
    pc.write(address=f"serial:{name}?baud=115200")


def a_register_that_is_off(pc: Clinic) -> None:
    pc.write(address=f"tcp:127.0.0.1:{closed_port()}")


def something_else_that_talks(pc: Clinic) -> None:
    """A web page where ATOL's web server should be."""
    port = pc.stack.enter_context(listening(saying(lambda: answer("404 Not Found", "<html>printer</html>"))))
    pc.write(driver="atol-web", address=f"http://127.0.0.1:{port}")


def a_web_server_behind_a_password(pc: Clinic) -> None:
    port = pc.stack.enter_context(listening(saying(lambda: answer("401 Unauthorized", ""))))
    pc.write(driver="atol-web", address=f"http://127.0.0.1:{port}")


def _fault(*faults: str) -> Any:
    return lambda pc: pc.write(address=f"{pc.address}&fault={';'.join(faults)}")


def _agents(code: str, detail: str | None = None) -> Any:
    """The running agent has met this trouble; it has not been able to tell more."""
    return lambda pc: pc.tell_trouble(code, detail)


def a_register_not_seen_yet(pc: Clinic) -> None:
    pc.tell_register(identity=None, facts=None)


def a_register_added_after_the_start(pc: Clinic) -> None:
    pc.tell(devices=())


def another_register_at_the_address(pc: Clinic) -> None:
    """A fresh one, with serial numbers of its own."""
    pc.register.unlink()
    pc.write(address=f"{pc.address}&seed=99")


# --- the maker's library


def _library(pc: Clinic, content: bytes | None) -> None:
    path = pc.folder / "libfptr10.so"
    if content is not None:
        path.write_bytes(content)
    pc.write(driver="atol-lib", address=f"lib:{path}?tcp=127.0.0.1:5555")


def _other_processors(pc: Clinic) -> None:
    """The head of a library for 32-bit Intel, as many PCs have it."""
    head = b"\x7fELF\x01\x01\x01" + bytes(9) + (3).to_bytes(2, "little") + (3).to_bytes(2, "little") + bytes(44)
    _library(pc, head)


# --- the server's view


def a_kkm_id_that_the_server_has_not_bound(pc: Clinic) -> None:
    """The journal and the real server know KKM_ID 17 and no 71."""
    pc.config.write_text(pc.config.read_text("utf-8").replace(f'"{KKM}"', '"71"'), "utf-8")
    pc.journal(lambda tx: tx.write_device(replace(tx.device(KKM), released=True), "test"))


def a_register_at_no_desk(pc: Clinic) -> None:
    pc.tell_register(desk=None)


# --- how it is


def _drive(days: int, age: int = 0, capacity: int = 250_000) -> Any:
    """A drive for so many days, registered so many days ago."""

    def plant(pc: Clinic) -> None:
        with pc.memory() as state:
            since = state.drive.registration.registered_at - timedelta(days=age)
            state.drive.registration = replace(state.drive.registration, fn_days=days, registered_at=since)
            state.drive.capacity = capacity

    return plant


def _older(pc: Clinic, age: timedelta) -> None:
    """The register has been in use for that much longer."""
    with pc.memory() as state:
        drive = state.drive
        drive.documents = [replace(d, at=d.at - age, made=d.made - age) for d in drive.documents]
        drive.registration = replace(drive.registration, registered_at=drive.registration.registered_at - age)


def _unsent(age: timedelta) -> Any:
    """The operator has been out of reach since before the first document."""

    def plant(pc: Clinic) -> None:
        _older(pc, age)
        with pc.memory() as state:
            state.drive.ofd.lag = None
            state.drive.ofd.confirmed = []

    return plant


def _shift(age: timedelta) -> Any:
    """A shift that was really opened, so long ago by the register's clock."""

    def plant(pc: Clinic) -> None:
        _older(pc, timedelta(days=3))
        then = at_the_desk() - age
        address = f"sim:shtrih?state={pc.register}&clock={then.isoformat()}&print-time=0"
        register = open_register("shtrih", address, clock=SystemClock())
        register.connect()
        register.open_shift(None, None)
        register.disconnect()

    return plant


def _clock(ahead: timedelta) -> Any:
    def plant(pc: Clinic) -> None:
        shown: datetime = at_the_desk() + ahead
        pc.write(address=f"sim:shtrih?state={pc.register}&clock={shown.isoformat()}")

    return plant


def _table(name: str, value: int) -> Any:
    def plant(pc: Clinic) -> None:
        with pc.memory() as state:
            state.tables[name] = value

    return plant


def a_date_that_awaits_confirmation(pc: Clinic) -> None:
    with pc.memory() as state:
        state.pending_date = at_the_desk().date().isoformat()


def _tells(part: str | None = None, **facts: Any) -> Any:
    """A register like this was met by the running agent."""
    return lambda pc: pc.tell_facts(part, **facts)


CASES = (
    Case("device.port", "port_missing", a_cable_pulled_out, stopped=True),
    Case("device.port", "port_busy", a_port_that_another_program_holds, stopped=True),
    Case("device.library", "driver_missing", partial(_library, content=None), stopped=True),
    Case("device.library", "driver_bitness", _other_processors, stopped=True),
    Case("device.library", "driver_failed", partial(_library, content=b"no library"), stopped=True),
    Case("device.answers", "device_offline", a_register_that_is_off, stopped=True),
    Case("device.answers", "wrong_device", something_else_that_talks, stopped=True),
    Case("device.answers", "line_noise", _agents("line_noise")),
    Case("device.answers", "wrong_password", a_web_server_behind_a_password, stopped=True),
    Case("device.answers", "not_seen_yet", a_register_not_seen_yet),
    Case("device.answers", "not_served", a_register_added_after_the_start),
    Case("device.answers", "trouble", _fault("refuse:error=7D,times=always"), stopped=True),
    Case("device.identity", "another_register", another_register_at_the_address, stopped=True),
    Case("device.identity", "register_changed", _agents("register_changed")),
    Case("device.bound", "not_bound", a_kkm_id_that_the_server_has_not_bound, stopped=True),
    Case("device.bound", "refused", _agents("unknown_kkm_id")),
    Case("device.desk", "no_desk", a_register_at_no_desk),
    Case("device.fn", "days_end", _drive(20), stopped=True),
    Case("device.fn", "memory_ends", _drive(1110, capacity=100), stopped=True),
    Case("device.fn", "fn_expired", _drive(20, age=30), stopped=True),
    Case("device.fn", "fn_full", _tells(blocked="fn_full")),
    Case("device.fn", "fn_absent", _tells(blocked="fn_absent")),
    Case("device.fn", "fn_failed", _tells(blocked="fn_failed")),
    Case("device.fn", "fn_state", _tells(blocked="fn_state")),
    Case("device.fn", "warned", _tells("fn", warnings=["critical"])),
    Case("device.ofd", "late", _unsent(timedelta(hours=30)), stopped=True),
    Case("device.ofd", "overdue", _unsent(timedelta(days=6)), stopped=True),
    Case("device.ofd", "ofd_blocked", _tells(blocked="ofd_blocked")),
    Case("device.shift", "ends_soon", _shift(timedelta(hours=23, minutes=30)), stopped=True),
    Case("device.shift", "shift_expired", _shift(timedelta(hours=25)), stopped=True),
    Case("device.paper", "no_paper", _fault("paper-out:line=0"), stopped=True),
    Case("device.paper", "cover_open", _fault("cover:seconds=1000"), stopped=True),
    Case("device.paper", "continue_print", _tells(paper="resumable")),
    Case("device.clock", "drifts", _clock(timedelta(minutes=5)), stopped=True),
    Case("device.clock", "clock_wrong", _clock(timedelta(hours=2)), stopped=True),
    Case("device.clock", "clock_unset", a_date_that_awaits_confirmation, stopped=True),
    Case("device.setup", "vat20_autoreplace", _table("17.1.71", 1), stopped=True),
    Case("device.setup", "tax_by_host", _table("1.1.14", 1), stopped=True),
    Case("device.setup", "printing_off", _table("17.1.7", 2), stopped=True),
    Case("device.setup", "vat_rate_missing", _tells(setup_problems=["vat_rate_missing"])),
    Case("device.setup", "setup_problem", _tells(setup_problems=["tomorrows_problem"])),
    Case("device.document", "document_open", _tells(document_open=True)),
    Case("device.blocked", "blocked", _tells(blocked="register_locked")),
)
