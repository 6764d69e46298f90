"""What both programs of the bundle run: the command line. The tray program is the same without a console."""

from __future__ import annotations

import sys

from agent.cli import main

if __name__ == "__main__":
    sys.exit(main())
