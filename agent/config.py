"""config.toml: which server, where the data lives, which devices stand here.

``load_config`` gives a ``Config`` or raises ``ConfigError``, which names file, line, key, what was found, what is
expected and how to mend it; no other exception comes of a bad file.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.config_text import Mistake, Path_, decode, explain_syntax, key_lines, place_of
from agent.problems import UserError, name_cyrillic
from drivers.address import AddressError, parse_address

APP = "KassaBridge"
EXAMPLE = "config.example.toml"
LOOPBACK = ("localhost", "127.0.0.1", "::1")

Language = Literal["ru", "en"]
LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["console", "json"]
Consent = Literal["ask", "always"]
"""To a bundle that support asks for: somebody at this PC is asked, or its owner has agreed to all."""

_KKM_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")


@dataclass(frozen=True, slots=True)
class Device:
    kkm_id: str
    driver: str
    address: str
    profile: Path | None = None


@dataclass(frozen=True, slots=True)
class Config:
    path: Path
    server_url: str | None
    data_dir: Path
    language: Language
    log_level: LogLevel
    log_format: LogFormat
    devices: tuple[Device, ...]
    consent: Consent = "ask"

    @property
    def journal_path(self) -> Path:
        return self.data_dir / "journal.sqlite3"


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake of the file. ``line`` counts from 1."""

    line: int | None
    column: int | None
    key: str
    mistake: Mistake

    def ru(self, path: Path) -> str:
        m = self.mistake
        where = f"{path}" + (f", строка {self.line}" if self.line else "") + self._column("знак")
        key = f", ключ {self.key}" if self.key else ""
        return f"{where}{key}: {m.found_ru}. Ожидается: {m.expected_ru}. Что делать: {m.mend_ru}."

    def en(self, path: Path) -> str:
        m = self.mistake
        where = f"{path}" + (f", line {self.line}" if self.line else "") + self._column("column")
        key = f", key {self.key}" if self.key else ""
        return f"{where}{key}: {m.found_en}. Expected: {m.expected_en}. To mend: {m.mend_en}."

    def _column(self, word: str) -> str:
        return f", {word} {self.column}" if self.column else ""


class ConfigError(UserError):
    """Everything that is wrong with the file, in the order of its lines."""

    def __init__(self, path: Path, problems: list[Problem]) -> None:
        self.path = path
        self.problems = tuple(sorted(problems, key=lambda p: (p.line or 0, p.column or 0)))
        super().__init__(
            "bad_config",
            "\n".join(p.ru(path) for p in self.problems),
            "\n".join(p.en(path) for p in self.problems),
        )

    def as_dict(self) -> dict[str, Any]:
        return super().as_dict() | {
            "file": str(self.path),
            "problems": [
                {"line": p.line, "column": p.column, "key": p.key, "found": p.mistake.found_en,
                 "expected": p.mistake.expected_en, "mend": p.mistake.mend_en}
                for p in self.problems
            ],
        }  # fmt: skip


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Server(_Section):
    url: str | None = None


class _Agent(_Section):
    data_dir: str | None = None
    language: Language = "ru"
    log_level: LogLevel = "info"
    log_format: LogFormat = "console"


class _Device(_Section):
    kkm_id: str
    driver: str
    address: str
    profile: str | None = None


class _Support(_Section):
    consent: Consent = "ask"


class _File(_Section):
    server: _Server = Field(default_factory=_Server)
    agent: _Agent = Field(default_factory=_Agent)
    support: _Support = Field(default_factory=_Support)
    devices: list[_Device] = Field(default_factory=list)


def machine_data_dir() -> Path:
    """Where the agent's data lives when the file does not say: machine-wide, one journal whoever is signed in; the
    user's own folder only where the machine-wide one cannot be written."""
    wide = Path(platformdirs.site_data_dir(APP, appauthor=False))
    return wide if _writable(wide) else Path(platformdirs.user_data_dir(APP, appauthor=False))


