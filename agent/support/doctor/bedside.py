"""One look at one device: through the running agent, which holds it, otherwise by queries of our own.

Never both: a second connection would disturb the first. Our own look is under the device's lock and ends by itself.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from agent.devices.facts import device_facts
from agent.devices.lock import DeviceLocked, device_lock
from agent.devices.terminals.account import SETTLED
from agent.devices.terminals.facts import terminal_facts
from agent.support.doctor.archive import archive
from agent.support.doctor.model import NotLooked
from agent.support.doctor.route import SHARE
from agent.support.doctor.scene import Scene
from drivers.address import SetupError, parse_address, whereabouts
from drivers.api import FiscalRegister, Identity
from drivers.errors import DeviceError, Refused
from drivers.registry import Opening, driver_named, is_terminal, open_with, terminal_named
from drivers.terminal_api import CardTerminal, TerminalIdentity

ANSWERS, TERMINAL_ANSWERS = "device.answers", "terminal.answers"
UNSEEN = "not_seen_yet"
UNSERVED = "not_served"
BOUND_TO_ANOTHER = frozenset(
    {"unknown_kkm_id", "device_already_bound", "register_already_bound", "device_released", "device_not_bound",
     "device_moving"}
)  # fmt: skip
MISSING = "port_missing"
OWNERS: Mapping[str, str] = {
    MISSING: "device.port",
    "port_busy": "device.port",
    "driver_missing": "device.library",
    "driver_bitness": "device.library",
    "driver_failed": "device.library",
    "no_paper": "device.paper",
    "cover_open": "device.paper",
    "continue_print": "device.paper",
    "shift_expired": "device.shift",
    "clock_unset": "device.clock",
    "fn_absent": "device.fn",
    "fn_failed": "device.fn",
    "fn_expired": "device.fn",
    "fn_full": "device.fn",
    "fn_state": "device.fn",
    "ofd_blocked": "device.ofd",
    "document_open": "device.document",
    "register_changed": "device.identity",
    **dict.fromkeys(BOUND_TO_ANOTHER, "device.bound"),
}
"""Why a device cannot work, and the check that tells it; ``device.answers``, or ``terminal.answers``, tells the
rest."""
SILENT = frozenset(
    {MISSING, "port_busy", "driver_missing", "driver_bitness", "driver_failed", "device_offline",
     "no_reply", "link_lost", "terminal_offline", "terminal_program_missing", "terminal_program_failed",
     "terminal_setup", "terminal_port_busy", "terminal_busy", "terminal_no_reply", "terminal_link_lost"}
)  # fmt: skip
"""Troubles of a device that does not answer now; what was known of it before says nothing."""
NO_TROUBLE = frozenset({"device_busy", "no_server_time", "disk_low"})
"""Why a job waits that is no trouble of the device; other checks tell the last two."""


@dataclass(frozen=True, slots=True)
class Look:
    """``facts`` as ``agent.devices.facts.device_facts``, or a terminal's, makes them; ``None`` while nobody has told
    them. ``trouble``: a code why the device does not answer, or why the agent cannot use it; empty for none."""

    identity: Identity | None = None
    terminal: TerminalIdentity | None = None
    facts: Mapping[str, Any] | None = None
    trouble: str = ""
    detail: str = ""
    vendor: str | None = None
    by_agent: bool = False

    @property
    def answered(self) -> bool:
        return (self.identity is not None or self.terminal is not None) and self.trouble not in SILENT

    def owned_by(self, check: str) -> str:
        """The trouble, if it is that check's to tell; otherwise nothing."""
        return self.trouble if self.trouble in OWNERS and OWNERS[self.trouble] == check else ""


class NotTold(Exception):
    """The running agent has not told these facts."""


def answers_of(scene: Scene) -> str:
    """The check that tells whether the scene's device answers."""
    return TERMINAL_ANSWERS if is_terminal(scene.device.driver) else ANSWERS


def look(scene: Scene) -> Look:
    """The look at the scene's device, once."""
    return scene.memo.once(f"look {scene.device.kkm_id}", answers_of(scene), lambda: _look(scene))


