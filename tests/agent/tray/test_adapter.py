"""The icon is fed from other threads, ends when it is asked to, and is made anew when it ends unasked."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from agent.tray.adapter import PAUSES, STEADY, Adapter, Ended, NoTray
from agent.tray.icons import Bar
from agent.tray.model import Action, Item, Note, Separator, TrayView, Verb
from agent.tray.view import view
from tests.agent.tray.fake_icons import FakeSystem
from tests.agent.tray.pictures import NOW, device, job, picture
from tests.support.patience import BUSY

READY = view(picture(), NOW, "ru")
PAUSED = view(picture(paused=True), NOW, "ru")
DECISION = view(picture(decisions=(job("human", case="looks_alike"),)), NOW, "ru")


class Bench:
    """An adapter on a thread of its own over the fake system. ``clock`` is what it reads."""

    def __init__(self, system: FakeSystem) -> None:
        self.system = system
        self.clock = 0.0
        self.pauses: list[float] = []
        self.asked: list[tuple[Action, threading.Thread]] = []
        self.ended: list[Ended] = []
        self.adapter = Adapter(
            self._asked,
            bar=lambda: Bar.DARK,
            small_icon=lambda: 16,
            monotonic=lambda: self.clock,
            pause=self.pauses.append,
            library=lambda: system.library,
        )
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        self.ended.append(self.adapter.run())

    def _asked(self, action: Action) -> None:
        self.asked.append((action, threading.current_thread()))
        self.system.said.put(("asked", action))

    def start(self) -> None:
        self.thread.start()

    def join(self) -> Ended:
        self.thread.join(20)
        assert not self.thread.is_alive()
        return self.ended[0]


Make = Callable[..., Bench]


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    made: list[Bench] = []

    def bench(*ends: str, **system: Any) -> Bench:
        made.append(Bench(FakeSystem(monkeypatch, *ends, **system)))
        return made[-1]

    yield bench
    for one in made:
        one.adapter.stop()
        if one.thread.ident is not None:
            one.join()
    for feeding in [thread for thread in threading.enumerate() if "setup_handler" in thread.name]:
        feeding.join(20)
        assert not feeding.is_alive()


def test_it_shows_what_it_is_given(make: Make) -> None:
    bench = make()
    bench.adapter.show(READY)
    bench.start()
    assert bench.system.hear("menu")[0] == "Готов к работе"
    assert bench.system.hear("icon")
    assert bench.system.hear("shown") == "KassaBridge"
    bench.adapter.show(PAUSED)
    assert bench.system.hear("title").startswith("KassaBridge: Пауза")
    assert "Продолжить" in bench.system.hear("menu")
    bench.adapter.stop()
    assert bench.join() is Ended.ASKED
    assert bench.system.icons[0].thread is bench.thread, "on the thread it was given"


def test_what_is_the_same_is_not_sent_again(make: Make) -> None:
    bench = make()
    bench.adapter.show(READY)
    bench.start()
    bench.system.hear("shown")
    bench.adapter.show(replace(READY, text="something else"))
    bench.adapter.notify(Note("1", "a", "b"))
    assert bench.system.said.get(timeout=BUSY) == ("note", ("a", "b")), "and nothing before it"
    bench.adapter.show(replace(READY, icon=PAUSED.icon))
    bench.adapter.notify(Note("2", "a", "b"))
    assert [bench.system.said.get(timeout=BUSY)[0] for _ in range(2)] == ["icon", "note"]


def test_what_is_clicked_is_handed_over(make: Make) -> None:
    bench = make()
    bench.adapter.show(DECISION)
    bench.start()
    bench.system.hear("shown")
    bench.system.click()
    assert bench.system.hear("asked") == Action(Verb.DECIDE, "order-1")
    bench.system.choose("Проверить всё")
    assert bench.system.hear("asked") == Action(Verb.DOCTOR)
    bench.system.choose("English")
    assert bench.system.hear("asked") == Action(Verb.LANGUAGE, "en")


def test_an_open_menu_is_left_alone_until_it_is_closed(make: Make) -> None:
    bench = make()
    bench.adapter.show(READY)
    bench.start()
    bench.system.hear("shown")
    icon = bench.system.icons[0]
    icon.opened = True
    bench.adapter.show(PAUSED)
    assert bench.system.hear("title").startswith("KassaBridge: Пауза"), "the rest is shown at once"
    assert next(item.text for item in icon.menu) == "Готов к работе"
    icon.opened = False
    assert bench.system.hear("menu")[0] == "Пауза: новые чеки не печатаются"


def test_the_whole_menu_arrives(make: Make) -> None:
    menu = (
        Item("One & two", Action(Verb.SHOW), default=True),
        Separator(),
        Item("off", Action(Verb.PAUSE), enabled=False),
        Item("choice", submenu=(Item("a", checked=True, radio=True), Item("b", checked=False, radio=True))),
    )
    bench = make()
    bench.adapter.show(TrayView(READY.icon, "tip", "title", "text", menu))
    bench.start()
    bench.system.hear("shown")
    first, line, off, choice = bench.system.icons[0].menu
    assert (first.text, first.default, first.enabled, first.checked) == ("One & two", True, True, None)
    assert line is bench.system.library.Menu.SEPARATOR
    assert (off.text, off.enabled) == ("off", False)
    assert [(item.text, item.checked, item.radio) for item in choice.submenu] == [("a", True, True), ("b", False, True)]


def test_on_windows_an_ampersand_is_not_an_underlined_letter(make: Make) -> None:
    bench = make(module="fake._win32")
    bench.adapter.show(TrayView(READY.icon, "A & B", "t", "t", (Item("A & B", default=True),)))
    bench.start()
    assert bench.system.hear("menu") == ["A && B"]


def test_texts_fit_even_when_a_view_does_not(make: Make) -> None:
    bench = make()
    bench.adapter.show(replace(READY, tooltip="🧾" * 200))
    bench.adapter.notify(Note("1", "🧾" * 100, "🧾" * 400))
    bench.start()
    title, text = bench.system.hear("note")
    tooltip = bench.system.icons[0].title
    for shown, limit in ((tooltip, 127), (title, 63), (text, 255)):
        assert limit - 1 <= len(shown.encode("utf-16-le")) // 2 <= limit
        assert shown.rstrip("…") == "🧾" * (len(shown) - 1)


def test_many_views_end_in_the_last(make: Make) -> None:
    bench = make()
    bench.adapter.show(READY)
    bench.start()
    bench.system.hear("shown")
    for number in range(500):
        bench.adapter.show(replace(READY, tooltip=f"view {number}"))
    while bench.system.hear("title") != "view 499":
        pass


def test_of_many_notifications_the_oldest_are_dropped_and_the_icon_lives(make: Make) -> None:
    bench = make()
    bench.adapter.show(READY)
    for number in range(100):
        bench.adapter.notify(Note(str(number), str(number), "text"))
    bench.start()
    assert bench.system.hear("note")[0] == "84"


@pytest.mark.parametrize("refused", ["icon", "title", "menu", "shown"])
def test_what_the_system_refuses_is_tried_again(make: Make, refused: str) -> None:
    """The shell is not there yet at sign-in, or is being restarted: then the icon is shown anew as a whole."""
    bench = make()
    bench.system.refusals += ["shown"] * 2
    bench.adapter.show(READY)
    bench.start()
    bench.system.hear("shown")
    assert not bench.system.refusals
    bench.system.refusals += [refused, "shown"]
    if refused == "shown":
        bench.system.icons[0].take_away()
    bench.adapter.show(DECISION)
    bench.system.hear("shown")
    icon = bench.system.icons[0]
    assert not bench.system.refusals
    assert icon.visible
    assert icon.title.startswith("KassaBridge: Чек на")
    assert next(item.text for item in icon.menu).endswith("возможно, уже напечатан")


def test_a_refused_notification_is_not_tried_again_and_harms_nothing(make: Make) -> None:
    bench = make()
    bench.system.refusals.append("note")
    bench.adapter.show(READY)
    bench.adapter.notify(Note("1", "lost", "text"))
    bench.adapter.notify(Note("2", "shown", "text"))
    bench.start()
    assert bench.system.hear("note")[0] == "shown"


# --- ends -----------------------------------------------------------------------------------------------------------


def test_stop_is_idempotent_and_may_come_before_run(make: Make) -> None:
    early = make()
    early.adapter.stop()
    early.start()
    assert early.join() is Ended.ASKED
    assert early.system.icons == []
    bench = make()
    bench.adapter.show(READY)
    bench.start()
    bench.system.hear("shown")
    for _ in range(3):
        bench.adapter.stop()
    assert bench.join() is Ended.ASKED
    bench.adapter.stop()
    bench.adapter.show(PAUSED)


@pytest.mark.parametrize("end", ["die", "fail"])
def test_an_icon_that_ends_unasked_is_made_anew_with_what_is_to_be_shown(make: Make, end: str) -> None:
    bench = make(end, "stay")
    bench.adapter.show(DECISION)
    bench.start()
    while bench.system.hear("shown") and len(bench.system.icons) < 2:
        pass
    assert len(bench.system.icons) == 2
    assert bench.pauses == [PAUSES[0]]
    bench.system.click()
    assert bench.system.hear("asked") == Action(Verb.DECIDE, "order-1")
    bench.adapter.stop()
    assert bench.join() is Ended.ASKED


@pytest.mark.parametrize("end", ["die", "fail"])
def test_an_icon_that_will_not_stay_is_given_up(make: Make, end: str) -> None:
    bench = make(end)
    bench.adapter.show(READY)
    bench.start()
    assert bench.join() is Ended.LOST
    assert bench.pauses == list(PAUSES)
    assert len(bench.system.icons) == len(PAUSES) + 1


def test_a_misfortune_after_long_good_service_is_a_new_one(make: Make) -> None:
    bench = make(*["die"] * 8, "stay")
    pause = bench.pauses.append

    def later(seconds: float) -> None:
        pause(seconds)
        if len(bench.pauses) == 3:
            bench.system.library.Icon._run = _dying_after(bench, bench.system.library.Icon._run)

    bench.adapter._pause = later
    bench.adapter.show(READY)
    bench.start()
    while len(bench.system.icons) < 9:
        bench.system.hear("shown")
    assert bench.pauses == [*PAUSES[:3], *PAUSES[:5]]


def _dying_after(bench: Bench, run: Callable[[Any], None]) -> Callable[[Any], None]:
    """The next icon lives for ``STEADY`` seconds before it ends; those after it do not."""

    def once(icon: Any) -> None:
        bench.clock += STEADY
        bench.system.library.Icon._run = run
        run(icon)

    return once


def test_what_is_raised_at_an_end_that_was_asked_for_is_no_error(make: Make) -> None:
    bench = make("fail late")
    bench.adapter.show(READY)
    bench.start()
    bench.system.hear("shown")
    bench.adapter.stop()
    assert bench.join() is Ended.ASKED
    assert len(bench.system.icons) == 1


def test_stop_ends_a_pause() -> None:
    """The pause is the adapter's own unless another is given."""
    adapter = Adapter(lambda _: None, bar=lambda: Bar.DARK, small_icon=lambda: 16, monotonic=lambda: 0.0)
    adapter.stop()
    assert adapter._pause(3600.0) is True


