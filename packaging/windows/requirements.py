"""What the Windows bundle is made of: the agent's libraries and what they need, pinned and hashed as constraints.txt
has them.

python requirements.py ROOT > requirements.txt
"""

from __future__ import annotations

import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

_NAME = re.compile(r"[A-Za-z0-9._-]+")
_EXTRA = re.compile(r"""extra\s*==""")


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


def needed(name: str) -> list[str]:
    """What a library needs on Windows, as far as it is installed here to ask."""
    try:
        lines = requires(name) or []
    except PackageNotFoundError:
        return []
    wanted = [line for line in lines if not _EXTRA.search(line) and not re.search(r"sys_platform\s*[!=]=", line)]
    found = [_NAME.match(line) for line in wanted]
    return [plain(match[0]) for match in found if match is not None]


def main(root: Path) -> None:
    known = pins((root / "constraints.txt").read_text("utf-8"))
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    waiting = [plain(match[0]) for line in project["dependencies"] if (match := _NAME.match(line)) is not None]
    taken: dict[str, str] = {}
    while waiting:
        name = waiting.pop()
        if name not in taken and name in known:
            taken[name] = known[name]
            waiting += needed(name)
    sys.stdout.write("".join(f"{taken[name]}\n" for name in sorted(taken)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
