"""A mistake told to the person at the keyboard: a stable code and the same sentence in Russian and in English."""

from __future__ import annotations

from typing import Any

from protocol.latin import name_cyrillic as name_cyrillic


class UserError(Exception):
    """Never shown with a traceback. ``exit_code`` is 2 for wrong use or bad input, 1 when what was asked for failed."""

    def __init__(self, code: str, ru: str, en: str, *, exit_code: int = 2) -> None:
        super().__init__(code, ru, en)
        self.code = code
        self.ru = ru
        self.en = en
        self.exit_code = exit_code

    def __str__(self) -> str:
        return f"{self.ru}\n{self.en}"

    def as_dict(self) -> dict[str, Any]:
        return {"code": self.code, "text": self.ru, "text_en": self.en}
