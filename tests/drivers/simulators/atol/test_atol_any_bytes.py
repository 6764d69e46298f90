"""Whatever a host sends, the register answers or is silent; it never breaks, and only a good close sells."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.simulators.atol.commands import COMMANDS
from drivers.simulators.atol.registers import REGISTERS
from tests.drivers.simulators.atol.host import Host, frame, packets

CODES = st.sampled_from(sorted(COMMANDS))
BODIES = st.binary(max_size=60) | st.binary(min_size=1, max_size=3).map(lambda head: head + bytes(39) + b"x")
FRAMES = st.builds(frame, st.integers(0, 0xDC), st.binary(max_size=12))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.binary(max_size=30) | FRAMES, max_size=6))
def test_any_bytes(pieces: list[bytes]) -> None:
    host = Host()
    heard = b"".join(host.line.receive(piece) for piece in pieces)
    assert all(packet.good for packet in packets(heard))
    assert host.fd == 1 or any(b"\x9a" in piece for piece in pieces)


@settings(max_examples=300, deadline=None)
@given(CODES, BODIES, st.sampled_from(["closed", "open", "receipt", "paid"]), st.integers(0, 6))
def test_any_command_in_any_state(code: int, body: bytes, state: str, mode: int) -> None:
    host = Host()
    host.open_shift() if state != "closed" else None
    if state in ("receipt", "paid"):
        host.open_receipt()
        host.position(100)
    if state == "paid":
        host.pay(100)
    host.device.register.current_mode = mode
    before = host.fd
    answer = host.ask(f"{code:02X}", body)
    assert answer
    made = {0x9A: "closed", 0x5A: "open", 0x67: "any", 0x4A: "paid"}
    assert host.fd == before or (code in made and host.fd == before + 1 and answer[1] == 0)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(REGISTERS)), st.integers(0, 255), st.integers(0, 255))
def test_any_parameters_of_a_register(number: int, first: int, second: int) -> None:
    answer = Host().ask("91", bytes([number, first, second]))
    assert answer[:2] == b"\x55\0" or len(answer) == 2


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=80))
def test_any_requisite(value: bytes) -> None:
    host = Host()
    host.open_shift()
    for _ in range(2):
        host.ask("E8 01 01 00", value)
        host.ask("E8 01 01 00", b"\xfd\x03" + len(value).to_bytes(2, "little") + value)
        host.open_receipt() if host.device.state.receipt is None else None
    host.position(100)
    host.pay(100)
    answer = host.ask("4A 00 01", bytes(5))
    assert (answer[1] == 0) == (host.fd == 3)


@given(st.integers(0, 7), st.integers(0, 12))
def test_a_damaged_close_sells_nothing(bit: int, place: int) -> None:
    host = Host()
    host.open_shift()
    host.open_receipt()
    host.position(100)
    host.pay(100)
    data = bytes([0xC1, 1, 0x60, 0, 0]) + bytes.fromhex("4A 00 01") + bytes(5)
    whole = bytearray(frame(3, data))
    whole[4 + place] ^= 1 << bit
    host.line.receive(bytes(whole))
    assert host.fd == 2
