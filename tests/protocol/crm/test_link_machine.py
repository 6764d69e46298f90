"""The link of both sides: complete, and as playbooks of what happens on a connection."""

from __future__ import annotations

from itertools import product

import pytest

from protocol.crm.link_machine import (
    AGENT_TABLE,
    MISSED_PINGS,
    SERVER_TABLE,
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
from protocol.crm.machine import Choice, Refusal, Rule

A, E, X = AgentLink, AgentLinkEvent, AgentLinkEffect
S, SE, SX = ServerLink, ServerLinkEvent, ServerLinkEffect
GREETING = (E.START, E.OPENED, E.CHALLENGE, E.WELCOME, E.READY)
UP = (A.GREETING, A.PROVING, A.CHECKING, A.READY, A.QUARANTINED)


def played(*events: AgentLinkEvent, link: AgentLinkState | None = None) -> tuple[AgentLinkState, list[str]]:
    """The agent's link after these events, none of which is refused, and every effect in order."""
    link = link or AgentLinkState()
    effects: list[str] = []
    for event in events:
        stepped = agent_step(link, event)
        assert not isinstance(stepped, Refusal), f"{event} in {link.state}: {stepped}"
        link, did = stepped
        effects += did
    return link, effects


# --- both tables -----------------------------------------------------------------------------------------------------


def test_every_state_knows_every_event() -> None:
    assert set(AGENT_TABLE) == set(product(A, E))
    assert set(SERVER_TABLE) == set(product(S, SE))
    for cell in [*AGENT_TABLE.values(), *SERVER_TABLE.values()]:
        branches = (cell.yes, cell.no) if isinstance(cell, Choice) else (cell,)
        assert all(isinstance(b, Rule) or b.code for b in branches)


def test_the_only_guard_is_the_missed_ping() -> None:
    guards = {cell.guard for cell in AGENT_TABLE.values() if isinstance(cell, Choice)}
    assert guards == {"too many missed"}
    assert not [cell for cell in SERVER_TABLE.values() if isinstance(cell, Choice)]


def test_every_effect_is_used_and_a_change_of_state_does_something() -> None:
    done: set[str] = set()
    for table in (AGENT_TABLE, SERVER_TABLE):
        for (state, event), cell in table.items():
            for branch in (cell.yes, cell.no) if isinstance(cell, Choice) else (cell,):
                if isinstance(branch, Rule):
                    done |= set(branch.effects)
                    assert branch.effects, (state, event)
    assert done == set(X) | set(SX)


# --- the agent -------------------------------------------------------------------------------------------------------


def test_a_greeting_that_goes_well() -> None:
    link, effects = played(*GREETING)
    assert link == AgentLinkState(A.READY, failures=0, unanswered=1)
    assert effects == [
        X.DIAL, X.ARM_GREETING, X.SEND_HELLO, X.ARM_GREETING, X.TAKE_WELCOME, X.FORGET_FAILURES, X.SEND_CHECKPOINT,
        X.ARM_GREETING, X.SEND_DIFFERENCES, X.SEND_PING, X.ALLOW_STARTS,
    ]  # fmt: skip


@pytest.mark.parametrize("steps", range(1, 5), ids=["dialling", "challenge", "welcome", "verdict"])
def test_a_step_of_the_greeting_that_takes_too_long_ends_in_a_later_try(steps: int) -> None:
    link, effects = played(*GREETING[:steps], E.TIMEOUT)
    assert (link.state, link.failures) == (A.WAITING, 1)
    assert effects[-2:] == [X.CLOSE, X.ARM_BACKOFF]
    assert played(E.DUE, link=link)[0].state is A.CONNECTING


def test_once_the_greeting_is_over_no_step_of_it_can_time_out() -> None:
    for ready in (GREETING, (*GREETING[:-1], E.QUARANTINE)):
        assert agent_step(played(*ready)[0], E.TIMEOUT) == Refusal("nothing_awaited")


@pytest.mark.parametrize("event", [E.CHALLENGE, E.WELCOME, E.BAD_WELCOME, E.READY, E.QUARANTINE, E.MESSAGE, E.PONG])
def test_messages_out_of_turn_are_refused_by_name_and_change_nothing(event: AgentLinkEvent) -> None:
    in_turn = {
        E.CHALLENGE: {A.GREETING}, E.WELCOME: {A.PROVING}, E.BAD_WELCOME: {A.PROVING},
        E.READY: {A.CHECKING, A.QUARANTINED}, E.QUARANTINE: {A.CHECKING, A.READY, A.QUARANTINED},
        E.MESSAGE: {A.READY, A.QUARANTINED}, E.PONG: {A.READY, A.QUARANTINED},
    }[event]  # fmt: skip
    for state in A:
        stepped = agent_step(AgentLinkState(state), event)
        assert isinstance(stepped, Refusal) is (state not in in_turn)


def test_failures_add_up_and_only_a_valid_welcome_forgets_them() -> None:
    link = AgentLinkState(A.CONNECTING)
    endings = [(E.LOST,), (E.TIMEOUT,), (E.OPENED, E.LOST), (E.OPENED, E.CHALLENGE, E.BAD_WELCOME)]
    for count, ending in enumerate(endings, 1):
        link, _ = played(*ending, link=link)
        assert (link.state, link.failures) == (A.WAITING, count)
        link, _ = played(E.DUE, link=link)
    link, _ = played(E.OPENED, E.CHALLENGE, link=link)
    assert link.failures == 4, "being let in to the greeting is not success"
    link, effects = played(E.WELCOME, link=link)
    assert link.failures == 0
    assert X.FORGET_FAILURES in effects
    for (state, event), cell in AGENT_TABLE.items():
        for branch in (cell.yes, cell.no) if isinstance(cell, Choice) else (cell,):
            if isinstance(branch, Rule) and X.FORGET_FAILURES in branch.effects:
                assert (state, event) == (A.PROVING, E.WELCOME)


def test_a_welcome_with_foreign_keys_takes_nothing_over() -> None:
    link, effects = played(*GREETING[:3], E.BAD_WELCOME)
    assert link.state is A.WAITING
    assert not {X.TAKE_WELCOME, X.FORGET_FAILURES, X.SEND_CHECKPOINT} & set(effects)


def test_two_missed_pings_end_the_connection_not_one() -> None:
    link, _ = played(*GREETING)
    assert MISSED_PINGS == 2
    link, effects = played(E.PING_DUE, link=link)
    assert (link.state, link.unanswered, effects) == (A.READY, 2, [X.SEND_PING])
    dead, effects = played(E.PING_DUE, link=link)
    assert (dead.state, effects) == (A.WAITING, [X.FORBID_STARTS, X.CLOSE, X.ARM_BACKOFF])
    alive, _ = played(E.PONG, link=link)
    assert alive.unanswered == 0
    assert played(E.PING_DUE, E.PONG, E.PING_DUE, E.PONG, link=alive)[0].state is A.READY


def test_a_new_connection_does_not_inherit_missed_pings() -> None:
    link, _ = played(*GREETING, E.PING_DUE, E.LOST, E.DUE, *GREETING[1:])
    assert link.unanswered == 1


def test_a_quarantined_agent_answers_queries_and_starts_nothing() -> None:
    link, effects = played(*GREETING[:-1], E.QUARANTINE)
    assert link.state is A.QUARANTINED
    assert effects[-3:] == [X.FORBID_STARTS, X.SEND_ARCHIVES, X.SEND_PING]
    link, effects = played(E.MESSAGE, E.PONG, E.PING_DUE, E.QUARANTINE, link=link)
    assert (link.state, effects) == (
        A.QUARANTINED, [X.DELIVER_QUERY, X.TAKE_PONG, X.SEND_PING, X.SEND_ARCHIVES],
    )  # fmt: skip
    link, effects = played(E.READY, link=link)
    assert link.state is A.READY
    assert effects == [X.SEND_DIFFERENCES, X.SEND_PING, X.ALLOW_STARTS]


def test_a_quarantine_may_come_in_the_middle_of_work() -> None:
    link, effects = played(*GREETING, E.MESSAGE, E.QUARANTINE, E.MESSAGE)
    assert link.state is A.QUARANTINED
    assert effects[-4:] == [X.DELIVER, X.FORBID_STARTS, X.SEND_ARCHIVES, X.DELIVER_QUERY]


@pytest.mark.parametrize("state", UP)
def test_losing_an_open_connection_forbids_starts_and_waits(state: AgentLink) -> None:
    link, effects = played(E.LOST, link=AgentLinkState(state, failures=3))
    assert (link.state, link.failures) == (A.WAITING, 4)
    assert effects == [X.FORBID_STARTS, X.CLOSE, X.ARM_BACKOFF]


@pytest.mark.parametrize("state", A)
def test_stop_ends_it_from_every_state_for_good(state: AgentLink) -> None:
    stepped = agent_step(AgentLinkState(state), E.STOP)
    if state is A.STOPPED:
        assert stepped == Refusal("stopped")
        return
    assert not isinstance(stepped, Refusal)
    link, effects = stepped
    assert link.state is A.STOPPED
    assert effects[0] is X.FORBID_STARTS
    assert effects[-1] is X.CLOSE
    assert (X.SEND_GOODBYE in effects) is (state in UP)
    assert {agent_step(link, event) for event in E} == {Refusal("stopped")}


def test_starts_are_allowed_nowhere_but_in_ready() -> None:
    for (state, event), cell in AGENT_TABLE.items():
        for branch in (cell.yes, cell.no) if isinstance(cell, Choice) else (cell,):
            if not isinstance(branch, Rule):
                continue
            if X.ALLOW_STARTS in branch.effects:
                assert branch.next is A.READY
            if state is A.READY and branch.next not in (None, A.READY):
                assert X.FORBID_STARTS in branch.effects, (state, event)


# --- the server ------------------------------------------------------------------------------------------------------


def served(*events: ServerLinkEvent, state: ServerLink = S.OPEN) -> tuple[ServerLink, list[str]]:
    effects: list[str] = []
    for event in events:
        moved = server_step(state, event)
        assert not isinstance(moved, Refusal), f"{event} in {state}: {moved}"
        state, effects = moved.state, [*effects, *moved.effects]
    return state, effects


@pytest.mark.parametrize(
    ("events", "state", "effects"),
    [
        ((SE.START,), S.CHALLENGED, [SX.SEND_CHALLENGE, SX.ARM_GREETING]),
        ((SE.START, SE.BAD_HELLO), S.CLOSED, [SX.SEND_GOODBYE, SX.CLOSE]),
        ((SE.START, SE.TIMEOUT), S.CLOSED, [SX.SEND_GOODBYE, SX.CLOSE]),
        ((SE.START, SE.HELLO), S.WELCOMED, [SX.OPEN_SESSION, SX.SEND_WELCOME, SX.ARM_GREETING]),
        ((SE.START, SE.HELLO, SE.TIMEOUT), S.CLOSED, [SX.SEND_GOODBYE, SX.CLOSE]),
        ((SE.START, SE.HELLO, SE.CHECKPOINT), S.READY, [SX.SEND_READY, SX.SEND_DIFFERENCES]),
        ((SE.START, SE.HELLO, SE.CHECKPOINT, SE.MESSAGE), S.READY, [SX.DELIVER]),
        ((SE.START, SE.HELLO, SE.CHECKPOINT, SE.PING), S.READY, [SX.SEND_PONG]),
        ((SE.START, SE.HELLO, SE.CHECKPOINT, SE.SILENT), S.CLOSED, [SX.CLOSE, SX.MARK_UNREACHABLE]),
        ((SE.START, SE.HELLO, SE.CHECKPOINT, SE.ROLLED_BACK), S.QUARANTINED, [SX.SEND_QUARANTINE]),
        ((SE.START, SE.HELLO, SE.ROLLED_BACK), S.QUARANTINED, [SX.SEND_QUARANTINE]),
        ((SE.START, SE.HELLO, SE.ROLLED_BACK, SE.MESSAGE), S.QUARANTINED, [SX.DELIVER_EVIDENCE]),
        ((SE.START, SE.HELLO, SE.ROLLED_BACK, SE.CONFIRMED), S.READY, [SX.SEND_READY, SX.SEND_DIFFERENCES]),
    ],
)
def test_the_servers_playbook(events: tuple[ServerLinkEvent, ...], state: ServerLink, effects: list[str]) -> None:
    after, did = served(*events)
    assert after is state
    assert did[-len(effects) :] == effects


def test_offers_travel_only_after_a_good_checkpoint_or_a_persons_word() -> None:
    for (state, event), cell in SERVER_TABLE.items():
        if isinstance(cell, Rule) and SX.SEND_DIFFERENCES in cell.effects:
            assert (state, event) in {(S.WELCOMED, SE.CHECKPOINT), (S.QUARANTINED, SE.CONFIRMED)}


@pytest.mark.parametrize("event", [SE.STOP, SE.LOST, SE.SUPERSEDED])
def test_what_ends_a_connection_ends_it_in_every_state(event: ServerLinkEvent) -> None:
    for state in S:
        moved = server_step(state, event)
        if state is S.CLOSED:
            assert moved == Refusal("closed")
        else:
            assert not isinstance(moved, Refusal)
            assert moved.state is S.CLOSED
            assert SX.CLOSE in moved.effects


def test_a_second_hello_on_one_connection_is_out_of_turn() -> None:
    for state in (S.WELCOMED, S.READY, S.QUARANTINED):
        assert server_step(state, SE.HELLO) == Refusal("out_of_turn")
