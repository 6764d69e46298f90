"""A refusal in words for people: what is wrong, what to do, and which field of the form it concerns."""

from __future__ import annotations

from dataclasses import dataclass

from protocol.crm.codes import Language
from server.console.words import of_code
from server.fields import FieldError
from server.problems import Problem


@dataclass(frozen=True, slots=True)
class FieldTrouble:
    field: str
    text: str
    expected: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """``fields``: in the order in which they were found. Nothing is wrong when ``text`` is empty."""

    text: str = ""
    advice: str = ""
    fields: tuple[FieldTrouble, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.text)

    def at(self, field: str) -> str:
        """What is wrong at this field; parts of it count as the field itself."""
        return " ".join(
            found.text
            for found in self.fields
            if found.field == field or found.field.startswith((f"{field}.", f"{field}["))
        )


NONE = Trouble()


def trouble_of(problem: Problem, language: Language) -> Trouble:
    text, advice = of_code(problem.code, language)
    told = (
        FieldTrouble(error.field, error.text_ru if language == "ru" else error.text_en, error.expected)
        for error in problem.errors
    )
    return Trouble(text, advice, tuple(told))


def wrong_field(field: str, ru: str, en: str) -> Problem:
    """A field of a form that only the console has."""
    return Problem(422, "bad_request", errors=[FieldError(field, "form", "", "E_VALUE", ru, en)])
