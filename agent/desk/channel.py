"""One question and one answer between the running agent and another program of ours on the same PC.

A Unix socket, on Windows a named pipe; never a network port. Where it is, and the secret that a question must bear,
stand in one file of the data folder that only the agent's own user may read; whoever can read it could read the
agent's key as well. Messages are JSON. A question that is too long, not JSON, without the secret or late is hung up on.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from secrets import token_hex
from typing import Any

import structlog

from agent.one_agent import agent_running
from agent.private_file import write_private
from agent.problems import UserError

FILE = "control.json"
LONGEST = 1 << 20  # bytes of one message
PATIENCE = 10.0  # seconds that a question may take to come
ANSWER_PATIENCE = 30.0  # and its answer
AT_ONCE = 8  # questions that are answered side by side
_UNIX_LONGEST = 100  # bytes of a socket's path; systems allow 104 to 108

Handler = Callable[[dict[str, Any]], dict[str, Any]]
"""Takes the question's ``params``, returns the answer; may raise ``UserError``. Called on a thread of its own."""

log = structlog.get_logger("control")


class NotRunning(Exception):
    """No agent listens in this data folder: the question was not heard."""


class Silent(Exception):
    """An agent is there and has given no answer: whether it has done what it was asked to is not known."""


@dataclass(frozen=True, slots=True)
class Place:
    address: str
    secret: str
    pid: int


class ControlServer:
    """Answers until ``close``. ``start`` raises ``UserError`` ``agent_running`` when another agent is there already,
    also one that hangs."""

    def __init__(self, folder: Path, handlers: Mapping[str, Handler]) -> None:
        self._folder = folder
        self._handlers = handlers
        self._secret = token_hex(32)
        self._free = threading.BoundedSemaphore(AT_ONCE)
        self._closing = False
        self._listener: Listener | None = None
        self._thread = threading.Thread(target=self._serve, name="control", daemon=True)

    def start(self) -> None:
        with contextlib.suppress(NotRunning):
            with contextlib.suppress(Silent):
                ask(self._folder, "ping", {}, patience=PATIENCE)
            raise agent_running()
        self._listener = _listen(self._folder)
        place = {"address": self._listener.address, "secret": self._secret, "pid": os.getpid()}
        write_private(self._folder / FILE, json.dumps(place).encode())
        self._thread.start()

    def close(self) -> None:
        if self._listener is None or self._closing:
            return
        self._closing = True
        with contextlib.suppress(OSError):  # wakes the accepting thread
            Client(self._listener.address).close()
        self._thread.join(PATIENCE)
        self._listener.close()
        (self._folder / FILE).unlink(missing_ok=True)

    def _serve(self) -> None:
        assert self._listener is not None
        while not self._closing:
            try:
                connection = self._listener.accept()
            except (OSError, EOFError):
                continue
            if self._closing or not self._free.acquire(blocking=False):
                connection.close()
                continue
            threading.Thread(target=self._hear, args=(connection,), name="control question", daemon=True).start()

    def _hear(self, connection: Connection) -> None:
        try:
            with connection:
                if connection.poll(PATIENCE):
                    answer = self._answer(connection.recv_bytes(LONGEST))
                    if answer is not None:
                        connection.send_bytes(_dumped(answer))
        except (OSError, EOFError):
            pass  # it has hung up, or its message was too long
        finally:
            self._free.release()

    def _answer(self, text: bytes) -> dict[str, Any] | None:
        try:
            question = json.loads(text)
            secret, what, params = str(question["secret"]), str(question["ask"]), dict(question["params"])
        except (ValueError, TypeError, KeyError, RecursionError):
            return None
        if not hmac.compare_digest(secret.encode(), self._secret.encode()):
            return None
        if what == "ping":
            return {"ok": {}}
        handler = self._handlers.get(what)
        if handler is None:
            return {"error": {"code": "unknown_question", "text": what, "text_en": what}}
        try:
            return {"ok": handler(params)}
        except UserError as error:
            return {"error": error.as_dict()}
        except Exception as error:
            log.exception("control_failed", ask=what)
            return {"error": {"code": "internal", "text": type(error).__name__, "text_en": type(error).__name__}}


def ask(folder: Path, what: str, params: dict[str, Any], *, patience: float | None = None) -> dict[str, Any]:
    """Raises ``NotRunning``, ``Silent``, or the ``UserError`` that the agent answers with."""
    place = _place(folder)
    try:
        connection = Client(place.address)
    except OSError as error:
        raise NotRunning(f"{place.address}: {error}") from None
    try:
        with connection:
            connection.send_bytes(_dumped({"secret": place.secret, "ask": what, "params": params}))
            if not connection.poll(ANSWER_PATIENCE if patience is None else patience):
                raise Silent(f"{place.address}: no answer in time")
            answer = json.loads(connection.recv_bytes(LONGEST))
    except (OSError, EOFError, ValueError) as error:
        raise Silent(f"{place.address}: {error}") from None
    if "error" in answer:
        told = answer["error"]
        raise UserError(told["code"], told["text"], told["text_en"], exit_code=1)
    return dict(answer["ok"])


def not_running() -> UserError:
    return UserError(
        "agent_not_running",
        "Агент KassaBridge на этом ПК не запущен. Запустите его и повторите.",
        "The KassaBridge agent is not running on this PC. Start it and try again.",
        exit_code=1,
    )


def silent() -> UserError:
    return UserError(
        "agent_silent",
        "Агент KassaBridge не ответил: неизвестно, выполнил ли он просьбу. Посмотрите: kassabridge agent status.",
        "The KassaBridge agent gave no answer: it is not known whether it did so. Look: kassabridge agent status.",
        exit_code=1,
    )


def _place(folder: Path) -> Place:
    try:
        told = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return Place(str(told["address"]), str(told["secret"]), int(told["pid"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotRunning(f"{folder / FILE}: {error}") from None


def _listen(folder: Path) -> Listener:
    if sys.platform == "win32":
        return Listener(rf"\\.\pipe\kassabridge-{token_hex(8)}", "AF_PIPE")
    path = folder / "agent.sock"
    if len(os.fsencode(path)) > _UNIX_LONGEST:
        path = Path(tempfile.mkdtemp(prefix="kassabridge-")) / "agent.sock"
    path.unlink(missing_ok=True)  # of a process that was killed
    before = os.umask(0o177)
    try:
        return Listener(str(path), "AF_UNIX", backlog=AT_ONCE)
    finally:
        os.umask(before)


def _dumped(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
