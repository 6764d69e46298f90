"""What a running agent shows of itself: to the tray, to ``kassabridge agent status``, to the doctor, to a bundle.

A picture of one moment, replaced as a whole. Nothing here decides anything; the journal is the truth. Codes are those
of ``protocol.crm.codes``, ``agent.link.dial`` and of ``drivers.errors``; words are looked up where they are shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from agent.link.status import LinkStatus
from drivers.api import Identity
from drivers.terminal_api import TerminalIdentity
from protocol.crm.outcomes import Reason


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A job as the journal has it now. ``total`` in kopecks, ``None`` for what has no sum; ``state`` is a word of the
    job machine (accepted, held, started, resolving, human, done, not_done, cancelled); ``case`` is the code of what a
    person has to decide, for ``human``."""

    job_id: str
    kkm_id: str
    kind: str
    state: str
    at: datetime  # of its last change, with zone
    total: int | None = None
    reason: Reason | None = None
    case: str | None = None
    fd: int | None = None
    paper_pending: bool = False


@dataclass(frozen=True, slots=True)
class DeviceStatus:
    """One device of the configuration. ``identity`` (of a register), ``terminal`` and ``bound`` tell who was found
    there and whether the server has bound it to this PC; ``trouble`` is why it cannot work now, ``None`` when nothing
    is known to be wrong; ``job`` is the job in hand and ``step`` the neutral code of what it is at (``printing``,
    ``resolving``, …); ``facts`` are the newest of ``agent.devices.facts`` (what the server is told as health), ``None``
    before the first look; ``abortable``: the job in hand can be called off at this PC, as far as its device is
    concerned."""

    kkm_id: str
    driver: str
    address: str
    desk: str | None = None
    identity: Identity | None = None
    bound: bool = False
    trouble: Reason | None = None
    job: str | None = None
    step: str | None = None
    facts: Mapping[str, Any] | None = None
    is_terminal: bool = False
    terminal: TerminalIdentity | None = None
    abortable: bool = False

    @property
    def met(self) -> bool:
        """It has said who it is."""
        return self.identity is not None or self.terminal is not None


@dataclass(frozen=True, slots=True)
class SupportAsk:
    """What waits for a yes or no at this PC: a bundle that support asks for, or that was made here (``own``), or the
    log as it is written (``what``). ``until``: when silence becomes a no. ``seen``: somebody has looked at what would
    be sent; before that nobody can agree to it. ``jobs``: what support asks about."""

    request_id: str
    until: datetime
    person: str = ""
    reason: str = ""
    own: bool = False
    seen: bool = False
    jobs: tuple[str, ...] = ()
    what: Literal["bundle", "log"] = "bundle"


@dataclass(frozen=True, slots=True)
class Watched:
    """Support sees this PC's log as it is written. ``person`` has asked for it, ``agreed`` said yes; ``until``: when it
    ends by itself."""

    request_id: str
    until: datetime
    person: str
    agreed: str


@dataclass(frozen=True, slots=True)
class AwaitedRegister:
    """A register that the CRM expects at this PC and that has no device here. ``name``: of its desk, may be empty."""

    kkm_id: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class AgentStatus:
    """The whole. ``recent`` are the last jobs, newest first; ``decisions`` the jobs that wait for a person; ``asks``
    what waits for somebody's consent; ``watched`` who sees the log; ``awaited`` the registers that are missing here."""

    at: datetime
    version: str
    agent_id: str
    tenant: str
    server_url: str
    link: LinkStatus
    devices: tuple[DeviceStatus, ...] = ()
    recent: tuple[JobStatus, ...] = ()
    decisions: tuple[JobStatus, ...] = ()
    paused: bool = False
    quarantined: bool = False
    disk_low: bool = False
    asks: tuple[SupportAsk, ...] = ()
    watched: Watched | None = None
    awaited: tuple[AwaitedRegister, ...] = ()

    @property
    def in_hand(self) -> tuple[DeviceStatus, ...]:
        """The devices at which a job is being carried out."""
        return tuple(device for device in self.devices if device.job is not None)
