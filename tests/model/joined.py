"""A job between a server, two agents and one register: every move that the documents allow, one at a time.

The job machine is the real one. What stands around it (who may say what under which epoch, the lease, the fence before
the verdict, the look into the archive before an attempt) is written from the documents: the job's states and the link's
rules, and the procedures' order of steps. The line between the sides may lose, repeat and reorder anything: whatever
was said once stays sayable for ever, and need never arrive.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from protocol.crm.job_machine import Job, JobEffect, JobEvent, Known, Moved, step
from protocol.crm.jobs import FINAL, OPEN_INTENT, JobState

K, V, X = Known, JobEvent, JobEffect
ENDED = frozenset(Known(state) for state in FINAL)
OPEN = frozenset(Known(state) for state in OPEN_INTENT)
WAITING = frozenset({K.ACCEPTED, K.HELD})
OLD, NEW = 0, 1  # the agent that has the register first, and the one that may get it


class Said(NamedTuple):
    """A message. ``to`` and ``by`` are agents; the other end is the server."""

    kind: str
    agent: int
    rev: int = 0
    epoch: int = 0
    lease: int = 0
    state: str = ""
    job: bool = False  # of bind: the job is to be adopted; of released: it was not started


class Agent(NamedTuple):
    job: Job = Job()
    epoch: int = 0  # under which it holds the register; 0: not at all
    job_epoch: int = 0
    lease: int = 0
    adopted: bool = False
    too_late: int = 0  # cancels that came after the start
    releasing: bool = False
    released: bool = False
    off: bool = False  # switched off for good


class World(NamedTuple):
    server: Job
    owner: int = OLD
    epoch: int = 1
    lease: int = 1
    passed: int = 0  # every lease up to this one has passed
    agents: tuple[Agent, Agent] = (Agent(epoch=1), Agent())
    said: frozenset[Said] = frozenset()
    documents: int = 0
    close_late: bool = False  # a close is on its way and may yet be carried out
    cancels: int = 0
    moved: bool = False  # a move or a release was asked for
    decided: str = ""  # what a person said about it


class Step(NamedTuple):
    """A move: its name, who made it, what the job machine was told, and the world after it."""

    name: str
    who: int | None
    event: JobEvent | None
    world: World


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far the world may go, so that it has an end."""

    leases: int = 2
    cancels: int = 1
    attempts: int = 2
    hearings: int = 1  # how often a cancel is heard after the start: each time is another rev
    moves: bool = True


def posted() -> World:
    made = step(Job(), V.POST)
    assert isinstance(made, Moved)
    return World(server=made.job)


def moves(world: World, bounds: Bounds) -> Iterator[Step]:
    """Everything that may happen next."""
    for made in _moves(world, bounds):
        yield made._replace(world=_without_dead_words(made.world))


def _moves(world: World, bounds: Bounds) -> Iterator[Step]:
    yield from _server_moves(world, bounds)
    for message in sorted(world.said):  # a walk can be repeated
        yield from _heard(world, message, bounds)
    for who in (OLD, NEW):
        if not world.agents[who].off:
            yield from _agent_moves(world, who, bounds)
    if world.close_late:
        yield Step("register: the late close", None, None,
                   world._replace(documents=world.documents + 1, close_late=False))  # fmt: skip


# --- the server --------------------------------------------------------------------------------------------------


def _server_moves(world: World, bounds: Bounds) -> Iterator[Step]:
    job, owner = world.server, world.owner

    def told(event: JobEvent, world: World, *messages: Said) -> Iterator[Step]:
        moved = step(job, event)
        if isinstance(moved, Moved):
            yield Step(f"server: {event}", None, event,
                       world._replace(server=moved.job, said=world.said.union(messages)))  # fmt: skip

    if job.state is K.QUEUED:
        yield from told(V.SEND, world, Said("offer", owner, job.rev, world.epoch, world.lease))
    if world.passed < world.lease:
        yield Step("time: the lease passes", None, None, world._replace(passed=world.lease))
    else:
        yield from told(V.EXPIRE, world)
        if world.lease < bounds.leases:
            renewed = world._replace(lease=world.lease + 1)
            moved = step(job, V.ASK_RENEW)
            sent = isinstance(moved, Moved) and X.OUTBOX_RENEW in moved.effects
            word = [Said("renew", owner, 0, world.epoch, renewed.lease)] if sent else []
            yield from told(V.ASK_RENEW, renewed, *word)
    if world.cancels < bounds.cancels:
        moved = step(job, V.ASK_CANCEL)
        sent = isinstance(moved, Moved) and X.OUTBOX_CANCEL in moved.effects
        yield from told(
            V.ASK_CANCEL, world._replace(cancels=world.cancels + 1), *[Said("cancel", owner, job.rev)] * sent
        )
    if bounds.moves and not world.moved:
        asked = world._replace(moved=True)
        yield Step("owner: release", None, None, _say(asked, Said("release", OLD, epoch=world.epoch)))
        yield Step("owner: the old PC is off, move", None, None, _moved(asked, bound_by=None))


