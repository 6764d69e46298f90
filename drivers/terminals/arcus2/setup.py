"""The INI directory of Arcus2: where the program leaves what, in which code page, and what its codes mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import NoReturn

from drivers.errors import NotSent, Refused
from drivers.terminals.arcus2.operations import Absent, Ambiguous, Operations, Want, read_operations
from drivers.terminals.arcus2.profile import Profile
from drivers.terminals.choices import AUTO, CHARSETS, code_page
from drivers.terminals.runs import Place

CASHREG = "cashreg.ini"
RESULTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "rc": ("RESULT_FILE", "rc.out"),
        "slip": ("CHEQ_FILE", "cheq.out"),
        "cancel_slip": ("CANCEL_CH_FILE", "auto_can.out"),
        "cancel_rc": ("CANCEL_RC_FILE", "can_rc.out"),
    }
)
"""Our name of a result: its key in cashreg.ini, and the file's name where the key is not there."""
CHARSET_KEYS = ("PPCHARSET", "OPCHARSET")
DEFAULT_CHARSET = "cp1251"
MOST = 1 << 20
LONGEST_NAME = 200
INI_CHARSETS = ("cp1251", "cp866")
_RUSSIAN = re.compile(r"[А-Яа-яЁё]")
_SETTING = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*")


@dataclass(frozen=True, slots=True)
class Setup:
    """As the files have it now. ``texts``: the program's words for its codes; ``separator``: the line between two
    copies of a slip, "" where there is none."""

    place: Place
    charset: str
    separator: str
    operations: Operations
    operations_file: Path
    texts: Mapping[str, str]
    confirmed: Mapping[Want, str]

    def cash_code(self, want: Want) -> str:
        """What goes behind ``/o``. Raises ``NotSent`` (``terminal_setup``) where the file leaves a choice, ``Refused``
        (``terminal_unsupported``) where it has none."""
        if self.confirmed[want]:
            return self.confirmed[want]
        try:
            return self.operations.cash_code(want)
        except Ambiguous as error:
            raise NotSent("terminal_setup", f"{self.operations_file}: {error}") from error
        except Absent as error:
            raise Refused("terminal_unsupported", f"{self.operations_file}: {error}") from error

    def has(self, want: Want) -> bool:
        try:
            self.cash_code(want)
        except (NotSent, Refused):
            return False
        return True


def read_setup(folder: Path, profile: Profile, program: str | None, ini: str | None) -> Setup:
    """Raises ``NotSent``: ``terminal_program_missing``, ``terminal_setup`` naming file, line and what was expected."""
    if not folder.is_dir():
        raise NotSent("terminal_program_missing", f"{folder}: no such folder; exe:DIR names the one of Arcus2")
    wanted = (program,) if program is not None else profile.programs
    found = next((folder / name for name in wanted if (folder / name).is_file()), None)
    if found is None:
        raise NotSent("terminal_program_missing", f"{folder}: none of {', '.join(wanted)} is there")
    folders = (ini,) if ini is not None else profile.ini
    where = next((folder / name for name in folders if (folder / name / CASHREG).is_file()), None)
    if where is None:
        raise NotSent("terminal_setup", f"{folder}: {CASHREG} expected in one of {', '.join(folders)}")
    return _read(folder, found, where / CASHREG, profile)


def _read(folder: Path, program: Path, file: Path, profile: Profile) -> Setup:
    settings = _Settings(file, _text(file))
    directory = program.parent
    results = {name: settings.file(key, default, directory, folder) for name, (key, default) in RESULTS.items()}
    results["output"] = directory / profile.output
    if len(set(results.values())) < len(results):
        _trouble(file, f"two results have one name: {', '.join(path.name for path in results.values())}")
    operations = settings.file("OPERATION_INI_FILE", "ops.ini", file.parent, folder)
    if not operations.is_file():
        _trouble(operations, "expected, as OPERATION_INI_FILE says; it is not there")
    texts = settings.file("RC_RESOLVE_FILE", "rc_res.ini", file.parent, folder)
    return Setup(
        place=Place(program, directory, results),
        charset=profile.charset if profile.charset != AUTO else _charset(settings),
        separator=settings.value("CHEQ_SEPARATOR"),
        operations=read_operations(_text(operations)),
        operations_file=operations,
        texts=_texts(_text(texts)) if texts.is_file() else {},
        confirmed=profile.operations,
    )


class _Settings:
    """``KEY=VALUE`` lines; a key that is there twice is one setting only as long as both say the same."""

    def __init__(self, file: Path, text: str) -> None:
        self._file = file
        self._found: dict[str, list[tuple[int, str]]] = {}
        for number, line in enumerate(text.splitlines(), 1):
            row = _SETTING.fullmatch(line.partition("#")[0].partition(";")[0])
            if row is not None:
                self._found.setdefault(row[1].upper(), []).append((number, row[2].strip('"')))

    def value(self, key: str) -> str:
        found = self._found.get(key, [])
        if len({value for _, value in found}) > 1:
            lines = ", ".join(f"line {number}" for number, _ in found)
            _trouble(self._file, f"{key} expected once, it is in {lines}")
        return found[0][1] if found else ""

    def file(self, key: str, default: str, directory: Path, inside: Path) -> Path:
        """Its name is relative to ``directory``. What lies elsewhere than in the terminal's folder is not touched."""
        value = self.value(key) or default
        line = next((f" line {number}" for number, _ in self._found.get(key, [])), "")
        path = directory / value
        if not _is_below(path, inside):
            _trouble(self._file, f"{key}={value[:LONGEST_NAME]}: a file in {inside} expected", line)
        return path


def _is_below(path: Path, folder: Path) -> bool:
    if not str(path.name).isprintable() or len(path.name) > LONGEST_NAME:
        return False
    try:
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, ValueError):
        return False


def _charset(settings: _Settings) -> str:
    told = {key: settings.value(key) for key in CHARSET_KEYS if settings.value(key)}
    known: dict[str, str] = {}
    for key, value in told.items():
        page = code_page(value)
        if page is None:
            expected = f"one of {', '.join(CHARSETS)} expected"
            raise NotSent("terminal_setup", f"{CASHREG}: {key}={value[:40]}: {expected}; or choose in the profile")
        known[key] = page
    if len(set(known.values())) > 1:
        said = ", ".join(f"{key}={value}" for key, value in told.items())
        raise NotSent(
            "terminal_setup", f"{CASHREG}: one code page expected, there are two: {said}; choose in the profile"
        )
    return next(iter(known.values()), DEFAULT_CHARSET)


def _texts(text: str) -> Mapping[str, str]:
    rows = (re.fullmatch(r"\s*([0-9]{1,4})\s*=\s*(.*?)\s*", line) for line in text.splitlines())
    return {row[1].zfill(3): row[2] for row in rows if row is not None}


def _text(file: Path) -> str:
    """INI files bear no code page, and one of Windows may lie beside one of DOS: the more Russian reading is right."""
    try:
        with file.open("rb") as opened:
            data = opened.read(MOST)
    except OSError as error:
        raise NotSent("terminal_setup", f"{file}: {error.strerror}") from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        readings = (data.decode(page, "replace") for page in INI_CHARSETS)
        return max(readings, key=lambda text: len(_RUSSIAN.findall(text)))


def _trouble(file: Path, what: str, line: str = "") -> NoReturn:
    raise NotSent("terminal_setup", f"{file}{line}: {what}")
