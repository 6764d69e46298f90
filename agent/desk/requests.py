"""What support asks of this PC, and what somebody here says to it.

The doctor is examined at once: it changes nothing and its report is masked. A bundle is made, shown, and sent only when
somebody at this PC agrees to that very bundle, or the owner has agreed to all in config.toml. Silence is a refusal.
Nothing here is on disk: a request that is older than its quarter of an hour is over, also for the server.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog

from agent.problems import UserError
from agent.status import SupportAsk
from agent.support.bundle.consent import Consent, Sender, Sent
from protocol.crm.support import Bundle as BundleAsked
from protocol.crm.support import Doctor, Report, ReportState, SupportAsked

if TYPE_CHECKING:  # an agent that is never asked loads nothing for it
    from agent.support.bundle.collect import Bundle

LIVES = 900.0  # seconds: the longest that a request is open here, whatever it says of itself
REMEMBERED = 3600.0  # seconds for which an answer is said again
MOST = 20  # requests that are remembered; the server has at most one of each kind open

log = structlog.get_logger("support")


def in_a_thread(work: Callable[[], None]) -> None:
    threading.Thread(target=work, name="support", daemon=True).start()


@dataclass(frozen=True, slots=True)
class Means:
    """What the requests are carried out with. ``genuine``: whether a message is the server's, and for this PC.
    ``examine`` gives the doctor's findings, masked; ``make`` a bundle about these jobs; ``always``: the owner has
    agreed to every bundle. ``start`` runs work that takes its time."""

    genuine: Callable[[SupportAsked], bool]
    examine: Callable[[], Mapping[str, Any]]
    make: Callable[[frozenset[str]], Bundle]
    send: Sender
    always: bool
    monotonic: Callable[[], float]
    now: Callable[[], datetime]
    start: Callable[[Callable[[], None]], None] = in_a_thread


@dataclass(slots=True)
class _Request:
    """``asked`` is ``None`` for a bundle that was made here; ``answer`` once it is over."""

    id: str
    until: float
    ask: SupportAsk | None
    asked: SupportAsked | None
    bundle: Bundle | None = None
    busy: bool = False
    answer: Report | None = None


@dataclass(slots=True)
class SupportRequests:
    """Any thread may call. Long work is done outside the guard."""

    means: Means
    _guard: threading.RLock = field(default_factory=threading.RLock)
    _one_doctor: threading.Lock = field(default_factory=threading.Lock)
    _known: dict[str, _Request] = field(default_factory=dict)
    _answers: list[Report] = field(default_factory=list)
    _wake: Callable[[], None] = lambda: None

    # --- the link

    def on_answer(self, wake: Callable[[], None]) -> None:
        self._wake = wake

    def receive(self, body: SupportAsked) -> None:
        """A request of the server. One that is known is answered as before; one that is not genuine is noted."""
        if not self.means.genuine(body):
            log.warning("bad_signature", what="support")
            return
        with self._guard:
            known = self._known.get(body.request_id)
            if known is not None:
                self._say(known.answer or Report(request_id=known.id, state=ReportState.ASKED))
                return
            if len(self._known) >= MOST:
                self._say(Report(request_id=body.request_id, state=ReportState.REFUSED, code="too_many_requests"))
                return
            request = self._remember(body)
            self._say(Report(request_id=request.id, state=ReportState.ASKED))
        log.info("support_asked", what=type(body).__name__.lower(), request=body.request_id)
        if isinstance(body, Doctor):
            self.means.start(lambda: self._examine(request))
        elif self.means.always:
            self.means.start(lambda: self._send_unasked(request))

    def answers(self) -> Sequence[Report]:
        """What the server is to be told; taken away by this call."""
        with self._guard:
            taken, self._answers = self._answers, []
        return taken

    def tick(self) -> None:
        """What time does: silence becomes a refusal, what is long over is forgotten."""
        now = self.means.monotonic()
        with self._guard:
            for request in list(self._known.values()):
                if request.answer is None and not request.busy and request.ask is not None and now >= request.until:
                    self._end(request, ReportState.REFUSED, "no_consent")
                elif now >= request.until + REMEMBERED:
                    del self._known[request.id]

    # --- the desk

    def asks(self) -> tuple[SupportAsk, ...]:
        """The bundles that wait for a yes or no, the oldest first."""
        if self.means.always:
            return tuple(r.ask for r in self._open() if r.ask is not None and r.ask.own)
        return tuple(r.ask for r in self._open() if r.ask is not None)

    def own(self, bundle: Bundle) -> SupportAsk:
        """A bundle that was made here unasked: it may be sent, too."""
        with self._guard:
            until = self.means.now() + timedelta(seconds=LIVES)
            ask = SupportAsk(bundle.reference, until, own=True)
            self._known[ask.request_id] = _Request(
                ask.request_id, self.means.monotonic() + LIVES, ask, None, bundle=bundle
            )
        return ask

    def preview(self, request_id: str) -> Bundle:
        """What would be sent, for somebody to look at: the same at each look. Raises ``UserError``
        ``no_such_request``."""
        request = self._waiting(request_id)
        bundle = self._made(request)
        with self._guard:
            if request.ask is not None:
                request.ask = replace(request.ask, seen=True)
        return bundle

    def allow(self, request_id: str, person: str, *, reference: str | None = None) -> Sent:
        """Send what was looked at. ``reference``: of the bundle that this person has seen, where that is known. Raises
        ``UserError``: ``no_such_request``, ``look_first``, ``another_bundle``, ``being_sent``, and what ``Sender``
        raises; until its time is over it may be tried again."""
        request = self._waiting(request_id)
        bundle = request.bundle
        if bundle is None or request.ask is None or not request.ask.seen:
            raise look_first()
        if reference is not None and reference != bundle.reference:
            raise UserError(
                "another_bundle",
                "Показан был другой файл. Посмотрите ещё раз.",
                "Another bundle was shown. Look again.",
                exit_code=1,
            )
        return self._send(request, bundle, person, standing=False)

    def refuse(self, request_id: str) -> None:
        """Raises ``UserError`` ``no_such_request``."""
        with self._guard:
            request = self._waiting(request_id)
            if request.busy:
                raise _being_sent()
            self._end(request, ReportState.REFUSED, "consent_refused")

    # --- carrying out

    def _examine(self, request: _Request) -> None:
        with self._one_doctor:
            try:
                found = dict(self.means.examine())
            except Exception as error:
                log.exception("request_failed", what="doctor")
                self._end(
                    request, ReportState.REFUSED, error.code if isinstance(error, UserError) else "request_failed"
                )
                return
        self._end(request, ReportState.DONE, findings=found)

    def _send_unasked(self, request: _Request) -> None:
        try:
            self._send(request, self._made(request), "config.toml", standing=True)
        except UserError as error:
            self._end(request, ReportState.REFUSED, error.code)
        except Exception:
            log.exception("request_failed", what="bundle")
            self._end(request, ReportState.REFUSED, "request_failed")

    def _send(self, request: _Request, bundle: Bundle, person: str, *, standing: bool) -> Sent:
        with self._guard:
            if request.busy or request.answer is not None:
                raise _being_sent()
            request.busy = True
        try:
            asked = request.asked.request_id if request.asked is not None else None
            sent = self.means.send(bundle, Consent(person, self.means.now(), standing, asked))
        except UserError as error:
            if error.code in ("request_over", "unknown_request"):
                self._end(request, ReportState.REFUSED, "no_consent")
            raise
        finally:
            with self._guard:
                request.busy = False
        log.info("bundle_sent", reference=bundle.reference, standing=standing, request=request.id)
        self._end(request, ReportState.DONE)
        return sent

    # --- means

    def _remember(self, body: SupportAsked) -> _Request:
        lives = min(float(body.lives_s), LIVES)
        until = self.means.monotonic() + lives
        ask = None
        if isinstance(body, BundleAsked):
            ask = SupportAsk(
                body.request_id,
                self.means.now() + timedelta(seconds=lives),
                body.person or "",
                body.reason or "",
                jobs=tuple(body.jobs),
            )
        request = self._known[body.request_id] = _Request(body.request_id, until, ask, body)
        return request

    def _made(self, request: _Request) -> Bundle:
        if request.bundle is None:
            jobs = request.asked.jobs if isinstance(request.asked, BundleAsked) else []
            made = self.means.make(frozenset(jobs))
            with self._guard:
                request.bundle = request.bundle or made
        return request.bundle

    def _open(self) -> list[_Request]:
        with self._guard:
            return [request for request in self._known.values() if request.answer is None and not request.busy]

    def _waiting(self, request_id: str) -> _Request:
        with self._guard:
            request = self._known.get(request_id)
            over = request is None or request.ask is None or request.answer is not None
            if request is None or over or self.means.monotonic() >= request.until:
                raise no_such_request()
            return request

    def _end(
        self, request: _Request, state: ReportState, code: str | None = None, findings: dict[str, Any] | None = None
    ) -> None:
        with self._guard:
            if request.answer is not None:
                return
            request.answer = Report(request_id=request.id, state=state, code=code, findings=findings)
            request.bundle = None
            if request.asked is not None:
                self._say(request.answer)

    def _say(self, report: Report) -> None:
        self._answers.append(report)
        self._wake()


def no_such_request() -> UserError:
    return UserError(
        "no_such_request",
        "Этот запрос уже закончен или его нет.",
        "This request is over, or there is none.",
        exit_code=1,
    )


def look_first() -> UserError:
    """Nobody agrees to what was not looked at."""
    return UserError(
        "look_first", "Сначала посмотрите, что будет отправлено.", "Look first at what would be sent.", exit_code=1
    )


def _being_sent() -> UserError:
    return UserError("being_sent", "Этот файл уже отправляется.", "This bundle is being sent already.", exit_code=1)
