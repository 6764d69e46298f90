"""Passwords: what is a good one, and its hash. Hashing is slow on purpose, so it leaves the loop, a few at a time."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import Parameters, PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from server.fields import FieldError
from server.problems import Problem

T = TypeVar("T")
SHORTEST, LONGEST = 10, 200
WORKERS = 2  # each takes 64 MiB for its time
WAITING = 32  # more than these wait for nobody

_COMMON = frozenset({  # of those that are long enough
    "1234567890", "0123456789", "0987654321", "9876543210", "12345678910", "123456789a", "1q2w3e4r5t", "1qaz2wsx3edc",
    "qazwsxedcrfv", "qwertyuiop", "qwerty12345", "qwerty123456", "qwertyuiop123", "asdfghjkl1", "zxcvbnm123",
    "1234qwerasdf", "q1w2e3r4t5", "йцукенгшщз", "йцукен12345", "йцукен123456", "фывапролджэ", "ячсмитьбю1",
    "пароль12345", "парольпароль", "password12", "password123", "password1234", "password12345", "passw0rd123",
    "p@ssw0rd123", "passwordpassword", "adminadmin", "admin12345", "admin123456", "administrator", "администратор",
    "iloveyou12", "letmein1234", "welcome123", "welcome1234", "changeme123", "secret1234", "qwerty2026",
    "password2026", "kassabridge", "кассабридж", "касса12345", "кассир12345", "kassa12345", "kassir12345",
    "moscow12345", "москва12345", "любимая123", "наташа12345", "спартак1922", "zaqwsxcderfv", "qweasdzxc123",
    "a1b2c3d4e5", "abcdefghij", "abcd123456", "aaaabbbbcccc",
})  # fmt: skip


def normal(password: str) -> str:
    """One spelling of what the same keys give on different computers."""
    return unicodedata.normalize("NFKC", password)


def judge(password: str, login: str, field: str = "password") -> None:
    """Raises ``Problem`` ``weak_password`` with the rule that it breaks."""
    plain = normal(password).casefold()
    if len(normal(password)) < SHORTEST:
        raise _weak(field, "length", f"{SHORTEST}..{LONGEST}", f"короче {SHORTEST} знаков", f"below {SHORTEST} signs")
    if len(password) > LONGEST:
        raise _weak(field, "length", f"{SHORTEST}..{LONGEST}", f"длиннее {LONGEST} знаков", f"above {LONGEST} signs")
    if plain == login or plain == login.partition("@")[0] * 2:
        raise _weak(field, "login", "not the login", "это логин", "it is the login")
    if plain in _COMMON or len(set(plain)) < 4:
        raise _weak(field, "common", "one that nobody guesses", "его угадывают первым", "it is guessed among the first")


def _weak(field: str, rule: str, expected: str, ru: str, en: str) -> Problem:
    words = (f"Поле {field}: {ru}.", f"Field {field}: {en}.")
    return Problem(422, "weak_password", errors=[FieldError(field, rule, expected, "E_PASSWORD", *words)])


class Passwords:
    """``hash`` and ``check``. Raises ``Problem`` ``too_many_sign_ins`` when too many wait already."""

    def __init__(self, parameters: Parameters) -> None:
        self._hasher = PasswordHasher.from_parameters(parameters)
        self._threads = ThreadPoolExecutor(WORKERS, "argon2")
        self._going_on = 0
        self._nobodys: str | None = None

    async def hash(self, password: str) -> str:
        return await self._apart(lambda: self._hasher.hash(normal(password)))

    async def check(self, known: str | None, password: str) -> bool:
        """Whether it is the password of this hash. Without a hash (nobody has this login) it takes as long."""
        return await self._apart(lambda: self._matches(known, password))

    def is_old(self, known: str) -> bool:
        """Whether the hash was made by other parameters than are good today."""
        return self._hasher.check_needs_rehash(known)

    def _matches(self, known: str | None, password: str) -> bool:
        if self._nobodys is None:
            self._nobodys = self._hasher.hash("nobody's password")
        try:
            self._hasher.verify(known or self._nobodys, normal(password))
        except (VerificationError, InvalidHashError):
            return False
        return known is not None

    async def _apart(self, work: Callable[[], T]) -> T:
        if self._going_on >= WAITING:
            raise Problem(429, "too_many_sign_ins", headers={"Retry-After": "5"}, retry_after_s=5)
        self._going_on += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._going_on -= 1

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
