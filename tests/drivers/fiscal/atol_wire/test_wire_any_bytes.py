"""Whatever answers, the driver raises one of its three verdicts and nothing else, and it ends."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import SlipText
from drivers.errors import DeviceError
from drivers.fiscal.atol_wire import AtolWireRegister, load_profile
from drivers.transports.memory import MemoryTransport, VirtualClock
from tests.drivers.fiscal.atol_wire.desk import ANSWERS, RECEIPT, Desk
from tests.drivers.fiscal.atol_wire.peer import frame

PROFILE = load_profile()


class Babbler:
    """Answers each packet with the next piece of its babble: ``None`` is a good acknowledgement, what begins with # a
    good frame around the rest, under the packet's own number."""

    def __init__(self, pieces: list[bytes | None]) -> None:
        self._pieces = pieces
        self._out = b""

    def feed(self, data: bytes) -> None:
        piece = self._pieces.pop(0) if self._pieces else b""
        self._out += (
            frame(data[3], b"\xa3") if piece is None else frame(data[3], piece[1:]) if piece[:1] == b"#" else piece
        )

    def poll(self) -> bytes:
        out, self._out = self._out, b""
        return out


PIECES = st.one_of(
    st.none(),
    st.binary(max_size=30),
    st.binary(max_size=20).map(lambda data: b"#" + data),
    st.builds(
        lambda status, answer: b"#" + bytes((status,)) + answer,
        st.sampled_from([*range(0xA1, 0xA9), *range(0xB1, 0xB5)]),
        st.sampled_from([bytes.fromhex(answer) for answer in ANSWERS.values()]) | st.binary(max_size=40),
    ),
)


@given(st.lists(PIECES, max_size=30))
@settings(deadline=None)
def test_connecting_to_anything(pieces: list[bytes | None]) -> None:
    clock = VirtualClock()
    register = AtolWireRegister(MemoryTransport(Babbler(pieces), clock), PROFILE, clock)
    with pytest.raises(DeviceError):
        register.connect()


CALLS: tuple[Callable[[AtolWireRegister], object], ...] = (
    lambda register: register.status(),
    lambda register: register.document(1),
    lambda register: register.health(),
    lambda register: register.cash_counters(),
    lambda register: register.shift_totals(),
    lambda register: register.open_shift("Иванова М.", None),
    lambda register: register.print_slip([SlipText("x")], cut=True),
    lambda register: register.fill_receipt(RECEIPT, lambda *_: None),
    lambda register: register.close_receipt(RECEIPT),
    lambda register: register.cancel_document(),
    lambda register: register.continue_print(),
)


@given(
    st.sampled_from(CALLS),
    st.dictionaries(
        st.sampled_from(list(ANSWERS)), st.binary(max_size=40) | st.just(b"\x55\x00"), min_size=1, max_size=6
    ),
)
@settings(deadline=None)
def test_answers_of_any_form(call: Callable[[AtolWireRegister], object], answers: dict[str, bytes]) -> None:
    desk = Desk()
    desk.connect()
    for start, answer in answers.items():
        desk.answer(start, lambda answer=answer: answer)
    with suppress(DeviceError):
        call(desk.register)
