"""The processes of the demo: each with its log, each ended by its own id."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agent.problems import UserError

START_LIMIT = 60.0


class Child:
    """A process of ours: its log in a file, its first line on stdout awaited, its end by pid."""

    def __init__(self, name: str, arguments: list[str], folder: Path) -> None:
        self.name = name
        self._log_path = folder / f"{name}.log"
        self._log = self._log_path.open("wb")
        self._lines: queue.Queue[str | None] = queue.Queue()
        self.process = subprocess.Popen(
            [sys.executable, *arguments],
            stdin=subprocess.PIPE,  # for the words of ``tell``; whoever reads none never looks at it
            stdout=subprocess.PIPE,
            stderr=self._log,
            env={**os.environ, "PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1"},
        )
        self._reader = threading.Thread(target=self._read, name=f"{name}-out", daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for raw in self.process.stdout:
            self._lines.put(raw.decode("utf-8", "replace"))
        self._lines.put(None)

    def listening(self) -> str:
        """The address of ``{"listening": …}``, which a server prints when it is ready."""
        try:
            line = self._lines.get(timeout=START_LIMIT)
        except queue.Empty:
            line = None
        try:
            return str(json.loads(line or "")["listening"])
        except (ValueError, KeyError, TypeError):
            raise self.failed() from None

    def tell(self, word: str) -> None:
        """One word of a simulator's ``--control``. Raises ``UserError`` when it is not done."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": word}).encode() + b"\n")
        self.process.stdin.flush()
        try:
            answer = json.loads(self._lines.get(timeout=START_LIMIT) or "{}")
        except (queue.Empty, ValueError):
            answer = {}
        if not answer.get("ok"):
            raise self.failed()

    def output(self) -> dict[str, Any]:
        """All of its stdout as JSON, once it has ended well."""
        if self.process.wait(START_LIMIT) != 0:
            raise self.failed()
        self._reader.join(START_LIMIT)
        text = "".join(line for line in iter(self._lines.get, None))
        found: dict[str, Any] = json.loads(text)
        return found

    def failed(self) -> UserError:
        with contextlib.suppress(OSError):
            self._log.flush()
        tail = "\n".join(self._log_path.read_text("utf-8", "replace").splitlines()[-8:])
        return UserError(
            "demo_process_failed",
            f"Процесс «{self.name}» не работает (код {self.process.poll()}). Журнал: {self._log_path}\n{tail}",
            f"The process “{self.name}” does not work (exit code {self.process.poll()}). Log: {self._log_path}",
            exit_code=1,
        )

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._reader.join(5)
        assert self.process.stdout is not None
        assert self.process.stdin is not None
        self.process.stdout.close()
        with contextlib.suppress(OSError):  # what was said to a process that has died
            self.process.stdin.close()
        self._log.close()


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """A second Ctrl+C does not stop the stopping."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def sigterm_as_interrupt() -> Iterator[None]:
    """A terminated demo must not leave its processes behind."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
