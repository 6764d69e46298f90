"""Lines of a control channel, read by a thread and handed on one by one; see ``script`` for what they say."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable


def listen(descriptor: int, each: Callable[[str], None]) -> threading.Thread:
    """Call ``each`` with every whole line from the descriptor until its end. The thread does not keep the process."""

    def read() -> None:
        # Not through a buffered file: a thread that waits inside one stops the interpreter from ending.
        pending = b""
        while data := os.read(descriptor, 4096):
            *lines, pending = (pending + data).split(b"\n")
            for line in lines:
                if line.strip():
                    each(line.decode("utf-8", "replace"))

    thread = threading.Thread(target=read, name="control", daemon=True)
    thread.start()
    return thread
