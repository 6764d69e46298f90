"""Imports what the running agent has imported that is not ours, says so, and waits. Frozen by bare.spec."""

from __future__ import annotations

import importlib
import sys
import threading
from contextlib import suppress
from pathlib import Path

TRAY = ("PIL.Image", "PIL.ImageDraw", "PIL.IcoImagePlugin", "PIL.PngImagePlugin", "pystray._win32")
"""What the agent with an icon imports besides."""

if __name__ == "__main__":
    wanted = Path(__file__).with_name("names.txt").read_text("utf-8").split()
    for name in wanted:
        with suppress(ImportError):  # another system's
            importlib.import_module(name)
    for name in TRAY if "tray" in sys.argv[1:] else ():
        importlib.import_module(name)
    sys.stderr.write(f"ready: {len(sys.modules)} modules\n")
    sys.stderr.flush()
    threading.Event().wait()
