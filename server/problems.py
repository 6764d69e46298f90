"""Every error as problem+json (RFC 9457): a code, words in the caller's language, what to do, the fields at fault."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from protocol.crm.codes import Language, reason
from protocol.ffd.violation import ReceiptInvalid, Violation
from server.fields import MAX_SHOWN, field_errors, look_alikes
from server.fields import FieldError as FieldError

MEDIA_TYPE = "application/problem+json"
DEFAULT_LANGUAGE: Language = "ru"
_LANGUAGES: Mapping[str, Language] = {"ru": "ru", "en": "en"}
_log = structlog.get_logger("server.problems")


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


def unknown(status: int, code: str, field: str, given: str) -> Problem:
    """Nothing has this id; a letter that no id can contain is named with its place."""
    problem = Problem(status, code, errors=look_alikes(field, given))
    problem.params[field] = given[:200]
    return problem


class _Words(JSONResponse):
    def render(self, content: Any) -> bytes:
        """What a caller got wrong is repeated to him, half surrogate pairs as question marks."""
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def language_of(header: str | None) -> Language:
    """The one of our two languages that Accept-Language prefers (RFC 9110, 12.5.4); Russian when it names neither."""
    weights: dict[Language, float] = {}
    for part in (header or "").split(","):
        tag, *parameters = (word.strip().lower() for word in part.split(";"))
        language = _LANGUAGES.get(tag.split("-")[0])
        if language is not None:
            weights.setdefault(language, _weight(parameters))
    preferred = max(weights, key=lambda language: weights[language], default=DEFAULT_LANGUAGE)
    return preferred if weights.get(preferred) else DEFAULT_LANGUAGE


def _weight(parameters: list[str]) -> float:
    """0 to 1, of the parameter ``q``; 1 without one or with one that says nothing."""
    match = next((m for p in parameters if (m := re.fullmatch(r"q\s*=\s*([01](?:\.[0-9]{0,3})?)", p))), None)
    return min(float(match[1]), 1.0) if match else 1.0


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
    return _Words(
        body,
        problem.status,
        headers={"Content-Language": language, "Vary": "Accept-Language", **problem.headers},
        media_type=MEDIA_TYPE,
    )


def refuse_payload(violations: Sequence[Violation]) -> Problem:
    return Problem(
        422,
        "bad_payload",
        errors=[
            FieldError(f"payload.{v.field}" if v.field else "payload", v.rule, v.expected, v.code, v.text_ru, v.text_en)
            for v in violations[:MAX_SHOWN]
        ],
    )


def install(app: FastAPI) -> None:
    @app.exception_handler(Problem)
    async def _ours(request: Request, error: Problem) -> JSONResponse:
        return answer(error, _language(request))

    @app.exception_handler(ReceiptInvalid)
    async def _receipt(request: Request, error: ReceiptInvalid) -> JSONResponse:
        return answer(refuse_payload(error.violations), _language(request))

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        problem = Problem(422, "bad_request", errors=field_errors(error.errors()))
        return answer(problem, _language(request))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        codes = {404: "not_found", 405: "method_not_allowed", 401: "unauthorized", 403: "forbidden"}
        code = codes.get(error.status_code, "bad_request")
        strange = look_alikes("url", request.url.path) if error.status_code == 404 else ()
        problem = Problem(error.status_code, code, errors=strange, headers=error.headers)
        return answer(problem, _language(request))

    @app.exception_handler(Exception)
    async def _unforeseen(request: Request, error: Exception) -> JSONResponse:
        _log.error("unforeseen", path=request.url.path, exc_info=error)
        return answer(Problem(500, "internal"), _language(request))


def _language(request: Request) -> Language:
    return language_of(request.headers.get("accept-language"))
