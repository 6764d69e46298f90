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
    loaded = 0
    for name in [*wanted, *(TRAY if "tray" in sys.argv[1:] else ())]:
        with suppress(ImportError):  # another system's
            importlib.import_module(name)
            loaded += 1
    sys.stderr.write(f"ready: {loaded} modules\n")
    sys.stderr.flush()
    threading.Event().wait()
