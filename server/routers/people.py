"""/users and /api-keys: who may come in."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import IntegrityError

from server.fields import Words
from server.pages import DEFAULT_LIMIT, CursorQuery, Limit, cursor_of, cut, key_of
from server.problems import Problem, unknown
from server.routers.agents import public_url
from server.routers.common import PROBLEMS, Here, PeopleCaller, Services
from server.services import access, people
from server.services.access import Scope
from server.services.people import Invited, UserPatch, UserPost, UserView
from server.services.roles import Role
from server.store.database import Work
from server.store.models import ApiKey
from server.store.people import User

router = APIRouter(tags=["people"], responses=PROBLEMS)
UserId = Annotated[str, Path(max_length=64)]


class UserPage(BaseModel):
    users: list[UserView]
    cursor: str | None


class InvitedView(BaseModel):
    """``link`` sets the password, once, until ``expires_at``. It is shown only now: hand it over yourself."""

    user: UserView
    link: str
    expires_at: datetime


class KeyPost(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    name: Words
    scopes: Annotated[list[Annotated[Scope, Field(strict=False)]], Field(min_length=1, max_length=len(Scope))]


class KeyView(BaseModel):
    key_id: str
    name: str | None
    scopes: list[str]
    created_at: datetime
    revoked_at: datetime | None


class KeyMade(KeyView):
    """``api_key`` is shown when the key is made, and never again."""

    api_key: str


class KeyList(BaseModel):
    api_keys: list[KeyView]


# --- people ----------------------------------------------------------------------------------------------------------


@router.get("/users")
async def list_users(
    here: Here, caller: PeopleCaller, cursor: CursorQuery = None, limit: Limit = DEFAULT_LIMIT
) -> UserPage:
    """By login, dismissed ones too."""
    after = key_of(cursor, str) if cursor is not None else None
    async with here.database.read() as work:
        rows, more = cut(await people.page(work, caller.tenant_id, after, limit + 1), limit)
        shown = await people.views(work, rows)
    return UserPage(users=shown, cursor=cursor_of((rows[-1].login,)) if more else None)


@router.post("/users", status_code=201)
async def invite(asked: UserPost, here: Here, caller: PeopleCaller, request: Request) -> InvitedView:
    """Invites somebody: a link of one use, for three days. Nobody can give more rights than they have."""
    people.may_give(caller, asked.role)
    try:
        async with here.database.write(by=caller.actor) as work:
            made = await people.invite(work, here.world, caller.tenant_id, asked)
            return await _invited(here, work, request, made)
    except IntegrityError:  # a rival took the login at the same moment
        raise Problem(409, "login_taken", login=asked.login, user_id=None) from None


@router.patch("/users/{user_id}")
async def patch_user(user_id: UserId, asked: UserPatch, here: Here, caller: PeopleCaller) -> UserView:
    """Role, name, language, dismissal. It holds at once: a dismissed person's sessions and streams end."""
    async with here.database.write(by=caller.actor) as work:
        row = await _within_reach(work, caller, user_id)
        if asked.role is not None:
            people.may_give(caller, asked.role)
        await people.change(work, row, asked)
        await work.flush()
        return (await people.views(work, [row]))[0]


@router.post("/users/{user_id}/invitation", status_code=201)
async def invite_again(user_id: UserId, here: Here, caller: PeopleCaller, request: Request) -> InvitedView:
    """A new link, for somebody who has lost the first one or the password. The password of today works until then."""
    async with here.database.write(by=caller.actor) as work:
        row = await _within_reach(work, caller, user_id)
        return await _invited(here, work, request, await people.invite_again(work, here.world, row))


async def _within_reach(work: Work, caller: access.Caller, user_id: str) -> User:
    """A person over whom the caller may decide: whoever can reset an owner's password can be an owner."""
    row = await people.find(work, caller.tenant_id, user_id)
    people.may_give(caller, Role(row.role))
    return row


async def _invited(here: Services, work: Work, request: Request, made: Invited) -> InvitedView:
    await work.flush()
    base = public_url(here.settings.public_url, request)
    shown = (await people.views(work, [made.user]))[0]
    return InvitedView(user=shown, link=f"{base}/invite/{made.code}", expires_at=made.expires_at)


# --- keys ------------------------------------------------------------------------------------------------------------


def _key(row: ApiKey) -> KeyView:
    return KeyView(
        key_id=row.key_id,
        name=row.name,
        scopes=row.scopes.split(),
        created_at=row.created_at,
        revoked_at=row.revoked_at,
    )


@router.get("/api-keys")
async def list_keys(here: Here, caller: PeopleCaller) -> KeyList:
    """Without their secrets, revoked ones too."""
    async with here.database.read() as work:
        return KeyList(api_keys=[_key(row) for row in await access.keys_of(work, caller.tenant_id)])


@router.post("/api-keys", status_code=201)
async def make_key(asked: KeyPost, here: Here, caller: PeopleCaller) -> KeyMade:
    """A new key, shown once. A key can be given no scope that its maker lacks."""
    scopes = [scope for scope in Scope if scope in asked.scopes]
    if caller.role != Role.OWNER and (lacking := [scope for scope in scopes if scope not in caller.scopes]):
        raise Problem(403, "forbidden", scope=lacking[0])
    async with here.database.write(by=caller.actor) as work:
        token, row = access.made_key(work, here.world, caller.tenant_id, scopes, asked.name)
        await work.flush()
        return KeyMade(**_key(row).model_dump(), api_key=token)


@router.delete("/api-keys/{key_id}")
async def revoke_key(key_id: Annotated[str, Path(max_length=64)], here: Here, caller: PeopleCaller) -> KeyView:
    """Refused from now on, its open streams end. Again is the same."""
    async with here.database.write(by=caller.actor) as work:
        row = await access.revoke(work, key_id, caller.tenant_id)
        if row is None:
            raise unknown(404, "unknown_key", "key_id", key_id)
        return _key(row)
