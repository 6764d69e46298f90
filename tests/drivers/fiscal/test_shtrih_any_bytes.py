"""Whatever answers, a driver raises one of its three verdicts and nothing else, and it ends."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import SlipBarcode, SlipText
from drivers.errors import DeviceError
from drivers.fiscal.shtrih import ShtrihRegister, load_profile
from drivers.transports.memory import MemoryTransport, VirtualClock
from protocol.wire.shtrih.catalogue import COMMANDS
from protocol.wire.shtrih.codec import Frame
from tests.drivers.fiscal.desk import RECEIPT
from tests.drivers.fiscal.scripted import ScriptedRegister

PROFILE = load_profile()


class Babbler:
    """Answers each writing with the next piece of its babble."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = pieces
        self._out = b""

    def feed(self, data: bytes) -> None:
        self._out += self._pieces.pop(0) if self._pieces else b""

    def poll(self) -> bytes:
        out, self._out = self._out, b""
        return out


PIECES = st.one_of(
    st.sampled_from([b"\x06", b"\x15", b"\xff\x15"]),
    st.binary(max_size=30),
    st.builds(
        lambda kind, fields: b"\x06" + Frame(kind.code + fields).to_bytes(),
        st.sampled_from(COMMANDS),
        st.binary(min_size=1, max_size=60),
    ),
)


@given(st.lists(PIECES, max_size=30))
@settings(deadline=None)
def test_connecting_to_anything(pieces: list[bytes]) -> None:
    clock = VirtualClock()
    register = ShtrihRegister(MemoryTransport(Babbler(pieces), clock), PROFILE, clock)
    with pytest.raises(DeviceError):
        register.connect()


SLIP: list[SlipText | SlipBarcode] = [
    SlipText("Заказ 5", bold=True),
    SlipBarcode("qr", "5"),
    SlipBarcode("ean13", "460123456789"),
]
LONG = replace(RECEIPT, place="x" * 256)  # through the register's buffer

USES: list[Callable[[ShtrihRegister], object]] = [
    ShtrihRegister.status,
    ShtrihRegister.subtotal,
    ShtrihRegister.cancel_document,
    ShtrihRegister.continue_print,
    ShtrihRegister.x_report,
    lambda register: register.document(45),
    lambda register: register.open_shift("Иванова М.", None),
    lambda register: register.close_shift(None, None),
    ShtrihRegister.health,
    ShtrihRegister.shift_totals,
    ShtrihRegister.cash_counters,
    ShtrihRegister.print_copy,
    ShtrihRegister.open_drawer,
    lambda register: register.cash_in(100, None),
    lambda register: register.cash_out(100, None),
    lambda register: register.print_slip(SLIP, cut=True),
    lambda register: register.fill_receipt(LONG, lambda *_: None),
    lambda register: register.close_receipt(LONG),
    ShtrihRegister.connect,
]


@given(st.sampled_from(USES), st.lists(st.one_of(st.integers(0, 255), st.binary(max_size=60)), min_size=1, max_size=12))
@settings(deadline=None)
def test_a_register_that_answers_any_fields_to_anything(
    use: Callable[[ShtrihRegister], object], answers: list[int | bytes]
) -> None:
    """Good frames with the right code, and nonsense in them."""
    clock = VirtualClock()
    device = ScriptedRegister(clock)
    register = ShtrihRegister(MemoryTransport(device, clock), PROFILE, clock)
    register.connect()
    for kind in COMMANDS:
        device.answers[kind] = list(answers)
    with suppress(DeviceError):
        use(register)
