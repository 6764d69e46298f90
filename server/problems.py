"""Every error as problem+json (RFC 9457): a code, words in the caller's language, what to do, the fields at fault."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from protocol.crm.codes import CODES, Language, reason
from protocol.ffd.violation import ReceiptInvalid, Violation

MEDIA_TYPE = "application/problem+json"
_log = structlog.get_logger("server.problems")


@dataclass(frozen=True, slots=True)
class FieldError:
    field: str
    rule: str
    expected: str
    code: str
    text_ru: str
    text_en: str

    def shown(self, language: Language) -> dict[str, str]:
        return {
            "field": self.field,
            "rule": self.rule,
            "expected": self.expected,
            "code": self.code,
            "text": self.text_ru if language == "ru" else self.text_en,
        }


class Problem(Exception):
    """The request is refused: nothing was changed. ``code`` is an entry of ``protocol.crm.codes``."""

    def __init__(
        self,
        status: int,
        code: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        **params: Any,
    ) -> None:
        super().__init__(status, code)
        self.status = status
        self.code = code
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.params = params


def language_of(header: str | None) -> Language:
    """The first of our two languages that Accept-Language names; Russian when it names neither."""
    for part in (header or "").split(","):
        tag = part.split(";")[0].strip().lower().split("-")[0]
        if tag == "en":
            return "en"
        if tag == "ru":
            return "ru"
    return "ru"


def answer(problem: Problem, language: Language) -> JSONResponse:
    words = reason(problem.code, language=language)
    errors = [error.shown(language) for error in problem.errors]
    detail = " ".join([words.text, *(error["text"] for error in errors[:3])])
    body: dict[str, Any] = {
        "type": f"urn:kassabridge:problem:{problem.code}",
        "title": words.text,
        "status": problem.status,
        "detail": detail,
        "code": problem.code,
        "advice": words.advice,
        "safe_to_repeat": words.safe_to_repeat,
        "errors": errors,
    }
    if problem.params:
        body["params"] = problem.params
    return JSONResponse(
        body,
        problem.status,
        headers={"Content-Language": language, "Vary": "Accept-Language", **problem.headers},
        media_type=MEDIA_TYPE,
    )


def refuse_receipt(violations: Sequence[Violation]) -> Problem:
    return Problem(
        422,
        "bad_payload",
        errors=[
            FieldError(f"payload.{v.field}" if v.field else "payload", v.rule, v.expected, v.code, v.text_ru, v.text_en)
            for v in violations
        ],
    )


def install(app: FastAPI) -> None:
    @app.exception_handler(Problem)
    async def _ours(request: Request, error: Problem) -> JSONResponse:
        return answer(error, _language(request))

    @app.exception_handler(ReceiptInvalid)
    async def _receipt(request: Request, error: ReceiptInvalid) -> JSONResponse:
        return answer(refuse_receipt(error.violations), _language(request))

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        problem = Problem(422, "bad_request", errors=[field_error(e) for e in error.errors()])
        return answer(problem, _language(request))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        codes = {404: "not_found", 405: "method_not_allowed", 401: "unauthorized", 403: "forbidden"}
        problem = Problem(error.status_code, codes.get(error.status_code, "bad_request"), headers=error.headers)
        return answer(problem, _language(request))

    @app.exception_handler(Exception)
    async def _unforeseen(request: Request, error: Exception) -> JSONResponse:
        _log.error("unforeseen", path=request.url.path, exc_info=error)
        return answer(Problem(500, "internal"), _language(request))


def _language(request: Request) -> Language:
    return language_of(request.headers.get("accept-language"))


_RULES: dict[str, tuple[str, str, str, str]] = {
    # pydantic's error type: code, expected, Russian, English
    "missing": ("E_MISSING", "a value", "обязательное поле не заполнено", "required field is missing"),
    "extra_forbidden": ("E_UNKNOWN_FIELD", "no such field", "неизвестное поле", "unknown field"),
    "json_invalid": ("E_JSON", "a JSON document", "это не JSON", "this is not JSON"),
}


def field_error(error: Mapping[str, Any]) -> FieldError:
    """One of pydantic's errors in our words."""
    where = [part for part in error["loc"] if part not in ("body", "query", "path")]
    field = ""
    for part in where if error["type"] != "json_invalid" else []:
        field += f"[{part}]" if isinstance(part, int) else f".{part}" if field else str(part)
    given, context = error.get("input"), error.get("ctx") or {}
    code, expected, ru, en = _RULES.get(error["type"], ("E_VALUE", "", "неверное значение", "wrong value"))
    if not expected:
        expected = str(context.get("pattern") or context.get("expected") or error["msg"])
    if isinstance(given, str):
        stranger = foreign_letter(given)
        if error["type"] == "string_pattern_mismatch" and stranger is not None:
            position, letter = stranger
            ru = f"знак «{letter}» на месте {position} не латинский"
            en = f"the character «{letter}» at position {position} is not a Latin one"
            code = "E_LETTER"
    subject_ru, subject_en = (f"Поле {field}: ", f"Field {field}: ") if field else ("", "")
    return FieldError(field, error["type"], expected, code, f"{subject_ru}{ru}.", f"{subject_en}{en}.")


def foreign_letter(text: str) -> tuple[int, str] | None:
    """Position, counted from 1, and the first character that is not ASCII: a Cyrillic letter looks like a Latin one."""
    for position, letter in enumerate(text, 1):
        if not letter.isascii():
            return position, letter
    return None


def known(code: str) -> bool:
    return code in CODES
