"""The parsers of what comes from outside one PC: files, command lines, keys, addresses, the simulators' ends."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from pydantic import ValidationError

from agent import config, identity, keys, one_agent, pairing
from agent.config_text import decode as decode_config
from agent.desk.service import Deciding
from agent.device_payload import DeviceCommand, payload_of
from agent.identity import BadKeys
from agent.journal import inspect
from agent.journal.records import RecordKind
from agent.problems import UserError
from agent.support import install
from agent.support.trace.record import BadTrace, read_trace
from drivers.access import Unreadable, read_security
from drivers.address import AddressError, SetupError, parse_address
from drivers.fiscal.shtrih.profile import load_profile
from drivers.simulators import faults, script, store
from drivers.simulators import tlv as simulated_tlv
from drivers.simulators.assembly import store_of, wanted
from drivers.simulators.clock import ManualClock
from drivers.simulators.shtrih import new_device, new_state
from protocol.crm.messages import ServerKey
from protocol.ffd import tlv
from protocol.wire.shtrih.codec import Frame
from protocol.wire.shtrih.codec2 import Numbered
from server import keys as server_keys
from server.pages import cursor_of, key_of
from server.problems import Problem
from tests.drivers.test_access import ALLOW, descriptor
from tests.fuzz.parser import RECEIPTS, ROOT, Call, Parser, file, mapping, pure, text, tree
from tests.support.crm import NOW
from tests.support.journals import opened

_TLV = tlv.encode_all([(1021, "Иванова"), (1037, "0001"), (1084, [(1085, "ID"), (1086, "A" * 13)]), (1020, 10000)])
_SLIP = b'{"lines": [{"text": "a", "bold": true}, {"barcode": {"kind": "EAN13", "data": "4600000000008"}}]}'

# --- files, lines and keys of the agent -----

_KEY = b'{"kid":"k1","key":"a2V5"}'
_IDENTITY = (
    b'{"agent_id":"ag_1","tenant_id":"t_1","install_id":"i","server_url":"https://a.example",'
    b'"link_url":"wss://a.example/link","private_key":"'
    + b"A" * 43 + b'=","server_keys":{"k1":"a2V5"}}'
)  # fmt: skip


def _three(verify: Callable[[str, bytes, str], bool]) -> Call:
    def call(data: bytes, _: Path) -> bool:
        key, _, rest = data.partition(b"|")
        body, _, signature = rest.partition(b"|")
        return verify(key.decode("utf-8", "surrogateescape"), body, signature.decode("utf-8", "surrogateescape"))

    return call


def _followed(value: Any) -> Any:
    try:
        shown = [ServerKey.model_validate(one) for one in value] if isinstance(value, list) else []
    except ValidationError:
        return None
    return identity.follow({"k1": "a2V5"}, shown)


def _answered(value: Any) -> Any:
    where = pairing.PairingLine("https://a.example", "CODE")
    return pairing._result(where, pairing.Answer(200 if "status" in value else 404, value, None))


_TRACED = ROOT / "tests" / "agent" / "support" / "trace" / "data" / "receipt.jsonl"
_INSTALL = b'{"program":"/opt/k","version":"0.1.0","config":"/etc/k.toml","started_at":"2026-11-22T12:00:00Z"}'


def _command_file(action: str) -> Call:
    return file("given", lambda path: payload_of(DeviceCommand(action, "shtrih", "tcp:a:1", file=path)))


AGENT = (
    Parser("who runs the agent", file("agent.owner.json", one_agent.read_owner), (),
           (b'{"user":"a","since":"2026-11-22T10:00:00+00:00","pid":1}',), ("agent.one_agent:read_owner",), json=True),
    Parser("configuration", file("config.toml", config.load_config), (UserError, config.ConfigError),
           ((ROOT / "config.example.toml").read_bytes(), b'[server]\nurl = "https://a.example"\n'),
           ("agent.config:load_config",)),
    Parser("text of the configuration", pure(decode_config), (), ((ROOT / "config.example.toml").read_bytes(),),
           ("agent.config_text:decode",)),
    Parser("pairing line", text(pairing.parse_line), (UserError,), (b"https://a.example/x/pair/ABCD-EFGH-JKLM",),
           ("agent.pairing:parse_line",)),
    Parser("answer to a pairing", lambda data, _: pairing._json(data), (), (b'{"code":"x","errors":[{"text":"a"}]}',),
           json=True),
    Parser("meaning of an answer", mapping(_answered), (UserError,),
           (b'{"code":"code_used","errors":[{"text":"a"}]}', b'{"status":"waiting","poll_s":2.0}'), json=True),
    Parser("identity", file("identity.json", lambda path: identity.load_identity(path.parent)), (UserError,),
           (_IDENTITY,), ("agent.identity:load_identity",), True),
    Parser("keys that the server shows", tree(_followed), (BadKeys,),
           (b"[" + _KEY + b"]", b"[" + _KEY + b',{"kid":"k2","key":"a2V5","by":"k1","sig":"c2ln"}]'), json=True),
    Parser("signature on the agent", _three(keys.verify), (), (b"A" * 43 + b"=|text|" + b"A" * 86 + b"==",),
           ("agent.keys:verify",)),
    Parser("signature on the server", _three(server_keys.verify), (), (b"A" * 43 + b"=|text|" + b"A" * 86 + b"==",),
           ("server.keys:verify",)),
    Parser("record of the last start", file("install.json", lambda path: install.read_install(path.parent)), (),
           (_INSTALL,), ("agent.support.install:read_install",), True),
    Parser("trace of an exchange", lambda data, _: read_trace(data.splitlines()), (BadTrace,),
           (b"\n".join(_TRACED.read_bytes().splitlines()[:12]),), ("agent.support.trace.record:read_trace",)),
    Parser("question to the running agent", tree(Deciding.model_validate), (ValidationError,),
           (b'{"job_id":"j1","decision":"done","person":"a","why":"b","fd":12,"pin":"4711"}',), json=True),
    Parser("receipt of the command line", _command_file("receipt"), (UserError,), RECEIPTS, json=True),
    Parser("slip of the command line", _command_file("print"), (UserError,), (b"a\nb\tc\n", _SLIP)),
)  # fmt: skip

# --- drivers and simulators -----


def _device() -> Any:
    return new_device(ManualClock(NOW.replace(tzinfo=None)), Random(1))


def _fed(data: bytes) -> Any:
    device = _device()
    line = device.connection()
    line.feed(data)
    return line.poll()


def _options(given: str) -> Any:
    return wanted([(name, value) for name, _, value in (line.partition("=") for line in given.splitlines())])


def _scripted(line: str) -> None:
    answer = json.loads(script.answer(_device(), line))
    assert isinstance(answer["ok"], bool)


def _state_files() -> tuple[bytes, bytes]:
    """Of one line, and with a line of changes behind it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.json"
        kept, clock = store_of(path), ManualClock(NOW.replace(tzinfo=None))
        state = new_state(Random(1), clock)
        kept.save(state)
        one_line = path.read_bytes()
        kept.save(state)
        return one_line, path.read_bytes()


