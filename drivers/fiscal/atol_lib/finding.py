"""Where ATOL's driver library is: the path that was given, or the places where its installers put it.

Order: the path (a file or a folder) and nothing else if one is given; else the program's own folder, the installers'
entries in the Windows registry (both views: the 32-bit driver is what many PCs have), the usual folders, and the
folders that the system itself searches. The first that is built for the host's processor is taken; when there are only
others the error names both sides.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from drivers.fiscal.atol_lib.image import Image, image_of

AUTO = "auto"
REGISTRY_KEY = r"SOFTWARE\ATOL\Drivers\10.0\KKT"
REGISTRY_VALUE = "INSTALL_DIR"
MULTIARCH = ("x86_64-linux-gnu", "i386-linux-gnu", "aarch64-linux-gnu", "arm-linux-gnueabihf")


class LibraryError(Exception):
    """``code``: ``driver_missing``, ``driver_bitness`` or ``driver_failed`` (there, and not to be used)."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"


def installed_folders() -> tuple[str, ...]:
    """``INSTALL_DIR`` of the installers, from both views of the Windows registry; empty elsewhere."""
    found: list[str] = []
    if sys.platform == "win32":
        import winreg

        for view in (winreg.KEY_WOW64_64KEY, winreg.KEY_WOW64_32KEY):
            try:
                with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, REGISTRY_KEY, 0, winreg.KEY_READ | view) as key:
                    value, _ = winreg.QueryValueEx(key, REGISTRY_VALUE)
            except OSError:
                continue
            if isinstance(value, str) and value:
                found.append(value)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class System:
    """What the search knows of this PC; made anew for tests."""

    platform: str = sys.platform
    program: Path = field(default_factory=lambda: Path(sys.executable).parent)
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    installed: Callable[[], tuple[str, ...]] = installed_folders
    root: Path = field(default_factory=lambda: Path("/"))

    @property
    def file_name(self) -> str:
        return {"win32": "fptr10.dll", "darwin": "fptr10"}.get(self.platform, "libfptr10.so")

    def folders(self) -> Iterator[Path]:
        yield self.program
        for folder in self.installed():
            yield Path(folder) / "bin"
        yield from self._usual()
        yield from self._searched()

    def _usual(self) -> Iterator[Path]:
        if self.platform == "win32":
            for name in ("ProgramW6432", "ProgramFiles", "ProgramFiles(x86)"):
                if folder := self.environment.get(name):
                    yield Path(folder) / "ATOL" / "Drivers10" / "KKT" / "bin"
        elif self.platform != "darwin":
            yield from (self.root / "usr/lib/fptr10", self.root / "opt/fptr10")

    def _searched(self) -> Iterator[Path]:
        if self.platform == "win32":
            yield from map(Path, filter(None, self.environment.get("PATH", "").split(";")))
        elif self.platform != "darwin":
            yield from map(Path, filter(None, self.environment.get("LD_LIBRARY_PATH", "").split(":")))
            for lib in ("usr/local/lib", "usr/lib", "usr/lib64", "lib"):
                yield self.root / lib
                yield from (self.root / lib / name for name in MULTIARCH)


def find_library(wanted: str, host: Path, system: System) -> Path:
    """The library's file, for the program ``host`` to load. ``wanted``: a file, a folder, or ``auto``.

    Raises ``LibraryError``.
    """
    places = list(dict.fromkeys(_places(wanted, system)))
    files = [place for place in places if place.is_file()]
    if not files:
        looked = ", ".join(str(place.parent) for place in places)
        raise LibraryError("driver_missing", f"no {system.file_name} in {looked}" if wanted == AUTO else wanted)
    needed = _image(host)
    unfit: list[str] = []
    for file in files:
        image = _image(file)
        if image is None and system.platform != "darwin":
            raise LibraryError("driver_failed", f"{file}: not a library")
        if image is None or needed is None or image == needed:
            return file
        unfit.append(f"{file} is {image}")
    raise LibraryError("driver_bitness", f"{'; '.join(unfit)}; the program {host} is {needed}")


def _places(wanted: str, system: System) -> Iterator[Path]:
    if wanted == AUTO:
        yield from (folder / system.file_name for folder in system.folders())
    else:
        given = Path(wanted).expanduser()
        yield given / system.file_name if given.is_dir() else given


def _image(file: Path) -> Image | None:
    try:
        return image_of(file)
    except OSError as error:
        raise LibraryError("driver_failed", f"{file}: {error.strerror or type(error).__name__}") from error
