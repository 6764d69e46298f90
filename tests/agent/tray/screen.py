"""A screen of our own for the tray: Xvfb, a bus, a panel, a notification daemon, and a hand on mouse and keyboard."""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from tests.support.patience import BUSY

ROOT = Path(__file__).parents[3]
TOOLS = ("Xvfb", "dbus-daemon", "trayer", "dunst", "xdotool", "import")
PATIENCE = BUSY

Notifications = Literal["shown", "nobody", "broken", "no bus"]
"""Who shows notifications: dunst; no program, nor any to start; one that fails when it is started; not even a bus."""

BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:dir={folder}</listen><servicedir>{folder}</servicedir>
<policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>
</busconfig>"""


def missing() -> str:
    """What is not installed here, for the reason of a skip; empty when everything is."""
    lacking = [tool for tool in TOOLS if shutil.which(tool) is None]
    code = "import gi; gi.require_version('Gtk', '3.0'); from gi.repository import GLib"
    if not lacking and subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode:
        lacking = ["PyGObject with GTK 3 (gir1.2-gtk-3.0)"]
    return ", ".join(lacking)


def until(true: Callable[[], Any], what: str) -> Any:
    """The first good answer. A screen does things in its own time: asked again until it has."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        answer = true()
        if answer:
            return answer
        time.sleep(0.05)
    raise AssertionError(f"not within {PATIENCE:.0f} s: {what}")


class Screen:
    """Started by ``screen``; all it starts ends with it."""

    def __init__(self, stack: contextlib.ExitStack, notifications: Notifications) -> None:
        self._stack = stack
        read, write = os.pipe()
        self.start(
            ["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x720x24", "-wr", "-nolisten", "tcp"], {}, (write,)
        )
        os.close(write)
        with os.fdopen(read) as told:
            display = told.readline().strip()
        self.env = {
            "DISPLAY": f":{display}", "DBUS_SESSION_BUS_ADDRESS": self._bus(notifications), "NO_AT_BRIDGE": "1",
            "PYSTRAY_BACKEND": "gtk", "GTK_THEME": "Adwaita",
        }  # fmt: skip
        if notifications == "shown":
            self.start(["dunst"], self.env)
        panel = ["trayer", "--edge", "top", "--align", "right", "--widthtype", "request", "--height", "32",
                 "--SetDockType", "true", "--tint", "0xeeeeee", "--transparent", "false"]  # fmt: skip
        self.start(panel, self.env)

    def _bus(self, notifications: Notifications) -> str:
        """The address of a session bus of our own, with what it can start: nothing, or a service that fails."""
        if notifications == "no bus":
            return "unix:path=/nonexistent/bus"
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        if notifications == "broken":
            service = "[D-BUS Service]\nName=org.freedesktop.Notifications\nExec=/bin/false\n"
            (folder / "org.freedesktop.Notifications.service").write_text(service)
        (folder / "bus.conf").write_text(BUS.format(folder=folder))
        bus = self.start(["dbus-daemon", f"--config-file={folder / 'bus.conf'}", "--nofork", "--print-address"], {})
        assert bus.stdout is not None
        return bus.stdout.readline().strip()

    def start(self, command: Sequence[str], env: Mapping[str, str], fds: Sequence[int] = ()) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            command, env={**os.environ, **env}, pass_fds=fds, cwd=ROOT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self._stack.callback(_end, process)
        return process

    def do(self, *command: str) -> str:
        """One command of xdotool, and what it says."""
        done = subprocess.run(
            ["xdotool", *command], env={**os.environ, **self.env}, capture_output=True, text=True, check=False
        )
        return done.stdout.strip()

    def windows(self, name: str) -> list[str]:
        return self.do("search", "--onlyvisible", "--class", name).split()

    def shot(self, path: Path) -> None:
        subprocess.run(["import", "-window", "root", str(path)], env={**os.environ, **self.env}, check=True)


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()


@contextlib.contextmanager
def screen(notifications: Notifications = "shown") -> Iterator[Screen]:
    with contextlib.ExitStack() as stack:
        yield Screen(stack, notifications)


class Program:
    """The program of ``on_screen.py`` on a screen: told scenes, heard requests."""

    NAME = "on_screen.py"

    def __init__(self, on: Screen, language: str) -> None:
        self.screen = on
        path = {"PYTHONPATH": str(ROOT)}
        script = str(Path(__file__).with_name(self.NAME))
        self.process = on.start([sys.executable, script, language], {**on.env, **path})
        self._heard: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.hear("begun")

    def _read(self) -> None:
        assert self.process.stdout is not None
        with contextlib.suppress(ValueError):  # closed at the end
            for line in self.process.stdout:
                self._heard.put(line.strip())

    def hear(self, line: str) -> None:
        """The next line the program says is this one."""
        try:
            assert self._heard.get(timeout=PATIENCE) == line
        except queue.Empty:
            raise AssertionError(f"never said: {line}") from None

    def silent(self) -> bool:
        return self._heard.empty()

    def scene(self, name: str) -> None:
        self.tell(name)
        self.hear(f"scene {name}")

    def tell(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def point(self) -> None:
        """The mouse on the icon, by way of somewhere else: a panel waits for it to come."""
        x, y = until(self._place, "the icon, standing still")
        self.screen.do("mousemove", "400", "300", "sleep", "0.2", "mousemove", str(x), str(y), "sleep", "0.3")

    def _place(self) -> tuple[int, int] | None:
        """The icon's middle, once the panel has stopped moving it."""
        seen = []
        for _ in range(2):
            icons = self.screen.windows(self.NAME)
            said = self.screen.do("getwindowgeometry", "--shell", icons[-1]) if icons else ""
            seen.append(dict(line.split("=") for line in said.splitlines() if "=" in line))
            self.screen.do("sleep", "0.3")
        first, place = seen
        if not place or first != place:
            return None
        return int(place["X"]) + int(place["WIDTH"]) // 2, int(place["Y"]) + int(place["HEIGHT"]) // 2

    def click(self) -> None:
        self.point()
        self.screen.do("mousedown", "1", "sleep", "0.1", "mouseup", "1")

    def open_menu(self) -> None:
        """By the right button, as a person would: again when nothing comes of it."""
        until(self._menu, "the menu")
        self.screen.do("sleep", "0.3")

    def _menu(self) -> bool:
        self.point()
        self.screen.do("click", "3")
        for _ in range(20):
            if len(self.screen.windows(self.NAME)) > 1:
                return True
            self.screen.do("sleep", "0.2")
        return False

    def closed(self) -> None:
        """The menu has gone."""
        until(lambda: len(self.screen.windows(self.NAME)) == 1, "the menu's end")

    def keys(self, *keys: str) -> None:
        self.screen.do("key", "--delay", "80", *keys)
