"""ATOL's web server with its register behind it, as a make of the simulated world. A command is one HTTP exchange,
whole: ``METHOD TARGET``, a line's end and the body; its reply the status, a line's end and the body."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import unquote, urlsplit

from drivers.simulators.atol_web import WebDevice
from drivers.simulators.atol_web.tasks import QUERIES
from drivers.simulators.faults import Fault
from drivers.simulators.http import HttpRequest, HttpResponse
from tests.chaos.make import Make

BEHIND: Mapping[str, tuple[str, ...]] = {
    "lost_request": ("drop:command={word}",),
    "lost_answer": ("answer-lost:command={word}", "answer-lost:command={word},stored=no"),
    "silent": ("mute:command={word},seconds={long}", "slow:command={word},seconds={long}"),
    "late": ("late:command={word},seconds={long}",),
    "power_before": (
        "power:command={word},when=before,off={off}",
        "power:command={word},when=before,off={off},receipt=annulled",
        "restart:command={word},when=before,off={off}",
    ),
    "power_after": (
        "power:command={word},when=after,off={off}",
        "restart:command={word},when=after,off={off}",
    ),
    "busy": ("busy:command={word}",),
}
"""Faults between the server and its register, in the words of the simulator, for a task that changes something."""
LONGEST = 50.0  # seconds that the register takes when it is late
OFF = (0.5, 5.0, 40.0)  # seconds without power


def payload_of(method: str, target: str, body: str) -> bytes:
    return f"{method} {target}\n{body}".encode()


def reply_of(reply: bytes) -> tuple[int, bytes]:
    status, _, body = reply.partition(b"\n")
    return int(status), body


def changes(payload: bytes) -> bool:
    """Whether it queues a task that may change something, or takes one out."""
    return payload.startswith(b"DELETE ") or _changing_task(payload) is not None


def _changing_task(payload: bytes) -> str | None:
    return next((word for word in _tasks(payload) if word not in QUERIES), None)


def _tasks(payload: bytes) -> list[str]:
    """What is queued."""
    head, _, body = payload.partition(b"\n")
    if not head.startswith(b"POST ") or not head.endswith(b"/requests"):
        return []
    return [str(task["type"]) for task in json.loads(body)["request"]]


@dataclass(frozen=True, slots=True)
class WebServer(Make):
    def memory(self, state: Any) -> Any:
        return state.register

    def with_new_drive(self, state: Any, fresh: Any) -> Any:
        """The server keeps its queue."""
        Make.with_new_drive(self, state, fresh)
        state.register = fresh.register
        return state

    def cut_power(self, device: WebDevice, seconds: float, random: Random, *, annulled: bool) -> None:
        """The register's, or the server is started anew."""
        if random.random() < 0.5:
            Make.cut_power(self, device, seconds, random, annulled=annulled)
        else:
            device.stop(Fault("restart", {"off": seconds}))

    # --- exchanges

    def begin(self, device: WebDevice, payload: bytes, answered: Callable[[bytes], None]) -> None:
        device.api.answer(_request(payload), lambda response: answered(_reply(response)))

    def begin_unheard(self, device: WebDevice, payload: bytes) -> None:
        self.begin(device, payload, lambda _: None)

    def after(self, device: WebDevice, seconds: float, come: Callable[[], None]) -> None:
        """A server that is started anew meanwhile does not hear it."""
        device.serve_later(seconds, come)

    def reads_document(self, payload: bytes) -> bool:
        return "getFnDocument" in _tasks(payload)

    def busy(self, device: WebDevice, payload: bytes) -> bytes:
        return _reply(device.api.problem(503, "busy"))

    def cannot_read(self, device: WebDevice, payload: bytes) -> bytes | None:
        device.inject(f"fail:command=getFnDocument,code={self.unreadable}")
        return None

    def strikes_behind(self, device: WebDevice, payload: bytes, fault: str, random: Random) -> bool:
        word = _changing_task(payload)
        if word is None or fault not in BEHIND or random.random() < 0.5:
            return False
        spec = random.choice(BEHIND[fault])
        device.inject(spec.format(word=word, long=round(random.uniform(0.5, LONGEST), 1), off=random.choice(OFF)))
        return True


def _request(payload: bytes) -> HttpRequest:
    head, _, body = payload.partition(b"\n")
    method, target = head.decode("ascii").split(" ")
    return HttpRequest(method, unquote(urlsplit(target).path), body=body)


def _reply(response: HttpResponse) -> bytes:
    return b"%d\n%s" % (response.status, response.body)
