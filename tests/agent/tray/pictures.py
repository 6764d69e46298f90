"""Pictures of an agent, as the tests of the tray need them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

from agent.link.status import LinkStatus, Trouble
from agent.status import AgentStatus, DeviceStatus, JobStatus
from drivers.api import Identity
from drivers.terminal_api import TerminalIdentity
from protocol.crm.codes import reason
from protocol.crm.link_machine import AgentLink

NOW = datetime(2026, 11, 22, 12, 5, tzinfo=timezone(timedelta(hours=3)))
IDENTITY = Identity("МИНИ-ФР", "0478040001", "9999078902001234", "0000000001012345", "7701234567", "1.2")
GOOD_LINK = LinkStatus(AgentLink.READY, NOW - timedelta(hours=1))
REGISTER = DeviceStatus(
    "17", "shtrih", "tcp:192.168.137.111:7778", desk="Касса 1", identity=IDENTITY, bound=True
)  # fmt: skip
TERMINAL = DeviceStatus(
    "t1", "zvt", "tcp:192.168.137.112:20007", is_terminal=True, bound=True,
    terminal=TerminalIdentity("ZVT", "zvt", "12345678"),
)  # fmt: skip


def job(state: str = "done", **changed: Any) -> JobStatus:
    """A receipt of 1 250,00 two minutes ago; ``code`` becomes its reason."""
    code = changed.pop("code", None)
    made = JobStatus("order-1", "17", "receipt", state, NOW - timedelta(minutes=2), total=125000)
    return replace(made, reason=reason(code) if code else None, **changed)


def picture(**changed: Any) -> AgentStatus:
    """A healthy agent with one register."""
    good = AgentStatus(
        at=NOW, version="0.1.0", agent_id="pc-1", tenant="shop", server_url="https://kassa.example.ru",
        link=GOOD_LINK, devices=(REGISTER,), recent=(job(fd=41),),
    )  # fmt: skip
    return replace(good, **changed)


def down(code: str, state: AgentLink = AgentLink.WAITING, failures: int = 1) -> LinkStatus:
    return LinkStatus(state, NOW, Trouble(code), failures)


def device(code: str | None = None, **changed: Any) -> DeviceStatus:
    return replace(REGISTER, trouble=reason(code) if code else None, **changed)
