"""``python -m drivers.hosts NAME``: one vendor host; see the package."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from types import MappingProxyType


def _fptr10() -> None:
    from drivers.hosts.fptr10 import run

    run()


HOSTS: Mapping[str, Callable[[], None]] = MappingProxyType({"fptr10": _fptr10})


def main(arguments: list[str]) -> int:
    """Serve until the agent's end, which ends this process. 2 for wrong use."""
    if len(arguments) != 1 or arguments[0] not in HOSTS:
        sys.stderr.write(f"expected one of {', '.join(HOSTS)}\n")
        return 2
    HOSTS[arguments[0]]()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
