"""Pictures come in, views go out, requests go to the desk and come back as words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from agent.problems import UserError
from agent.status import AgentStatus
from agent.tray.adapter import Ended
from agent.tray.model import Action, IconState, Language, Note, TrayView, Verb
from agent.tray.program import Said, TrayProgram
from tests.agent.tray.pictures import NOW, device, job, picture

BUSY = picture(devices=(device(job="order-1", step="printing"),))


@dataclass
class FakeSource:
    callback: Callable[[AgentStatus | None], None] | None = None
    left: int = 0

    def subscribe(self, callback: Callable[[AgentStatus | None], None]) -> Callable[[], None]:
        self.callback = callback

        def leave() -> None:
            self.left += 1

        return leave


@dataclass
class FakeTray:
    during: Callable[[], None]
    views: list[TrayView] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    stops: int = 0

    def run(self) -> Ended:
        self.during()
        return Ended.ASKED if self.stops else Ended.LOST

    def show(self, view: TrayView) -> None:
        self.views.append(view)

    def notify(self, note: Note) -> None:
        self.notes.append(note)

    def stop(self) -> None:
        self.stops += 1


class FakeDesk:
    def __init__(self) -> None:
        self.asked: list[str] = []
        self.during: Callable[[], None] = lambda: None
        self.answer: Said | None = None
        self.error: Exception | None = None

    def _ask(self, what: str) -> Said | None:
        self.asked.append(what)
        self.during()
        if self.error is not None:
            raise self.error
        return self.answer

    def pause(self) -> Said | None:
        return self._ask("pause")

    def resume(self) -> Said | None:
        return self._ask("resume")

    def test_print(self, kkm_id: str) -> Said | None:
        return self._ask(f"test_print {kkm_id}")

    def abort(self, job_id: str) -> Said | None:
        return self._ask(f"abort {job_id}")

    def doctor(self) -> Said | None:
        return self._ask("doctor")

    def bundle(self) -> Said | None:
        return self._ask("bundle")

    def look_bundle(self, request_id: str) -> Said | None:
        return self._ask(f"look_bundle {request_id}")

    def send_bundle(self, request_id: str) -> Said | None:
        return self._ask(f"send_bundle {request_id}")

    def refuse_bundle(self, request_id: str) -> Said | None:
        return self._ask(f"refuse_bundle {request_id}")

    def look_log(self, request_id: str) -> Said | None:
        return self._ask(f"look_log {request_id}")

    def refuse_log(self, request_id: str) -> Said | None:
        return self._ask(f"refuse_log {request_id}")

    def stop_log(self) -> Said | None:
        return self._ask("stop_log")

    def decide(self, job_id: str) -> Said | None:
        return self._ask(f"decide {job_id}")

    def window(self) -> Said | None:
        return self._ask("window")

    def language(self, language: Language) -> Said | None:
        return self._ask(f"language {language}")

    def quit(self) -> Said | None:
        return self._ask("quit")


class Bench:
    """A program whose requests are carried out when ``work`` is called, on the thread of the test."""

    def __init__(self, during: Callable[[], None] = lambda: None) -> None:
        self.source, self.desk, self.tray = FakeSource(), FakeDesk(), FakeTray(during)
        self.waiting: list[Callable[[], None]] = []
        self.now = NOW
        self.act: Callable[[Action], None] = lambda _: None

        def tray(on_action: Callable[[Action], None]) -> FakeTray:
            self.act = on_action
            return self.tray

        self.program = TrayProgram(
            self.source, self.desk, tray, now=self._now, language="ru", start=self.waiting.append
        )
        self.program.run()

    def _now(self) -> datetime:
        return self.now

    def picture(self, status: AgentStatus | None) -> TrayView:
        assert self.source.callback is not None
        self.source.callback(status)
        return self.tray.views[-1]

    def ask(self, verb: Verb, about: str = "") -> None:
        self.act(Action(verb, about))
        self.work()

    def work(self) -> None:
        while self.waiting:
            self.waiting.pop(0)()

    @property
    def shown(self) -> TrayView:
        return self.tray.views[-1]


def test_before_the_first_picture_something_is_shown_and_nothing_is_told() -> None:
    bench = Bench()
    assert bench.shown.icon is IconState.OFFLINE
    assert bench.tray.notes == []
    assert bench.source.left == 1, "it ended with run"


def test_every_picture_is_shown_and_what_matters_is_told_once() -> None:
    bench = Bench()
    assert bench.picture(picture()).icon is IconState.READY
    for _ in range(3):
        assert bench.picture(picture(devices=(device("no_paper"),))).icon is IconState.ATTENTION
    assert [note.title for note in bench.tray.notes] == ["В кассе нет бумаги"]
    bench.now += timedelta(hours=1)
    bench.picture(picture())
    bench.picture(picture(devices=(device("no_paper"),)))
    assert len(bench.tray.notes) == 2
    bench.picture(None)
    assert bench.tray.notes[-1].title == "Программа на этом компьютере не работает"


def test_a_request_is_handed_over_and_not_carried_out_on_the_icons_thread() -> None:
    bench = Bench()
    bench.picture(picture())
    bench.act(Action(Verb.DOCTOR))
    assert bench.desk.asked == []
    bench.work()
    assert bench.desk.asked == ["doctor"]


@pytest.mark.parametrize(
    ("verb", "about", "asked"),
    [
        (Verb.PAUSE, "", "pause"),
        (Verb.RESUME, "", "resume"),
        (Verb.TEST_PRINT, "17", "test_print 17"),
        (Verb.ABORT, "order-1", "abort order-1"),
        (Verb.DOCTOR, "", "doctor"),
        (Verb.BUNDLE, "", "bundle"),
        (Verb.LOOK_BUNDLE, "rq_1", "look_bundle rq_1"),
        (Verb.SEND_BUNDLE, "rq_1", "send_bundle rq_1"),
        (Verb.REFUSE_BUNDLE, "rq_1", "refuse_bundle rq_1"),
        (Verb.LOOK_LOG, "rq_1", "look_log rq_1"),
        (Verb.REFUSE_LOG, "rq_1", "refuse_log rq_1"),
        (Verb.STOP_LOG, "", "stop_log"),
        (Verb.DECIDE, "order-1", "decide order-1"),
        (Verb.WINDOW, "", "window"),
        (Verb.LANGUAGE, "en", "language en"),
        (Verb.QUIT, "", "quit"),
    ],
)
def test_each_request_goes_where_it_belongs(verb: Verb, about: str, asked: str) -> None:
    bench = Bench()
    bench.picture(picture())
    bench.ask(verb, about)
    assert bench.desk.asked == [asked]


def test_while_it_is_carried_out_it_cannot_be_asked_again_and_others_can() -> None:
    bench = Bench()
    bench.picture(picture())

    def meanwhile() -> None:
        bench.desk.during = lambda: None
        texts = [item.text for item in bench.shown.menu if hasattr(item, "text")]
        assert "Проверить всё — выполняется…" in texts
        bench.ask(Verb.DOCTOR)
        bench.ask(Verb.PAUSE)

    bench.desk.during = meanwhile
    bench.ask(Verb.DOCTOR)
    assert bench.desk.asked == ["doctor", "pause"]
    bench.ask(Verb.DOCTOR)
    assert bench.desk.asked == ["doctor", "pause", "doctor"], "afterwards it can"


def test_what_came_of_it_is_told_in_the_language_of_the_tray() -> None:
    bench = Bench()
    bench.desk.answer = Said("Всё в порядке.", "All is well.")
    bench.ask(Verb.DOCTOR)
    assert bench.tray.notes[-1] == Note("answer:doctor", "Проверить всё", "Всё в порядке.")
    bench.desk.answer = None
    bench.ask(Verb.LANGUAGE, "en")
    bench.desk.error = UserError("no_paper", "Нет бумаги.", "No paper.")
    bench.ask(Verb.TEST_PRINT, "17")
    assert bench.tray.notes[-1] == Note("answer:test_print", "Test print", "No paper.")
    bench.desk.error = ZeroDivisionError()
    bench.ask(Verb.BUNDLE)
    assert bench.tray.notes[-1] == Note("answer:bundle", "Send details to support", "That did not work. Call support.")


def test_the_language_changes_at_once() -> None:
    bench = Bench()
    bench.picture(picture())
    assert bench.shown.title == "Готов к работе"
    bench.ask(Verb.LANGUAGE, "en")
    assert bench.shown.title == "Ready"


def test_a_click_says_how_things_stand() -> None:
    bench = Bench()
    bench.picture(picture(paused=True))
    bench.ask(Verb.SHOW)
    assert bench.tray.notes[-1].text.startswith("Пауза: новые чеки не печатаются.")
    assert bench.desk.asked == []


def test_quitting_waits_for_the_document_in_hand_and_says_so() -> None:
    bench = Bench()
    bench.picture(BUSY)

    def meanwhile() -> None:
        assert bench.shown.title == "Выход: заканчиваем начатый документ"
        assert bench.tray.stops == 0
        bench.ask(Verb.QUIT)
        bench.ask(Verb.PAUSE)
        assert bench.picture(None).title == "Выход…", "its end is no trouble to be told"

    bench.desk.during = meanwhile
    bench.ask(Verb.QUIT)
    assert bench.desk.asked == ["quit"]
    assert bench.tray.stops == 1
    assert [note for note in bench.tray.notes if note.id == "not_running"] == []


def test_a_quit_that_is_refused_leaves_the_tray() -> None:
    bench = Bench()
    bench.picture(BUSY)
    bench.desk.error = UserError("resolving", "Проверяем чек.", "A receipt is being checked.")
    bench.ask(Verb.QUIT)
    assert bench.tray.stops == 0
    assert bench.tray.notes[-1].text == "Проверяем чек."
    assert bench.shown.icon is IconState.WORKING
    assert bench.shown.title.endswith("печатается")


def test_the_system_may_end_it_without_asking_the_agent() -> None:
    bench = Bench()
    bench.program.stop()
    assert bench.tray.stops == 1
    assert bench.desk.asked == []


def test_a_decision_is_told_with_its_sum() -> None:
    bench = Bench()
    bench.picture(picture(decisions=(job("human", case="looks_alike"),)))
    note = bench.tray.notes[-1]
    assert (note.title.replace("\u00a0", " "), note.text) == (
        "Чек на 1 250,00 ₽: возможно, уже напечатан", "Посмотрите на последний бумажный чек.",
    )  # fmt: skip
