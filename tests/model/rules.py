"""What must hold in every world and for every move: the numbered promises, as far as they concern job and link."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from protocol.crm.job_machine import JobEvent, Known
from tests.model.joined import ENDED, OPEN, Step, World

K, V = Known, JobEvent
ENDERS = {V.PROVEN, V.PROVEN_NONE, V.DECIDED_DONE, V.DECIDED_NOT_DONE}
Rule = Callable[[World, Step], bool]


def one_document(_: World, made: Step) -> bool:
    """I1: at most one document, over all attempts and agents."""
    return made.world.documents <= 1


def done_has_a_document(_: World, made: Step) -> bool:
    """I2: done is proven, or a person said so."""
    world = made.world
    done = any(agent.job.state is K.DONE for agent in world.agents)
    return not done or bool(world.documents or world.decided)


def not_done_stays_without_document(_: World, made: Step) -> bool:
    """I3: not done was proven behind the fence: no document is there, and none can come late."""
    world = made.world
    not_done = any(agent.job.state is K.NOT_DONE for agent in world.agents)
    return not not_done or bool(world.decided) or not (world.documents or world.close_late)


def cancelled_has_no_document(_: World, made: Step) -> bool:
    """A cancelled job never started; after a move the archive may contradict that, and the agent says so aloud."""
    world = made.world
    cancelled = any(agent.job.state is K.CANCELLED for agent in world.agents)
    return not cancelled or world.moved or not (world.documents or world.close_late)


def an_intent_has_a_lease_and_the_register(before: World, made: Step) -> bool:
    """I7, I10: started by the owner alone, under the current epoch, within the lease, and never out of held."""
    if made.event is not V.INTENT or made.who is None:
        return True
    agent = before.agents[made.who]
    return (
        agent.job.state is K.ACCEPTED
        and agent.lease > before.passed
        and (made.who, agent.job_epoch) == (before.owner, before.epoch)
        and not before.documents
    )


def an_open_intent_is_only_resolved(before: World, made: Step) -> bool:
    """I6: nothing but its resolution ends what was started; a switched-off PC keeps it as it is."""
    for who, (was, now) in enumerate(zip(before.agents, made.world.agents, strict=True)):
        left = was.job.state in OPEN and now.job.state not in OPEN
        if left and not (made.who == who and made.event in ENDERS):
            return False
    return True


def final_is_final(before: World, made: Step) -> bool:
    agents = zip(before.agents, made.world.agents, strict=True)
    if any(was.job != now.job for was, now in agents if was.job.state in ENDED):
        return False
    if before.server.state not in ENDED or before.server == made.world.server:
        return True
    return made.event is V.REPORTED and made.world.server.rev > before.server.rev


def done_is_never_taken_back(before: World, made: Step) -> bool:
    return before.server.state is not K.DONE or made.world.server.state is K.DONE


def revs_grow(before: World, made: Step) -> bool:
    """An agent's rev grows with everything it says, and the server's with everything it takes over."""
    after = made.world
    spoken = {word for word in after.said - before.said if word.kind == "update"}
    if any(word.rev <= before.agents[word.agent].job.rev for word in spoken):
        return False
    pairs = [*zip(before.agents, after.agents, strict=True)]
    if any(now.job.rev < was.job.rev for was, now in pairs):
        return False
    taken = made.event is V.REPORTED
    return after.server.rev > before.server.rev if taken else after.server.rev == before.server.rev


def equal_revs_mean_equal_states(_: World, made: Step) -> bool:
    """The mirror shows the owner's truth whenever it has its newest word."""
    world = made.world
    truth = world.agents[world.owner].job
    return truth.state is K.ABSENT or truth.rev != world.server.rev or truth.state is world.server.state


RULES: tuple[Rule, ...] = (
    one_document, done_has_a_document, not_done_stays_without_document, cancelled_has_no_document,
    an_intent_has_a_lease_and_the_register, an_open_intent_is_only_resolved, final_is_final, done_is_never_taken_back,
    revs_grow, equal_revs_mean_equal_states,
)  # fmt: skip


def broken(before: World, made: Step) -> Iterator[str]:
    """The rules that this move breaks."""
    for rule in RULES:
        if not rule(before, made):
            yield rule.__name__
