"""The commands as processes: exit codes, one JSON document on stdout, sentences instead of tracebacks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog

from agent.cli import JOB_ACTIONS
from agent.config import load_config
from agent.device_command import JOBS, run_device_command
from agent.device_payload import DeviceCommand
from agent.devices.lock import device_lock
from agent.journal.inspect import list_jobs
from agent.logs import set_up_logging
from agent.terminal_command import MONEY
from agent.version import VERSION
from tests.support.patience import BUSY

ROOT = Path(__file__).parents[3]
RECEIPT = ROOT / "examples" / "receipts" / "02-two-rates-card.json"


def kassabridge(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "agent.cli", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
        timeout=BUSY,
        check=False,
    )


def good(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@contextmanager
def simulated(folder: Path, *arguments: str) -> Iterator[str]:
    """A simulated register; its address."""
    command = [sys.executable, "-m", "agent.cli", "simulate", "shtrih", "--listen", "tcp:127.0.0.1:0", *arguments]
    with (folder / "register.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, cwd=ROOT)
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())["listening"]
        finally:
            process.terminate()
            process.communicate(timeout=BUSY)


@pytest.fixture
def register(tmp_path: Path) -> Iterator[str]:
    with simulated(tmp_path, "--state", str(tmp_path / "register.json")) as address:
        yield address


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text('[agent]\ndata_dir = "data"\n', "utf-8")
    return path


DEVICE = ["device", "--driver", "shtrih", "--address", "tcp:127.0.0.1:9"]
WRONG = [
    (["agent", "run", "--config", "nowhere.toml"], 2, "no_config", "nowhere.toml"),
    (["agent", "run", "--config", "broken.toml"], 2, "bad_config", "broken.toml, строка 2"),
    (["agent", "run", "--config", "config.toml"], 2, "not_paired", "identity.json"),
    (["agent", "pair", "https://kаssa.ru/pair/7KQM4RTW2X", "--config", "config.toml"], 2, "bad_pairing_line", "10-й"),
    (["agent", "pair", "http://127.0.0.1:9/pair/7KQM4RTW2X", "--config", "config.toml"], 1, "server_unreachable", ":9"),
    (["agent", "journal", "verify", "--config", "config.toml"], 1, "no_journal", "journal.sqlite3"),
    (["device", "--driver", "shtrik", "--address", "tcp:127.0.0.1:9", "status"], 2, "unknown_driver", "shtrih"),
    (["device", "--driver", "shtrih", "--address", "tcp:127.0.0.1", "status"], 2, "bad_address", "tcp:127.0.0.1"),
    (["device", "status"], 2, "device_not_named", "--driver"),
    ([*DEVICE, "receipt", "no.json"], 2, "file_unreadable", "no.json"),
    ([*DEVICE, "receipt", "broken.toml"], 2, "bad_json", "JSON"),
    ([*DEVICE, "receipt", "{}.json"], 2, "bad_payload", "items"),
    ([*DEVICE, "cash-in", "0"], 2, "bad_payload", "amount"),
    ([*DEVICE, "cash-out", "1,50"], 2, "bad_payload", "amount"),
    ([*DEVICE, "print", "no.txt"], 2, "file_unreadable", "no.txt"),
    ([*DEVICE, "print", "{}.json"], 2, "bad_payload", "lines"),
    ([*DEVICE, "copy", "0"], 2, "bad_payload", "fd"),
    ([*DEVICE, "open-shift", "--cashier-inn", "500100732259"], 2, "bad_payload", "--cashier"),
    ([*DEVICE, "open-drawer", "--job-id", "касса"], 2, "bad_job_id", "касса"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "exit_code", "code", "word"), WRONG, ids=[f"{w[2]}-{w[1]}" for w in WRONG])
def test_a_mistake_is_a_sentence(
    tmp_path: Path, config: Path, arguments: list[str], exit_code: int, code: str, word: str
) -> None:
    (tmp_path / "broken.toml").write_text('[server]\nurl = "kassa"\n', "utf-8")
    (tmp_path / "{}.json").write_text("{}", "utf-8")
    as_json = [] if arguments[:2] == ["agent", "run"] else ["--json"]
    done = kassabridge(*arguments, *as_json, cwd=tmp_path)
    assert done.returncode == exit_code
    assert word in done.stderr
    assert "Traceback" not in done.stderr
    if as_json:
        assert json.loads(done.stdout)["error"]["code"] == code
    else:
        assert done.stdout == ""


@pytest.mark.parametrize("arguments", [[], ["fly"], ["agent"], ["device", "--driver", "shtrih"], ["simulate"]])
def test_wrong_use_exits_2(tmp_path: Path, arguments: list[str]) -> None:
    done = kassabridge(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert "usage:" in done.stderr


def test_nobody_at_the_address(tmp_path: Path) -> None:
    done = kassabridge("device", "--driver", "shtrih", "--address", "tcp:127.0.0.1:9", "--json", "status", cwd=tmp_path)
    assert done.returncode == 1
    error = json.loads(done.stdout)["error"]
    assert (error["code"], error["certainty"]) == ("device_offline", "not_sent")
    assert "Касса не отвечает." in done.stderr


def test_a_day_at_a_register_without_a_server(tmp_path: Path, config: Path, register: str) -> None:
    def device(*action: str | Path) -> subprocess.CompletedProcess[str]:
        where = ["--driver", "shtrih", "--address", register, "--config", config, "--json"]
        return kassabridge("device", *where, *action, cwd=tmp_path)

    identity = good(device("identity"))
    assert len(identity["fn_serial"]) == 16
    assert good(device("status"))["shift"] == "closed"
    opened = good(device("open-shift", "--cashier", "Иванова М."))
    assert (opened["shift"], opened["fd"]) == ("open", 2)

    receipt = good(device("receipt", RECEIPT, "--job-id", "day-1"))
    assert (receipt["job_id"], receipt["state"], receipt["proof"]["fd"]) == ("day-1", "done", 3)
    assert receipt["proof"]["source"] == "device"
    assert good(device("receipt", RECEIPT, "--job-id", "day-1"))["proof"] == receipt["proof"]
    read = good(device("document", "3"))
    assert (read["fpd"], read["total"]) == (receipt["proof"]["fpd"], receipt["proof"]["total"])

    unnamed = device("receipt", RECEIPT.with_name("03-usn-5-percent.json"))
    assert unnamed.stderr.startswith("job_id: ")
    assert good(unnamed)["job_id"] == unnamed.stderr.split()[1]
    report = good(device("x-report"))
    assert (report["printed"], report["state"]) == (True, "done")
    assert good(device("cancel")) == {"document_was_open": False, "document_open": False}
    closed = good(device("close-shift"))
    assert (closed["shift"], closed["fd"]) == ("closed", 5)

    again = device("close-shift")
    assert again.returncode == 1
    error = json.loads(again.stdout)["error"]
    assert (error["code"], error["vendor"], error["certainty"]) == ("shift_closed", None, "refused")
    missing = device("document", "77")
    assert missing.returncode == 1
    assert json.loads(missing.stdout)["error"]["code"] == "no_such_document"
    waiting = device("continue-print")
    assert (waiting.returncode, json.loads(waiting.stdout)["error"]["code"]) == (1, "nothing_to_print")

    jobs = good(kassabridge("agent", "journal", "list", "--config", config, "--json", cwd=tmp_path))["jobs"]
    assert [(job["kind"], job["state"]) for job in jobs] == [
        ("open_shift", "done"), ("receipt", "done"), ("receipt", "done"), ("x_report", "done"),
        ("close_shift", "done"), ("close_shift", "not_done"),
    ]  # fmt: skip
    assert good(kassabridge("agent", "journal", "verify", "--config", config, "--json", cwd=tmp_path))["ok"] is True
    shown = good(kassabridge("agent", "journal", "show", "day-1", "--config", config, "--json", cwd=tmp_path))
    assert shown["job"]["state"] == "done"
    assert kassabridge("agent", "journal", "show", "nope", "--config", config, cwd=tmp_path).returncode == 1


def test_the_drawer_the_slips_and_the_facts_of_a_register(tmp_path: Path, config: Path, register: str) -> None:
    def device(*action: str | Path) -> subprocess.CompletedProcess[str]:
        where = ["--driver", "shtrih", "--address", register, "--config", config, "--json"]
        return kassabridge("device", *where, *action, cwd=tmp_path)

    good(device("open-shift"))
    put = good(device("cash-in", "500.00", "--cashier", "Иванова М.", "--job-id", "till-in"))
    assert (put["state"], put["drawer"], put["proof"]["total"]) == ("done", "500.00", "500.00")
    assert good(device("cash-in", "500.00", "--cashier", "Иванова М.", "--job-id", "till-in")) == put  # only once
    assert good(device("cash-out", "120.50"))["drawer"] == "379.50"
    assert (good(device("totals"))["cash_in"], good(device("health"))["drawer"]) == ("500.00", "379.50")

    short = device("cash-out", "380")
    told = json.loads(short.stdout)
    assert (short.returncode, told["error"]["code"], told["error"]["certainty"]) == (1, "cash_short", "refused")
    assert "Traceback" not in short.stderr

    (tmp_path / "slip.txt").write_text("Заказ 1042\n\n\tготов\n", "utf-8")
    assert good(device("print", "slip.txt"))["printed"] is True
    (tmp_path / "slip.json").write_text('{"lines": [{"barcode": {"type": "qr", "value": "1042"}}]}', "utf-8")
    assert good(device("print", "slip.json"))["printed"] is True
    assert good(device("copy", "2"))["printed"] is True
    assert good(device("open-drawer"))["state"] == "done"
    jobs = good(kassabridge("agent", "journal", "list", "--config", config, "--json", cwd=tmp_path))["jobs"]
    assert {job["kind"] for job in jobs} == {
        "open_shift", "cash_in", "cash_out", "print_text", "print_copy", "open_drawer",
    }  # fmt: skip


def test_discovery_opens_nothing_and_a_probe_asks_who_is_there(tmp_path: Path, config: Path, register: str) -> None:
    listed = good(kassabridge("discover", "--json", "--config", config, cwd=tmp_path))
    assert "answers" not in listed
    assert all(candidate["address"] for candidate in listed["candidates"])

    where = ["--address", register, "--config", config, "--json"]
    (found,) = good(kassabridge("discover", "--probe", *where, cwd=tmp_path))["answers"]
    assert (found["driver"], found["code"], len(found["identity"]["fn_serial"])) == ("shtrih", "", 16)

    with device_lock(load_config(config).data_dir, register):  # the agent is at work there
        held = kassabridge("discover", "--probe", *where, cwd=tmp_path)
    assert (held.returncode, json.loads(held.stdout)["answers"][0]["code"]) == (1, "device_locked")
    nobody = kassabridge("discover", "--address", "tcp:127.0.0.1:9", "--config", config, "--json", cwd=tmp_path)
    assert (nobody.returncode, json.loads(nobody.stdout)["answers"][0]["code"]) == (1, "device_offline")


def test_a_device_that_the_agent_holds_is_not_touched(
    tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    address = "tcp:127.0.0.1:9"
    with device_lock(load_config(config).data_dir, address):
        done = kassabridge(
            "device", "--driver", "shtrih", "--address", address, "--config", config, "--json", "status", cwd=tmp_path
        )
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["code"] == "device_locked"


def test_options_may_stand_before_or_after_the_action(tmp_path: Path) -> None:
    after = kassabridge(
        "device", "status", "--json", "--driver", "shtrih", "--address", "tcp:127.0.0.1:9", cwd=tmp_path
    )
    assert json.loads(after.stdout)["error"]["code"] == "device_offline"


def test_help_imports_no_driver_and_no_library_of_the_link(tmp_path: Path) -> None:
    script = (
        "import sys; from agent.cli import build_parser; build_parser(with_simulators=False);"
        "heavy = {'websockets', 'cryptography', 'pydantic', 'PIL', 'structlog', 'server'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_action_that_is_a_job_takes_a_job_id() -> None:
    assert set(JOB_ACTIONS) == {*JOBS, *MONEY}


def test_the_version_is_the_distributions() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"] == VERSION


def test_a_doubtful_shift_command_is_not_sent_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The register opens the shift and its answer is lost: the shift's state and its document decide."""
    path = tmp_path / "config.toml"
    (tmp_path / "fast.toml").write_text("[time]\nshift = 0.5\n", "utf-8")
    with simulated(tmp_path, "--fault", "answer-lost:command=E0") as address:
        path.write_text(
            '[agent]\ndata_dir = "data"\n[[devices]]\nkkm_id = "1"\ndriver = "shtrih"\n'
            f'address = "{address}"\nprofile = "fast.toml"\n',
            "utf-8",
        )
        set_up_logging("error")
        try:
            command = DeviceCommand("open-shift", "shtrih", address, as_json=True, job_id="open-1")
            assert run_device_command(command, load_config(path)) == 0
        finally:
            structlog.reset_defaults()
    told = json.loads(capsys.readouterr().out)
    assert (told["shift"], told["shift_number"], told["fd"], told["state"]) == ("open", 1, 2, "done")


def test_nothing_acts_while_an_outcome_is_open(tmp_path: Path) -> None:
    """A receipt whose process died after INTENT: the register may not be touched but by its resolution."""
    data = tmp_path / "data"
    with simulated(tmp_path) as address:
        (tmp_path / "config.toml").write_text('[agent]\ndata_dir = "data"\n', "utf-8")
        device = ("device", "--driver", "shtrih", "--address", address, "--config", str(tmp_path / "config.toml"))
        killed = [sys.executable, "-m", "tests.support.dying", "agent", "--at", "intent", "--", *device]
        receipt = ["receipt", str(RECEIPT), "--job-id", "till-1"]
        died = subprocess.run([*killed, *receipt], cwd=ROOT, capture_output=True, check=False)
        assert died.returncode == -9
        assert list_jobs(data / "journal.sqlite3")[0]["state"] == "started"
        for action in ("open-shift", "close-shift", "cancel", "x-report", "continue-print"):
            refused = kassabridge(*device, "--json", action, cwd=tmp_path)
            assert (refused.returncode, json.loads(refused.stdout)["error"]["code"]) == (1, "intent_open"), (
                refused.stderr
            )
        assert good(kassabridge(*device, "--json", "status", cwd=tmp_path))["last_fd"] == 2
