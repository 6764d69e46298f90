"""The terminal: answers to stdout, everything else to stderr, in UTF-8 whatever the code page."""

from __future__ import annotations

import json
import os
import sys
from typing import Any, TextIO


def speak_utf8() -> None:
    """A Windows console or pipe with another code page must not end a command with UnicodeEncodeError, and a program
    without a console, which has no streams at all, must not end because it says something."""
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  (until the process ends)
    sys.stderr = sys.stderr or sys.stdout
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="replace")


def answer(document: Any) -> None:
    """The one JSON document of a command."""
    show(json.dumps(document, ensure_ascii=False, indent=2, default=str))


def show(text: str) -> None:
    _write(sys.stdout, text)


def tell(text: str) -> None:
    _write(sys.stderr, text)


def _write(stream: TextIO, text: str) -> None:
    stream.write(text + "\n")
    stream.flush()
