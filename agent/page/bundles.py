"""A bundle that support asks for, or that was made here: what is inside, to the byte; a yes or no to that very one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlencode

import structlog

from agent.config import Language
from agent.desk.requests import SupportRequests, in_a_thread
from agent.page.gate import Request, Response, Visit, moved_to
from agent.page.markup import Node, tag
from agent.page.sheet import box, form, sheet, table
from agent.page.sheet import field as field_of
from agent.page.words import say
from agent.problems import UserError
from agent.status import SupportAsk
from agent.support.bundle.consent import clean_name, signed_in

PATH = "/bundle"
PART = "/bundle/part"

log = structlog.get_logger("page")


@dataclass(slots=True)
class Sending:
    """An upload that is under way, or how it ended: it takes longer than a page may be waited for."""

    ended: bool = False
    error: UserError | None = None


@dataclass(slots=True)
class BundlePages:
    language: Language
    start: Callable[[Callable[[], None]], None] = in_a_thread
    _sending: dict[str, Sending] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def page(self, support: SupportRequests, request: Request, visit: Visit, error: str = "") -> Response:
        request_id = request.query.get("request", "")
        sending = self._sending.get(request_id)
        if sending is not None and not sending.ended:
            return self._sheet(tag("p", say("bundle_going", self.language)), again=True)
        if sending is not None and sending.error is None:
            return self._over("bundle_sent")
        ask = next((ask for ask in support.asks() if ask.request_id == request_id), None)
        if ask is None:
            return self._over("bundle_over")
        if sending is not None and sending.error is not None:
            error = error or self._words(sending.error)
        try:
            return self._shown(support, ask, visit, error, request.form.get("person") or signed_in())
        except UserError as refused:
            return self._sheet(box("bad", tag("p", self._words(refused))))

    def part(self, support: SupportRequests, request: Request) -> Response:
        """One part as it would be sent."""
        try:
            content = support.preview(request.query.get("request", "")).content(request.query.get("name", ""))
        except UserError:
            content = None
        if content is None:
            return Response(404, self._over("bundle_over").body)
        return Response(200, content.decode("utf-8", "replace"), kind="text/plain")

    def decide(self, support: SupportRequests, request: Request, visit: Visit) -> Response:
        """A yes or a no to what the page has shown."""
        request_id, given = request.query.get("request", ""), request.form
        person = clean_name(given.get("person", ""))
        if given.get("no"):
            try:
                support.refuse(request_id)
            except UserError as error:
                return self.page(support, request, visit, self._words(error))
            return self._over("bundle_refused")
        if not person:
            return self.page(support, request, visit, say("bundle_name", self.language))
        with self._guard:
            known = self._sending.get(request_id)
            if known is not None and not known.ended:
                return moved_to(PATH, request=request_id)
            sending = self._sending[request_id] = Sending()
        self.start(lambda: self._send(support, request_id, person, given.get("reference", ""), sending))
        return moved_to(PATH, request=request_id)

    def _send(self, support: SupportRequests, request_id: str, person: str, reference: str, sending: Sending) -> None:
        try:
            support.allow(request_id, person, reference=reference)
        except UserError as error:
            sending.error = error
        except Exception:
            log.exception("request_failed", what="bundle")
            sending.error = UserError("request_failed", say("broken", "ru"), say("broken", "en"))
        finally:
            sending.ended = True

    # --- what it looks like

    def _shown(self, support: SupportRequests, ask: SupportAsk, visit: Visit, error: str, person: str) -> Response:
        from agent.support.bundle.collect import MASKED

        language = self.language
        bundle = support.preview(ask.request_id)
        head = tuple(say(word, language) for word in ("bundle_part", "bundle_what", "bundle_size"))
        rows: list[tuple[Node, ...]] = [
            (
                tag("a", entry.name, href=f"{PART}?{urlencode({'request': ask.request_id, 'name': entry.name})}"),
                entry.title[0 if language == "ru" else 1],
                str(len(entry.content)),
            )
            for entry in bundle.entries
        ]
        who = say("bundle_who", language, who=ask.person or say("bundle_nobody", language))
        to = f"{PATH}?{urlencode({'request': ask.request_id})}"
        reference = tag("input", type="hidden", name="reference", value=bundle.reference)
        return self._sheet(
            None if ask.own else tag("p", tag("b", who)),
            tag("p", ask.reason) if ask.reason else None,
            tag("p", say("bundle_jobs", language, jobs=", ".join(ask.jobs))) if ask.jobs else None,
            box("bad", tag("p", error)) if error else None,
            tag("p", say("bundle_look", language, reference=bundle.reference)),
            table(head, rows),
            tag("p", MASKED[0 if language == "ru" else 1]),
            form(
                visit, to, reference,
                field_of(say("your_name", language), "person", person, required=True, maxlength="100"),
                submit=say("bundle_send", language),
            ),
            form(visit, to, tag("input", type="hidden", name="no", value="yes"), submit=say("bundle_no", language)),
        )  # fmt: skip

    def _over(self, word: str) -> Response:
        kind = "good" if word == "bundle_sent" else "wait"
        home = tag("p", tag("a", say("at_work", self.language), href="/"))
        return self._sheet(box(kind, tag("p", say(word, self.language))), home)

    def _sheet(self, *body: Node, again: bool = False) -> Response:
        return sheet(say("bundle", self.language), *body, language=self.language, again=again)

    def _words(self, error: UserError) -> str:
        return error.ru if self.language == "ru" else error.en
