"""What the agent needs and this environment lacks, pinned and hashed as constraints.txt has it; empty when nothing.

python requirements.py CONSTRAINTS [NAME …]      without names: what the installed kassabridge needs, to the end
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from pip._vendor.packaging.requirements import Requirement

_NAME = re.compile(r"[A-Za-z0-9._-]+")
_VERSION = re.compile(r"==([^ ;\\]+)")


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(text: str) -> dict[str, str]:
    """Each block of constraints.txt, with its hashes, by its package's name."""
    blocks = {}
    for block in re.split(r"\n(?=[A-Za-z0-9])", text.strip()):
        found = _NAME.match(block)
        assert found is not None, block
        blocks[plain(found[0])] = block
    return blocks


def needed(name: str) -> list[str]:
    lines = map(Requirement, distribution(name).requires or [])
    return [plain(line.name) for line in lines if line.marker is None or line.marker.evaluate({"extra": ""})]


def has(name: str, pin: str) -> bool:
    found = _VERSION.search(pin)
    try:
        return found is not None and distribution(name).version == found[1]
    except PackageNotFoundError:
        return False


def main(constraints: Path, names: list[str]) -> None:
    known = pins(constraints.read_text("utf-8"))
    waiting, seen = [plain(name) for name in names] or needed("kassabridge"), set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        if name not in known:
            raise SystemExit(f"{constraints} has no {name}")
        if has(name, known[name]):
            waiting += needed(name)
        else:
            sys.stdout.write(f"{known[name]}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
