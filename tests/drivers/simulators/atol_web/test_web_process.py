"""``kassabridge simulate atol-web`` as a process: real sockets, a client of the standard library, death and rebirth."""

from __future__ import annotations

import base64
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from drivers.simulators.inprocess import open_line
from tests.drivers.simulators.atol_web.host import request_bytes, responses, sell
from tests.support.patience import BUSY


@contextmanager
def simulator(*args: str, end: int = signal.SIGTERM) -> Iterator[tuple[subprocess.Popen[str], int]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "drivers.simulators", "atol-web", "--listen", "tcp:127.0.0.1:0", *args],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        yield process, int(json.loads(process.stdout.readline())["listening"].rpartition(":")[2])
    finally:
        os.kill(process.pid, end)
        process.wait(BUSY)
        process.stdin.close()
        process.stdout.close()


class Client:
    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=BUSY)

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        data = None if body is None else json.dumps(body).encode()
        self.connection.request(method, "/api/v2" + path, data, headers or {})
        with self.connection.getresponse() as response:
            return response.status, json.loads(response.read())

    def post(self, uuid: str, task: dict[str, Any]) -> int:
        return self.ask("POST", "/requests", {"uuid": uuid, "request": [task]})[0]

    def final(self, uuid: str) -> dict[str, Any]:
        """Ask until it is decided; the server decides by itself, and the test has its own limit."""
        while True:
            _, told = self.ask("GET", f"/requests/{uuid}")
            result: dict[str, Any] = told["results"][0]
            if result["status"] not in ("wait", "inProgress", "blocked"):
                return result
            time.sleep(0.01)


def test_many_clients_sell_at_a_time_and_each_gets_its_own(tmp_path: Path) -> None:
    with simulator("--state", str(tmp_path / "s.json"), "--print-time", "0", "--task-time", "0") as (_, port):
        numbers: dict[int, int] = {}

        def work(number: int) -> None:
            each = Client(port)
            with closing(each.connection):
                assert each.post(f"u{number}", sell(number)) == 201
                result = each.final(f"u{number}")["result"]["fiscalParams"]
                assert result["total"] == number
                numbers[number] = result["fiscalDocumentNumber"]

        threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 7)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(numbers.values()) == [3, 4, 5, 6, 7, 8]


def test_a_server_that_was_killed_comes_back_with_its_queue(tmp_path: Path) -> None:
    memory = ("--state", str(tmp_path / "s.json"))
    with simulator(*memory, "--task-time", "30", end=signal.SIGKILL) as (_, port):
        one = Client(port)
        with closing(one.connection):
            assert one.post("first", sell(1)) == 201
            assert one.post("second", sell(2)) == 201
    with simulator(*memory) as (_, port):
        one = Client(port)
        with closing(one.connection):
            assert one.post("first", sell(1)) == 409
            assert (one.final("first")["status"], one.final("first")["error"]["code"]) == ("error", 2)
            assert one.final("second")["result"]["fiscalParams"]["total"] == 2
    dumped = subprocess.run(
        [sys.executable, "-m", "drivers.simulators", "atol-web", *memory, "--dump"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    told = json.loads(dumped.stdout)
    assert told["family"] == "atol-web"
    assert [document["tags"].get("1020") for document in told["documents"]] == [None, None, "2.00"]


def test_a_script_moves_the_register_and_leaves_the_server(tmp_path: Path) -> None:
    with simulator("--control", "--print-time", "0") as (process, port):
        assert process.stdin is not None
        assert process.stdout is not None

        def order(word: str) -> dict[str, Any]:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps({"do": word}) + "\n")
            process.stdin.flush()
            answer: dict[str, Any] = json.loads(process.stdout.readline())
            return answer

        one = Client(port)
        with closing(one.connection):
            assert order("power-off")["powered"] is False
            assert one.post("sale", sell()) == 201
            while not (told := one.ask("GET", "/getRequestsQueueStatus")[1])["isBlocked"]:
                time.sleep(0.01)
            assert told["blockedUUID"] == "sale"
            assert order("power-on")["connected"] is True
            assert one.final("sale")["error"]["code"] == 2
            assert order("fault answer-lost:command=post-requests")["ok"] is True
            with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
                one.post("again", sell())
            one.connection.close()
            assert one.final("again")["result"]["fiscalParams"]["fiscalDocumentNumber"] == 3


def test_while_the_server_is_dead_nobody_gets_in() -> None:
    with simulator("--fault", "restart:command=get-settings,off=1") as (_, port):
        one = Client(port)
        with closing(one.connection):
            with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
                one.ask("GET", "/settings")
            one.connection.close()
            with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)):
                one.ask("GET", "/settings")
            while True:
                one.connection.close()
                try:
                    assert one.ask("GET", "/settings")[0] == 200
                    return
                except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                    time.sleep(0.05)


def test_a_password_from_the_command_line() -> None:
    with simulator("--auth", "user:pass", "--protocol", "2") as (_, port):
        one = Client(port)
        with closing(one.connection):
            assert one.ask("GET", "/settings")[0] == 401
            known = {"Authorization": "Basic " + base64.b64encode(b"user:pass").decode()}
            assert one.ask("GET", "/settings", headers=known)[0] == 200


def test_behind_an_address_inside_a_process(tmp_path: Path) -> None:
    options = {
        "state": str(tmp_path / "s.json"),
        "print-time": "0",
        "task-time": "0",
        "fault": "busy:command=get-settings",
    }
    line = open_line("atol-web", options)
    line.feed(request_bytes("GET", "/api/v2/settings"))
    assert [each.status for each in responses(line.poll())] == [503]
    line.feed(request_bytes("POST", "/api/v2/requests", {"uuid": "u", "request": [sell()]}))
    assert [each.status for each in responses(line.poll())] == [201]
    line.close()
    line = open_line("atol-web", options)
    line.feed(request_bytes("GET", "/api/v2/requests/u"))
    assert responses(line.poll())[0].json()["results"][0]["status"] in ("ready", "inProgress", "wait", "blocked")
    line.close()


def test_wrong_options(tmp_path: Path) -> None:
    for option, text in (("auth", "nobody"), ("protocol", "3"), ("vat-autoreplace", "yes")):
        with pytest.raises(ValueError, match=option):
            open_line("atol-web", {option: text})
