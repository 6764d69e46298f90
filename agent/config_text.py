"""The text of config.toml: its encoding, where each key stands, and what a person most likely did wrong on a line."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

Path_ = tuple[str | int, ...]
"""Where a value stands: ``("devices", 0, "kkm_id")``."""

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"^\s*(?:\"([^\"]+)\"|'([^']+)'|([^\s=#\[\"']+))\s*=")
_PLACE = re.compile(r"\(at line (\d+), column (\d+)\)")
_ESCAPE = re.compile(r"\\(?!u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|[btnfr\"\\])")
_BARE_VALUE = re.compile(r"^\s*[^=#]+=\s*([^\s\"'\[{#][^#]*?)\s*(#.*)?$")
_TYPOGRAPHIC = "“”„«»‘’"


@dataclass(frozen=True, slots=True)
class Mistake:
    """What was found, what belongs there and what to do, for one line of the file."""

    found_ru: str
    found_en: str
    expected_ru: str
    expected_en: str
    mend_ru: str
    mend_en: str


_AS_UTF8 = Mistake(
    "", "", "текст в кодировке UTF-8", "text in UTF-8",
    "откройте файл в Блокноте: Файл → Сохранить как… → Кодировка: UTF-8",
    "open the file in Notepad: File → Save as… → Encoding: UTF-8",
)  # fmt: skip


def decode(raw: bytes) -> str | tuple[int | None, Mistake]:
    """The text of the file; a mark that Notepad puts before UTF-8 is dropped. Otherwise the line (if it can be told)
    and what to do."""
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\x00" in raw[:200]:
        return None, _encoded("файл в кодировке UTF-16 («Юникод» в Блокноте)", "a UTF-16 file (“Unicode” in Notepad)")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return line, _encoded(
            "буквы не в UTF-8, скорее всего Windows-1251 (ANSI)",
            "letters not in UTF-8, most likely Windows-1251 (ANSI)",
        )


def _encoded(ru: str, en: str) -> Mistake:
    m = _AS_UTF8
    return Mistake(ru, en, m.expected_ru, m.expected_en, m.mend_ru, m.mend_en)


def key_lines(text: str) -> dict[Path_, int]:
    """Line (from 1) of every ``key =`` and ``[table]`` of the file. For explanations only: a line inside a multi-line
    string may be taken for a key."""
    lines: dict[Path_, int] = {}
    arrays: dict[str, int] = {}
    table: Path_ = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            names = tuple(part.strip().strip("\"'") for part in header[2].split("."))
            if header[1] == "[[":
                index = arrays[header[2]] = arrays.get(header[2], -1) + 1
                table = (*names, index)
                lines.setdefault(names, number)
            else:
                table = names
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            lines.setdefault((*table, key[1] or key[2] or key[3]), number)
    return lines


def place_of(error: Exception) -> tuple[int | None, int | None]:
    """Line and column of a TOML syntax error (Python 3.11 says them only in its words)."""
    place = _PLACE.search(str(error))
    return (int(place[1]), int(place[2])) if place else (None, None)


def explain_syntax(line: str) -> Mistake:
    """The likeliest mistake of a line that is no TOML."""
    shown = line.strip()[:80]
    found = (f"«{shown}»", f"“{shown}”") if shown else ("конец файла", "the end of the file")
    if '"' in line and _ESCAPE.search(line):
        return Mistake(
            *found,
            "путь с обратными чертами в одинарных кавычках", "a path with backslashes in single quotes",
            "замените двойные кавычки одинарными: 'C:\\ProgramData\\KassaBridge'",
            "use single quotes instead of double ones: 'C:\\ProgramData\\KassaBridge'",
        )  # fmt: skip
    if any(mark in line for mark in _TYPOGRAPHIC):
        return Mistake(
            *found, "прямые кавычки \"…\" или '…'", "straight quotes \"…\" or '…'",
            "замените «ёлочки» и “лапки” прямыми кавычками", "replace typographic quotes by straight ones",
        )  # fmt: skip
    if bare := _BARE_VALUE.match(line):
        key = line.split("=", 1)[0].strip()
        return Mistake(
            *found, "значение в кавычках", "a value in quotes",
            f'напишите {key} = "{bare[1]}"', f'write {key} = "{bare[1]}"',
        )  # fmt: skip
    if line.count('"') % 2 or line.count("'") % 2:
        return Mistake(
            *found, "закрытая кавычка в конце значения", "a closing quote after the value",
            "добавьте недостающую кавычку", "add the missing quote",
        )  # fmt: skip
    return Mistake(
        *found, "строка вида ключ = \"значение\" или [раздел]", "a line like key = \"value\" or [table]",
        "исправьте строку по образцу config.example.toml", "mend the line after config.example.toml",
    )  # fmt: skip
