"""``kassabridge agent trace …`` and ``agent bundle`` from the command line."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from agent.cli import main
from agent.config import Device
from agent.journal.store import utc_now
from agent.support.logfile import last_lines
from agent.support.trace.tracing import Traces
from tests.agent.support.trace.making import RECEIPT

CONFIG = """
[agent]
data_dir = 'data'
[[devices]]
kkm_id = '17'
driver = 'shtrih'
address = 'tcp:10.0.0.7:7778'
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Of a PC that has traced something of its only register."""
    path = tmp_path / "config.toml"
    path.write_text(CONFIG, encoding="utf-8")
    trace = Traces(tmp_path / "data", utc_now).of(Device("17", "shtrih", "tcp:10.0.0.7:7778"))
    trace.busy = lambda: ("order-1", 1)
    for at, (way, data) in enumerate(
        [("open", b""), ("tx", b"\x05"), ("tx", bytes.fromhex("0205111e0000000a")), ("close", b"")]
    ):
        trace(float(at), way, data)  # type: ignore[arg-type]
    return path


def run(capsys: pytest.CaptureFixture[str], *argv: object) -> tuple[int, str]:
    code = main([str(each) for each in argv])
    return code, capsys.readouterr().out


def told(capsys: pytest.CaptureFixture[str], *argv: object) -> tuple[int, Any]:
    code, out = run(capsys, *argv, "--json")
    return code, json.loads(out)


def test_a_trace_is_shown_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    code, out = run(capsys, "agent", "trace", "show", RECEIPT)
    assert code == 0
    lines = out.splitlines()
    assert lines[0].startswith("# 17 · shtrih · sim:shtrih · ")
    assert any("# order-1042-1, попытка / attempt 1" in line for line in lines)
    assert any("→ CloseReceipt payments=[400000, 100000" in line for line in lines)
    assert any("← CloseReceipt" in line and " fd=3 " in line for line in lines)
    assert any("#1008=************" in line for line in lines)
    assert not any(" ENQ" in line for line in lines)
    assert all(line[:1] == "#" or line.startswith("10:00:00.000 ") for line in lines)


def test_with_every_byte_where_that_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    _, out = run(capsys, "agent", "trace", "show", RECEIPT, "--all")
    assert "→ ENQ" in out
    assert "02 05 11 00 00 00 00 14" in out


def test_a_trace_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    code, document = told(capsys, "agent", "trace", "show", RECEIPT)
    (trace,) = document["traces"]
    assert (code, trace["header"]["driver"], trace["torn"]) == (0, "shtrih", 0)
    assert {"way", "data", "command", "fields", "result", "job", "attempt", "at", "mono"} <= set(trace["records"][0])


def test_a_devices_trace_is_found(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = run(capsys, "agent", "trace", "show", "--config", config)
    assert code == 0
    assert "→ FullStatus (password: ***)" in out
    code, out = run(capsys, "agent", "trace", "show", "--device", "17", "--job", "order-2", "--config", config)
    assert (code, len(out.splitlines())) == (0, 1)


@pytest.mark.parametrize("against", ["simulator", "driver"])
def test_a_replay_without_a_difference_is_good(against: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, result = told(capsys, "agent", "trace", "replay", RECEIPT, "--against", against)
    assert (code, result["difference"]) == (0, None)


def test_a_replay_names_the_first_difference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = RECEIPT.read_text(encoding="utf-8").splitlines()
    at = next(n for n, one in enumerate(lines) if '"command":"OpenShift"' in one and '"rx"' in one)
    lines[at] = lines[at].replace('"result":"ok"', '"result":"4Eh shift_expired"')
    path = tmp_path / "field.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    code, result = told(capsys, "agent", "trace", "replay", path)
    assert (code, result["difference"]["number"]) == (1, at)
    assert run(capsys, "agent", "trace", "replay", path)[0] == 1


BAD = [
    (("agent", "trace", "show", "none.jsonl"), "no_trace", 2),
    (("agent", "trace", "replay", __file__), "bad_trace", 2),
    (("agent", "trace", "replay", RECEIPT, "--state", "none.json"), "no_state", 2),
]


@pytest.mark.parametrize(("argv", "code", "exit_code"), BAD)
def test_wrong_use_is_named(
    argv: tuple[object, ...], code: str, exit_code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    got, document = told(capsys, *argv)
    assert (document["error"]["code"], got) == (code, exit_code)


def test_a_library_is_played_to_no_simulator(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, *rest = RECEIPT.read_text(encoding="utf-8").splitlines(keepends=True)
    path = tmp_path / "lib.jsonl"
    path.write_text("".join([first.replace('"driver":"shtrih"', '"driver":"atol-lib"'), *rest]), encoding="utf-8")
    code, document = told(capsys, "agent", "trace", "replay", path)
    assert (code, document["error"]["code"]) == (2, "not_replayable")


def test_a_device_without_a_trace(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, document = told(capsys, "agent", "trace", "show", "--device", "18", "--config", config)
    assert (code, document["error"]["code"]) == (1, "no_trace")


# --- bundle ----------------------------------------------------------------------------------------------------------


def test_a_bundle_is_written_and_its_code_stands_in_the_log(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "b.zip"
    code, document = told(capsys, "agent", "bundle", "--out", out, "--config", config)
    assert (code, document["file"]) == (0, str(out))
    with zipfile.ZipFile(out) as archive:
        assert [entry["name"] for entry in document["entries"]] == archive.namelist()
        assert any(name.startswith("traces/") for name in archive.namelist())
    (line,) = last_lines(tmp_path / "data", 9)
    assert json.loads(line)["reference"] == document["reference"]


def test_a_preview_writes_nothing(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(tmp_path.rglob("*"))
    code, out = run(capsys, "agent", "bundle", "--preview", "--config", config)
    assert code == 0
    assert "manifest.json" in out
    code, out = run(capsys, "agent", "bundle", "--show", "config.json", "--config", config)
    assert json.loads(out)["devices"][0]["address"] == "tcp:10.0.0.7:7778"
    assert sorted(tmp_path.rglob("*")) == before


def test_a_bundle_is_made_of_a_bad_configuration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.config.machine_data_dir", lambda: tmp_path / "machine")
    config = tmp_path / "config.toml"
    config.write_text("[server]\nurl = 'nonsense'\n", encoding="utf-8")
    code, out = run(capsys, "agent", "bundle", "--show", "config.json", "--config", config)
    assert (code, json.loads(out)["error"]) == (0, "bad_config")


def test_what_cannot_be_written_is_named(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, document = told(capsys, "agent", "bundle", "--out", tmp_path / "none" / "b.zip", "--config", config)
    assert (code, document["error"]["code"]) == (1, "bundle_not_written")
    code, document = told(capsys, "agent", "bundle", "--show", "none", "--config", config)
    assert (code, document["error"]["code"]) == (2, "unknown_part")
