"""Outside drivers: packages that offer one under an entry point group, ``kassabridge.drivers`` of fiscal registers,
``kassabridge.terminals`` of card terminals.

They are looked for where Python's own packages are and in the folder ``plugins`` of the program: as ``pip install
--target`` leaves them there, or as a wheel that was put there. What lies in that folder runs with the agent's rights:
it counts only when nobody but administrators can write there. Drivers never come from the server.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint, distributions
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

from drivers.access import Unreadable, strangers
from drivers.address import SetupError

GROUP = "kassabridge.drivers"
TERMINAL_GROUP = "kassabridge.terminals"
FOLDER = "plugins"


class UnsafePlugins(SetupError):
    """``unsafe_plugins``: somebody who is no administrator may write there; nothing of the folder is used."""


class BrokenDriver(SetupError):
    """``broken_driver``: the package is there, and its driver cannot be loaded."""


@dataclass(frozen=True, slots=True)
class Outside:
    """A driver of another package. ``place``: the folder that it was found in, ``None`` for an installed one."""

    name: str
    package: str
    version: str
    point: EntryPoint
    place: Path | None = None

    def load(self) -> Any:
        """The object behind the entry point. Raises ``BrokenDriver``, whatever the package raises as it is imported."""
        place = str(self.place) if self.place is not None and str(self.place) not in sys.path else None
        if place is not None:
            sys.path.append(place)  # last: it can add modules and replace none
        try:
            return self.point.load()
        except (Exception, SystemExit) as error:
            if place is not None:
                sys.path.remove(place)
            raise self.broken(error) from error

    def broken(self, error: object) -> BrokenDriver:
        told = f"{type(error).__name__}: {error}" if isinstance(error, BaseException) else str(error)
        where = f" ({self.place})" if self.place is not None else ""
        return BrokenDriver(
            "broken_driver",
            f"driver {self.name!r} of the package {self.package} {self.version}{where} does not load: {told}. "
            "Remove it or install a version made for this KassaBridge",
            f"Драйвер {self.name!r} из пакета {self.package} {self.version}{where} не загружается: {told}. "
            "Удалите его или поставьте версию для этой KassaBridge",
        )


def plugins_folder() -> Path:
    """Beside the program: of a frozen one in its folder, otherwise in the environment that it is installed in."""
    program = Path(sys.executable).parent if getattr(sys, "frozen", False) else Path(sys.prefix)
    return program / FOLDER


@dataclass(frozen=True, slots=True)
class Found:
    """``drivers``: installed ones first; of two with one name the first counts. ``troubles``: what was left out, and
    why."""

    drivers: tuple[Outside, ...]
    troubles: tuple[SetupError, ...] = ()


def outside_drivers(folder: Path, group: str = GROUP) -> Found:
    """What there is; nothing of it is imported. Raises nothing."""
    troubles: list[SetupError] = []
    places: Sequence[Path] = ()
    try:
        places = _places(folder)
    except UnsafePlugins as error:
        troubles.append(error)
    installed = distributions(path=[path for path in sys.path if folder not in (Path(path), Path(path).parent)])
    offered = [(one, None) for one in installed] + [(d, place) for place in places for d in _inside(place, troubles)]
    first: dict[str, Outside] = {}
    for distribution, place in offered:
        try:
            offers = list(_offers(distribution, place, group))
        except Exception as error:  # its metadata are not what they should be: whatever reading them raises
            troubles.append(_spoilt(place or "?", error))
            continue
        for outside in offers:
            first.setdefault(outside.name, outside)
    return Found(tuple(first.values()), tuple(troubles))


def _inside(place: Path, troubles: list[SetupError]) -> Iterator[Distribution]:
    if place.is_file() and not is_zipfile(place):
        troubles.append(_spoilt(place, "it is no wheel"))
        return
    yield from distributions(path=[str(place)])


def _offers(distribution: Distribution, place: Path | None, group: str) -> Iterator[Outside]:
    for point in distribution.entry_points.select(group=group):
        yield Outside(point.name, distribution.metadata["Name"], distribution.version, point, place)


def _spoilt(what: object, error: object) -> BrokenDriver:
    return BrokenDriver(
        "broken_driver",
        f"a package in {what} cannot be read: {error}. Remove it or install it anew",
        f"Пакет в {what} не читается: {error}. Удалите его или установите заново",
    )


def _places(folder: Path) -> Sequence[Path]:
    """Where packages may lie: the folder itself, and each wheel in it. Raises ``UnsafePlugins``."""
    try:
        if not folder.is_dir() or not any(folder.iterdir()):
            return ()
        for path in (folder, *folder.rglob("*")):
            _check(path, folder)
    except OSError as error:
        raise _unsafe(folder, folder, str(error)) from None
    return (folder, *sorted(folder.glob("*.whl")))


def _check(path: Path, folder: Path) -> None:
    try:
        who = strangers(path)
    except Unreadable as error:
        who = str(error)
    if who is not None:
        raise _unsafe(path, folder, who)


def _unsafe(path: Path, folder: Path, why: str) -> UnsafePlugins:
    return UnsafePlugins(
        "unsafe_plugins",
        f"{folder} is not used: {path} can be changed by others than administrators ({why}). Let only administrators "
        "write there",
        f"{folder} не используется: изменить {path} может не только администратор ({why}). Оставьте право записи "
        "только администраторам",
    )
