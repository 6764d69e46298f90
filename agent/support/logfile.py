"""The last log lines, kept for support: JSON lines in two files of a bounded size, masked before they are written.

What is shown on stderr is unchanged. A line that cannot be written is lost: logging never fails what is logged. Who
watches the log (``agent.support.tail``) is given the same lines.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from agent.support.masking import mask_value

FOLDER = "logs"
NAME, EARLIER = "agent.jsonl", "agent.1.jsonl"
MOST = 5 * 1024 * 1024  # bytes of each of the two


Listener = Callable[[bytes], None]


class LogFile:
    """Used from any thread."""

    def __init__(self, data_dir: Path, most: int = MOST) -> None:
        self._folder = data_dir / FOLDER
        self._most = most
        self._guard = threading.Lock()
        self._listener: Listener | None = None

    def listen(self, listener: Listener | None) -> None:
        """Every line from now on goes to ``listener``, too, on the thread that has logged it: it must take no time.
        There is one at most."""
        self._listener = listener

    def keep(self, event: Mapping[str, Any]) -> None:
        """One event with its time and level. Never raises."""
        try:
            line = json.dumps(mask_value(_plain(event)), ensure_ascii=False, default=str).encode("utf-8", "replace")
            if (listener := self._listener) is not None:
                listener(line)
            with self._guard:
                self._write(line + b"\n")
        except (OSError, ValueError, TypeError):
            return

    def _write(self, line: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / NAME
        if path.exists() and path.stat().st_size + len(line) > self._most:
            os.replace(path, self._folder / EARLIER)
        with path.open("ab") as file:
            file.write(line)


def last_lines(data_dir: Path, count: int) -> list[bytes]:
    """The newest, oldest first; as far as they can be read."""
    lines: deque[bytes] = deque(maxlen=count)
    for name in (EARLIER, NAME):
        try:
            with (data_dir / FOLDER / name).open("rb") as file:
                lines.extend(file)
        except OSError:
            continue
    return list(lines)


def _plain(event: Mapping[str, Any]) -> dict[str, Any]:
    """An exception's text is the renderer's affair; its type and where it was raised are worth keeping."""
    return {name: value for name, value in event.items() if name != "exc_info"} | _raised(event.get("exc_info"))


def _raised(info: Any) -> dict[str, Any]:
    if not info:
        return {}
    error = info if isinstance(info, BaseException) else sys.exc_info()[1]
    if error is None:
        return {}
    frames = traceback.extract_tb(error.__traceback__)
    return {
        "raised": type(error).__name__,
        "frames": [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames[-12:]],
    }
