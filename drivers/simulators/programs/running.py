"""A vendor's program as whoever starts it sees it: it runs, leaves files behind, and ends with an exit code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

CRASHED = {"windows": 0xC0000005, "linux": -11}
"""Exit code of a program that broke down, as ``subprocess`` tells it."""
KILLED = {"windows": 1, "linux": -9}
"""Likewise of one that somebody has ended."""


class Hands(Protocol):
    """What a program can do to the machine on which it runs."""

    def write(self, name: str, data: bytes) -> None:
        """A file, by its name in the working directory or by its whole path; what it held before is gone."""

    def say(self, data: bytes) -> None:
        """On stdout."""

    def exit(self, code: int) -> None: ...

    @property
    def killed(self) -> bool:
        """Somebody has ended it from outside."""


@dataclass(frozen=True, slots=True)
class Left:
    """What a run leaves behind when it ends."""

    files: tuple[tuple[str, bytes], ...] = ()  # in the order in which they are written
    stdout: bytes = b""
    code: int = 0  # the exit code
    verdict: str = ""  # the name of the file that says how it went
    listing: str = ""  # the name of the file that has one value to a line


class LocalHands:
    """Those of a program that exists in this process alone."""

    def __init__(self, cwd: Path) -> None:
        self._cwd = cwd
        self.stdout = b""
        self.code: int | None = None

    def write(self, name: str, data: bytes) -> None:
        (self._cwd / name).write_bytes(data)

    def say(self, data: bytes) -> None:
        self.stdout += data

    def exit(self, code: int) -> None:
        self.code = code

    @property
    def killed(self) -> bool:
        return self.code is not None


class Run:
    """One start, seen from inside: what the device does through it. After its end, or its death, it does nothing."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self._ended = False

    @property
    def alive(self) -> bool:
        return not self._ended and not self._hands.killed

    def leave(self, left: Left) -> None:
        """Write the files, say what is to be said, and end."""
        if not self.alive:
            return
        for name, data in left.files:
            self._hands.write(name, data)
        if left.stdout:
            self._hands.say(left.stdout)
        self._ended = True
        self._hands.exit(left.code)


class Device(Protocol):
    """What starts and drives programs; see ``device.ProgramDevice``."""

    @property
    def deadline(self) -> float | None: ...

    def tick(self) -> None: ...

    def monotonic(self) -> float: ...


class Running:
    """A started program, seen from outside, in virtual time: nothing happens but inside these calls."""

    def __init__(self, device: Device, hands: LocalHands, killed: int) -> None:
        self._device = device
        self._hands = hands
        self._killed = killed

    @property
    def stdout(self) -> bytes:
        return self._hands.stdout

    @property
    def deadline(self) -> float | None:
        """``clock.monotonic()`` of the next thing that happens by itself."""
        return self._device.deadline

    def poll(self) -> int | None:
        """The exit code; ``None``: it runs."""
        self._device.tick()
        return self._hands.code

    def wait(self, seconds: float, sleep: Callable[[float], None]) -> int | None:
        """``poll`` until it has ended or so much time has passed; ``sleep`` lets the device's clock pass, or moves it.
        A program that waits for somebody's hand lets all the time pass."""
        until = self._device.monotonic() + seconds
        while self.poll() is None:
            now = self._device.monotonic()
            if now >= until:
                return None
            due = self._device.deadline
            sleep(until - now if due is None else min(max(due - now, 0.0), until - now))
        return self._hands.code

    def kill(self) -> None:
        """End it from outside. What it has begun at the pinpad goes on there; no file is written any more."""
        if self._hands.code is None:
            self._hands.exit(self._killed)
