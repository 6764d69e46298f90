"""What both programs of the bundle run: the command line. The tray program is the same without a console: what a person
would read there stands in a box on the screen, for example who runs the agent already."""

from __future__ import annotations

import ctypes
import io
import os
import sys

from agent.cli import main

_INFORMATION, _IN_FRONT, _ON_TOP = 0x40, 0x10000, 0x40000


def box(text: str) -> None:
    """Until somebody has closed it."""
    ctypes.windll.user32.MessageBoxW(None, text.strip(), "KassaBridge", _INFORMATION | _IN_FRONT | _ON_TOP)


def without_a_console() -> int:
    """Answers and refusals in boxes; the log is in the data folder."""
    answers = sys.stdout = io.StringIO()
    with open(os.devnull, "w", encoding="utf-8") as sys.stderr:
        code = main(alert=box)
    if answers.getvalue():
        box(answers.getvalue())
    return code


if __name__ == "__main__":
    sys.exit(without_a_console() if sys.stderr is None else main())
