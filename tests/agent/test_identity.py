"""Where this PC's key lies: sealed where the system can seal, in clear in a closed file elsewhere."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from agent import keys
from agent.identity import Identity, identity_path, load_identity, own_identity, save_identity
from agent.private_file import write_private
from agent.problems import UserError
from agent.sealing import NotOpened, system_sealer

INVALID = 0x0000000D  # ERROR_INVALID_DATA, as Windows tells of a blob that it cannot open


class Seal:
    """A machine of its own: what it seals opens with the same ``machine`` only, and only unchanged."""

    name = "dpapi-machine"

    def __init__(self, machine: bytes = b"this PC ") -> None:
        self._machine = machine

    def seal(self, secret: bytes) -> bytes:
        return self._machine + bytes(byte ^ 0x5A for byte in secret) + bytes([sum(secret) % 256])

    def open(self, sealed: bytes) -> bytes:
        mark, body, check = sealed[:8], sealed[8:-1], sealed[-1:]
        secret = bytes(byte ^ 0x5A for byte in body)
        if mark != self._machine or check != bytes([sum(secret) % 256]):
            raise NotOpened("unsealing", INVALID)
        return secret


class OtherSeal(Seal):
    name = "another-way"


def an_identity() -> Identity:
    return Identity(
        agent_id="a-1", install_id="i-1", tenant_id="t-1", tenant="Лавка", server_url="https://kassa.example",
        link_url="wss://kassa.example/agent", private_key=keys.new_private_key(), server_keys={"k1": "AAAA"},
    )  # fmt: skip


def written(folder: Path) -> dict[str, object]:
    told: dict[str, object] = json.loads(identity_path(folder).read_text("utf-8"))
    return told


def lay_open(folder: Path, identity: Identity) -> None:
    """As versions before this one wrote it."""
    write_private(identity_path(folder), identity.model_dump_json(indent=2).encode())


def test_a_sealed_key_is_nowhere_in_the_file(tmp_path: Path) -> None:
    identity = an_identity()
    save_identity(tmp_path, identity, Seal())
    assert identity.private_key not in identity_path(tmp_path).read_text("utf-8")
    assert "private_key" not in written(tmp_path)
    assert written(tmp_path)["sealed_by"] == "dpapi-machine"
    assert load_identity(tmp_path, Seal()) == identity


@pytest.mark.skipif(system_sealer(Path()) is not None, reason="a system that seals")
def test_without_a_seal_the_file_is_closed_to_others(tmp_path: Path) -> None:
    identity = an_identity()
    save_identity(tmp_path, identity)
    assert load_identity(tmp_path) == identity
    assert stat.S_IMODE(identity_path(tmp_path).stat().st_mode) == 0o600
    assert "sealed_key" not in written(tmp_path)


def test_a_key_that_lies_open_is_read_and_sealed_when_the_agent_starts(tmp_path: Path) -> None:
    identity = an_identity()
    lay_open(tmp_path, identity)
    before = identity_path(tmp_path).read_bytes()
    assert load_identity(tmp_path, Seal()) == identity
    assert identity_path(tmp_path).read_bytes() == before  # the doctor looks and changes nothing
    assert own_identity(tmp_path, Seal()) == identity
    assert identity.private_key not in identity_path(tmp_path).read_text("utf-8")
    after = identity_path(tmp_path).read_bytes()
    assert own_identity(tmp_path, Seal()) == identity
    assert identity_path(tmp_path).read_bytes() == after


def test_a_disk_that_takes_no_seal_stops_no_start(tmp_path: Path) -> None:
    class Full(Seal):
        def seal(self, secret: bytes) -> bytes:
            raise OSError(28, "No space left on device")

    identity = an_identity()
    lay_open(tmp_path, identity)
    assert own_identity(tmp_path, Full()) == identity


@pytest.mark.parametrize(
    ("sealer", "says"),
    [
        (Seal(b"other PC"), "0x0000000D"),
        (OtherSeal(), "dpapi-machine, which is not on this system"),
        (None, "dpapi-machine, which is not on this system"),
    ],
    ids=["another machine", "another way", "no seal here"],
)
def test_a_key_of_another_place_is_refused_by_name(tmp_path: Path, sealer: Seal | None, says: str) -> None:
    if sealer is None and system_sealer(tmp_path) is not None:
        pytest.skip("a system that seals")
    save_identity(tmp_path, an_identity(), Seal())
    with pytest.raises(UserError) as caught:
        load_identity(tmp_path, sealer)
    assert caught.value.code == "key_not_opened"
    assert says in caught.value.en
    assert str(identity_path(tmp_path)) in caught.value.ru


@pytest.mark.parametrize("at", range(0, 40, 3))
def test_a_changed_seal_is_refused_by_name(tmp_path: Path, at: int) -> None:
    from base64 import b64decode, b64encode

    save_identity(tmp_path, an_identity(), Seal())
    told = written(tmp_path)
    sealed = bytearray(b64decode(str(told["sealed_key"])))
    sealed[at] ^= 0x01
    identity_path(tmp_path).write_text(json.dumps(told | {"sealed_key": b64encode(sealed).decode()}), "utf-8")
    with pytest.raises(UserError) as caught:
        load_identity(tmp_path, Seal())
    assert caught.value.code == "key_not_opened"


@pytest.mark.parametrize(
    "change",
    [{"sealed_key": "not base64!"}, {"sealed_key": None}, {"agent_id": 7}, {"stray": "x"}, {"server_keys": []}],
    ids=["no base64", "no key at all", "no text", "a field too many", "no table"],
)
def test_a_spoilt_file_is_refused_by_name(tmp_path: Path, change: dict[str, object]) -> None:
    save_identity(tmp_path, an_identity(), Seal())
    identity_path(tmp_path).write_text(json.dumps(written(tmp_path) | change), "utf-8")
    with pytest.raises(UserError) as caught:
        load_identity(tmp_path, Seal())
    assert caught.value.code == "bad_identity"
