"""A broken rule, told to the developer of a CRM: where, which rule, what was expected, in Russian and in English."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from protocol.ffd.money import MAX_SUM, format_kopecks

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Violation:
    code: str
    """Stable name: ``E_…`` for an error, ``W_…`` for a warning."""
    field: str
    """Where in the payload, e.g. ``items[2].price``; empty for the payload as a whole."""
    rule: str
    """The rule in the language of tags and formulas."""
    expected: str
    text_ru: str
    text_en: str
    severity: Severity = "error"
    got: str | None = None
    """What stands there instead, as text; ``None`` where nothing does or where it would only repeat the field."""


class ReceiptInvalid(ValueError):
    """A payload that breaks rules; carries everything that was found."""

    def __init__(self, violations: Iterable[Violation]) -> None:
        self.violations = tuple(violations)
        super().__init__("; ".join(f"{v.code} {v.field}: {v.text_en}" for v in self.violations))


def too_much(field: str, tag: int, amount: int) -> Violation:
    """A sum that some register could not take."""
    most, got = format_kopecks(MAX_SUM), format_kopecks(amount)
    return broken(
        "SUM_LIMIT",
        field,
        f"{tag} ≤ {most}",
        f"at most {most}",
        f"Сумма {got} больше той, что может принять касса: {most}.",
        f"The sum {got} is more than a register can take: {most}.",
        got=got,
    )


def broken(
    name: str,
    field: str,
    rule: str,
    expected: str,
    text_ru: str,
    text_en: str,
    *,
    severity: Severity = "error",
    got: str | None = None,
) -> Violation:
    """A violation named ``E_NAME`` or ``W_NAME`` by its severity."""
    prefix = "E" if severity == "error" else "W"
    return Violation(f"{prefix}_{name}", field, rule, expected, text_ru, text_en, severity, got)
