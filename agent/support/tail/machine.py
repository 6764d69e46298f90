"""What may become of a request to watch the log: a table, without clock or network."""

from __future__ import annotations

from enum import StrEnum

from protocol.crm.machine import Cell, Refusal, Rule, Table, complete


class Tail(StrEnum):
    ASKED = "asked"  # somebody at this PC has to say yes or no
    RUNNING = "running"  # lines are told
    OVER = "over"


class TailEvent(StrEnum):
    HEARD = "heard"  # the server says the request (again)
    AGREED = "agreed"
    REFUSED = "refused"
    STOPPED_HERE = "stopped here"
    STOPPED = "stopped by support"
    TIME = "time over"
    LOST = "connection lost"


class TailEffect(StrEnum):
    SAY_ASKED = "say that somebody is asked"
    LISTEN = "listen to the log"
    SAY_BEGAN = "say who agreed"
    DROP = "stop listening, forget the lines"
    SAY_NO_CONSENT = "say no_consent"
    SAY_REFUSED = "say consent_refused"
    SAY_STOPPED_HERE = "say log_stopped_at_pc"
    SAY_STOPPED = "say log_stopped"
    SAY_TIME_OVER = "say log_time_over"
    SAY_LOST = "say log_connection_lost"
    SAY_AGAIN = "say the end again"


T, E, X = Tail, TailEvent, TailEffect

_TRANSITIONS: dict[tuple[Tail, TailEvent], Cell[Tail]] = {
    (T.ASKED, E.HEARD): Rule(None, (X.SAY_ASKED,)),
    (T.ASKED, E.AGREED): Rule(T.RUNNING, (X.LISTEN, X.SAY_BEGAN)),
    (T.ASKED, E.REFUSED): Rule(T.OVER, (X.SAY_REFUSED,)),
    (T.ASKED, E.STOPPED): Rule(T.OVER, (X.SAY_STOPPED,)),
    (T.ASKED, E.TIME): Rule(T.OVER, (X.SAY_NO_CONSENT,)),
    (T.ASKED, E.LOST): Rule(None),  # the next connection asks again
    (T.RUNNING, E.HEARD): Rule(None, (X.SAY_BEGAN,)),
    (T.RUNNING, E.STOPPED_HERE): Rule(T.OVER, (X.DROP, X.SAY_STOPPED_HERE)),
    (T.RUNNING, E.STOPPED): Rule(T.OVER, (X.DROP, X.SAY_STOPPED)),
    (T.RUNNING, E.TIME): Rule(T.OVER, (X.DROP, X.SAY_TIME_OVER)),
    (T.RUNNING, E.LOST): Rule(T.OVER, (X.DROP, X.SAY_LOST)),
    (T.OVER, E.HEARD): Rule(None, (X.SAY_AGAIN,)),
}
_REFUSALS = {
    E.HEARD: "over",
    E.AGREED: "no_such_request",
    E.REFUSED: "no_such_request",
    E.STOPPED_HERE: "no_such_request",
    E.STOPPED: "over",
    E.TIME: "over",
    E.LOST: "over",
}
TABLE: Table[Tail, TailEvent] = complete(Tail, TailEvent, _TRANSITIONS, _REFUSALS)


def step(state: Tail, event: TailEvent) -> tuple[Tail, tuple[StrEnum, ...]] | Refusal:
    cell = TABLE[state, event]
    if isinstance(cell, Refusal):
        return cell
    assert isinstance(cell, Rule)
    return cell.next or state, cell.effects
