"""Which page answers which address."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agent.config import Device, Language, load_config
from agent.config_edit import add_device, move_device
from agent.desk.service import DeskService
from agent.page import bundles, decisions, log, pairing, registers
from agent.page.bundles import BundlePages
from agent.page.gate import Request, Response, Visit, moved_to
from agent.page.markup import Node, tag
from agent.page.pairing import Pairing
from agent.page.registers import Shown
from agent.page.search import Searching
from agent.page.sheet import box, form, sheet, style, table
from agent.page.sheet import field as field_of
from agent.page.words import say
from agent.places import Place
from agent.problems import UserError
from agent.tray.troubles import to_decide


@dataclass(slots=True)
class Pages:
    """``desk`` is the running agent's, ``None`` while there is none; ``belongs_to`` gives and takes it, and waits for
    the page that is being made. ``again`` makes the agent read its configuration anew; ``places`` asks the CRM which of
    its registers nothing stands for."""

    config_path: Path
    language: Language
    pairing: Pairing
    searching: Searching
    again: Callable[[], object]
    places: Callable[[], Sequence[Place]] = tuple
    desk: DeskService | None = None
    bundles: BundlePages = field(init=False)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.bundles = BundlePages(self.language)

    def belongs_to(self, desk: DeskService | None) -> None:
        with self._guard:
            self.desk = desk

    def __call__(self, request: Request, visit: Visit) -> Response:
        with self._guard:
            return self._page(request, visit)

    def _page(self, request: Request, visit: Visit) -> Response:
        match request.method, request.path:
            case "GET", "/":
                return self._at_work(visit)
            case "GET", "/style.css":
                return style()
            case "GET", decisions.PATH:
                return self._decision(request, visit)
            case "POST", decisions.PATH:
                return self._decide(request, visit)
            case (("GET" | "POST"), (bundles.PATH | bundles.PART)):
                return self._bundle(request, visit)
            case (("GET" | "POST"), log.PATH):
                return self._log(request, visit)
            case "GET", "/decided":
                return decisions.kept(self.language)
            case (("GET" | "POST"), "/pin"):
                return self._pin(request, visit)
            case (("GET" | "POST"), pairing.PATH):
                return self._pair(request, visit)
            case (("GET" | "POST"), registers.PATH):
                return self._registers(request, visit)
            case "POST", registers.SEARCH:
                self.searching.start()
                return moved_to(registers.PATH)
        page = sheet(say("no_page", self.language), language=self.language)
        return Response(404, page.body)

    # --- at work

    def _at_work(self, visit: Visit) -> Response:
        language = self.language
        if self.desk is None:
            return moved_to(pairing.PATH)
        status = self.desk.status()
        waiting: list[Node] = []
        for job in status.decisions:
            sentence, advice = to_decide(job, language)
            link = tag("a", say("decide", language), href=f"{decisions.PATH}?job={job.job_id}")
            waiting.append(box("wait", tag("p", tag("b", sentence)), tag("p", advice), tag("p", link)))
        for ask in status.asks:
            who = say("bundle_who", language, who=ask.person or say("bundle_nobody", language))
            path = log.PATH if ask.what == "log" else bundles.PATH
            link = tag("a", say("bundle_open", language), href=f"{path}?request={ask.request_id}")
            title = tag("p", tag("b", say("log_asked" if ask.what == "log" else "bundle", language)))
            waiting.append(box("wait", title, None if ask.own else tag("p", who), tag("p", link)))
        rows: list[tuple[Node, ...]] = [
            (device.desk or say("kkm", language, kkm_id=device.kkm_id), tag("code", device.address),
             registers.state_of(device, language))
            for device in status.devices
        ]  # fmt: skip
        head = tuple(say(word, language) for word in ("who", "where", "how"))
        return sheet(
            say("at_work", language),
            log.seen(status.watched, visit, language) if status.watched is not None else None,
            tag("h2", say("to_decide", language)) if waiting else tag("p", say("nothing_to_decide", language)),
            waiting,
            tag("h2", say("registers", language)),
            table(head, rows) if rows else tag("p", say("none_here", language)),
            language=language,
        )

    # --- bundles

    def _bundle(self, request: Request, visit: Visit) -> Response:
        if self.desk is None:
            return moved_to("/")
        support = self.desk.support
        if request.path == bundles.PART:
            return self.bundles.part(support, request)
        if request.method == "POST":
            return self.bundles.decide(support, request, visit)
        return self.bundles.page(support, request, visit)

    def _log(self, request: Request, visit: Visit) -> Response:
        if self.desk is None:
            return moved_to("/")
        if request.method == "POST":
            return log.decide(self.desk.watch, request, visit, self.language)
        return log.page(self.desk.watch, request, visit, self.language)

    # --- decisions

    def _decision(self, request: Request, visit: Visit, error: str = "") -> Response:
        desk, job_id = self.desk, request.query.get("job", "")
        waiting = desk.waiting(job_id) if desk is not None else None
        if waiting is None:
            return decisions.settled(self.language)
        return decisions.page(waiting, visit, self.language, error=error, typed=request.form)

    def _decide(self, request: Request, visit: Visit) -> Response:
        if self.desk is None:
            return self._decision(request, visit)
        try:
            self.desk.decide(decisions.asked(request.query.get("job", ""), request.form))
        except UserError as error:
            return self._decision(request, visit, self._words(error))
        return moved_to("/decided")

    def _pin(self, request: Request, visit: Visit) -> Response:
        language = self.language
        if self.desk is None:
            return sheet(say("pin", language), tag("p", say("not_running", language)), language=language)
        error, given = "", request.form
        if request.method == "POST":
            if given.get("new", "") != given.get("again", ""):
                error = say("pin_differs", language)
            else:
                try:
                    self.desk.pin.set(given.get("new", ""), old=given.get("old") or None)
                    return moved_to("/pin", kept="yes")
                except UserError as refused:
                    error = self._words(refused)
        old = field_of(say("pin_old", language), "old", kind="password", inputmode="numeric")
        return sheet(
            say("pin", language),
            tag("p", say("pin_why", language)),
            box("bad", tag("p", error)) if error else None,
            box("good", tag("p", say("pin_kept", language))) if request.query.get("kept") and not error else None,
            form(
                visit,
                "/pin",
                old if self.desk.pin.is_set else None,
                field_of(say("pin_new", language), "new", kind="password", inputmode="numeric", required=True),
                field_of(say("pin_again", language), "again", kind="password", inputmode="numeric", required=True),
                submit=say("pin_set", language),
            ),
            language=language,
        )

    # --- the first run

    def _pair(self, request: Request, visit: Visit) -> Response:
        error, line = "", pairing.line_of(request.form.get("line") or request.query.get("line", ""))
        if self.desk is not None and self.pairing.state.identity is None:
            return moved_to("/")
        if request.method == "POST":
            try:
                self.pairing.start(line, request.form.get("pc_name", ""))
                return moved_to(pairing.PATH)
            except UserError as refused:
                error = self._words(refused)
        name = request.form.get("pc_name") or self.pairing.pc_name
        return pairing.page(self.pairing.state, visit, self.language, line=line, pc_name=name, error=error)

    def _registers(self, request: Request, visit: Visit) -> Response:
        error = ""
        if request.method == "POST":
            try:
                self._it_is(request)
                return moved_to(registers.PATH, kept="yes")
            except UserError as refused:
                error = self._words(refused)
        kept = bool(request.query.get("kept")) and not error
        return registers.page(self._shown(), visit, self.language, error=error, kept=kept)

    def _it_is(self, request: Request) -> None:
        kkm_id, driver, address = (request.form.get(name, "").strip() for name in ("kkm_id", "driver", "address"))
        device = Device(kkm_id, driver, address)
        if any(known.kkm_id == device.kkm_id for known in self._devices()):
            move_device(self.config_path, device.kkm_id, device.address)
        else:
            add_device(self.config_path, device)
        self.searching.state = None
        self.again()

    def _devices(self) -> tuple[Device, ...]:
        return load_config(self.config_path).devices if self.config_path.exists() else ()

    def _shown(self) -> Shown:
        devices = self._devices()
        desk = self.desk
        known = desk.serials() if desk is not None else {}
        search = self.searching.state
        places = () if search is not None and search.at_it else self.places()
        return Shown(
            devices=devices,
            looks=desk.status().devices if desk is not None else (),
            candidates=self.searching.candidates(),
            search=search,
            places=[place for place in places if place.kkm_id not in {d.kkm_id for d in devices}],
            known=known,
        )

    def _words(self, error: UserError) -> str:
        return error.ru if self.language == "ru" else error.en