# --- the library ----------------------------------------------------------------------------------------------------


def python(program: str, **env: str) -> subprocess.CompletedProcess[str]:
    clean = {"PATH": "/usr/bin:/bin", **env}
    return subprocess.run([sys.executable, "-c", program], env=clean, capture_output=True, text=True, check=False)


def test_without_a_screen_there_is_no_tray_and_a_reason() -> None:
    done = python("from agent.tray.adapter import NoTray, load_pystray\n"
                  "try: load_pystray()\nexcept NoTray as error: print('no tray:', error)")  # fmt: skip
    assert done.stdout.startswith("no tray: "), done.stderr
    assert len(done.stdout) > len("no tray: Error: ")
    assert issubclass(NoTray, Exception)


def test_an_agent_without_a_tray_loads_nothing_of_it() -> None:
    done = python("import sys, agent.app, agent.cli, agent.status\n"
                  "print([name for name in sys.modules if name.split('.')[0] in ('pystray', 'PIL', 'gi')"
                  " or name.startswith('agent.tray')])")  # fmt: skip
    assert done.stdout.strip() == "[]", done.stderr


def test_the_tray_itself_loads_the_library_only_when_it_runs() -> None:
    done = python("import sys, agent.tray.program, agent.tray.taskbar\nprint('pystray' in sys.modules)")
    assert done.stdout.strip() == "False", done.stderr


def test_devices_at_work_change_the_icon_and_not_the_click() -> None:
    busy = view(picture(devices=(device(job="order-1", step="printing"),)), NOW, "ru")
    assert next(item.default for item in busy.menu if isinstance(item, Item))
