"""Tasks of the vendor's JSON language, queued with the vendor's web server.

Its queue is durable and knows every request by a uuid of ours. A task that changes something is queued under the name
of its attempt, which is on disk before the first byte leaves: whatever becomes of the answer, the uuid tells. The same
request delivered twice is one request.

Absence is proven by taking the name: when the server does not know the attempt's uuid, a harmless request is queued
under it. From then on a late delivery is a duplicate, and because the queue is in order, whatever the server has taken
before has run once that request has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from uuid import uuid4

from drivers.errors import DeviceError, InDoubt, NotSent, Refused
from drivers.fiscal.atol_json.runner import QUIET, LibraryFacts, Traits, verdict
from drivers.fiscal.atol_web.http import HttpClient, HttpError, Reply
from drivers.fiscal.atol_web.profile import Profile
from drivers.fiscal.atol_web.server import LOST, WebServer, find_server, rejection
from drivers.transports.base import Clock
from protocol.wire.atol.codes import describe
from protocol.wire.atol.json_reading import AnswerError
from protocol.wire.atol.json_tasks import Query, query
from protocol.wire.atol.json_text import Json, JsonError, dumps
from protocol.wire.atol.web import Progress, Queue, Subtask

TAKING = (query(Query.DEVICE_STATUS), query(Query.DEVICE_STATUS))
"""Queued under a name that must not be used any more. Two tasks: no attempt has two, so that it is told from one."""
TWICE = 2  # nothing protects an answer's bytes: what would be strange is believed when it comes again
_BLOCKS: Mapping[str, str] = {
    "connectionError": "device_offline",
    "fnError": "fn_failed",
    "paperError": "no_paper",
}


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
        except (*LOST, InDoubt) as error:
            code = error.code if isinstance(error, HttpError) and not error.sent else "device_offline"
            raise NotSent(code, str(error)) from error
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
            raise Refused("bad_parameter", f"{_name(task)}: {error}") from error
        named = changing and self._attempt is not None and self._used in (None, text)
        delivery = Delivery(server, self._clock, self._profile, max_time=max_time, changing=changing, named=named)
        if not changing and (answer := delivery.ask_outside(_name(task))) is not None:
            return answer
        if not named or self._attempt is None:
            return delivery.carry_out(self._new_id(), task)
        self._used = text
        try:
            return delivery.carry_out(self._attempt, task)
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


class Delivery:
    """One task through the queue, within ``max_time``."""

    def __init__(
        self,
        server: WebServer,
        clock: Clock,
        profile: Profile,
        *,
        max_time: float,
        changing: bool = False,
        named: bool = False,
    ) -> None:
        self._server = server
        self._clock = clock
        self._profile = profile
        self._max_time = max_time
        self._changing = changing
        self._named = named
        self._deadline = clock.now() + max_time
        self.ended: float | None = None
        """When a task ended in a way that leaves the register at work."""

    def ask_outside(self, name: str) -> Any | None:
        """A query's answer; ``None`` where it has to go through the queue."""
        unreadable = 0
        while unreadable < TWICE:
            try:
                return self._server.ask_outside(name, seconds=self._max_time)
            except AnswerError:
                unreadable += 1
            except HttpError as error:
                if not error.sent:
                    raise NotSent(error.code, f"{name}: {error.detail}") from error
                if self._clock.now() >= self._deadline:
                    raise InDoubt(error.code, f"{name}: {error.detail}") from error
                self._clock.sleep(self._profile.poll_most)
        return None

    def carry_out(self, uuid: str, task: Mapping[str, Json]) -> Any:
        """The task's answer, or the verdict of its end."""
        name = _name(task)
        self.deliver(uuid, [task])
        found = self.follow(uuid)
        if not all(each.is_final for each in found):
            found = self._give_up(uuid, name, found)
        if len(found) != 1:
            raise Refused("device_busy", f"{name}: this attempt was given up before it was delivered")
        return self._judge(name, found[0])

    def deliver(self, uuid: str, tasks: Sequence[Mapping[str, Json]]) -> None:
        """Have the server take the request. An answer that was lost, or that is no yes, is not believed alone: whether
        the server knows the uuid decides, and one that it does not know is delivered again."""
        taken = False
        while True:
            reply: Reply | None = None
            try:
                reply = self._server.queue_up(uuid, tasks)
                if reply.is_success:
                    return
                taken = True
                why = f"HTTP {reply.status}"
            except HttpError as error:
                if not error.sent and not taken:
                    raise NotSent(error.code, error.detail) from error
                taken = taken or error.sent
                why = str(error)
            try:
                if self._server.results(uuid) is not None:
                    return
                if reply is not None:
                    raise rejection(reply)
            except HttpError as error:
                if reply is not None and error.status == reply.status:  # nobody is let in, to either
                    raise rejection(reply) from error
                why = str(error)
            except AnswerError as error:
                why = str(error)
            if self._clock.now() >= self._deadline:
                raise self._lost(f"request {uuid}: {why}")
            self._clock.sleep(self._profile.poll_most)

    def follow(self, uuid: str) -> Sequence[Subtask]:
        """The request's results: final, or as they stand when its time is over or the queue stands still before it is
        done."""
        found: Sequence[Subtask] | None = None
        unknown = 0
        for _ in self._pauses():
            try:
                found = self._server.results(uuid)
                if found is not None and (_stands(found) or self._waits_in_vain(found)):
                    return found
            except LOST:
                continue
            unknown = unknown + 1 if found is None else 0
            if unknown >= TWICE:
                raise self._lost(f"request {uuid}: taken, and not known any more")
        if found is None:
            raise self._lost(f"request {uuid}: its state cannot be read")
        return found

    def _waits_in_vain(self, found: Sequence[Subtask]) -> bool:
        return _not_begun(found) and blocked_by(self._server.queue()) is not None

    def why_not_final(self) -> str:
        """Our word for what the queue waits for."""
        try:
            queue = self._server.queue()
        except LOST:
            return "device_offline"
        return blocked_by(queue) or "device_busy"

    def _pauses(self) -> Iterator[None]:
        """Moments to look at: soon at first, then at a steady pace, the last one at the end."""
        pause = self._profile.poll_first
        while (left := self._deadline - self._clock.now()) > 0:
            self._clock.sleep(min(pause, left))
            pause = min(pause * 2, self._profile.poll_most)
            yield

    def _give_up(self, uuid: str, name: str, before: Sequence[Subtask]) -> Sequence[Subtask]:
        """Its time is over, or its result is not known. What has not begun is taken out of the queue; whatever else
        there is, is doubt. What is blocked is never touched: it holds the queue until the server knows."""
        try:
            why = self.why_not_final()
            if _not_begun(before):
                self._server.take_out(uuid)
            found = self._server.results(uuid)
        except LOST as error:
            raise self._lost(f"{name}: {error}") from error
        if found is None or all(each.progress is Progress.CANCELED for each in found):
            raise self._not_run(why, f"{name}: taken out of the web server's queue before it began")
        if all(each.is_final for each in found):
            return found
        raise self._no_end(found, why, f"{name}: request {uuid} has no end yet")

    def _judge(self, name: str, end: Subtask) -> Any:
        error = verdict_of(name, end, changing=self._changing)
        if error is None:
            return {} if end.result is None else end.result
        if isinstance(error, InDoubt) and error.remaining:
            self.ended = self._clock.now()
        raise error

    def _not_run(self, code: str, detail: str) -> DeviceError:
        return Refused(code, detail) if self._changing else NotSent(code, detail)

    def _lost(self, detail: str) -> InDoubt:
        return InDoubt("link_lost", detail, remaining=QUIET if self._changing else 0.0)

    def _no_end(self, found: Sequence[Subtask], why: str, detail: str) -> InDoubt:
        """``why`` unless a task itself tells. A named attempt is settled by ``connect``, which waits as long as it must
        and no longer."""
        if not self._changing:
            return InDoubt("no_reply", detail)
        number = next((each.code for each in found if each.progress is Progress.BLOCKED and each.code), 0)
        code, vendor = (describe(number).code, str(number)) if number else (why, None)
        return InDoubt(code, detail, vendor=vendor, remaining=0.0 if self._named else QUIET)


def verdict_of(name: str, end: Subtask, *, changing: bool) -> DeviceError | None:
    """``None``: it was carried out."""
    match end.progress:
        case Progress.READY:
            return None
        case Progress.CANCELED:
            return Refused("device_busy", f"{name}: taken out of the web server's queue")
    return verdict(end.code, f"{name}: {end.description}", changing=changing, remaining=QUIET)


def blocked_by(queue: Queue | None) -> str | None:
    """Why a queue stands still, in our words; ``None``: it does not."""
    return _BLOCKS.get(queue.reason, "device_offline") if queue is not None and queue.is_blocked else None


def _not_begun(found: Sequence[Subtask]) -> bool:
    return all(each.progress is Progress.WAIT for each in found)


def _stands(found: Sequence[Subtask]) -> bool:
    return all(each.is_final for each in found) or any(each.progress is Progress.BLOCKED for each in found)


def _name(task: Mapping[str, Json]) -> str:
    return str(task.get("type", "task"))