def _writable(folder: Path) -> bool:
    """Whether ``folder`` can be written or made; asking makes nothing."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK)


def default_config_path() -> Path:
    """``config.toml`` of the current folder, else the one beside the machine's data."""
    here = Path("config.toml")
    return here if here.exists() else machine_data_dir() / "config.toml"


def load_config(path: Path | str) -> Config:
    """Read and judge ``path``. A relative folder in it is relative to the file."""
    path = Path(path)
    text = _read(path)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(path, [_syntax(text, error)]) from None
    lines = key_lines(text)
    try:
        file = _File.model_validate(data)
    except ValidationError as error:
        raise ConfigError(path, [_shape(item, lines) for item in error.errors()]) from None
    problems = list(_judge(file, lines))
    if problems:
        raise ConfigError(path, problems)
    folder = path.absolute().parent
    return Config(
        path=path.absolute(),
        server_url=file.server.url.rstrip("/") if file.server.url else None,
        data_dir=folder / file.agent.data_dir if file.agent.data_dir else machine_data_dir(),
        language=file.agent.language,
        log_level=file.agent.log_level,
        log_format=file.agent.log_format,
        devices=tuple(
            Device(d.kkm_id, d.driver, d.address, folder / d.profile if d.profile else None) for d in file.devices
        ),
        consent=file.support.consent,
    )


