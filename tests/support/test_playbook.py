"""The tools of the tests fail when they should."""

from __future__ import annotations

import pytest

from protocol.wire.buffer import ReceiveBuffer
from protocol.wire.shtrih.codec import MAX_FRAME, next_frame
from protocol.wire.shtrih.commands import DeviceType
from protocol.wire.shtrih.exchange import Exchange
from protocol.wire.steps import Replied
from tests.support.feeding import all_ways
from tests.support.playbook import ends, hears, play, sends


def test_a_dialogue_that_goes_differently_is_shown_as_a_difference() -> None:
    with pytest.raises(AssertionError) as caught:
        play(Exchange(DeviceType(), 5.0), sends("05"), hears("15"), sends("02 01 FC FC"))
    assert "-→ 02 01 fc fc\n+→ 02 01 fc fd" in str(caught.value)


def test_a_missing_verdict_is_noticed() -> None:
    with pytest.raises(AssertionError, match=r"-= Replied"):
        play(Exchange(DeviceType(), 5.0), sends("05"), ends(Replied(b"")))


def test_a_message_that_comes_out_early_is_noticed() -> None:
    def hasty(buffer: ReceiveBuffer) -> bytes | None:
        return buffer.take(2)

    with pytest.raises(AssertionError, match=r"came out after 2 of 3 bytes|left over"):
        all_ways(hasty, b"abc", MAX_FRAME)


def test_a_reader_that_eats_what_follows_is_noticed() -> None:
    def greedy(buffer: ReceiveBuffer) -> object:
        frame = next_frame(buffer)
        if frame is not None:
            buffer.clear()
        return frame

    with pytest.raises(AssertionError, match="after the message were touched"):
        all_ways(greedy, bytes.fromhex("02 01 FC FD"), MAX_FRAME)
