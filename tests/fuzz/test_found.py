"""What the fuzzing has found, each by the name of what went wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent import pairing
from agent.device_payload import DeviceCommand, payload_of
from agent.problems import UserError
from agent.support.trace.record import BadTrace, read_trace
from drivers.address import AddressError, parse_address
from drivers.simulators.assembly import store_of
from drivers.simulators.store import StoreError

DEEP = b"[" * 100_000


def test_a_port_of_five_thousand_digits_was_an_error_of_python_and_none_of_the_address() -> None:
    with pytest.raises(AddressError, match=r"not in 1\.\.65535"):
        parse_address("tcp:10.0.0.7:" + "9" * 5000)


def test_a_server_that_answers_with_deep_brackets_ended_the_pairing_with_a_traceback() -> None:
    assert pairing._json(DEEP) == {}


@pytest.mark.parametrize("action", ["receipt", "print"])
def test_a_file_of_deep_brackets_ended_the_device_command_with_a_traceback(tmp_path: Path, action: str) -> None:
    path = tmp_path / "deep.json"
    path.write_bytes(DEEP)
    command = DeviceCommand(action, "shtrih", "tcp:a:1", file=path)
    if action == "receipt":
        with pytest.raises(UserError) as caught:
            payload_of(command)
        assert caught.value.code == "bad_json"
    else:  # whatever is no JSON is plain text; the rules of a slip's lines judge it
        with pytest.raises(UserError) as caught:
            payload_of(command)
        assert caught.value.code == "bad_payload"


def test_a_trace_of_deep_brackets_ended_the_reading_with_a_traceback() -> None:
    with pytest.raises(BadTrace):
        read_trace([b"[" * 100_000])
    header = b'{"trace":1,"kkm_id":"17","driver":"shtrih","address":"tcp:a:1","program":"0","clock":"x","mono":0}'
    assert read_trace([header, b"[" * 100_000]).torn == 1


def test_a_state_file_of_deep_brackets_ended_the_simulator_with_a_traceback(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(DEEP)
    with pytest.raises(StoreError):
        store_of(path).load()
