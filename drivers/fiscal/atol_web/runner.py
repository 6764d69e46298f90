"""Tasks of the vendor's JSON language, queued with the vendor's web server.

Its queue is durable and knows every request by a uuid of ours. A task that changes something is queued under the name
of its attempt, which is on disk before the first byte leaves: whatever becomes of the answer, the uuid tells. The same
request that arrives twice is one request.

Absence is proven by taking the name: when the server does not know the attempt's uuid, a harmless request is queued
under it. From then on a late delivery is a duplicate, and because the queue is in order, whatever the server has taken
before has run once that request has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import uuid4

from drivers.errors import InDoubt, NotSent, Refused
from drivers.fiscal.atol_json.runner import LibraryFacts, Traits
from drivers.fiscal.atol_web.delivery import TWICE, Delivery, name_of, verdict_of
from drivers.fiscal.atol_web.profile import Profile
from drivers.fiscal.atol_web.server import LOST, WebServer, find_server
from drivers.transports.base import Clock
from drivers.transports.http import HttpClient, HttpError
from protocol.wire.atol.json_reading import AnswerError
from protocol.wire.atol.json_tasks import Query, query
from protocol.wire.atol.json_text import Json, JsonError, dumps
from protocol.wire.atol.web import Queue, Subtask

TAKING = (query(Query.DEVICE_STATUS), query(Query.DEVICE_STATUS))
"""Queued under a name that must not be used any more. Two tasks: no attempt has two, so that it is told from one."""


PROOFS = frozenset({"getFnDocument", "getLastFiscalParams"})
"""Tasks whose answer is shown as a proof. Nothing protects its bytes: it is believed when it is the same twice."""


def new_uuid() -> str:
    return str(uuid4())


class WebRunner:
    """A ``TaskRunner`` for one device of one web server."""

    traits = Traits(can_cancel=False, has_task_id=True, task_id_durable=True)

    def __init__(
        self,
        http: HttpClient,
        profile: Profile,
        clock: Clock,
        *,
        device: str | None = None,
        new_id: Callable[[], str] = new_uuid,
    ) -> None:
        self._http = http
        self._profile = profile
        self._clock = clock
        self._device = device
        self._new_id = new_id
        self._server: WebServer | None = None
        self._attempt: str | None = None
        self._used: str | None = None  # text of the task that was delivered under the attempt's name
        self._ended: float | None = None  # when the attempt's end was first seen, if it left the register at work

    def attempt(self, name: str | None) -> None:
        """The name of the attempt that is open on disk, a uuid; ``None``: there is none."""
        if name != self._attempt:
            self._attempt, self._used, self._ended = name, None, None

    def open(self) -> LibraryFacts:
        """Find the server. With an open attempt: also make sure that nothing of it is left to happen; ``NotSent``
        (``device_busy``, or why the queue stands still) for as long as that is not so."""
        self.close()
        try:
            server, version = find_server(self._http, self._profile.generation, self._device, self._profile.answer)
            if self._attempt is not None:
                self._settle(server, self._attempt)
        except HttpError as error:
            code = error.code if not error.sent or error.code == "wrong_password" else "device_offline"
            raise NotSent(code, error.detail) from error
        except (AnswerError, InDoubt) as error:
            raise NotSent("device_offline", str(error)) from error
        self._server = server
        return LibraryFacts(version)

    def close(self) -> None:
        self._server = None

    def queue(self) -> Queue | None:
        """How the device's queue stands; ``None`` where the server does not tell. Raises ``NotSent``."""
        server, lost = self._opened(), ""
        for _ in range(TWICE):
            try:
                return server.queue()
            except LOST as error:
                lost = str(error)
        raise NotSent("device_offline", lost)

    def run(self, task: Mapping[str, Json], *, max_time: float, changing: bool) -> Any:
        server = self._opened()
        try:
            text = dumps(task)
        except JsonError as error:
            raise Refused("bad_parameter", f"{name_of(task)}: {error}") from error
        name = self._attempt if changing and self._used in (None, text) else None
        named = name is not None
        delivery = Delivery(
            server,
            self._clock,
            self._profile,
            max_time=max_time,
            changing=changing,
            named=named,
            proves=name_of(task) in PROOFS,
        )
        if not changing and (answer := delivery.ask_outside(name_of(task))) is not None:
            return answer
        if name is None:
            return delivery.carry_out(self._new_id(), task)
        self._used = text
        try:
            return delivery.carry_out(name, task)
        finally:
            self._ended = delivery.ended

    def cancel_receipt(self, *, max_time: float) -> None:  # noqa: ARG002
        raise Refused("unsupported", "the web server has no task that cancels a receipt")

    def receipt_open(self, *, max_time: float) -> bool | None:  # noqa: ARG002
        """No task tells."""
        return None

    # --- an attempt that may have been delivered ----------------------------------------------------------------------

    def _settle(self, server: WebServer, uuid: str) -> None:
        delivery = Delivery(server, self._clock, self._profile, max_time=self._profile.times.query)
        found: Sequence[Subtask] | None = server.results(uuid)
        if found is None:
            delivery.deliver(uuid, TAKING)
            found = delivery.follow(uuid)
        if not all(each.is_final for each in found):
            raise NotSent(delivery.why_not_final(), f"request {uuid} of this attempt has no end yet")
        if len(found) == 1:
            self._wait_out(uuid, found[0])

    def _wait_out(self, uuid: str, end: Subtask) -> None:
        """The server gave the attempt up when the register's last document was still the old one; the register itself
        may carry it out yet."""
        doubt = verdict_of(uuid, end, changing=True)
        if not isinstance(doubt, InDoubt) or not doubt.remaining:
            return
        now = self._clock.now()
        self._ended = now if self._ended is None else self._ended
        if now < self._ended + doubt.remaining:
            raise NotSent("device_busy", f"request {uuid} ended in {doubt}: the register may still be at work")

    def _opened(self) -> WebServer:
        if self._server is None:
            raise NotSent("device_offline", "not connected")
        return self._server
