"""Gets ATOL's driver library for tests: ``python -m tests.support.vendor_library DIR [--newer]`` prints its path.

It is taken out of an npm package by the ordinary client (``npm pack``: nothing of the package is run), checked against
the digest below and unpacked into DIR, which must lie outside the repository. Tests find it by the variable
``KASSABRIDGE_LIBFPTR`` (10.8.0.0, of 2020), and with ``--newer`` by ``KASSABRIDGE_LIBFPTR_NEWER`` (10.10.8.0: it opens
no device without a service of its maker's, but checks tasks with the newer VAT rates offline). Called again it
downloads nothing.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Package:
    name: str
    library: str  # the version that the library itself tells
    sha256: str
    variable: str
    folder: str = "package/src/linux-x64"


USED = Package(
    "node-atol-wrapper@0.0.20",
    "10.8.0.0",
    "8fb2c919a12cc5277f8bfb5d7a803d62e8b07357b8d5177c1102ffe3eb8b652f",
    "KASSABRIDGE_LIBFPTR",
)
NEWER = Package(
    "node-atol-wrapper@0.0.28",
    "10.10.8.0",
    "6b2f4c96e56021328e5ae982be7f08d8949e792fdccffcef120d3c33bd7c04a5",
    "KASSABRIDGE_LIBFPTR_NEWER",
)


class NotGot(Exception):
    """Why there is no library."""


def path_of(package: Package) -> Path | None:
    """What the variable says; ``None`` when it is not set. Raises ``NotGot`` for a path that leads nowhere."""
    text = os.environ.get(package.variable)
    if not text:
        return None
    path = Path(text)
    if not path.is_file():
        raise NotGot(f"{package.variable}={text}: there is no such file")
    return path


def get(package: Package, folder: Path) -> Path:
    """Raises ``NotGot``."""
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise NotGot(f"the package's library is for Linux x86-64; this is {sys.platform} {platform.machine()}")
    folder = folder.resolve()
    if folder.is_relative_to(ROOT.resolve()):
        raise NotGot(f"{folder} is inside the repository; name a folder outside")
    place = folder / package.library
    library = place / package.folder / "libfptr10.so"
    if not library.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as beside:
            archive = _download(package, Path(beside))
            _check(package, archive)
            _unpack(package, archive, Path(beside) / "unpacked")
            (Path(beside) / "unpacked").rename(place)
    return library


def _download(package: Package, place: Path) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        raise NotGot("npm is not installed")
    done = subprocess.run(
        (npm, "pack", "--silent", "--pack-destination", str(place), package.name),
        cwd=place, capture_output=True, text=True, check=False,
    )  # fmt: skip
    archives = sorted(place.glob("*.tgz"))
    if done.returncode != 0 or len(archives) != 1:
        raise NotGot(f"npm pack {package.name}: {done.stderr.strip() or 'no archive'}")
    return archives[0]


def _check(package: Package, archive: Path) -> None:
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    if digest != package.sha256:
        raise NotGot(f"{package.name}: sha256 is {digest}, expected {package.sha256}")


def _unpack(package: Package, archive: Path, place: Path) -> None:
    with tarfile.open(archive) as contents:
        members = [member for member in contents.getmembers() if member.name.startswith(f"{package.folder}/")]
        contents.extractall(place, members, filter="data")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.support.vendor_library", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--newer", action="store_true")
    asked = parser.parse_args()
    try:
        print(get(NEWER if asked.newer else USED, asked.folder))
    except NotGot as error:
        print(f"no vendor library: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
