"""/audit: who did what."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel

from protocol.crm.jobs import Sha256
from server.pages import DEFAULT_LIMIT, CursorQuery, Limit, cursor_of, cut, key_of
from server.problems import FieldError, Problem
from server.routers.common import PROBLEMS, Here, PeopleCaller
from server.services import audit as service
from server.services.audit import EntryView, VerdictView

router = APIRouter(prefix="/audit", tags=["audit"], responses=PROBLEMS)
Word = Annotated[str | None, Query(max_length=64)]


class AuditPage(BaseModel):
    entries: list[EntryView]
    cursor: str | None


@router.get("")
async def list_entries(
    here: Here,
    caller: PeopleCaller,
    subject_kind: Word = None,
    subject_id: Word = None,
    actor_kind: Word = None,
    actor_id: Word = None,
    action: Word = None,
    since: Annotated[AwareDatetime | None, Query(description="At this moment or later")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Before this moment")] = None,
    cursor: CursorQuery = None,
    limit: Limit = DEFAULT_LIMIT,
) -> AuditPage:
    """Newest first."""
    before = int(key_of(cursor, int)[0]) if cursor is not None else None
    wanted = service.Filter(subject_kind, subject_id, actor_kind, actor_id, action, since, until)
    async with here.database.read() as work:
        rows, more = cut(await service.page(work, caller.tenant_id, wanted, before, limit + 1), limit)
    return AuditPage(entries=[service.view(row) for row in rows], cursor=cursor_of((rows[-1].n,)) if more else None)


@router.get("/verify")
async def verify(
    here: Here,
    caller: PeopleCaller,
    n: Annotated[int | None, Query(ge=0, le=2**63 - 1, description="A head that was kept: its number")] = None,
    hash_: Annotated[Sha256 | None, Query(alias="hash", description="and its hash")] = None,
) -> VerdictView:
    """Goes through the whole chain. With ``n`` and ``hash`` of an earlier answer it also sees whether lines at the end
    were taken away since."""
    if (n is None) != (hash_ is None):
        words = ("Поля n и hash: нужны оба или ни одного.", "Fields n and hash: both or none are needed.")
        raise Problem(422, "bad_request", errors=[FieldError("hash", "pair", "n and hash", "E_VALUE", *words)])
    async with here.database.read() as work:
        known = (n, hash_) if n is not None and hash_ is not None else None
        return await service.verify(work, caller.tenant_id, known)
