"""``kassabridge-server keys|users|audit``: what somebody at the server's machine does inside a tenant."""

from __future__ import annotations

import argparse
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from sqlalchemy import select

from protocol.crm.codes import reason
from server.fields import field_errors, foreign_letter
from server.problems import Problem
from server.services import access, people
from server.services.access import Scope
from server.services.people import Invited, UserPatch, UserPost
from server.services.roles import Role
from server.store import audit
from server.store.database import Work
from server.store.models import ApiKey, Tenant
from server.store.people import User
from server.world import World


@dataclass(frozen=True, slots=True)
class Done:
    """``answer`` is what ``--json`` prints, ``lines`` what people read. ``good``: the checked thing is."""

    answer: dict[str, Any]
    lines: Sequence[dict[str, Any]]
    good: bool = True


Action = Callable[[Work, World, argparse.Namespace], Awaitable[Done | str]]
"""What was done, or the sentence that says what is wrong with the arguments."""


def add_to(add: Callable[..., argparse.ArgumentParser]) -> list[argparse.ArgumentParser]:
    """``add``: a parser's ``add_parser``."""
    keys = add("keys", help="API keys of a tenant").add_subparsers(required=True, metavar="ACTION")
    users = add("users", help="people of a tenant").add_subparsers(required=True, metavar="ACTION")
    chain = add("audit", help="who did what").add_subparsers(required=True, metavar="ACTION")

    made: list[argparse.ArgumentParser] = []

    def command(of: Any, name: str, does: str, action: Action, *, tenant: bool = True) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = of.add_parser(name, help=does)
        parser.set_defaults(action=action)
        if tenant:
            parser.add_argument("--tenant", required=True, metavar="NAME")
        made.append(parser)
        return parser

    key = command(keys, "add", "make another key, shown once", _add_key)
    key.add_argument("--name", metavar="WORDS", help="what it is for")
    key.add_argument("--scopes", required=True, metavar="LIST", help=f"words with commas between: {', '.join(Scope)}")
    command(keys, "list", "keys without their secrets", _list_keys)
    revoke = command(keys, "revoke", "refuse a key from now on", _revoke_key, tenant=False)
    revoke.add_argument("key_id", metavar="KEY_ID", help="as keys list shows it")

    command(users, "list", "who may sign in", _list_users)
    invite = command(users, "invite", "a link for somebody new", _invite)
    invite.add_argument("--name", required=True, metavar="WORDS", help="how this person is called")
    invite.add_argument("--role", required=True, metavar="ROLE", help=", ".join(Role))
    reset = command(users, "reset", "a new link, which replaces a forgotten password", _reset)
    dismiss = command(users, "dismiss", "out at once, everywhere", _dismiss)
    for parser in (invite, reset, dismiss):
        parser.add_argument("login", metavar="LOGIN")

    verify = command(chain, "verify", "whether a line was changed, moved or taken away", _verify)
    verify.add_argument("--head", metavar="N:HASH", help="an earlier answer, kept elsewhere: shows a cut-off end, too")
    return made


def sentence(problem: Problem) -> str:
    """A refusal in both languages."""
    words = [reason(problem.code, language=language) for language in ("ru", "en")]
    errors = [f"{error.text_ru} / {error.text_en}" for error in problem.errors]
    return " ".join([" / ".join(f"{said.text} {said.advice}" for said in words), *errors, f"({problem.code})"])


async def _tenant(work: Work, name: str) -> Tenant | None:
    return await access.tenant_named(work, name.strip())


def _no_tenant(name: str) -> str:
    strange = foreign_letter(name) if any(char.isascii() and char.isalpha() for char in name) else None
    hint = f" («{strange[1]}», {strange[0]}: не латинская / not Latin)" if strange is not None else ""
    return f"--tenant {name!r}{hint}: такой учётной записи нет / there is no such tenant"


# --- keys ------------------------------------------------------------------------------------------------------------


async def _add_key(work: Work, world: World, arguments: argparse.Namespace) -> Done | str:
    known = {scope.value: scope for scope in Scope}
    given = [word.strip() for word in arguments.scopes.split(",")]
    if strange := [word for word in given if word not in known]:
        return f"--scopes {strange[0]!r}: права / scopes: {', '.join(known)}"
    tenant = await _tenant(work, arguments.tenant)
    if tenant is None:
        return _no_tenant(arguments.tenant)
    token, row = access.made_key(work, world, tenant.id, [known[word] for word in given], arguments.name)
    answer = {"tenant": tenant.name, "key_id": row.key_id, "scopes": row.scopes, "api_key": token}
    return Done(answer, [answer])


async def _list_keys(work: Work, _: World, arguments: argparse.Namespace) -> Done | str:
    tenant = await _tenant(work, arguments.tenant)
    if tenant is None:
        return _no_tenant(arguments.tenant)
    keys = [_key(row) for row in await access.keys_of(work, tenant.id)]
    return Done({"keys": keys}, keys)


