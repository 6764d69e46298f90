"""Signing in: a password to a session, a session to its person. Every request asks the rows anew."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy import bindparam, delete, select

from server.fields import look_alikes
from server.keys import token_hash
from server.problems import Problem
from server.services import throttle
from server.services.access import Caller, Scope, of_key
from server.services.passwords import Passwords
from server.services.roles import SCOPES, Role
from server.store.actor import Actor, ActorKind
from server.store.database import Database, Work
from server.store.models import Tenant
from server.store.people import KnownDevice, SignIn, User
from server.world import World

_log = structlog.get_logger("server.signin")

IDLE = timedelta(hours=12)
LONGEST = timedelta(days=30)
SEEN_EVERY = timedelta(minutes=5)
"""How exactly it is kept when a session was used last: not every request shall write."""
DEVICE_DAYS = 400

_BY_HASH = (
    select(SignIn, User, Tenant)
    .join(User, User.id == SignIn.user_id)
    .join(Tenant, Tenant.id == SignIn.tenant_id)
    .where(SignIn.hash == bindparam("hash"))
)
_BY_LOGIN = select(User).where(User.login == bindparam("login"))


@dataclass(frozen=True, slots=True)
class Browser:
    """Where somebody signs in. ``device``: the token of the cookie that this browser was given before."""

    address: str
    name: str = ""
    device: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who has signed in. ``csrf`` must come with everything that this session changes."""

    user_id: str
    tenant_id: str
    tenant: str
    name: str
    login: str
    role: Role
    language: str | None
    session_id: str
    csrf: str
    caller: Caller
    due: bool = False
    """It is time to note that the session is in use."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A session that has just begun: the only time that its tokens are seen."""

    token: str
    device: str
    person: Person


def folded(login: str) -> str:
    return login.strip().casefold()


def csrf_of(token: str) -> str:
    """It follows from the session's token, which no other site can read."""
    return token_hash(f"csrf\0{token}")


def csrf_good(person: Person, given: str | None) -> bool:
    return hmac.compare_digest(person.csrf.encode(), (given or "").encode("utf-8", "replace"))


# --- who it is -------------------------------------------------------------------------------------------------------


async def person_of(work: Work, token: str, address: str | None) -> Person | None:
    """``None``: the session is over, or its person is."""
    found = await _standing(work, token_hash(token))
    return _person(*found, csrf_of(token), work, address) if found is not None else None


async def _standing(work: Work, credential: str) -> tuple[SignIn, User, Tenant] | None:
    for row, user, tenant in await work.session.rows(_BY_HASH, {"hash": credential}):
        over = work.now - row.seen_at > IDLE or work.now - row.created_at > LONGEST
        if not over and user.dismissed_at is None:
            return row, user, tenant
    return None


def _person(row: SignIn, user: User, tenant: Tenant, csrf: str, work: Work, address: str | None) -> Person:
    role = Role(user.role)
    actor = Actor(ActorKind.USER, user.id, user.name, address)
    return Person(
        user_id=user.id,
        tenant_id=tenant.id,
        tenant=tenant.name,
        name=user.name,
        login=user.login,
        role=role,
        language=user.language,
        session_id=row.session_id,
        csrf=csrf,
        caller=Caller(tenant.id, frozenset(SCOPES[role]), actor, row.hash, user.id, role),
        due=work.now - row.seen_at >= SEEN_EVERY,
    )


async def seen(work: Work, credential: str) -> None:
    """The session is in use."""
    row = await work.session.get(SignIn, credential)
    if row is not None:
        row.seen_at = work.now


async def still(work: Work, caller: Caller, *any_of: Scope) -> bool:
    """Whether what this caller was let in by is good now, and for one of these scopes."""
    if caller.user_id is None:
        key = await of_key(work, caller.credential, caller.actor.address)
        return key is not None and not key.scopes.isdisjoint(any_of)
    found = await _standing(work, caller.credential)
    return found is not None and not SCOPES[Role(found[1].role)].isdisjoint(any_of)


# --- coming in -------------------------------------------------------------------------------------------------------


