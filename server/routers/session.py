"""/session and /invitations: how a person comes in, and out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from server.problems import Problem
from server.routers.browser import address_of, browser_of, give, not_from_elsewhere, take_back
from server.routers.common import PROBLEMS, Here, Services, SignedIn, not_too_often
from server.services import passwords, people, signin
from server.services.people import LanguageWord, Password
from server.services.roles import Role
from server.services.signin import Begun, Person
from server.store.actor import Actor, ActorKind
from server.store.database import Work
from server.store.models import Tenant
from server.store.people import Invitation, User

router = APIRouter(tags=["people"], responses=PROBLEMS)
Code = Annotated[str, Path(max_length=64)]


class SignInAsked(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    login: Annotated[str, StringConstraints(max_length=200)]
    password: Annotated[str, StringConstraints(max_length=passwords.LONGEST)]


class PersonView(BaseModel):
    """``scopes``: what this person may do."""

    user_id: str
    tenant_id: str
    tenant: str
    name: str
    login: str
    role: Role
    scopes: list[str]
    language: LanguageWord | None


class SessionView(BaseModel):
    """``csrf`` goes into the header ``X-CSRF-Token`` of every request that changes something."""

    csrf: str
    person: PersonView


class SessionLine(BaseModel):
    session_id: str
    current: bool
    created_at: datetime
    seen_at: datetime
    address: str
    browser: str


class SessionList(BaseModel):
    sessions: list[SessionLine]


class PasswordChange(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    old: Annotated[str, StringConstraints(max_length=passwords.LONGEST)]
    new: Password


class InvitationView(BaseModel):
    name: str
    login: str
    tenant: str
    role: Role
    expires_at: datetime


class PasswordSet(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    password: Password


def view(person: Person) -> SessionView:
    return SessionView(
        csrf=person.csrf,
        person=PersonView.model_validate(
            {
                "user_id": person.user_id,
                "tenant_id": person.tenant_id,
                "tenant": person.tenant,
                "name": person.name,
                "login": person.login,
                "role": person.role,
                "scopes": sorted(person.caller.scopes),
                "language": person.language,
            }
        ),
    )


# --- what pages do as well -------------------------------------------------------------------------------------------


async def come_in(here: Services, request: Request, login: str, password: str) -> Begun:
    """Raises ``Problem``. ``browser.give`` puts its cookies on the answer."""
    not_from_elsewhere(request, here.settings.public_url)
    return await signin.sign_in(here.database, here.world, here.passwords, login, password, browser_of(request))


async def go_out(here: Services, person: Person) -> None:
    async with here.database.write(by=person.caller.actor) as work:
        user = await work.session.get_one(User, person.user_id)
        await signin.end(work, user, only=person.session_id)


async def accept(here: Services, request: Request, code: str, password: str) -> Begun:
    """Sets the password of the invited person, who is signed in by it. Raises ``Problem``."""
    not_from_elsewhere(request, here.settings.public_url)
    async with here.database.read() as work:
        user, _, _ = await _invited(here, request, work, code)
    passwords.judge(password, user.login)
    hashed = await here.passwords.hash(password)
    browser = browser_of(request)
    async with here.database.write(by=Actor(ActorKind.USER, user.id, user.name, browser.address)) as work:
        user, _, invitation = await people.invited_by(work, code)
        await people.accept(work, user, invitation, hashed)
        return await signin.begin(work, here.world, user, browser)


async def change_password(here: Services, person: Person, old: str, new: str) -> None:
    """Raises ``Problem``. A wrong old password counts like a try to sign in from a device that is known."""
    passwords.judge(new, person.login, "new")
    await signin.confirm(here.database, here.passwords, person, old)
    hashed = await here.passwords.hash(new)
    async with here.database.write(by=person.caller.actor) as work:
        user = await people.find(work, person.tenant_id, person.user_id)
        await people.set_password(work, user, hashed, but=person.session_id)


async def _invited(here: Services, request: Request, work: Work, code: str) -> tuple[User, Tenant, Invitation]:
    """Whoever names codes that there are not is slowed down like one with wrong keys."""
    address = address_of(request)
    not_too_often(here.rates.strangers.blocked(address))
    try:
        return await people.invited_by(work, code)
    except Problem as problem:
        if problem.status == 404:
            not_too_often(here.rates.strangers.take(address))
        raise


# --- the API ---------------------------------------------------------------------------------------------------------


@router.post("/session")
async def sign_in(asked: SignInAsked, here: Here, request: Request, response: Response) -> SessionView:
    """Signs in. The answer brings the session's cookie; what changes something needs ``csrf`` as well."""
    begun = await come_in(here, request, asked.login, asked.password)
    give(response, begun, secure=here.secure)
    return view(begun.person)


@router.get("/session")
async def see_session(person: SignedIn) -> SessionView:
    """Who is signed in here."""
    return view(person)


@router.delete("/session", status_code=204, response_class=Response)
async def sign_out(person: SignedIn, here: Here) -> Response:
    await go_out(here, person)
    response = Response(status_code=204)
    take_back(response, secure=here.secure)
    return response


@router.post("/session/password", status_code=204, response_class=Response)
async def post_password(asked: PasswordChange, person: SignedIn, here: Here) -> Response:
    """A new password. Every other session of this person ends."""
    await change_password(here, person, asked.old, asked.new)
    return Response(status_code=204)


@router.get("/sessions")
async def list_sessions(person: SignedIn, here: Here) -> SessionList:
    """Where this person is signed in, the latest first."""
    async with here.database.read() as work:
        rows = await signin.of_user(work, person.user_id)
    return SessionList(
        sessions=[
            SessionLine(
                session_id=row.session_id,
                current=row.session_id == person.session_id,
                created_at=row.created_at,
                seen_at=row.seen_at,
                address=row.address,
                browser=row.browser,
            )
            for row in rows
        ]
    )


@router.delete("/sessions", status_code=204, response_class=Response)
async def end_others(person: SignedIn, here: Here) -> Response:
    """Ends every session of this person but this one."""
    async with here.database.write(by=person.caller.actor) as work:
        await signin.end(work, await work.session.get_one(User, person.user_id), but=person.session_id)
    return Response(status_code=204)


@router.delete("/sessions/{session_id}", status_code=204, response_class=Response)
async def end_one(session_id: Annotated[str, Path(max_length=64)], person: SignedIn, here: Here) -> Response:
    """Ends one session of this person. Gone already is as good."""
    async with here.database.write(by=person.caller.actor) as work:
        await signin.end(work, await work.session.get_one(User, person.user_id), only=session_id)
    return Response(status_code=204)


@router.get("/invitations/{code}")
async def see_invitation(code: Code, here: Here, request: Request) -> InvitationView:
    """Whom the link invites. It needs no session: the code is the right."""
    async with here.database.read() as work:
        user, tenant, invitation = await _invited(here, request, work, code)
        return InvitationView(
            name=user.name,
            login=user.login,
            tenant=tenant.name,
            role=Role(user.role),
            expires_at=invitation.expires_at,
        )


@router.post("/invitations/{code}")
async def accept_invitation(
    code: Code, asked: PasswordSet, here: Here, request: Request, response: Response
) -> SessionView:
    """Sets the password, once, and signs in."""
    begun = await accept(here, request, code, asked.password)
    give(response, begun, secure=here.secure)
    return view(begun.person)
