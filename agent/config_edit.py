"""Changes of config.toml that a program makes for a person: everything else in the file stays as it was written.

The new text is read back before it replaces the old file; what it then says must be what was wanted.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from agent.config import Config, Device, load_config
from agent.config_text import key_lines
from agent.problems import UserError

_VALUE = re.compile(r"""(=\s*)("(?:[^"\\]|\\.)*"|'[^']*')""")


def begin(path: Path) -> None:
    """A file that says nothing yet, where there is none. Raises ``UserError`` ``config_unwritable``."""
    if path.exists():
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("# KassaBridge: config.example.toml\n", encoding="utf-8")
    except OSError as error:
        raise _unwritable(path, error) from None


def add_device(path: Path, device: Device) -> Config:
    """One more device. A file that is not there yet is made. Raises ``UserError``: ``ConfigError``,
    ``config_not_changed``."""

    def more(text: str) -> str:
        lines = (
            "[[devices]]",
            f"kkm_id = {_quoted(device.kkm_id)}",
            f"driver = {_quoted(device.driver)}",
            f"address = {_quoted(device.address)}",
        )
        end = "\r\n" if "\r\n" in text else "\n"
        before = text if not text or text.endswith("\n") else text + end
        return before + (end if before else "") + "".join(line + end for line in lines)

    return _change(path, more, lambda devices: (*devices, device))


def move_device(path: Path, kkm_id: str, address: str) -> Config:
    """The same device at another address. Raises ``UserError``: ``ConfigError``, ``config_not_changed``."""
    devices = load_config(path).devices
    place = next((n for n, device in enumerate(devices) if device.kkm_id == kkm_id), None)

    def moved(text: str) -> str:
        line = key_lines(text).get(("devices", place if place is not None else -1, "address"))
        if line is None:
            return text
        lines = text.splitlines(keepends=True)
        lines[line - 1] = _VALUE.sub(lambda found: found[1] + _quoted(address), lines[line - 1], count=1)
        return "".join(lines)

    return _change(
        path,
        moved,
        lambda devices: tuple(replace(d, address=address) if d.kkm_id == kkm_id else d for d in devices),
    )


def _change(
    path: Path, edit: Callable[[str], str], wanted: Callable[[tuple[Device, ...]], tuple[Device, ...]]
) -> Config:
    before = load_config(path).devices if path.exists() else ()
    text = path.read_bytes().decode("utf-8-sig") if path.exists() else ""
    beside = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(edit(text), encoding="utf-8", newline="")
        try:
            found = load_config(beside)
            good = found.devices == wanted(before)
        except UserError as error:
            beside.unlink()
            raise UserError(error.code, error.ru, error.en) from None
        if not good:
            beside.unlink()
            raise _not_changed(path)
        os.replace(beside, path)
    except OSError as error:
        raise _unwritable(path, error) from None
    return load_config(path)


def _quoted(text: str) -> str:
    """A basic string of TOML, which escapes as JSON does."""
    return json.dumps(text, ensure_ascii=False)


def _unwritable(path: Path, error: OSError) -> UserError:
    return UserError(
        "config_unwritable",
        f"В {path} нельзя писать: {error.strerror}. Дайте права на эту папку.",
        f"{path} cannot be written: {error.strerror}. Grant access to that folder.",
    )


def _not_changed(path: Path) -> UserError:
    return UserError(
        "config_not_changed",
        f"{path} написан так, что программа не может изменить его сама. Впишите кассу вручную.",
        f"{path} is written in a way that the program cannot change by itself. Write the register by hand.",
    )
