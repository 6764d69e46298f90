"""How a vendor host is started: the one place that decides it.

Run from source a host is ``python -m drivers.hosts NAME``, under the agent's own Python or another one, which needs no
packages: it only has to see ours. A frozen agent has no Python to start; there its own executable is the host when its
first argument is ``VENDOR_HOST`` (``agent.cli``).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import drivers
from drivers.hosts import VENDOR_HOST
from drivers.transports.process import Program


def host_program(name: str, python: Path | None = None, *, frozen: bool | None = None) -> Program:
    """The host ``name`` of ``drivers.hosts``. ``python``: another one than the agent's own. ``frozen``: whether this
    agent is (found out by itself)."""
    if frozen is None:
        frozen = bool(getattr(sys, "frozen", False))
    if python is None and frozen:
        return Program((sys.executable, VENDOR_HOST, name))
    root = Path(drivers.__file__).resolve().parents[1]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    return Program((str(python or sys.executable), "-P", "-X", "utf8", "-m", "drivers.hosts", name), environment)