def _moved(world: World, *, bound_by: Said | None) -> World:
    """The register goes to the new agent under a higher epoch. What the old one may have begun is adopted there; what
    it surely has not is offered again. ``bound_by``: the old agent's word; without it the old PC is off."""
    job, epoch = world.server, world.epoch + 1
    known_untouched = not job.sent if bound_by is None else bound_by.job or job.state is K.QUEUED
    world = world._replace(owner=NEW, epoch=epoch)
    if bound_by is None:
        world = _with(world, OLD, off=True)
    returned = step(job, V.RETURN)
    if known_untouched and isinstance(returned, Moved):
        return _say(world._replace(server=returned.job), Said("bind", NEW, epoch=epoch))
    adopt = job.state not in ENDED
    return _say(world, Said("bind", NEW, job.rev, epoch, world.lease, job=adopt))


# --- messages arrive ---------------------------------------------------------------------------------------------


def _heard(world: World, said: Said, bounds: Bounds) -> Iterator[Step]:
    match said.kind:
        case "update":
            yield from _server_hears_update(world, said)
        case "reject" if said.agent == world.owner:
            moved = step(world.server, V.REJECT)
            if isinstance(moved, Moved):
                yield Step("server hears reject", None, V.REJECT, world._replace(server=moved.job))
        case "released" if said.agent == world.owner and said.epoch == world.epoch and not _waits(world, said):
            yield Step("server hears released", None, V.RETURN, _moved(world, bound_by=said))
        case _ if world.agents[said.agent].off:
            return
        case "offer":
            yield from _offer(world, said)
        case "cancel":
            agent = world.agents[said.agent]
            if agent.job.state not in OPEN:
                yield from _told(world, said.agent, V.CANCEL, rev=said.rev)
            elif agent.too_late < bounds.hearings:
                heard = _with(world, said.agent, too_late=agent.too_late + 1)
                yield from _told(heard, said.agent, V.CANCEL, rev=said.rev)
        case "renew":
            agent = world.agents[said.agent]
            if said.lease > agent.lease and said.epoch == agent.job_epoch and agent.job.state is not K.ABSENT:
                yield from _told(world, said.agent, V.RENEW, lease=said.lease)
        case "bind":
            yield from _bind(world, said)
        case "release":
            agent = world.agents[said.agent]
            if said.epoch >= agent.epoch and not agent.released and not agent.releasing:
                asked = _with(world, said.agent, releasing=True)
                yield Step("agent hears release", said.agent, None, _let_go(asked, said.agent))


def _waits(world: World, released: Said) -> bool:
    """The one place where order counts: the outbox keeps it, so what an agent said of the job comes before."""
    newer = (word for word in world.said if word.kind == "update" and word.rev > world.server.rev)
    return any(word.agent == released.agent for word in newer)


def _server_hears_update(world: World, said: Said) -> Iterator[Step]:
    tombstone = said.state == K.CANCELLED and said.epoch == 0
    if said.agent != world.owner or (said.epoch < world.epoch and not tombstone):
        return
    moved = step(world.server, V.REPORTED, rev=said.rev, reported=JobState(said.state))
    if isinstance(moved, Moved):
        yield Step(f"server hears {said.state}", None, V.REPORTED, world._replace(server=moved.job))


def _offer(world: World, said: Said) -> Iterator[Step]:
    agent = world.agents[said.agent]
    if agent.job.state is not K.ABSENT:
        return  # answered with what it is: said already
    if agent.released or said.epoch != agent.epoch:
        yield Step("agent rejects an offer", said.agent, None, _say(world, Said("reject", said.agent)))
        return
    yield from _told(world, said.agent, V.OFFER, rev=said.rev, lease=said.lease, job_epoch=said.epoch, adopted=False)


def _bind(world: World, said: Said) -> Iterator[Step]:
    agent = world.agents[said.agent]
    if said.epoch <= agent.epoch:
        return
    bound = _with(world, said.agent, epoch=said.epoch, released=False, releasing=False)
    if not said.job or agent.job.state is not K.ABSENT:
        yield Step("agent hears bind", said.agent, None, bound)
        return
    yield from _told(bound, said.agent, V.ADOPT, rev=said.rev, lease=said.lease, job_epoch=said.epoch, adopted=True)


# --- the agents and the register ---------------------------------------------------------------------------------


