"""The link: greeting, reconcile, heartbeat, end. One table for the agent's side, one for the server's.

Pure: events come in, effects come out; sockets, clock, randomness and storage belong to the shells. After ``lost`` the
agent waits (``backoff.delay``) and dials again; the number of failures is forgotten only after a valid ``welcome``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Generic, TypeVar

from protocol.crm.machine import Choice, Refusal, Rule, Table, complete

HELLO_DEADLINE = 10.0  # seconds for each step of the greeting
PING_EVERY = 20.0
MISSED_PINGS = 2


class AgentLink(StrEnum):
    OFFLINE = "offline"
    WAITING = "waiting"  # for the next try
    CONNECTING = "connecting"
    GREETING = "greeting"  # connected, challenge awaited
    PROVING = "proving"  # hello sent, welcome awaited
    CHECKING = "checking"  # checkpoint sent, the server's verdict awaited
    READY = "ready"
    QUARANTINED = "quarantined"  # only queries are answered
    STOPPED = "stopped"


class AgentLinkEvent(StrEnum):
    START = "start"
    DUE = "due"  # the back-off is over
    OPENED = "opened"
    CHALLENGE = "challenge"
    WELCOME = "welcome"
    BAD_WELCOME = "bad_welcome"  # keys that are not the pinned ones nor signed by them
    READY = "ready"
    QUARANTINE = "quarantine"
    MESSAGE = "message"  # any durable or passing message of the server
    PING_DUE = "ping_due"
    PONG = "pong"
    TIMEOUT = "timeout"  # a step of the greeting took too long
    LOST = "lost"  # connection refused, closed, failed
    STOP = "stop"


class AgentLinkEffect(StrEnum):
    DIAL = "dial"
    ARM_GREETING = "arm greeting timer"
    SEND_HELLO = "send hello"
    SEND_CHECKPOINT = "send checkpoint"
    TAKE_WELCOME = "take bindings and keys"
    FORGET_FAILURES = "forget failures"
    SEND_DIFFERENCES = "send differences"
    SEND_ARCHIVES = "send archives of the devices"
    ALLOW_STARTS = "allow starts"
    FORBID_STARTS = "forbid starts"
    DELIVER = "deliver"
    DELIVER_QUERY = "deliver, refusing what would act"
    SEND_PING = "send ping"
    TAKE_PONG = "take pong"
    CLOSE = "close"
    ARM_BACKOFF = "arm back-off"
    SEND_GOODBYE = "send goodbye"


A, AE, AX = AgentLink, AgentLinkEvent, AgentLinkEffect
_UP = (A.GREETING, A.PROVING, A.CHECKING, A.READY, A.QUARANTINED)
_GONE = (AX.FORBID_STARTS, AX.CLOSE, AX.ARM_BACKOFF)

_AGENT: dict[tuple[AgentLink, AgentLinkEvent], Rule[AgentLink] | Choice[AgentLink] | Refusal] = {
    (A.OFFLINE, AE.START): Rule(A.CONNECTING, (AX.DIAL,)),
    (A.WAITING, AE.DUE): Rule(A.CONNECTING, (AX.DIAL,)),
    (A.CONNECTING, AE.OPENED): Rule(A.GREETING, (AX.ARM_GREETING,)),
    (A.CONNECTING, AE.LOST): Rule(A.WAITING, (AX.ARM_BACKOFF,)),
    (A.CONNECTING, AE.TIMEOUT): Rule(A.WAITING, (AX.CLOSE, AX.ARM_BACKOFF)),
    (A.GREETING, AE.CHALLENGE): Rule(A.PROVING, (AX.SEND_HELLO, AX.ARM_GREETING)),
    (A.PROVING, AE.WELCOME): Rule(
        A.CHECKING, (AX.TAKE_WELCOME, AX.FORGET_FAILURES, AX.SEND_CHECKPOINT, AX.ARM_GREETING)
    ),
    (A.PROVING, AE.BAD_WELCOME): Rule(A.WAITING, _GONE),
    (A.CHECKING, AE.READY): Rule(A.READY, (AX.SEND_DIFFERENCES, AX.SEND_PING, AX.ALLOW_STARTS)),
    (A.CHECKING, AE.QUARANTINE): Rule(A.QUARANTINED, (AX.FORBID_STARTS, AX.SEND_ARCHIVES, AX.SEND_PING)),
    (A.QUARANTINED, AE.READY): Rule(A.READY, (AX.SEND_DIFFERENCES, AX.SEND_PING, AX.ALLOW_STARTS)),
    (A.READY, AE.QUARANTINE): Rule(A.QUARANTINED, (AX.FORBID_STARTS, AX.SEND_ARCHIVES)),
    (A.QUARANTINED, AE.QUARANTINE): Rule(None, (AX.SEND_ARCHIVES,)),
    (A.READY, AE.MESSAGE): Rule(None, (AX.DELIVER,)),
    (A.QUARANTINED, AE.MESSAGE): Rule(None, (AX.DELIVER_QUERY,)),
}
for _state in (A.READY, A.QUARANTINED):
    _AGENT[_state, AE.PONG] = Rule(None, (AX.TAKE_PONG,))
    _AGENT[_state, AE.PING_DUE] = Choice("too many missed", Rule(A.WAITING, _GONE), Rule(None, (AX.SEND_PING,)))
for _state in _UP:
    _AGENT[_state, AE.LOST] = Rule(A.WAITING, _GONE)
    _AGENT[_state, AE.STOP] = Rule(A.STOPPED, (AX.FORBID_STARTS, AX.SEND_GOODBYE, AX.CLOSE))
for _state in (A.GREETING, A.PROVING, A.CHECKING):
    _AGENT[_state, AE.TIMEOUT] = Rule(A.WAITING, _GONE)
for _state in (A.OFFLINE, A.WAITING, A.CONNECTING):
    _AGENT[_state, AE.STOP] = Rule(A.STOPPED, (AX.FORBID_STARTS, AX.CLOSE))


def _every(code: str) -> dict[AgentLink, str]:
    return {state: "stopped" if state is A.STOPPED else code for state in A}


_AGENT_REFUSED: dict[AgentLinkEvent, dict[AgentLink, str]] = {
    AE.START: _every("already_started"),
    AE.DUE: _every("not_waiting"),
    AE.OPENED: _every("not_dialling"),
    AE.CHALLENGE: _every("out_of_turn"),
    AE.WELCOME: _every("out_of_turn"),
    AE.BAD_WELCOME: _every("out_of_turn"),
    AE.READY: _every("out_of_turn"),
    AE.QUARANTINE: _every("out_of_turn"),
    AE.MESSAGE: _every("before_ready"),
    AE.PING_DUE: _every("not_connected"),
    AE.PONG: _every("out_of_turn"),
    AE.TIMEOUT: _every("nothing_awaited"),
    AE.LOST: _every("not_connected"),
    AE.STOP: _every("stopped"),
}


class ServerLink(StrEnum):
    """The server's side of one connection; a websocket carries no state beyond it."""

    OPEN = "open"  # accepted, challenge not yet sent
    CHALLENGED = "challenged"  # hello awaited
    WELCOMED = "welcomed"  # checkpoint awaited
    READY = "ready"
    QUARANTINED = "quarantined"
    CLOSED = "closed"