def port_of(scene: Scene) -> str | None:
    """The port of the computer behind which the device is; ``None``: it is elsewhere."""
    scheme, _, port = whereabouts(scene.device.address).partition(":")
    return port if scheme in ("serial", "pty") else None


def _is_missing(scene: Scene, port: str) -> bool:
    listed = any(known.device.upper() == port.upper() for known in scene.world.ports())
    return not listed and not (scene.world.posix and Path(port).exists())


def answered(scene: Scene) -> Look:
    """The same of a device that answers; raises ``NotLooked`` with whoever tells why it does not."""
    found = look(scene)
    if not found.answered:
        raise NotLooked(OWNERS.get(found.trouble, answers_of(scene)))
    return found


def facts(scene: Scene) -> Mapping[str, Any]:
    """What the device has told of itself. Raises ``NotLooked``, ``NotTold``."""
    found = answered(scene)
    if found.facts is None:
        raise NotTold
    return found.facts


def _look(scene: Scene) -> Look:
    found = _seen(scene)
    port = port_of(scene)
    if found.trouble == "device_offline" and port is not None and _is_missing(scene, port):
        return replace(found, trouble=MISSING)
    return found


def _seen(scene: Scene) -> Look:
    status = scene.status
    if status is not None:
        return _told(scene)
    try:
        with device_lock(scene.data_dir, scene.device.address):
            return _ask(scene)
    except DeviceLocked:
        raise NotLooked("agent.running") from None
    except OSError:
        raise NotLooked("folder.writable") from None


def _told(scene: Scene) -> Look:
    device = scene.device_status
    if device is None:
        return Look(trouble=UNSERVED, by_agent=True)
    why = device.trouble
    told = device.facts or {}
    code = why.code if why is not None else ""
    if not code and not told.get("answers", True):
        code = str(told.get("reason"))  # it fell silent while no job was in hand
    if code in NO_TROUBLE:
        code = ""
    if not code and not device.met:
        code = UNSEEN
    detail, vendor = (why.detail or "", why.vendor) if why is not None else ("", None)
    whole = told if "fn" in told or "terminal" in told else None  # of one that has not answered yet only that is told
    return Look(device.identity, device.terminal, whole, code, detail, vendor, by_agent=True)


def _ask(scene: Scene) -> Look:
    clock = scene.world.clock
    device: FiscalRegister | CardTerminal
    try:
        opening = Opening(
            parse_address(scene.device.address),
            clock,
            scene.device.profile,
            until=clock.now() + scene.limit * SHARE,
            transports=scene.world.transports,
        )
        if is_terminal(scene.device.driver):
            device = open_with(terminal_named(scene.device.driver), opening)
        else:
            device = open_with(driver_named(scene.device.driver), opening)
    except SetupError:
        raise NotLooked("config.devices") from None
    try:
        return _of_terminal(scene, device) if isinstance(device, CardTerminal) else _questions(scene, device)
    except DeviceError as error:
        return Look(trouble=error.code, detail=error.detail, vendor=error.vendor)
    finally:
        device.disconnect()


def _of_terminal(scene: Scene, terminal: CardTerminal) -> Look:
    identity = terminal.connect()
    settled = archive(scene).device(scene.device.kkm_id).facts.get(SETTLED)
    return Look(terminal=identity, facts=terminal_facts(identity, terminal.status(), settled))


def _questions(scene: Scene, register: FiscalRegister) -> Look:
    identity = register.connect()
    status = register.status()
    try:
        health = register.health()
    except Refused:
        health = None
    timezone = archive(scene).device(scene.device.kkm_id).settings.timezone
    return Look(identity, facts=device_facts(identity, status, health, scene.world.now(), timezone))


def holder_of(port: Path) -> str | None:
    """Which program has opened a port, as far as this system and this user can see; ``None`` when it cannot be seen."""
    folder = Path("/proc")
    if not folder.is_dir():
        return None
    wanted = os.path.realpath(port)
    for process in folder.iterdir():
        if not process.name.isdecimal() or int(process.name) == os.getpid():
            continue
        try:
            if any(os.path.realpath(file) == wanted for file in (process / "fd").iterdir()):
                return f"{(process / 'comm').read_text('utf-8').strip()} ({process.name})"
        except OSError:  # another user's, or gone meanwhile
            continue
    return None
