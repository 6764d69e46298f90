"""The manager's PIN: the second person's word where one is not enough. Kept as an scrypt hash beside the journal.

Wrong tries cost time: after ``TRIES`` of them in a row each further one is refused until a pause that doubles is over.
The count stands on disk, so that a restart does not begin it anew.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from agent.private_file import write_private
from agent.problems import UserError

FILE = "manager-pin.json"
SHORTEST, LONGEST = 4, 12  # digits
TRIES = 5
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
_COST = {"n": 1 << 14, "r": 8, "p": 1}


@dataclass(frozen=True, slots=True)
class _Kept:
    salt: str
    digest: str
    wrong: int = 0
    until: str | None = None  # before this moment no further try counts


class ManagerPin:
    def __init__(self, folder: Path, now: Callable[[], datetime], random_bytes: Callable[[int], bytes] = os.urandom):
        """``now`` with zone."""
        self._path = folder / FILE
        self._now = now
        self._random_bytes = random_bytes

    @property
    def is_set(self) -> bool:
        return self._path.exists()

    def set(self, pin: str, *, old: str | None = None) -> None:
        """Raises ``UserError``: ``bad_pin`` for what is no PIN, ``wrong_pin`` when the old one is not right."""
        if not (pin.isascii() and pin.isdigit() and SHORTEST <= len(pin) <= LONGEST) or len(set(pin)) == 1:
            raise UserError(
                "bad_pin",
                f"ПИН-код: от {SHORTEST} до {LONGEST} цифр, не все одинаковые.",
                f"The PIN has {SHORTEST} to {LONGEST} digits, not all the same.",
            )
        if self.is_set:
            self.check(old or "")
        salt = self._random_bytes(16)
        self._write(_Kept(salt.hex(), _digest(pin, salt)))

    def check(self, pin: str) -> None:
        """Returns when it is right. Raises ``UserError``: ``no_pin`` (none was set), ``wrong_pin``, ``pin_locked``."""
        kept = self._read()
        if kept is None:
            raise UserError(
                "no_pin",
                "ПИН-код управляющего не задан: kassabridge agent pin.",
                "No manager's PIN has been set: kassabridge agent pin.",
                exit_code=1,
            )
        now = self._now()
        if kept.until is not None and now < datetime.fromisoformat(kept.until):
            raise _locked(datetime.fromisoformat(kept.until) - now)
        if hmac.compare_digest(_digest(pin, bytes.fromhex(kept.salt)), kept.digest):
            if kept.wrong:
                self._write(replace(kept, wrong=0, until=None))
            return
        wrong = kept.wrong + 1
        pause = min(FIRST_PAUSE * 2 ** min(wrong - TRIES, 16), LONGEST_PAUSE) if wrong >= TRIES else None
        self._write(replace(kept, wrong=wrong, until=(now + pause).isoformat() if pause is not None else None))
        raise UserError("wrong_pin", "ПИН-код неверен.", "The PIN is wrong.", exit_code=1)

    def _read(self) -> _Kept | None:
        try:
            told: dict[str, Any] = json.loads(self._path.read_text(encoding="utf-8"))
            return _Kept(**told)
        except FileNotFoundError:
            return None
        except (ValueError, TypeError) as error:
            raise UserError(
                "pin_unreadable",
                f"Файл {self._path} повреждён. Удалите его и задайте ПИН-код снова: kassabridge agent pin.",
                f"The file {self._path} is damaged. Delete it and set the PIN again: kassabridge agent pin.",
                exit_code=1,
            ) from error

    def _write(self, kept: _Kept) -> None:
        told = {"salt": kept.salt, "digest": kept.digest, "wrong": kept.wrong, "until": kept.until}
        write_private(self._path, json.dumps(told).encode())


def _digest(pin: str, salt: bytes) -> str:
    return hashlib.scrypt(pin.encode(), salt=salt, **_COST).hex()


def _locked(left: timedelta) -> UserError:
    minutes = -(-int(left.total_seconds()) // 60)
    return UserError(
        "pin_locked",
        f"Слишком много неверных ПИН-кодов. Подождите {minutes} мин.",
        f"Too many wrong PINs. Wait {minutes} min.",
        exit_code=1,
    )
