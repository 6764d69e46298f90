"""The cells that many runs together must reach: every (step, fault), every (state, event) of the job machine.

A row is a step, the faults that can strike there, and what a run needs so that the step comes at all. A run of the
general mix takes one cell as its target (``runs.plan_of``); an empty cell after ``ENOUGH`` runs is a fault of the
simulation, and fails it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from protocol.crm.job_machine import TABLE, JobEvent, Known
from protocol.crm.machine import Refusal
from tests.chaos.devices import ASKING, CHANGING
from tests.chaos.dice import Cell
from tests.chaos.network import FAULTS, GREETING
from tests.chaos.pc import COMMIT_FAULTS as JOURNAL
from tests.chaos.server import COMMIT_FAULTS as DATABASE
from tests.chaos.terminals import ASKING as TERMINAL_ASKING
from tests.chaos.terminals import MONEY, SETTLING, UNVOIDED

ENOUGH = 8_000
"""Runs after which no cell may be empty."""


@dataclass(frozen=True, slots=True)
class Hint:
    """What a run should be like; empty values leave it to luck."""

    kinds: tuple[str, ...] = ()
    layout: str = ""
    theme: str = ""
    cancels: float | None = None
    renews: float = 0.0
    off: float = 0.0
    strikes: Cell | None = None
    """What strikes; without it the cell itself."""
    nth: int = 1
    times: int = 1
    happens: tuple[tuple[float, str], ...] = ()
    """What the weather brings, and when."""


ANY = Hint()
RECEIPT = Hint(("receipt",), "one")
CANCELLED = Hint(("receipt",), "one", "plain", 1.0, off=20.0)
RENEWED = Hint(("receipt",), "one", "plain", off=100.0)
UNREAD: Cell = ("query:ReadDocument", "unreadable")
MOVED = Hint(("receipt", "receipt"), "rivals", "move")
DEAD = Hint(("receipt", "receipt"), "rivals", "dead_pc")
ROLLED_BACK = Hint(("receipt", "receipt"), "one", "rollback")
TOLD = Hint(("receipt",), "shared_unmarked")


def _only(kind: str) -> Hint:
    return Hint(("receipt", kind), "one", "plain")


_COMMITS: Mapping[str, Hint] = {
    "offer": ANY, "intent": RECEIPT, "closing": RECEIPT, "proven": RECEIPT, "doubt": RECEIPT, "proven_none": RECEIPT,
    "lease_passed": RENEWED, "renew": RENEWED, "archived": ANY, "seen": RECEIPT, "looked": ANY, "outbox": ANY,
    "operation_intent": RECEIPT, "operation_outcome": RECEIPT, "cancel": CANCELLED,
    "answered": _only("device_status"), "impossible": Hint(("x_report",), "one", "plain"),
    "release_asked": MOVED, "bind": MOVED, "adopt": DEAD, "searched": DEAD,
}  # fmt: skip
_CHANGES: Mapping[str, Hint] = {
    "Fill": RECEIPT, "Close": RECEIPT, "Fence": RECEIPT, "Operate.open_shift": RECEIPT,
    "Operate.close_shift": _only("close_shift"), "Operate.cash_in": _only("cash_in"),
    "Operate.cash_out": _only("cash_out"), "Do.x_report": _only("x_report"), "Do.print_text": _only("print_text"),
    "Do.open_drawer": _only("open_drawer"), "Do.print_copy": _only("print_copy"),
}  # fmt: skip
_ASKS: Mapping[str, Hint] = {
    "introduce": ANY, "Reopen": RECEIPT, "ReadStatus": ANY, "ReadDocument": RECEIPT, "ReadArchiveEnd": RECEIPT,
    "ReadCounters": _only("cash_in"), "ReadTotals": _only("close_shift"), "Query": _only("device_status"),
}  # fmt: skip
_MESSAGES: Mapping[str, Hint] = {
    "challenge": ANY, "hello": ANY, "welcome": ANY, "checkpoint": ANY, "ready": ANY, "ack": ANY, "ping": ANY,
    "pong": ANY, "offer": RECEIPT, "accept": RECEIPT, "update": RECEIPT, "progress": RECEIPT, "health": ANY,
    "claim": ANY, "event": RECEIPT, "cancel": CANCELLED, "renew": RENEWED, "release": MOVED, "released": MOVED,
    "bind": DEAD, "bound": DEAD, "quarantine": ROLLED_BACK, "archive": ROLLED_BACK,
}  # fmt: skip
_SERVED: Mapping[str, Hint] = {
    "start": ANY, "greeting": ANY, "hello": ANY, "checkpoint": ANY, "post": ANY, "accept": RECEIPT, "update": RECEIPT,
    "ack": ANY, "ping": ANY, "claim": ANY, "health": ANY, "event": RECEIPT, "progress": RECEIPT, "renew": RENEWED,
    "cancel": CANCELLED, "move": MOVED, "released": MOVED, "bound": DEAD, "confirm": ROLLED_BACK,
}  # fmt: skip

WEATHER = (
    "pc_clock", "register_clock", "sleep", "paper", "cut", "hole", "half_open", "server_restart", "server_kill",
    "agent_restart", "pc_power", "register_power", "disk_low", "cables", "foreign", "terminal_unplugged",
    "terminal_power", "other_terminal", "foreign_payment", "own_settlement",
)  # fmt: skip
THEMES = ("rollback", "move", "dead_pc", "server_restored", "fn_swap", "offline")


def _over(prefix: str, steps: Mapping[str, Hint], faults: Sequence[str]) -> dict[Cell, Hint]:
    return {(f"{prefix}:{step}", fault): hint for step, hint in steps.items() for fault in faults}


def _of_messages() -> dict[Cell, Hint]:
    return {
        (f"message:{step}", fault): hint
        for step, hint in _MESSAGES.items()
        for fault in FAULTS
        if step not in GREETING or fault not in ("doubled", "reordered", "replayed")
    }


SALE = Hint(("sale",), "till", "plain")
UNKNOWN = replace(SALE, layout="till_inpas")
"""At a terminal that does not remember."""
BACK = Hint(("payment", "refund"), "till", "plain")
VOID = Hint(("payment", "void"), "till", "plain")
DAY = Hint(("payment", "settlement"), "till", "plain")
COPIED = replace(SALE, theme="rollback", happens=tuple((at, "foreign_payment") for at in (10.0, 14.0, 18.0, 24.0)))
"""Of a copy that was made in doubt the terminal remembers something else."""
_OF_SALES: Mapping[str, Hint] = {
    "part": SALE, "goes_on": SALE, "reference": SALE,
}  # fmt: skip
_AT_TERMINAL: Mapping[Cell, Hint] = {
    **_over("terminal", {"Move.payment": SALE, "Move.refund": BACK}, MONEY),
    **_over("terminal", {"Move.void": VOID}, [fault for fault in MONEY if fault not in UNVOIDED]),
    **_over("terminal", {"Settle": DAY}, SETTLING),
    **_over("terminal", {"ReadTerminal": SALE, "ReadLast": SALE, "introduce": SALE}, TERMINAL_ASKING),
    **_over("commit", _OF_SALES, JOURNAL),
}
"""Steps and faults of shops with a card terminal."""
TARGETS: Mapping[Cell, Hint] = {
    **_over("commit", _COMMITS, JOURNAL), **_over("device", _CHANGES, CHANGING), **_over("query", _ASKS, ASKING),
    **_AT_TERMINAL, **_of_messages(), **_over("server", _SERVED, DATABASE), UNREAD: RECEIPT,
}  # fmt: skip
"""Steps and faults that a run can be aimed at."""


def _machine(transitions: Mapping[tuple[Known, JobEvent], Hint]) -> dict[Cell, Hint]:
    return {(f"machine:{state.value}", event.value): hint for (state, event), hint in transitions.items()}


_PERSON = Hint(("receipt",), "shared", strikes=UNREAD, times=6)
_STARTED = replace(CANCELLED, off=0.0, strikes=("device:Fill", "silent"))
_RESOLVING = replace(CANCELLED, off=0.0, strikes=("device:Close", "late"))
_CASH = Hint(("receipt", "cash_in"), "shared", strikes=("device:Operate.cash_in", "lost_answer"))
_MACHINE: Mapping[tuple[Known, JobEvent], Hint] = {
    (Known.QUEUED, JobEvent.ASK_RENEW): replace(RENEWED, renews=1.0),
    (Known.ABSENT, JobEvent.CANCEL): replace(CANCELLED, strikes=("message:offer", "reordered"), off=0.0),
    (Known.QUEUED, JobEvent.RETURN): replace(MOVED, strikes=("message:offer", "late")),
    (Known.HELD, JobEvent.RETURN): replace(MOVED, off=95.0),
    (Known.HELD, JobEvent.RELEASE): replace(MOVED, off=95.0),
    (Known.ACCEPTED, JobEvent.RELEASE): replace(MOVED, off=20.0),
    (Known.STARTED, JobEvent.ASK_CANCEL): _STARTED,
    (Known.STARTED, JobEvent.CANCEL): _STARTED,
    (Known.RESOLVING, JobEvent.ASK_CANCEL): _RESOLVING,
    (Known.RESOLVING, JobEvent.CANCEL): _RESOLVING,
    (Known.STARTED, JobEvent.UNDECIDABLE): _PERSON,
    (Known.RESOLVING, JobEvent.UNDECIDABLE): _CASH,
    (Known.HUMAN, JobEvent.PROVEN): _PERSON,
    (Known.HUMAN, JobEvent.PROVEN_NONE): _PERSON,
    (Known.HUMAN, JobEvent.UNDECIDABLE): replace(_PERSON, layout="shared_unmarked"),
    (Known.HUMAN, JobEvent.ASK_CANCEL): _PERSON,
    (Known.HUMAN, JobEvent.CANCEL): _PERSON,
}
"""Transitions that a run can be aimed at, and how."""
_SOLD: Mapping[tuple[Known, JobEvent], Hint] = {
    (Known.STARTED, JobEvent.GOES_ON): SALE,
    (Known.STARTED, JobEvent.NOT_TAKEN): replace(SALE, strikes=("terminal:Move.payment", "declined")),
    (Known.RESOLVING, JobEvent.GOES_ON): replace(SALE, strikes=("device:Close", "lost_request")),
    (Known.RESOLVING, JobEvent.NOT_TAKEN): replace(SALE, strikes=("terminal:Move.payment", "answer_lost")),
    (Known.HUMAN, JobEvent.GOES_ON): replace(UNKNOWN, strikes=("terminal:Move.payment", "answer_lost")),
    (Known.HUMAN, JobEvent.NOT_TAKEN): replace(UNKNOWN, strikes=("terminal:Move.payment", "silent")),
    (Known.RESOLVING, JobEvent.HEARD_DONE): replace(COPIED, strikes=("terminal:Move.payment", "power_after")),
    (Known.RESOLVING, JobEvent.HEARD_NOT_DONE): replace(COPIED, strikes=("terminal:Move.payment", "answer_lost")),
}
"""Transitions that only sales and payments make."""
SELLING: Mapping[Cell, Hint] = {**_AT_TERMINAL, **_machine(_SOLD)}
"""Cells that a run in a shop with a card terminal can be aimed at."""
AIMS: Mapping[Cell, Hint] = {**TARGETS, **_machine(_MACHINE), **SELLING}
"""Every cell that a run can be aimed at."""

UNREACHED: Mapping[tuple[Known, JobEvent], str] = {
    (Known.ABSENT, JobEvent.BAD_OFFER): "a refused offer leaves no job behind; the server's cell is REJECT",
    (Known.ACCEPTED, JobEvent.NOT_READY): "progress only: the lane does not ask the machine",
    **dict.fromkeys(
        (
            (state, event)
            for state in (Known.STARTED, Known.HUMAN)
            for event in (JobEvent.HEARD_DONE, JobEvent.HEARD_NOT_DONE)
        ),
        "a copy is seldom taken in such a moment; by luck alone",
    ),
}
"""Transitions that nothing in these shops asks for."""


def machine_cells() -> list[Cell]:
    """Every transition of the job machine; refusals are cells of its own tests."""
    return [
        (f"machine:{state.value}", event.value)
        for (state, event), cell in TABLE.items()
        if not isinstance(cell, Refusal) and (state, event) not in UNREACHED and event is not JobEvent.REPORTED
    ]


def expected() -> list[Cell]:
    return [
        *TARGETS, *(("weather", kind) for kind in WEATHER), *(("theme", name) for name in THEMES), *machine_cells(),
    ]  # fmt: skip