def _journal_file() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.sqlite"
        with opened(path) as journal:
            journal.commit(lambda tx: tx.append(RecordKind.NOTE, {"event": "x"}))
        return path.read_bytes()


def _looked_at(path: Path) -> Any:
    return inspect.verify(path), inspect.list_jobs(path), inspect.show_job(path, "j1")


_FED = (
    b"\x05", Frame(b"\x10\x1e\x00\x00\x00").to_bytes(), Frame(b"\xff\x01\x1e\x00\x00\x00").to_bytes() + b"\x06\x05",
    Numbered(7, b"\xfc").to_bytes() + Numbered(8, b"\x11\x1e\x00\x00\x00").to_bytes(),
    Frame(b"\xe0\x1e\x00\x00\x00").to_bytes() + b"\x06" + Frame(b"\xff\x0b\x1e\x00\x00\x00").to_bytes(),
    Frame(b"\xff\x0c\x1e\x00\x00\x00" + _TLV).to_bytes(), Frame(b"\x1f\x1e\x00\x00\x00\x01\x01\x00\x01").to_bytes(),
)  # fmt: skip

DRIVERS = (
    Parser("access list of Windows", pure(read_security), (Unreadable,),
           (descriptor("S-1-5-18", (ALLOW, 0, 0x1F01FF, "S-1-5-32-544")),), ("drivers.access:read_security",)),
    Parser("address", text(parse_address), (AddressError,), (
        b"tcp:10.0.0.7:7778", b"serial:COM3?baud=115200", b"tcp:[::1]:7778?a=b", b"sim:shtrih?state=F&ffd=1.05",
    ), ("drivers.address:parse_address",)),
    Parser("profile", file("own.toml", load_profile), (SetupError,), (
        (ROOT / "drivers/profiles/shtrih.toml").read_bytes(), b"[access]\npassword = 30\n",
    ), ("drivers.fiscal.shtrih.profile:load_profile",)),
    Parser("fault", text(faults.parse), (faults.FaultSpecError,), (
        b"slow:command=E0,seconds=3600", b"refuse:command=FF01,error=2F", b"flip:direction=in,byte=3,mask=1",
        b"foreign:after=3,total=100.00", b"power:step=2",
    ), ("drivers.simulators.faults:parse",)),
    Parser("options of a simulator", text(_options), (ValueError,), (
        b"ffd=1.05\nprint-time=0\nfault=nak\nclock=+25h", b"state=F\nofd=3\nmodel=x", b"protocol=2",
    )),
    Parser("control channel", text(_scripted), (), (
        b'{"do": "power-off kept"}', b'{"do": "clock +25h"}', b'{"do": "fault refuse:command=E0,error=2F"}',
        b'{"do": "ofd-on 3"}', b'{"do": "print-time 2"}',
    ), ("drivers.simulators.script:answer",), True),
    Parser("simulator's line", pure(_fed), (), _FED, (
        "drivers.simulators.line:Connection.feed", "drivers.simulators.inprocess:SimulatedLine.feed",
    )),
    Parser("simulator's tags", pure(simulated_tlv.decode), (simulated_tlv.TlvError,), (_TLV,), (
        "drivers.simulators.tlv:decode",
    )),
    Parser("simulator's state file", file("state.json", lambda path: store_of(path).load()), (store.StoreError,),
           _state_files(), ("drivers.simulators.store:Store.load",), True, examples=50),
    Parser("cursor of a page", text(lambda cursor: key_of(cursor, str, int)), (Problem,),
           (cursor_of(("17", 5)).encode(),), ("server.pages:key_of",)),
    Parser("journal file", file("journal.sqlite", _looked_at), (sqlite3.Error,), (_journal_file(),), (
        "agent.journal.inspect:verify",
    ), examples=50),
)  # fmt: skip