def _read(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise UserError(
            "no_config",
            f"Файла настроек {path} нет. Скопируйте {EXAMPLE} под этим именем и исправьте его.",
            f"There is no configuration file {path}. Copy {EXAMPLE} to that name and edit it.",
        ) from None
    except OSError as error:
        raise UserError(
            "config_unreadable",
            f"Файл настроек {path} не читается: {error.strerror}. Проверьте права и что это файл, а не папка.",
            f"The configuration file {path} cannot be read: {error.strerror}. Check its rights, and that it is a file.",
        ) from None
    decoded = decode(raw)
    if isinstance(decoded, str):
        return decoded
    line, mistake = decoded
    raise ConfigError(path, [Problem(line, None, "", mistake)])


def _syntax(text: str, error: tomllib.TOMLDecodeError) -> Problem:
    line, column = place_of(error)
    lines = text.splitlines()
    content = lines[line - 1] if line is not None and line <= len(lines) else ""
    if not content.strip() and line is not None and line > 1:
        # An unclosed quote is noticed at the end of its line, which may be the start of the next.
        line, column, content = line - 1, None, lines[line - 2] if line - 2 < len(lines) else ""
    key = content.split("=", 1)[0].strip() if "=" in content else ""
    return Problem(line if line is not None else len(lines) or 1, column, key, explain_syntax(content))


# --- shape: keys and types ------------------------------------------------------------------------------------------

_MODELS: dict[tuple[str, ...], type[BaseModel]] = {
    (): _File,
    ("server",): _Server,
    ("agent",): _Agent,
    ("support",): _Support,
    ("devices",): _Device,
}
_CHOICES: dict[str, tuple[str, ...]] = {
    "language": get_args(Language),
    "log_level": get_args(LogLevel),
    "log_format": get_args(LogFormat),
    "consent": get_args(Consent),
}


def _shape(item: Any, lines: dict[Path_, int]) -> Problem:
    """A problem out of one of pydantic's, told by its type and place."""
    where: Path_ = tuple(item["loc"])
    kind: str = item["type"]
    name = str(where[-1]) if where else ""
    shown = _shown(item["input"])
    found_ru, found_en = f"найдено {shown}", f"found {shown}"
    if kind == "extra_forbidden":
        known = list(_MODELS[tuple(str(p) for p in where[:-1] if not isinstance(p, int))].model_fields)
        near = get_close_matches(name, known, n=1, cutoff=0.5)
        ru = f"переименуйте «{name}» в «{near[0]}»" if near else "удалите эту строку"
        en = f"rename “{name}” to “{near[0]}”" if near else "delete this line"
        cyrillic = name_cyrillic(name)
        mistake = Mistake(
            f"неизвестный ключ «{name}»" + (f" ({cyrillic[0]})" if cyrillic else ""),
            f"unknown key “{name}”" + (f" ({cyrillic[1]})" if cyrillic else ""),
            f"один из: {', '.join(known)}", f"one of: {', '.join(known)}", ru, en,
        )  # fmt: skip
    elif kind == "missing":
        mistake = Mistake(
            f"нет ключа «{name}»", f"the key “{name}” is missing",
            f"{name} = \"…\"", f"{name} = \"…\"",
            f"добавьте строку {name} = \"…\" (см. {EXAMPLE})", f"add a line {name} = \"…\" (see {EXAMPLE})",
        )  # fmt: skip
    elif kind == "literal_error":
        choices = _CHOICES.get(name, ())
        near = get_close_matches(str(item["input"]).lower(), choices, n=1, cutoff=0.4) or list(choices[:1])
        mistake = Mistake(
            found_ru, found_en, f"одно из: {', '.join(choices)}", f"one of: {', '.join(choices)}",
            f'напишите {name} = "{near[0]}"', f'write {name} = "{near[0]}"',
        )  # fmt: skip
    elif kind == "string_type":
        value = "…" if isinstance(item["input"], (dict, list)) else str(item["input"])
        mistake = Mistake(
            f"{found_ru} — это не текст", f"{found_en}, which is not text",
            "текст в кавычках", "text in quotes", f'напишите {name} = "{value}"', f'write {name} = "{value}"',
        )  # fmt: skip
    elif name == "devices" or where[:1] == ("devices",):
        mistake = Mistake(
            found_ru, found_en, "раздел [[devices]] для каждого устройства", "a table [[devices]] for every device",
            "напишите [[devices]] с двойными скобками", "write [[devices]] with double brackets",
        )  # fmt: skip
    else:
        mistake = Mistake(
            found_ru, found_en, f"раздел [{name}]", f"a table [{name}]",
            f"напишите [{name}] отдельной строкой, ключи под ней", f"write [{name}] on its own line, keys below it",
        )  # fmt: skip
    return Problem(_line(where, lines), None, _dotted(where), mistake)


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "[…]"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"«{text[:60]}»"


def _dotted(where: Path_) -> str:
    text = ""
    for part in where:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _line(where: Path_, lines: dict[Path_, int]) -> int | None:
    """Line of the key, or of the nearest table around it that stands in the file."""
    while where:
        if where in lines:
            return lines[where]
        where = where[:-1]
    return None


# --- values ---------------------------------------------------------------------------------------------------------


def _judge(file: _File, lines: dict[Path_, int]) -> Iterator[Problem]:
    def problem(where: Path_, mistake: Mistake) -> Problem:
        return Problem(_line(where, lines), None, _dotted(where), mistake)

    if file.server.url is not None and (mistake := url_mistake(file.server.url)):
        yield problem(("server", "url"), mistake)
    if file.agent.data_dir is not None and (mistake := _path_mistake("data_dir", file.agent.data_dir)):
        yield problem(("agent", "data_dir"), mistake)
    seen: dict[str, int | None] = {}
    for index, device in enumerate(file.devices):
        at: Path_ = ("devices", index)
        if mistake := _kkm_id_mistake(device.kkm_id):
            yield problem((*at, "kkm_id"), mistake)
        elif device.kkm_id in seen:
            first = seen[device.kkm_id]
            yield problem(
                (*at, "kkm_id"),
                Mistake(
                    f"kkm_id «{device.kkm_id}» уже есть в строке {first}",
                    f"kkm_id “{device.kkm_id}” already stands in line {first}",
                    "свой kkm_id у каждого устройства", "a kkm_id of its own for every device",
                    "возьмите kkm_id этой кассы в справочнике CRM", "take this register's kkm_id from the CRM",
                ),
            )  # fmt: skip
        else:
            seen[device.kkm_id] = _line((*at, "kkm_id"), lines)
        if mistake := _address_mistake(device.address):
            yield problem((*at, "address"), mistake)
        if device.profile is not None and (mistake := _path_mistake("profile", device.profile)):
            yield problem((*at, "profile"), mistake)


def is_loopback(host: str | None) -> bool:
    return host is not None and (host in LOOPBACK or host.startswith("127."))


def url_mistake(url: str) -> Mistake | None:
    """What is wrong with the address of a server; plain http is for this very PC only."""
    example_ru = example_en = "https://kassa.example.ru"
    found = f"«{url}»", f"“{url}”"
    if cyrillic := name_cyrillic(url):
        return Mistake(
            f"{found[0]}: {cyrillic[0]}", f"{found[1]}: {cyrillic[1]}",
            f"адрес латиницей, например {example_ru}", f"an address in Latin letters, for example {example_en}",
            "сотрите эту букву и наберите её в английской раскладке",
            "delete that letter and type it with the English keyboard layout",
        )  # fmt: skip
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        parts, host = urlsplit(""), None
    if parts.scheme == "https" and host and not any(c.isspace() for c in url) and not (parts.query or parts.fragment):
        return None
    if parts.scheme == "http" and is_loopback(host):
        return None
    expected = f"адрес вида {example_ru}", f"an address like {example_en}"
    if parts.scheme == "http" and host:
        return Mistake(
            f"{found[0]} без шифрования", f"{found[1]}, not encrypted", *expected,
            "замените http:// на https://", "replace http:// by https://",
        )  # fmt: skip
    return Mistake(
        *found, *expected,
        "скопируйте адрес сервера из CRM целиком", "copy the server's address from the CRM as a whole",
    )  # fmt: skip


def _kkm_id_mistake(kkm_id: str) -> Mistake | None:
    if _KKM_ID.fullmatch(kkm_id):
        return None
    expected = "от 1 до 64 знаков A-Z a-z 0-9 . _ : -", "1 to 64 of A-Z a-z 0-9 . _ : -"
    if cyrillic := name_cyrillic(kkm_id):
        return Mistake(
            f"«{kkm_id}»: {cyrillic[0]}", f"“{kkm_id}”: {cyrillic[1]}", *expected,
            "сотрите эту букву и наберите её в английской раскладке",
            "delete that letter and type it with the English keyboard layout",
        )  # fmt: skip
    return Mistake(
        f"«{kkm_id}»", f"“{kkm_id}”", *expected,
        "скопируйте KKM_ID из справочника касс CRM", "copy the KKM_ID from the CRM's directory",
    )  # fmt: skip


def _address_mistake(address: str) -> Mistake | None:
    found_ru, found_en = "", ""
    try:
        parsed = parse_address(address)
    except AddressError as error:
        found_ru, found_en = error.ru, error.en
    else:
        if parsed.scheme not in ("tcp", "http", "https") or not name_cyrillic(parsed.target):
            return None  # a path may well be Russian, the name of a host may not
    if cyrillic := name_cyrillic(address):
        found_ru, found_en = f"«{address}»: {cyrillic[0]}", f"“{address}”: {cyrillic[1]}"
    return Mistake(
        found_ru, found_en,
        "адрес вида tcp:192.168.137.111:7778 или serial:COM3?baud=115200",
        "an address like tcp:192.168.137.111:7778 or serial:COM3?baud=115200",
        "напишите способ подключения, двоеточие и место, латиницей и без пробелов",
        "write the kind of connection, a colon and the place, in Latin letters, without blanks",
    )  # fmt: skip


def _path_mistake(key: str, value: str) -> Mistake | None:
    """``"C:\\temp"`` in double quotes is read as a tab and ``emp``: valid TOML, and never what was meant."""
    if all(ord(character) >= 0x20 for character in value):
        return None
    return Mistake(
        f"{value!r}: обратная черта прочитана как управляющий знак",
        f"{value!r}: a backslash was read as a control character",
        "путь в одинарных кавычках", "a path in single quotes",
        f"напишите {key} = 'C:\\…' в одинарных кавычках", f"write {key} = 'C:\\…' in single quotes",
    )  # fmt: skip
