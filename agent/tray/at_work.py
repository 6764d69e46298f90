"""The tray beside a running agent: its pictures as they change, its requests to the agent's own desk."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from agent.config import Config
from agent.desk.log_watch import LogWatch
from agent.desk.requests import SupportRequests
from agent.desk.service import DeskService
from agent.desk.trial_print import trial_print
from agent.jobs.book import JobBook
from agent.page.beside import PageBeside
from agent.status import AgentStatus
from agent.support.bundle.consent import signed_in
from agent.tray.adapter import Adapter, NoTray
from agent.tray.doctor import examined
from agent.tray.model import Action, Language
from agent.tray.program import Said, TrayProgram
from agent.tray.taskbar import bar, small_icon
from agent.tray.unpaired import NoAgent, SetupDesk, unpaired

if TYPE_CHECKING:  # loaded when somebody wants one
    from agent.support.bundle.collect import Bundle

EVERY = 1.0  # seconds between looks at the agent
AT_LEAST = timedelta(seconds=30)  # a picture is given again after this, because some of it is about time
BUNDLES = "bundles"

log = structlog.get_logger("tray")


@dataclass(frozen=True, slots=True)
class Pictures:
    """The agent's picture whenever it has changed."""

    status: Callable[[], AgentStatus]

    def subscribe(self, callback: Callable[[AgentStatus | None], None]) -> Callable[[], None]:
        over = threading.Event()

        def look() -> None:
            last: AgentStatus | None = None
            while not over.is_set():
                now = self.status()
                if last is None or replace(now, at=last.at) != last or now.at - last.at >= AT_LEAST:
                    last = now
                    callback(now)
                over.wait(EVERY)

        threading.Thread(target=look, name="tray pictures", daemon=True).start()
        return over.set


@dataclass(frozen=True, slots=True)
class AgentDesk:
    """What the tray asks for, of the agent in this very process. ``quit`` waits for ``ended``."""

    config: Config
    book: JobBook
    status: Callable[[], AgentStatus]
    page: PageBeside
    support: SupportRequests
    watch: LogWatch
    stop: Callable[[], object]
    ended: threading.Event
    call_off: Callable[[str], object]

    def pause(self) -> Said | None:
        self.book.pause(True)
        return None

    def resume(self) -> Said | None:
        self.book.pause(False)
        return None

    def test_print(self, kkm_id: str) -> Said | None:
        trial_print(self.book, self.status, kkm_id)
        return Said("Готово: посмотрите на листок.", "Done: look at the slip.")

    def abort(self, job_id: str) -> Said | None:
        self.call_off(job_id)
        return Said(
            "Терминал попросили прекратить. Чем кончилось, скажет он сам.",
            "The terminal was asked to stop. What comes of it, it says itself.",
        )

    def doctor(self) -> Said | None:
        return examined(self.config, self.status)

    def bundle(self) -> Said | None:
        from agent.support.bundle.commands import make, note

        made = make(self.config)
        note(self.config, made)
        path = self._written(made)
        self.support.own(made)
        return Said(
            f"Код обращения {made.reference}. Файл: {path}. Отправить его или нет — в меню.",
            f"Reference {made.reference}. File: {path}. To send it or not: in the menu.",
        )

    def look_bundle(self, request_id: str) -> Said | None:
        self.page.open("bundle", request=request_id)
        return None

    def send_bundle(self, request_id: str) -> Said | None:
        self.support.allow(request_id, signed_in())
        return Said("Отправлено в поддержку.", "Sent to support.")

    def refuse_bundle(self, request_id: str) -> Said | None:
        self.support.refuse(request_id)
        return Said("Ничего не отправлено.", "Nothing was sent.")

    def look_log(self, request_id: str) -> Said | None:
        self.page.open("log", request=request_id)
        return None

    def refuse_log(self, request_id: str) -> Said | None:
        self.watch.refuse(request_id)
        return Said("Поддержке отказано.", "Support was told no.")

    def stop_log(self) -> Said | None:
        self.watch.stop()
        return Said("Поддержка журнала больше не видит.", "Support does not see the log any more.")

    def _written(self, made: Bundle) -> Path:
        from agent.support.bundle.archive import file_name, write_zip

        folder = self.config.data_dir / BUNDLES
        folder.mkdir(exist_ok=True)
        path = folder / Path(file_name(made)).name
        write_zip(made, path)
        return path

    def decide(self, job_id: str) -> Said | None:
        self.page.open("decide", job=job_id)
        return None

    def window(self) -> Said | None:
        self.page.open("work")
        return None

    def language(self, language: Language) -> Said | None:
        log.info("tray_language", language=language)  # the next start speaks what config.toml says
        return None

    def quit(self) -> Said | None:
        self.stop()
        self.ended.wait()
        return None


@contextmanager
def tray_beside(config: Config, desk: DeskService, page: PageBeside, stop: Callable[[], object]) -> Iterator[None]:
    """An icon while the agent runs. Where there is no place for one the agent runs without; the log says so."""
    ended = threading.Event()
    program = TrayProgram(
        Pictures(desk.status),
        AgentDesk(config, desk.book, desk.status, page, desk.support, desk.watch, stop, ended, desk.abort),
        _icon,
        now=_here,
        language=config.language,
    )
    with _shown(program, ended):
        yield


@contextmanager
def tray_unpaired(config: Config, page: PageBeside, stop: Callable[[], object]) -> Iterator[None]:
    """An icon while nobody has connected this PC yet."""
    desk = SetupDesk(config, page, stop)
    program = TrayProgram(NoAgent(), desk, _icon, now=_here, language=config.language, view=unpaired)
    with _shown(program, desk.ended):
        yield


def _icon(on_action: Callable[[Action], None]) -> Adapter:
    return Adapter(on_action, bar=bar, small_icon=small_icon, monotonic=time.monotonic)


def _here() -> datetime:
    return datetime.now().astimezone()


@contextmanager
def _shown(program: TrayProgram, ended: threading.Event) -> Iterator[None]:
    def show() -> None:
        try:
            program.run()
        except NoTray as error:
            log.warning("no_tray", why=str(error))
        except Exception:
            log.exception("tray_failed")  # receipts are printed without it

    thread = threading.Thread(target=show, name="tray", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        program.stop()
        thread.join(10.0)