class ServerLinkEvent(StrEnum):
    START = "start"
    HELLO = "hello"  # signature good, agent known
    BAD_HELLO = "bad_hello"
    CHECKPOINT = "checkpoint"  # hash equals the one acknowledged
    ROLLED_BACK = "rolled_back"  # hash missing or different, or a person's confirmation is still due
    CONFIRMED = "confirmed"  # a person lifted the quarantine
    MESSAGE = "message"
    PING = "ping"
    SUPERSEDED = "superseded"  # the same agent has a newer session
    TIMEOUT = "timeout"
    SILENT = "silent"  # no ping for too long
    LOST = "lost"
    STOP = "stop"  # the server is going down


class ServerLinkEffect(StrEnum):
    SEND_CHALLENGE = "send challenge"
    ARM_GREETING = "arm greeting timer"
    OPEN_SESSION = "take session epoch"
    SEND_WELCOME = "send welcome"
    SEND_READY = "send ready"
    SEND_DIFFERENCES = "send differences"
    SEND_QUARANTINE = "send quarantine"
    DELIVER = "deliver"
    DELIVER_EVIDENCE = "store as evidence"
    SEND_PONG = "send pong"
    SEND_GOODBYE = "send goodbye"
    CLOSE = "close"
    MARK_UNREACHABLE = "mark unreachable"


C, CE, CX = ServerLink, ServerLinkEvent, ServerLinkEffect
_SERVER: dict[tuple[ServerLink, ServerLinkEvent], Rule[ServerLink] | Choice[ServerLink] | Refusal] = {
    (C.OPEN, CE.START): Rule(C.CHALLENGED, (CX.SEND_CHALLENGE, CX.ARM_GREETING)),
    (C.CHALLENGED, CE.HELLO): Rule(C.WELCOMED, (CX.OPEN_SESSION, CX.SEND_WELCOME, CX.ARM_GREETING)),
    (C.CHALLENGED, CE.BAD_HELLO): Rule(C.CLOSED, (CX.SEND_GOODBYE, CX.CLOSE)),
    (C.WELCOMED, CE.CHECKPOINT): Rule(C.READY, (CX.SEND_READY, CX.SEND_DIFFERENCES)),
    (C.WELCOMED, CE.ROLLED_BACK): Rule(C.QUARANTINED, (CX.SEND_QUARANTINE,)),
    (C.QUARANTINED, CE.CONFIRMED): Rule(C.READY, (CX.SEND_READY, CX.SEND_DIFFERENCES)),
    (C.READY, CE.ROLLED_BACK): Rule(C.QUARANTINED, (CX.SEND_QUARANTINE,)),
    (C.READY, CE.MESSAGE): Rule(None, (CX.DELIVER,)),
    (C.QUARANTINED, CE.MESSAGE): Rule(None, (CX.DELIVER_EVIDENCE,)),
}
for _c in (C.READY, C.QUARANTINED):
    _SERVER[_c, CE.PING] = Rule(None, (CX.SEND_PONG,))
    _SERVER[_c, CE.SILENT] = Rule(C.CLOSED, (CX.CLOSE, CX.MARK_UNREACHABLE))