def _agent_moves(world: World, who: int, bounds: Bounds) -> Iterator[Step]:
    agent = world.agents[who]
    state = agent.job.state
    has_passed = agent.lease <= world.passed
    if state is K.ACCEPTED and has_passed:
        yield from _told(world, who, V.LEASE_PASSED)
    if state is K.HELD and not agent.adopted:
        yield from _told(world, who, V.HELD_TOO_LONG)
    if state in WAITING and agent.job_epoch == agent.epoch and not agent.released and world.documents:
        yield from _told(world, who, V.FOUND)
    may_start = agent.job_epoch == agent.epoch and not (agent.releasing or agent.released or has_passed)
    if state is K.ACCEPTED and may_start and agent.job.attempt < bounds.attempts:
        fenced = world._replace(close_late=False)  # an open document is cancelled before anything is begun
        if not world.documents:  # the archive was read: a document of ours would have been found
            yield from _told(fenced, who, V.INTENT)
    if state is K.STARTED:
        yield from _told(world, who, V.DOUBT)
        if not agent.job.closing:
            yield from _told(world, who, V.CLOSING)
        elif not world.documents and not world.close_late:
            yield Step("register: closes", who, None, world._replace(documents=1))
            yield Step("register: the close is under way", who, None, world._replace(close_late=True))
    if state in OPEN:
        if state is not K.HUMAN:  # said again it is another rev of the same
            yield from _told(world, who, V.UNDECIDABLE)
        if world.documents:
            yield from _told(world, who, V.PROVEN)
        else:
            yield from _told(world._replace(close_late=False), who, V.PROVEN_NONE)  # behind the fence
    if state is K.HUMAN:
        for event in (V.DECIDED_DONE, V.DECIDED_NOT_DONE):
            yield from _told(world._replace(decided=event.value), who, event)


def _told(
    world: World,
    who: int,
    event: JobEvent,
    *,
    rev: int = 0,
    lease: int | None = None,
    job_epoch: int | None = None,
    adopted: bool | None = None,
) -> Iterator[Step]:
    """The agent's job machine is told ``event``; what it reports is said."""
    agent = world.agents[who]
    moved = step(agent.job, event, rev=rev)
    if not isinstance(moved, Moved):
        return
    agent = agent._replace(
        job=moved.job,
        lease=agent.lease if lease is None else lease,
        job_epoch=agent.job_epoch if job_epoch is None else job_epoch,
        adopted=agent.adopted if adopted is None else adopted,
    )
    world = world._replace(agents=_put(world.agents, who, agent))
    if {X.OUTBOX_ACCEPT, X.OUTBOX_UPDATE, X.OUTBOX_TOO_LATE} & set(moved.effects):
        epoch = agent.job_epoch
        world = _say(world, Said("update", who, moved.job.rev, epoch, state=moved.job.state.value))
    yield Step(f"agent {who}: {event}", who, event, _let_go(world, who))


def _let_go(world: World, who: int) -> World:
    """A register that is to be released goes as soon as nothing on it is open."""
    agent = world.agents[who]
    if not agent.releasing or agent.job.state in OPEN:
        return world
    given = step(agent.job, V.RELEASE)
    untouched = isinstance(given, Moved)
    agent = agent._replace(job=given.job if isinstance(given, Moved) else agent.job, releasing=False, released=True)
    world = world._replace(agents=_put(world.agents, who, agent))
    return _say(world, Said("released", who, epoch=agent.epoch, job=untouched))


def _without_dead_words(world: World) -> World:
    """What was said and can never again change anything is forgotten; otherwise the same worlds would be many."""
    said = frozenset(word for word in world.said if not _is_dead(world, word))
    return world if len(said) == len(world.said) else world._replace(said=said)


def _is_dead(world: World, word: Said) -> bool:
    agent = world.agents[word.agent]
    if word.kind in ("update", "reject", "released"):  # a rev, an epoch and the owner only grow
        return word.agent < world.owner or (word.kind == "update" and word.rev < world.server.rev)
    if agent.off or agent.job.state in ENDED:
        return word.kind != "release" or agent.off
    match word.kind:
        case "renew":
            return agent.job.state is not K.ABSENT and word.lease <= agent.lease
        case "bind":
            return word.epoch <= agent.epoch
        case "release":
            return agent.released or agent.releasing
        case "offer":
            return agent.released and word.agent < world.owner
        case _:
            return False


def _say(world: World, *messages: Said) -> World:
    return world._replace(said=world.said.union(messages))


def _with(world: World, who: int, **changes: object) -> World:
    return world._replace(agents=_put(world.agents, who, world.agents[who]._replace(**changes)))  # type: ignore[arg-type]


def _put(agents: tuple[Agent, Agent], who: int, agent: Agent) -> tuple[Agent, Agent]:
    return (agent, agents[NEW]) if who == OLD else (agents[OLD], agent)
