"""Gets axe-core for the tests in a browser: ``python -m tests.browser.axe DIR`` prints the path of its script.

It is taken out of its npm package by the ordinary client (``npm pack``: nothing of the package is run), checked against
the digest below and put into DIR, which must lie outside the repository. Tests find it by ``KASSABRIDGE_AXE``.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
VARIABLE = "KASSABRIDGE_AXE"
PACKAGE = "axe-core@4.14.1"
SHA256 = "e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745"
SCRIPT = "package/axe.min.js"


class NotGot(Exception):
    """Why there is no script."""


def path() -> Path | None:
    """What the variable says; ``None`` when it is not set. Raises ``NotGot`` for a path that leads nowhere."""
    text = os.environ.get(VARIABLE)
    if not text:
        return None
    if not Path(text).is_file():
        raise NotGot(f"{VARIABLE}={text}: there is no such file")
    return Path(text)


def get(folder: Path) -> Path:
    """Raises ``NotGot``."""
    folder = folder.resolve()
    if folder.is_relative_to(ROOT.resolve()):
        raise NotGot(f"{folder} is inside the repository; name a folder outside")
    script = folder / SCRIPT
    if not script.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as beside, tarfile.open(_packed(Path(beside))) as archive:
            archive.extract(SCRIPT, folder, filter="data")
    return script


def _packed(place: Path) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        raise NotGot("npm is not installed")
    command = (npm, "pack", "--silent", "--pack-destination", str(place), PACKAGE)
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    archives = sorted(place.glob("*.tgz"))
    if done.returncode != 0 or len(archives) != 1:
        raise NotGot(f"npm pack {PACKAGE}: {done.stderr.strip() or 'no archive'}")
    digest = hashlib.sha256(archives[0].read_bytes()).hexdigest()
    if digest != SHA256:
        raise NotGot(f"{PACKAGE}: sha256 is {digest}, expected {SHA256}")
    return archives[0]


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: python -m tests.browser.axe DIR", file=sys.stderr)
        return 2
    try:
        print(get(Path(sys.argv[1])))
    except NotGot as error:
        print(f"no axe-core: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