async def sign_in(
    database: Database, world: World, passwords: Passwords, login: str, password: str, browser: Browser
) -> Begun:
    """Raises ``Problem`` ``wrong_login`` or ``too_many_sign_ins``. A login that nobody has costs the same."""
    name = folded(login)[:200]
    async with database.read() as work:
        user = await work.session.scalar(_BY_LOGIN, {"login": name})
        known = await _known_device(work, user, browser)
    counted = throttle.counters(name, browser.address, known.hash if known is not None else None)
    try:
        async with database.write() as work:
            await throttle.take(work, counted)
    except Problem as problem:
        raise _refused(problem, user, browser) from None
    able = user is not None and user.dismissed_at is None
    good = await passwords.check(user.password_hash if user is not None and able else None, password)
    if user is None or not good:
        raise _refused(Problem(401, "wrong_login", errors=look_alikes("login", login[:200])), user, browser)
    stronger = await passwords.hash(password) if passwords.is_old(user.password_hash or "") else None
    async with database.write(by=Actor(ActorKind.USER, user.id, user.name, browser.address)) as work:
        row = await work.session.get_one(User, user.id, with_for_update=True)
        if row.dismissed_at is not None or row.password_hash != user.password_hash:
            raise _refused(Problem(401, "wrong_login"), user, browser)  # in the meantime
        if stronger is not None:
            row.password_hash = stronger
        await throttle.give_back(work, counted)
        return await begin(work, world, row, browser)


def _refused(problem: Problem, user: User | None, browser: Browser) -> Problem:
    """Leaves a line in the log. What was typed as a name is not in it: some type their password there."""
    known = {"user_id": user.id, "tenant_id": user.tenant_id} if user is not None else {}
    _log.warning("sign_in_refused", code=problem.code, address=browser.address, **known)
    return problem


async def confirm(database: Database, passwords: Passwords, person: Person, password: str) -> None:
    """The person who is signed in proves it once more. Raises ``Problem`` ``wrong_old_password``."""
    counted = throttle.counters(person.login, "", person.session_id)
    async with database.write() as work:
        await throttle.take(work, counted)
        user = await work.session.get_one(User, person.user_id)
    if not await passwords.check(user.password_hash, password):
        raise Problem(422, "wrong_old_password")
    async with database.write() as work:
        await throttle.give_back(work, counted)


async def _known_device(work: Work, user: User | None, browser: Browser) -> KnownDevice | None:
    if user is None or browser.device is None:
        return None
    row = await work.session.get(KnownDevice, token_hash(browser.device))
    return row if row is not None and row.user_id == user.id else None


async def begin(work: Work, world: World, user: User, browser: Browser) -> Begun:
    """A new session of a person who has proved to be it."""
    token = "ks_" + world.random_bytes(32).hex()
    known = await _known_device(work, user, browser)
    device = (
        browser.device if known is not None and browser.device is not None else "kd_" + world.random_bytes(32).hex()
    )
    if known is None:
        work.session.add(KnownDevice(hash=token_hash(device), user_id=user.id, used_at=work.now))
    else:
        known.used_at = work.now
    row = SignIn(
        hash=token_hash(token),
        session_id=world.new_id("ss"),
        tenant_id=user.tenant_id,
        user_id=user.id,
        created_at=work.now,
        seen_at=work.now,
        address=browser.address[:64],
        browser=browser.name[:200],
    )
    work.session.add(row)
    await work.session.flush()
    tenant = await work.session.get_one(Tenant, user.tenant_id)
    return Begun(token, device, _person(row, user, tenant, csrf_of(token), work, browser.address))


# --- going out -------------------------------------------------------------------------------------------------------


async def of_user(work: Work, user_id: str) -> Sequence[SignIn]:
    """Where this person is signed in, newest first."""
    query = select(SignIn).where(SignIn.user_id == user_id).order_by(SignIn.seen_at.desc(), SignIn.session_id.desc())
    rows = await work.session.scalars(query)
    return [row for row in rows if work.now - row.seen_at <= IDLE and work.now - row.created_at <= LONGEST]


async def end(work: Work, user: User, *, but: str | None = None, only: str | None = None) -> int:
    """Ends this person's sessions: all, all ``but`` one, or ``only`` one, named by their ids. Open streams end, too."""
    count = 0
    for row in await work.session.scalars(select(SignIn).where(SignIn.user_id == user.id)):
        if row.session_id != but and only in (None, row.session_id):
            work.session.delete(row)
            count += 1
    work.told.add(user.tenant_id)
    return count


async def prune(work: Work) -> None:
    """Sessions that time has ended, devices that nobody has used for long, buckets that are full again."""
    over = (SignIn.seen_at < work.now - IDLE) | (SignIn.created_at < work.now - LONGEST)
    for row in await work.session.scalars(select(SignIn).where(over).limit(1000)):
        work.session.delete(row)
    await work.session.execute(delete(KnownDevice).where(KnownDevice.used_at < work.now - timedelta(days=DEVICE_DAYS)))
    await throttle.forget(work)
