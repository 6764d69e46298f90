"""The words of one code."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    ru: str
    en: str
    advice_ru: str
    advice_en: str
    safe_to_repeat: bool


def worded(ru: str, en: str, advice_ru: str, advice_en: str, *, safe: bool = True) -> Code:
    return Code(ru, en, advice_ru, advice_en, safe)
