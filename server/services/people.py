"""People of a tenant: invited by a link, given a role, dismissed. What is changed here holds at the next request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from sqlalchemy import delete, select

from server.fields import Words
from server.keys import token_hash
from server.pages import Key
from server.problems import Problem, unknown
from server.services import codes, passwords, signin
from server.services.access import Caller
from server.services.roles import SCOPES, Role
from server.store.database import Work
from server.store.models import Tenant
from server.store.people import Invitation, KnownDevice, User
from server.world import World

INVITATION_LIFE = timedelta(days=3)
CODE_LENGTH = 20  # of 30 letters each: 98 bits

Login = Annotated[
    str,
    BeforeValidator(lambda given: given.strip().casefold() if isinstance(given, str) else given),
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9._@+\-]{1,63}$"),
]
RoleWord = Annotated[Role, Field(strict=False)]
LanguageWord = Literal["ru", "en"]
Password = Annotated[str, StringConstraints(max_length=passwords.LONGEST)]


class UserPost(BaseModel):
    """Somebody who shall be invited."""

    model_config = ConfigDict(extra="forbid", strict=True)
    name: Words
    login: Login
    role: RoleWord
    language: LanguageWord | None = None


class UserPatch(BaseModel):
    """What is left out stays."""

    model_config = ConfigDict(extra="forbid", strict=True)
    name: Words | None = None
    role: RoleWord | None = None
    language: LanguageWord | None = None
    dismissed: bool | None = None


class UserView(BaseModel):
    """``active``: a password is set and nobody has dismissed this person. ``invited_until``: while a link is open."""

    user_id: str
    login: str
    name: str
    role: Role
    language: LanguageWord | None
    active: bool
    created_at: datetime
    password_set_at: datetime | None
    dismissed_at: datetime | None
    invited_until: datetime | None


@dataclass(frozen=True, slots=True)
class Invited:
    """``code`` is seen only now."""

    user: User
    code: str
    expires_at: datetime


# --- who there is ----------------------------------------------------------------------------------------------------


async def find(work: Work, tenant_id: str, user_id: str) -> User:
    row = await work.session.get(User, user_id, with_for_update=True)
    if row is None or row.tenant_id != tenant_id:
        raise unknown(404, "unknown_user", "user_id", user_id)
    return row


async def page(work: Work, tenant_id: str, after: Key | None, limit: int) -> Sequence[User]:
    """By login, behind the cursor."""
    query = select(User).where(User.tenant_id == tenant_id)
    if after is not None:
        query = query.where(User.login > str(after[0]))
    return await work.session.scalars(query.order_by(User.login).limit(limit))


async def views(work: Work, rows: Sequence[User]) -> list[UserView]:
    query = select(Invitation).where(Invitation.user_id.in_([row.id for row in rows]))
    invited = {row.user_id: row.expires_at for row in await work.session.scalars(query)}
    return [_view(row, invited.get(row.id), work.now) for row in rows]


def _view(row: User, invited_until: datetime | None, now: datetime) -> UserView:
    return UserView.model_validate(
        {
            "user_id": row.id,
            "login": row.login,
            "name": row.name,
            "role": row.role,
            "language": row.language,
            "active": row.dismissed_at is None and row.password_hash is not None,
            "created_at": row.created_at,
            "password_set_at": row.password_set_at,
            "dismissed_at": row.dismissed_at,
            "invited_until": invited_until if invited_until is not None and now <= invited_until else None,
        }
    )


# --- what is done with them ------------------------------------------------------------------------------------------


def may_give(caller: Caller, role: Role) -> None:
    """Nobody makes more of another person than there is of himself. Raises ``Problem``."""
    lacking = SCOPES[role] - caller.scopes
    if caller.role != Role.OWNER and lacking:
        raise Problem(403, "forbidden", scope=sorted(lacking)[0])


async def invite(work: Work, world: World, tenant_id: str, asked: UserPost) -> Invited:
    """A new person, and the link that sets the password."""
    known = await work.session.scalar(select(User).where(User.login == asked.login))
    if known is not None:
        mine = known.tenant_id == tenant_id
        raise Problem(409, "login_taken", login=asked.login, user_id=known.id if mine else None)
    row = User(
        id=world.new_id("us"),
        tenant_id=tenant_id,
        login=asked.login,
        name=asked.name,
        role=asked.role.value,
        language=asked.language,
        created_at=work.now,
    )
    work.session.add(row)
    await work.session.flush()
    return await invite_again(work, world, row)


async def invite_again(work: Work, world: World, row: User) -> Invited:
    """A new link; the one before it is worth nothing from now on."""
    if row.dismissed_at is not None:
        raise Problem(409, "user_dismissed", user_id=row.id)
    await _drop_invitation(work, row)
    code = codes.made(world, CODE_LENGTH)
    expires_at = work.now + INVITATION_LIFE
    work.session.add(
        Invitation(
            hash=token_hash(code), tenant_id=row.tenant_id, user_id=row.id, created_at=work.now, expires_at=expires_at
        )
    )
    return Invited(row, code, expires_at)


async def _drop_invitation(work: Work, row: User) -> None:
    for old in await work.session.scalars(select(Invitation).where(Invitation.user_id == row.id)):
        work.session.delete(old)
    await work.session.flush()


async def change(work: Work, row: User, asked: UserPatch) -> None:
    """Raises ``Problem`` ``last_owner`` when nobody would be left who may do everything."""
    given = asked.model_fields_set
    demoted = asked.role is not None and asked.role != row.role and row.role == Role.OWNER
    if demoted or (asked.dismissed and row.dismissed_at is None and row.role == Role.OWNER):
        await _another_owner(work, row)
    if asked.name is not None:
        row.name = asked.name
    if "language" in given:
        row.language = asked.language
    if asked.role is not None and asked.role != row.role:
        row.role = asked.role.value
        work.told.add(row.tenant_id)  # streams that this role may not read end
    if asked.dismissed is True and row.dismissed_at is None:
        await dismiss(work, row)
    elif asked.dismissed is False:
        row.dismissed_at = None


async def dismiss(work: Work, row: User) -> None:
    """Out, everywhere, at once. Whoever comes back needs a new link."""
    row.dismissed_at, row.password_hash = work.now, None
    await _drop_invitation(work, row)
    await signin.end(work, row)
    await work.session.execute(delete(KnownDevice).where(KnownDevice.user_id == row.id))


async def _another_owner(work: Work, row: User) -> None:
    owners = await work.session.scalars(
        select(User)
        .where(User.tenant_id == row.tenant_id, User.role == Role.OWNER.value, User.dismissed_at.is_(None))
        .order_by(User.id)
        .with_for_update()  # two owners may be dismissing each other
    )
    if not any(owner.id != row.id and owner.password_hash is not None for owner in owners):
        raise Problem(409, "last_owner", user_id=row.id)


# --- the person's own ------------------------------------------------------------------------------------------------


async def invited_by(work: Work, code: str) -> tuple[User, Tenant, Invitation]:
    """Whom a link invites. Raises ``Problem`` ``invitation_unknown`` or ``invitation_over``."""
    row = await work.session.get(Invitation, token_hash(codes.normalised(code)), with_for_update=True)
    if row is None:
        raise Problem(404, "invitation_unknown")
    if work.now > row.expires_at:
        raise Problem(410, "invitation_over")
    user = await work.session.get_one(User, row.user_id, with_for_update=True)
    return user, await work.session.get_one(Tenant, row.tenant_id), row


async def accept(work: Work, user: User, invitation: Invitation, password_hash: str) -> None:
    """The link is used up; whoever was signed in by the password before is not."""
    work.session.delete(invitation)
    await set_password(work, user, password_hash, but=None)


async def set_password(work: Work, user: User, password_hash: str, *, but: str | None) -> None:
    """``but``: the session that goes on; all others end."""
    user.password_hash, user.password_set_at = password_hash, work.now
    await signin.end(work, user, but=but)