def _key(row: ApiKey) -> dict[str, Any]:
    return {
        "key_id": row.key_id,
        "name": row.name,
        "scopes": row.scopes,
        "created_at": row.created_at.isoformat(),
        "revoked_at": row.revoked_at.isoformat() if row.revoked_at is not None else None,
    }


async def _revoke_key(work: Work, _: World, arguments: argparse.Namespace) -> Done | str:
    row = await access.revoke(work, arguments.key_id)
    if row is None or row.revoked_at is None:
        return f"{arguments.key_id}: такого ключа нет / there is no such key"
    answer = {"key_id": row.key_id, "revoked_at": row.revoked_at.isoformat()}
    return Done(answer, [answer])


# --- people ----------------------------------------------------------------------------------------------------------


async def first_owner(work: Work, world: World, tenant_id: str, login: str | None) -> dict[str, Any]:
    """The link of a new tenant's first person. Raises ``Problem``."""
    wanted = login if login is not None else await _free_login(work)
    asked = _asked({"name": wanted, "login": wanted, "role": Role.OWNER})
    return _link(await people.invite(work, world, tenant_id, asked))


async def _free_login(work: Work) -> str:
    taken = set(await work.session.scalars(select(User.login).where(User.login.like("owner%"))))
    numbers = (int(found[1] or 1) for login in taken if (found := re.fullmatch(r"owner(\d*)", login)))
    number = max(numbers, default=0) + 1
    return "owner" if number == 1 else f"owner{number}"


def _link(made: Invited) -> dict[str, Any]:
    """``path`` goes behind the server's address."""
    return {
        "login": made.user.login,
        "path": f"/invite/{made.code}",
        "code": made.code,
        "expires_at": made.expires_at.isoformat(),
    }


def _asked(given: dict[str, Any]) -> UserPost:
    try:
        return UserPost.model_validate(given)
    except ValidationError as error:
        raise Problem(422, "bad_request", errors=field_errors(error.errors())) from None


async def _list_users(work: Work, _: World, arguments: argparse.Namespace) -> Done | str:
    tenant = await _tenant(work, arguments.tenant)
    if tenant is None:
        return _no_tenant(arguments.tenant)
    query = select(User).where(User.tenant_id == tenant.id).order_by(User.login)
    users = [view.model_dump(mode="json") for view in await people.views(work, await work.session.scalars(query))]
    return Done({"users": users}, users)


async def _invite(work: Work, world: World, arguments: argparse.Namespace) -> Done | str:
    tenant = await _tenant(work, arguments.tenant)
    if tenant is None:
        return _no_tenant(arguments.tenant)
    asked = _asked({"name": arguments.name, "login": arguments.login, "role": arguments.role})
    answer = _link(await people.invite(work, world, tenant.id, asked))
    return Done(answer, [answer])


async def _reset(work: Work, world: World, arguments: argparse.Namespace) -> Done | str:
    found = await _user(work, arguments)
    if isinstance(found, str):
        return found
    answer = _link(await people.invite_again(work, world, found))
    return Done(answer, [answer])


async def _dismiss(work: Work, _: World, arguments: argparse.Namespace) -> Done | str:
    found = await _user(work, arguments)
    if isinstance(found, str):
        return found
    await people.change(work, found, UserPatch(dismissed=True))
    await work.flush()
    (view,) = await people.views(work, [found])
    answer = view.model_dump(mode="json")
    return Done(answer, [answer])


async def _user(work: Work, arguments: argparse.Namespace) -> User | str:
    tenant = await _tenant(work, arguments.tenant)
    if tenant is None:
        return _no_tenant(arguments.tenant)
    login = arguments.login.strip().casefold()
    row = await work.session.scalar(select(User).where(User.tenant_id == tenant.id, User.login == login))
    return row if row is not None else f"{arguments.login!r}: такого человека нет / there is no such person"


# --- the audit -------------------------------------------------------------------------------------------------------


async def _verify(work: Work, _: World, arguments: argparse.Namespace) -> Done | str:
    tenant = await _tenant(work, arguments.tenant)
    if tenant is None:
        return _no_tenant(arguments.tenant)
    head = re.fullmatch(r"(\d{1,18}):([0-9a-f]{64})", arguments.head or "")
    if arguments.head is not None and head is None:
        return f"--head {arguments.head!r}: N:HASH"
    found = await audit.verify(work.session, tenant.id, (int(head[1]), head[2]) if head is not None else None)
    answer = {
        "good": found.good,
        "head": f"{found.n}:{found.hash}",
        "broken_at": found.broken_at,
        "why": found.why,
    }
    return Done(answer, [answer], found.good)
