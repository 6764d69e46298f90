"""What the Windows bundle is made of: the agent's libraries and what they need there, pinned and hashed as
constraints.txt has them. A library that is not pinned, or not installed here to be asked what it needs, is refused by
name: a bundle without it would be made all the same, and be found out at a cashier's.

python requirements.py ROOT > requirements.txt
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path
from types import MappingProxyType

from pip._vendor.packaging.markers import default_environment
from pip._vendor.packaging.requirements import Requirement

_NAME = re.compile(r"[A-Za-z0-9._-]+")
WINDOWS: Mapping[str, str] = MappingProxyType(
    {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt", "extra": ""}
)


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(text: str) -> dict[str, str]:
    """Each block of constraints.txt by its package's name, without its marker."""
    blocks: dict[str, str] = {}
    for block in re.split(r"\n(?=[A-Za-z0-9])", text.strip()):
        head, _, hashes = block.partition("\\\n")
        found = _NAME.match(head)
        assert found is not None, head
        blocks[plain(found[0])] = f"{head.partition(';')[0].strip()} \\\n{hashes}"
    return blocks


def on_windows(lines: list[str]) -> list[Requirement]:
    """Those of a distribution's requirements that count there."""
    there = {**default_environment(), **WINDOWS}
    found = map(Requirement, lines)
    return [one for one in found if one.marker is None or one.marker.evaluate(there)]


def needed(one: Requirement) -> list[Requirement]:
    """What a library needs on Windows. Of one that only Windows needs, and so is missing elsewhere, nothing is known;
    there is no such library with needs of its own (tzdata is data)."""
    try:
        return on_windows(requires(one.name) or [])
    except PackageNotFoundError:
        if one.marker is not None and not one.marker.evaluate({"extra": ""}):
            return []
        raise SystemExit(
            f"{one.name} is not installed in {sys.prefix}: what it needs cannot be asked, and the bundle would lack "
            "that. Install the project there first: make setup"
        ) from None


def main(root: Path) -> None:
    known = pins((root / "constraints.txt").read_text("utf-8"))
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    waiting = on_windows(project["dependencies"])
    taken: dict[str, str] = {}
    while waiting:
        one = waiting.pop()
        name = plain(one.name)
        if name in taken:
            continue
        if name not in known:
            raise SystemExit(f"constraints.txt has no {name}, which the bundle needs. Make it anew: make lock")
        taken[name] = known[name]
        waiting += needed(one)
    sys.stdout.write("".join(f"{taken[name]}\n" for name in sorted(taken)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
