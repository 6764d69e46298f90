"""Which lower level a device speaks, asked before any command."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.wire.shtrih.codec import Frame
from protocol.wire.shtrih.codec2 import Numbered
from protocol.wire.shtrih.exchange import Limits
from protocol.wire.shtrih.greeting import Greeting
from protocol.wire.steps import NotDelivered, Replied, Step
from tests.support.playbook import Line, ends, hears, play, sends, silence

ENQ, ACK, NAK, ASK = "05", "06", "15", "8F 00 00 0F 1D"
LIMITS = Limits(control=1.0, enquiries=3)
CLOSED = bytes.fromhex("FF 45 00 D0 07 00 00 00 D0 00 00 00 E9 3D 00 B5")
FRAME = Frame(CLOSED).to_bytes()
NUMBERED = Numbered(41, CLOSED).to_bytes()
FRESH = Numbered(0).to_bytes()
HELLO = ends(Replied(b""))

FOUND: dict[str, tuple[tuple[int, ...], tuple[Line, ...], int, int | None, list[bytes]]] = {
    "protocol 1, idle": ((1, 2), (sends(ENQ), hears(NAK), HELLO), 1, None, []),
    "protocol 1, after FFh of the network": ((1, 2), (sends(ENQ), hears("FF 15"), HELLO), 1, None, []),
    "protocol 1, with a lost answer": (
        *((1, 2), (sends(ENQ), hears(ACK), hears(FRAME), sends(ACK + ENQ), hears(NAK), HELLO), 1, None, [CLOSED]),
    ),
    "protocol 2": ((1, 2), (sends(ENQ), silence(), sends(ASK), hears(NUMBERED), HELLO), 2, 41, [CLOSED]),
    "protocol 2, just switched on": ((1, 2), (sends(ENQ), silence(), sends(ASK), hears(FRESH), HELLO), 2, 0, []),
    "protocol 2, last time as well": ((2, 1), (sends(ASK), hears(NUMBERED), HELLO), 2, 41, [CLOSED]),
    "protocol 1 now, 2 last time": ((2, 1), (sends(ASK), silence(), sends(ENQ), hears(NAK), HELLO), 1, None, []),
    "protocol 1, asleep: late answers are waited out": (
        *((1, 2), (sends(ENQ), silence(), sends(ASK), silence(), sends(ENQ), hears(NAK), hears(NAK), silence(), HELLO)),
        *(1, None, []),
    ),
    "protocol 2 insisted on": ((2,), (sends(ASK), silence(), sends(ASK), hears(NUMBERED), HELLO), 2, 41, [CLOSED]),
}


@pytest.mark.parametrize(("order", "lines", "speaks", "last", "stale"), FOUND.values(), ids=FOUND)
def test_a_device_is_found(
    order: tuple[int, ...], lines: tuple[Line, ...], speaks: int, last: int | None, stale: list[bytes]
) -> None:
    greeting = Greeting(order, LIMITS)
    play(greeting, *lines)
    assert (greeting.speaks, greeting.last, greeting.stale) == (speaks, last, stale)


NOBODY: dict[str, tuple[tuple[int, ...], tuple[Line, ...]]] = {
    "silence": ((1, 2), (*(sends(ENQ), silence(), sends(ASK), silence()) * 3, ends(NotDelivered("device_offline")))),
    "no register": (*((1,), (*(sends(ENQ), hears("41 54"), silence()) * 3, ends(NotDelivered("line_noise")))),),
    "busy with an earlier command": ((1, 2), (sends(ENQ), hears(ACK), silence(), ends(NotDelivered("device_busy")))),
}


@pytest.mark.parametrize(("order", "lines"), NOBODY.values(), ids=NOBODY)
def test_nobody_is_found(order: tuple[int, ...], lines: tuple[Line, ...]) -> None:
    play(Greeting(order, LIMITS), *lines)


def test_neither_question_holds_a_mark_of_the_other_protocol() -> None:
    """What keeps a device of one protocol from being disturbed by the question of the other."""
    assert not {0x02, 0x05} & set(bytes.fromhex(ASK))
    assert bytes.fromhex(ENQ) != b"\x8f"


EVENTS = st.lists(
    st.one_of(st.just(None), st.binary(max_size=6), st.sampled_from([b"\x06", b"\x15", FRAME, NUMBERED, FRAME[:5]])),
    max_size=40,
)


@given(st.sampled_from([(1, 2), (2, 1), (1,), (2,)]), EVENTS)
def test_any_bytes_end_in_found_or_nobody_and_only_questions_go_out(
    order: tuple[int, ...], events: list[bytes | None]
) -> None:
    greeting = Greeting(order, LIMITS)
    step, heard = greeting.start(), b""
    for event in [*events, *[None] * 60]:
        assert step.send.replace(bytes.fromhex(ASK), b"").strip(b"\x05\x06\x15") == b""
        if step.verdict is not None:
            break
        heard += event or b""
        step = greeting.timed_out() if event is None else greeting.received(event)
    assert step.verdict is not None
    if step.verdict == Replied(b""):
        assert (b"\x15" if greeting.speaks == 1 else b"\x8f") in heard
    assert greeting.frames_sent == 0
    assert step == Step(step.send, None, step.verdict)