for _c in (C.OPEN, C.CHALLENGED, C.WELCOMED):
    _SERVER[_c, CE.TIMEOUT] = Rule(C.CLOSED, (CX.SEND_GOODBYE, CX.CLOSE))
for _c in (C.OPEN, C.CHALLENGED, C.WELCOMED, C.READY, C.QUARANTINED):
    _SERVER[_c, CE.STOP] = Rule(C.CLOSED, (CX.SEND_GOODBYE, CX.CLOSE))
    _SERVER[_c, CE.LOST] = Rule(C.CLOSED, (CX.CLOSE, CX.MARK_UNREACHABLE))
    _SERVER[_c, CE.SUPERSEDED] = Rule(C.CLOSED, (CX.SEND_GOODBYE, CX.CLOSE))


def _any(code: str) -> dict[ServerLink, str]:
    return {state: "closed" if state is C.CLOSED else code for state in C}


_SERVER_REFUSED: dict[ServerLinkEvent, dict[ServerLink, str]] = {
    CE.START: _any("already_started"),
    CE.HELLO: _any("out_of_turn"),
    CE.BAD_HELLO: _any("out_of_turn"),
    CE.CHECKPOINT: _any("out_of_turn"),
    CE.ROLLED_BACK: _any("out_of_turn"),
    CE.CONFIRMED: _any("not_quarantined"),
    CE.MESSAGE: _any("before_ready"),
    CE.PING: _any("before_ready"),
    CE.SUPERSEDED: _any("closed"),
    CE.TIMEOUT: _any("nothing_awaited"),
    CE.SILENT: _any("nothing_awaited"),
    CE.LOST: _any("closed"),
    CE.STOP: _any("closed"),
}

L = TypeVar("L", bound=StrEnum)
V = TypeVar("V", bound=StrEnum)


def _table(
    states: type[L],
    events: type[V],
    transitions: dict[tuple[L, V], Rule[L] | Choice[L] | Refusal],
    refused: dict[V, dict[L, str]],
) -> Table[L, V]:
    named = {e: {s: code for s, code in names.items() if (s, e) not in transitions} for e, names in refused.items()}
    return complete(states, events, transitions, named)


AGENT_TABLE: Table[AgentLink, AgentLinkEvent] = _table(A, AE, _AGENT, _AGENT_REFUSED)
SERVER_TABLE: Table[ServerLink, ServerLinkEvent] = _table(C, CE, _SERVER, _SERVER_REFUSED)


@dataclass(frozen=True, slots=True)
class LinkMoved(Generic[L]):
    state: L
    effects: tuple[StrEnum, ...]


@dataclass(frozen=True, slots=True)
class AgentLinkState:
    state: AgentLink = AgentLink.OFFLINE
    failures: int = 0  # in a row, since the last valid welcome
    unanswered: int = 0  # pings without a pong


def agent_step(link: AgentLinkState, event: AgentLinkEvent) -> tuple[AgentLinkState, tuple[StrEnum, ...]] | Refusal:
    """The agent's link after ``event`` and what to do, in order; or the named refusal."""
    cell = AGENT_TABLE[link.state, event]
    if isinstance(cell, Choice):
        cell = cell.yes if link.unanswered >= MISSED_PINGS else cell.no
    if isinstance(cell, Refusal):
        return cell
    after = replace(link, state=cell.next or link.state)
    if AX.ARM_BACKOFF in cell.effects:
        after = replace(after, failures=link.failures + 1, unanswered=0)
    if AX.FORGET_FAILURES in cell.effects:
        after = replace(after, failures=0, unanswered=0)
    if AX.SEND_PING in cell.effects:
        after = replace(after, unanswered=link.unanswered + 1)
    if event is AE.PONG:
        after = replace(after, unanswered=0)
    return after, cell.effects


def server_step(state: ServerLink, event: ServerLinkEvent) -> LinkMoved[ServerLink] | Refusal:
    """The server's side of a connection after ``event`` and what to do, in order; or the named refusal."""
    cell = SERVER_TABLE[state, event]
    if isinstance(cell, Refusal):
        return cell
    assert isinstance(cell, Rule)
    return LinkMoved(cell.next or state, cell.effects)
