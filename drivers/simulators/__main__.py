"""``python -m drivers.simulators FAMILY …``: the same as ``kassabridge simulate``."""

import sys

from drivers.simulators.cli import main

sys.exit(main())
