"""One task through the web server's queue: delivered once, followed to its end, and what that end means to a caller."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from drivers.errors import DeviceError, InDoubt, NotSent, Refused
from drivers.fiscal.atol_json.runner import QUIET, verdict
from drivers.fiscal.atol_web.profile import Profile
from drivers.fiscal.atol_web.server import LOST, WebServer, rejection
from drivers.transports.base import Clock
from drivers.transports.http import HttpError, Reply
from protocol.wire.atol.codes import describe
from protocol.wire.atol.json_reading import AnswerError
from protocol.wire.atol.json_text import Json
from protocol.wire.atol.web import Progress, Queue, Subtask

TWICE = 2  # nothing protects an answer's bytes: what would be strange is believed when it comes again
BLOCKS: Mapping[str, str] = MappingProxyType(
    {
        "connectionError": "device_offline",
        "fnError": "fn_failed",
        "paperError": "no_paper",
    }
)


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
        proves: bool = False,
    ) -> None:
        """``named``: by an attempt. ``proves``: each letter of the answer counts."""
        self._server = server
        self._clock = clock
        self._profile = profile
        self._max_time = max_time
        self._changing = changing
        self._named = named
        self._proves = proves
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
        name = name_of(task)
        self.deliver(uuid, [task])
        found = self.follow(uuid)
        if not all(each.is_final for each in found):
            found = self._give_up(uuid, name, found)
        if len(found) != 1:
            raise Refused("device_busy", f"{name}: this attempt was given up before it was delivered")
        return self._judge(name, found[0])

    def deliver(self, uuid: str, tasks: Sequence[Mapping[str, Json]]) -> None:
        """Have the server take the request. It is sent once: every exchange has a connection of its own, and what is
        sent again after one was lost might reach another register that has come to the address meanwhile. An answer
        that was lost, or that is no yes, is not believed alone: whether the server knows the uuid decides."""
        reply: Reply | None = None
        try:
            reply = self._server.queue_up(uuid, tasks)
            if reply.is_success:
                return
            why = f"HTTP {reply.status}"
        except HttpError as error:
            if not error.sent:
                raise NotSent(error.code, error.detail) from error
            why = str(error)
        while True:
            try:
                if self._server.results(uuid) is not None:
                    return
                if reply is not None:
                    raise rejection(reply)
                raise self._unknown(f"request {uuid}: {why}")
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
                if found is not None and (_stands(found) or self._waits_in_vain(found)) and self._is_sure(uuid, found):
                    return found
            except LOST:
                continue
            unknown = unknown + 1 if found is None else 0
            if unknown >= TWICE:
                raise self._lost(f"request {uuid}: taken, and not known any more")
        if found is None:
            raise self._lost(f"request {uuid}: its state cannot be read")
        return found

    def _is_sure(self, uuid: str, found: Sequence[Subtask]) -> bool:
        return not self._proves or self._server.results(uuid) == found

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
            taken_out = _not_begun(before) and self._server.take_out(uuid)
            found = self._server.results(uuid)
        except LOST as error:
            raise self._lost(f"{name}: {error}") from error
        if found is None and not taken_out:
            raise self._lost(f"{name}: request {uuid} was taken, and is not known any more")
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

    def _unknown(self, detail: str) -> InDoubt:
        """The request may be on its way. A named attempt is settled by ``connect``, which takes the name."""
        return InDoubt("link_lost", detail, remaining=QUIET if self._changing and not self._named else 0.0)

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
    return BLOCKS.get(queue.reason, "device_offline") if queue is not None and queue.is_blocked else None


def _not_begun(found: Sequence[Subtask]) -> bool:
    return all(each.progress is Progress.WAIT for each in found)


def _stands(found: Sequence[Subtask]) -> bool:
    return all(each.is_final for each in found) or any(each.progress is Progress.BLOCKED for each in found)


def name_of(task: Mapping[str, Json]) -> str:
    return str(task.get("type", "task"))
