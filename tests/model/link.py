"""The link's two machines joined by connections that may be cut, go silent, or be known dead to one side only.

A connection keeps order and loses only its end, as TCP does. The machines are the real ones; what makes an event of
what (a good hello, a checkpoint that does not fit, a ping too many) is written from the documents.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from protocol.crm.link_machine import (
    AgentLink,
    AgentLinkEffect,
    AgentLinkEvent,
    AgentLinkState,
    ServerLink,
    ServerLinkEffect,
    ServerLinkEvent,
    agent_step,
    server_step,
)
from protocol.crm.machine import Refusal

A, AE, AX = AgentLink, AgentLinkEvent, AgentLinkEffect
C, CE, CX = ServerLink, ServerLinkEvent, ServerLinkEffect

WORDS = {
    AX.SEND_HELLO: "hello", AX.SEND_CHECKPOINT: "checkpoint", AX.SEND_PING: "ping", AX.SEND_DIFFERENCES: "message",
    CX.SEND_CHALLENGE: "challenge", CX.SEND_WELCOME: "welcome", CX.SEND_READY: "ready", CX.SEND_PONG: "pong",
    CX.SEND_QUARANTINE: "quarantine",
}  # fmt: skip
LONGEST = 24  # messages under way in one direction: there must be an end to what piles up


class Wire(NamedTuple):
    """One connection. ``cut``: nothing passes any more, and whoever waits for the other will find out by itself."""

    server: ServerLink = C.OPEN
    up: tuple[str, ...] = ()  # from the agent
    down: tuple[str, ...] = ()
    cut: bool = False
    proven: bool = False  # the checkpoint fitted, or a person confirmed


class Link(NamedTuple):
    agent: AgentLinkState = AgentLinkState()
    wire: Wire | None = None  # what the agent is connected by
    old: Wire | None = None  # what the server still holds for the agent that has long gone
    starts: bool = False  # the agent may start jobs
    copied: bool = False  # the journal is not the one that the server knows
    faults: int = 0


class Step(NamedTuple):
    name: str
    fault: bool
    link: Link
    agent_event: AgentLinkEvent | None = None
    server_event: ServerLinkEvent | None = None
    server_effects: tuple[str, ...] = ()


class Bounds(NamedTuple):
    faults: int = 2


def moves(link: Link, bounds: Bounds) -> Iterator[Step]:
    yield from _agents_own(link)
    yield from _arrivals(link)
    yield from _servers_own(link)
    if link.faults < bounds.faults:
        yield from _faults(link._replace(faults=link.faults + 1))


# --- the agent -----------------------------------------------------------------------------------------------------


def _agent(link: Link, event: AgentLinkEvent, name: str, *, fault: bool = False) -> Iterator[Step]:
    done = agent_step(link.agent, event)
    if isinstance(done, Refusal):
        return
    after, effects = done
    # How often it has failed only makes the waits longer.
    link = link._replace(agent=AgentLinkState(after.state, min(after.failures, 1), after.unanswered))
    for effect in effects:
        match effect:
            case AX.DIAL:
                link = link._replace(wire=None)
            case AX.ALLOW_STARTS:
                link = link._replace(starts=True)
            case AX.FORBID_STARTS:
                link = link._replace(starts=False)
            case AX.CLOSE:
                link = _left(link)
            case _ if effect in WORDS and link.wire is not None and link.wire.server is not C.CLOSED:
                assert len(link.wire.up) < LONGEST
                link = link._replace(wire=link.wire._replace(up=(*link.wire.up, WORDS[effect])))
    yield Step(name, fault, link, agent_event=event)


def _left(link: Link) -> Link:
    """The agent has hung up; the server learns it when it does."""
    if link.wire is None:
        return link
    left = link.wire._replace(down=(), cut=True)
    return link._replace(wire=None, old=left if left.server is not C.CLOSED else link.old)


def _agents_own(link: Link) -> Iterator[Step]:
    state = link.agent.state
    if state is A.OFFLINE:
        yield from _agent(link, AE.START, "agent starts")
    if state is A.WAITING:
        yield from _agent(link, AE.DUE, "agent's wait is over")
    if state is A.CONNECTING:
        yield from _agent(link._replace(wire=Wire()), AE.OPENED, "connected")
    wire = link.wire
    dead = wire is None or (wire.cut and not wire.down) or (wire.server is C.CLOSED and not wire.down)
    if state in (A.GREETING, A.PROVING, A.CHECKING) and dead:
        yield from _agent(link, AE.TIMEOUT, "agent's greeting takes too long")
    if state in (A.READY, A.QUARANTINED) and (dead or link.agent.unanswered == 0):
        yield from _agent(link, AE.PING_DUE, "agent's ping is due")
    if wire is not None and wire.server is C.CLOSED and not wire.down:
        yield from _agent(link, AE.LOST, "agent sees the end")


# --- the server ----------------------------------------------------------------------------------------------------


def _server(link: Link, old: bool, event: ServerLinkEvent, name: str, *, fault: bool = False) -> Iterator[Step]:
    wire = link.old if old else link.wire
    assert wire is not None
    done = server_step(wire.server, event)
    if isinstance(done, Refusal):
        return
    words = tuple(WORDS[e] for e in done.effects if e in WORDS)
    down = wire.down if wire.cut else (*wire.down, *words)
    assert len(down) <= LONGEST
    wire = wire._replace(server=done.state, down=down, proven=wire.proven or event in (CE.CHECKPOINT, CE.CONFIRMED))
    link = link._replace(old=wire if wire.server is not C.CLOSED else None) if old else link._replace(wire=wire)
    if CX.OPEN_SESSION in done.effects and not old and link.old is not None:
        gone = server_step(link.old.server, CE.SUPERSEDED)
        assert not isinstance(gone, Refusal)
        link = link._replace(old=None)  # a newer session of the same agent closes the older one
    if event is CE.CONFIRMED:
        link = link._replace(copied=False)
    yield Step(name, fault, link, server_event=event, server_effects=tuple(e.value for e in done.effects))


def _servers_own(link: Link) -> Iterator[Step]:
    for old, wire in ((False, link.wire), (True, link.old)):
        if wire is None:
            continue
        if wire.server is C.OPEN:
            yield from _server(link, old, CE.START, "server greets")
        if wire.server is C.QUARANTINED and not wire.cut:
            yield from _server(link, old, CE.CONFIRMED, "a person lifts the quarantine")
        if wire.cut and not wire.up:
            yield from _server(link, old, CE.LOST, "server sees the end")
            yield from _server(link, old, CE.SILENT, "server hears nothing for too long")
            yield from _server(link, old, CE.TIMEOUT, "server's greeting takes too long")


# --- what arrives --------------------------------------------------------------------------------------------------


def _arrivals(link: Link) -> Iterator[Step]:
    if link.wire is not None and link.wire.down:
        word, *rest = link.wire.down
        heard = link._replace(wire=link.wire._replace(down=tuple(rest)))
        yield from _agent(heard, AgentLinkEvent(word), f"agent hears {word}")
    for old, wire in ((False, link.wire), (True, link.old)):
        if wire is None or not wire.up:
            continue
        word, *rest = wire.up
        shorter = wire._replace(up=tuple(rest))
        heard = link._replace(old=shorter) if old else link._replace(wire=shorter)
        event = CE.ROLLED_BACK if word == "checkpoint" and link.copied else ServerLinkEvent(word)
        yield from _server(heard, old, event, f"server hears {word}")


# --- what goes wrong -----------------------------------------------------------------------------------------------


def _faults(link: Link) -> Iterator[Step]:
    if link.agent.state is A.CONNECTING:
        yield from _agent(link, AE.LOST, "connection refused", fault=True)
        yield from _agent(link, AE.TIMEOUT, "no answer to the dial", fault=True)
    wire = link.wire
    if wire is None:
        return
    if not wire.cut:
        yield Step("a cable is pulled: nobody is told", True, link._replace(wire=wire._replace(cut=True, down=())))
        yield Step("a black hole swallows what was said", True,
                   link._replace(wire=wire._replace(cut=True, down=(), up=())))  # fmt: skip
    yield from _agent(link, AE.LOST, "connection lost", fault=True)
    yield from _agent(link, AE.TIMEOUT, "too slow", fault=True)
    yield from _agent(link, AE.BAD_WELCOME, "a welcome with foreign keys", fault=True)
    yield from _server(link, False, CE.STOP, "server restarts", fault=True)
    yield from _server(link, False, CE.BAD_HELLO, "a hello with a bad signature", fault=True)
    if wire.server is C.READY and not link.copied:
        copied = link._replace(copied=True)
        yield from _server(copied, False, CE.ROLLED_BACK, "a ping of another journal", fault=True)
    if not link.copied and link.agent.state in (A.GREETING, A.PROVING):
        yield Step("the disk was restored from a copy", True, link._replace(copied=True))
