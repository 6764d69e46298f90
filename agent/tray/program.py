"""The tray as a whole: pictures of the agent come in, views go to the icon, what is clicked goes to the desk."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog

from agent.problems import UserError
from agent.status import AgentStatus
from agent.tray.adapter import Ended, Tray
from agent.tray.model import Action, Asked, Language, Note, TrayView, Verb
from agent.tray.notes import NOTHING, fresh
from agent.tray.view import APP, view
from agent.tray.words import say

log = structlog.get_logger("tray")


class Source(Protocol):
    """Where pictures of the agent come from."""

    def subscribe(self, callback: Callable[[AgentStatus | None], None]) -> Callable[[], None]:
        """``callback`` gets every new picture, from any thread, and ``None`` while no agent answers. Returns what ends
        that."""


@dataclass(frozen=True, slots=True)
class Said:
    """What came of a request, for the person who made it."""

    ru: str
    en: str


class Desk(Protocol):
    """What can be asked of the agent. Each is called on a thread of its own, may take its time, may raise ``UserError``
    (which is shown), and is not called again while it is under way."""

    def pause(self) -> Said | None:
        """Begin no new job; the one in hand is finished."""

    def resume(self) -> Said | None: ...

    def test_print(self, kkm_id: str) -> Said | None:
        """A few lines that are no fiscal document."""

    def abort(self, job_id: str) -> Said | None:
        """Ask the terminal to leave the job in hand; what becomes of it, the terminal says."""

    def doctor(self) -> Said | None: ...

    def bundle(self) -> Said | None: ...

    def look_bundle(self, request_id: str) -> Said | None:
        """Show what would be sent."""

    def send_bundle(self, request_id: str) -> Said | None:
        """Somebody has agreed: send that very bundle."""

    def refuse_bundle(self, request_id: str) -> Said | None: ...

    def look_log(self, request_id: str) -> Said | None:
        """Show what support would see of the log, and have somebody agree or refuse."""

    def refuse_log(self, request_id: str) -> Said | None: ...

    def stop_log(self) -> Said | None:
        """Support sees nothing more."""

    def decide(self, job_id: str) -> Said | None:
        """Open what a person needs to decide about the job."""

    def window(self) -> Said | None:
        """Open the window of the program: registers, decisions, the PIN."""

    def language(self, language: Language) -> Said | None:
        """Remember it for the next start; the tray speaks it already."""

    def quit(self) -> Said | None:
        """Take no new jobs, finish the one in hand, end. Returns when that is over; the icon goes then."""


def in_a_thread(work: Callable[[], None]) -> None:
    threading.Thread(target=work, name="tray-request", daemon=True).start()


Looks = Callable[[AgentStatus | None, datetime, Language, Asked], TrayView]


class TrayProgram:
    """``tray`` makes the icon, given what to call with each action. ``now`` has the PC's zone; ``view`` makes of a
    picture what is shown."""

    def __init__(
        self,
        source: Source,
        desk: Desk,
        tray: Callable[[Callable[[Action], None]], Tray],
        *,
        now: Callable[[], datetime],
        language: Language,
        view: Looks = view,
        start: Callable[[Callable[[], None]], None] = in_a_thread,
    ) -> None:
        self._source = source
        self._desk = desk
        self._now = now
        self._start = start
        self._view = view
        self._guard = threading.Lock()
        self._status: AgentStatus | None = None
        self._heard = False
        self._asked = Asked()
        self._language: Language = language
        self._told = NOTHING
        self._tray = tray(self._hand_over)

    def run(self) -> Ended:
        """Until quit, or ``stop``. Raises ``NoTray``."""
        with self._guard:
            self._render()
        leave = self._source.subscribe(self._take)
        try:
            return self._tray.run()
        finally:
            leave()

    def stop(self) -> None:
        """Ends ``run`` without asking the agent for anything: the PC is shutting down."""
        self._tray.stop()

    def _take(self, status: AgentStatus | None) -> None:
        with self._guard:
            self._status = status
            self._heard = True
            self._render()

    def _render(self) -> TrayView:
        """Show how things stand. The caller holds the guard, so that the last picture is the last one shown."""
        now = self._now()
        shown = self._view(self._status, now, self._language, self._asked)
        self._tray.show(shown)
        if self._heard and not self._asked.quitting:  # before the first picture nothing is known to be wrong
            self._told, note = fresh(self._told, shown.notes, now, self._language)
            if note is not None:
                self._tray.notify(note)
        return shown

    # --- requests ---------------------------------------------------------------------------------------------------

    def _hand_over(self, action: Action) -> None:
        """On the icon's own thread, which must not be kept."""
        self._start(lambda: self._carry_out(action))

    def _carry_out(self, action: Action) -> None:
        if action.verb is Verb.SHOW:
            with self._guard:
                shown = self._render()
            self._tray.notify(Note("show", APP, shown.text))
            return
        with self._guard:
            if action.verb in self._asked.doing or self._asked.quitting:
                return
            self._asked = Asked(self._asked.doing | {action.verb})
            if action.verb is Verb.LANGUAGE:
                self._language = "en" if action.about == "en" else "ru"
            self._render()
        done = self._ask(action)
        if action.verb is Verb.QUIT and done:
            self._tray.stop()
            return
        with self._guard:
            self._asked = Asked(self._asked.doing - {action.verb})
            self._render()

    def _ask(self, action: Action) -> bool:
        """Ask the desk, and tell what came of it. Whether it was done."""
        title = say(action.verb.value, self._language).rstrip("…")
        try:
            said = self._called(action)
        except UserError as error:
            log.info("request_refused", verb=action.verb.value, code=error.code)
            self._tray.notify(Note(f"answer:{action.verb.value}", title, self._words(error.ru, error.en)))
            return False
        except Exception:
            log.exception("request_failed", verb=action.verb.value)
            self._tray.notify(Note(f"answer:{action.verb.value}", title, say("failed", self._language)))
            return False
        if said is not None:
            self._tray.notify(Note(f"answer:{action.verb.value}", title, self._words(said.ru, said.en)))
        return True

    def _called(self, action: Action) -> Said | None:
        desk = self._desk
        match action.verb:
            case Verb.PAUSE:
                return desk.pause()
            case Verb.RESUME:
                return desk.resume()
            case Verb.TEST_PRINT:
                return desk.test_print(action.about)
            case Verb.ABORT:
                return desk.abort(action.about)
            case Verb.DOCTOR:
                return desk.doctor()
            case Verb.BUNDLE:
                return desk.bundle()
            case Verb.LOOK_BUNDLE:
                return desk.look_bundle(action.about)
            case Verb.SEND_BUNDLE:
                return desk.send_bundle(action.about)
            case Verb.REFUSE_BUNDLE:
                return desk.refuse_bundle(action.about)
            case Verb.LOOK_LOG:
                return desk.look_log(action.about)
            case Verb.REFUSE_LOG:
                return desk.refuse_log(action.about)
            case Verb.STOP_LOG:
                return desk.stop_log()
            case Verb.DECIDE:
                return desk.decide(action.about)
            case Verb.WINDOW:
                return desk.window()
            case Verb.LANGUAGE:
                return desk.language(self._language)
            case Verb.QUIT:
                return desk.quit()
            case Verb.SHOW:
                return None

    def _words(self, ru: str, en: str) -> str:
        return ru if self._language == "ru" else en
