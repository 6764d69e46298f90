"""/jobs/{job_id}/receipt.svg and .html: the fiscal document of a job, drawn from what the register's archive holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Path, Query, Response

from protocol.crm.codes import Language
from protocol.ffd import labels
from protocol.ffd.layout import DEFAULT_WIDTH, MIN_WIDTH, layout
from protocol.ffd.money import parse_kopecks
from protocol.ffd.sheet import Line
from server.pictures import draw_html, draw_svg
from server.problems import Problem
from server.routers.common import PROBLEMS, Here, JobsReader, Services, Speaks
from server.services import jobs as service
from server.services.access import Caller
from server.store.models import Job

router = APIRouter(prefix="/jobs", tags=["jobs"], responses=PROBLEMS)
_log = structlog.get_logger("server.pictures")

MAX_WIDTH = 64
JobIdPath = Annotated[str, Path(max_length=200)]
Width = Annotated[int, Query(ge=MIN_WIDTH, le=MAX_WIDTH, description="Characters in a line")]
_SAFE = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, no-cache",
}
Draw = Callable[[Sequence[Line], int, str], str]


def _response(media_type: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {media_type: {"schema": {"type": "string"}}}, "description": "The document"}}


@router.get("/{job_id}/receipt.svg", response_class=Response, responses=_response("image/svg+xml"))
async def receipt_svg(job_id: JobIdPath, here: Here, caller: JobsReader, width: Width = DEFAULT_WIDTH) -> Response:
    """The document as it stands on paper, with its QR code. 404 ``no_document_yet`` while there is none."""
    return await _drawn(
        here, caller, job_id, width, "image/svg+xml", lambda *drawn: draw_svg(*drawn[:2], title=drawn[2])
    )


@router.get("/{job_id}/receipt.html", response_class=Response, responses=_response("text/html"))
async def receipt_html(
    job_id: JobIdPath, here: Here, caller: JobsReader, language: Speaks, width: Width = DEFAULT_WIDTH
) -> Response:
    """The same as a page that can be printed; it loads nothing."""
    return await _drawn(here, caller, job_id, width, "text/html", _page(language))


def _page(language: Language) -> Draw:
    return lambda lines, width, title: draw_html(lines, width, title=title, language=language)


async def _drawn(here: Services, caller: Caller, job_id: str, width: int, media_type: str, draw: Draw) -> Response:
    async with here.database.read() as work:
        row = await service.find(work, caller.tenant_id, job_id)
    if row.document is None:
        raise Problem(404, "no_document_yet", job_id=job_id)
    try:
        drawn = draw(*_laid_out(row, width))
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
        # An agent of another version may know tags in a form that we do not.
        _log.warning("document_not_drawn", job_id=job_id, error=f"{type(error).__name__}: {error}")
        raise Problem(409, "document_unreadable", job_id=job_id) from None
    return Response(drawn, media_type=media_type, headers=_SAFE)


def _laid_out(row: Job, width: int) -> tuple[list[Line], int, str]:
    document = row.document or {}
    kind, tags = str(document["type"]), document["tags"]
    given = (row.proof or {}).get("change")
    change = parse_kopecks(given) if given is not None else None
    title = f"{labels.TITLES.get(kind, 'ФИСКАЛЬНЫЙ ДОКУМЕНТ')} № {document['fd']}"
    return layout(kind, tags, width=width, change=change), width, title
