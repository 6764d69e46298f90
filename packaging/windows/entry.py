"""What both programs of the bundle run: the command line. The tray program is the same without a console: what a person
would read there of a refusal stands in a box on the screen, for example who runs the agent already."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

from agent.cli import main

_INFORMATION, _IN_FRONT, _ON_TOP = 0x40, 0x10000, 0x40000


def box(text: str) -> None:
    """Until somebody has closed it."""
    ctypes.windll.user32.MessageBoxW(None, text.strip(), "KassaBridge", _INFORMATION | _IN_FRONT | _ON_TOP)


def on_the_screen() -> int:
    """Refusals in boxes; answers have nobody to read them, the log is in the data folder."""
    return main(alert=box)


if __name__ == "__main__":
    # Not by whether there is a console: whoever starts the tray program from another one may hand it its streams.
    sys.exit(on_the_screen() if Path(sys.executable).stem == "KassaBridgeTray" else main())
