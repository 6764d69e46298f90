"""A program whose tray is driven by the tests on a screen: ``python on_screen.py LANGUAGE``.

Names of scenes come in on stdin, one to a line; what the desk is asked goes out on stdout, one to a line. Quitting is
finished by the line ``finished``.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from agent.status import AgentStatus, SupportAsk
from agent.tray import taskbar
from agent.tray.adapter import Adapter
from agent.tray.icons import Bar
from agent.tray.model import Action, Language
from agent.tray.program import Said, TrayProgram
from tests.agent.tray.pictures import NOW, device, down, job, picture

DOUBT = job("human", case="looks_alike", job_id="order-2")
BEGUN = job("started", job_id="order-2", total=499000)
UNDONE = job("not_done", code="no_paper", job_id="order-0", total=90050, at=NOW - timedelta(days=1))
SCENES: Mapping[str, AgentStatus | None] = {
    "ready": picture(),
    "working": picture(devices=(device(job="order-2", step="printing"),), recent=(BEGUN, job(fd=41), UNDONE)),
    "decision": picture(decisions=(DOUBT,), recent=(DOUBT, job(fd=41))),
    "offline": picture(link=down("unreachable")),
    "paused": picture(paused=True),
    "gone": None,
    "bundle": picture(asks=(SupportAsk("rq_1", NOW + timedelta(minutes=10), "Ольга", "Не печатается чек 1042"),)),
}


def say(line: str) -> None:
    print(line, flush=True)


@dataclass
class Feed:
    """Scenes from stdin."""

    finished: threading.Event = field(default_factory=threading.Event)

    def subscribe(self, callback: Callable[[AgentStatus | None], None]) -> Callable[[], None]:
        def read() -> None:
            with open(0, "rb", buffering=0, closefd=False) as lines:  # unbuffered: nothing is locked at the end
                for line in lines:
                    scene = line.decode().strip()
                    if scene == "finished":
                        self.finished.set()
                    else:
                        callback(SCENES[scene])
                        say(f"scene {scene}")

        threading.Thread(target=read, daemon=True).start()
        return lambda: None


@dataclass
class SpokenDesk:
    finished: threading.Event

    def pause(self) -> Said | None:
        say("pause")
        return None

    def resume(self) -> Said | None:
        say("resume")
        return None

    def abort(self, job_id: str) -> Said | None:
        say(f"abort {job_id}")
        return None

    def test_print(self, kkm_id: str) -> Said | None:
        say(f"test_print {kkm_id}")
        return Said("Напечатано.", "Printed.")

    def doctor(self) -> Said | None:
        say("doctor")
        return None

    def bundle(self) -> Said | None:
        say("bundle")
        return None

    def decide(self, job_id: str) -> Said | None:
        say(f"decide {job_id}")
        return None

    def language(self, language: Language) -> Said | None:
        say(f"language {language}")
        return None

    def quit(self) -> Said | None:
        say("quit")
        self.finished.wait()
        return None


def main(language: Language) -> None:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    feed = Feed()

    def tray(on_action: Callable[[Action], None]) -> Adapter:
        return Adapter(on_action, bar=lambda: Bar.LIGHT, small_icon=taskbar.small_icon, monotonic=time.monotonic)

    program = TrayProgram(feed, SpokenDesk(feed.finished), tray, now=lambda: NOW, language=language)
    say("begun")
    say(f"ended {program.run().value}")


if __name__ == "__main__":
    main("en" if sys.argv[1] == "en" else "ru")
