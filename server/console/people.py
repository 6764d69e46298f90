"""People and API keys: who may come in, and as what."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from server.console.menu import HOME
from server.console.visit import REFUSALS, PageRoute, PeopleKeeper, Visit, as_problem, back, text_of, typed_in
from server.pages import CursorQuery
from server.routers import people as rest
from server.services.access import Scope
from server.services.people import UserPatch, UserPost
from server.services.roles import Role

router = APIRouter(route_class=PageRoute)
SHOWN = 100


@router.get(f"{HOME}/people")
async def people(visit: PeopleKeeper, cursor: CursorQuery = None) -> Response:
    return await _people(visit, cursor)


async def _people(visit: Visit, cursor: str | None = None, **more: Any) -> Response:
    page = await rest.list_users(visit.here, visit.caller, cursor, SHOWN)
    following = f"{HOME}/people?cursor={page.cursor}" if page.cursor else None
    shown = {
        "users": page.users,
        "invited": None,
        "following": following,
        "roles": [role.value for role in Role],
        **more,
    }
    return visit.page("people.html", here=f"{HOME}/people", **shown)


@router.post(f"{HOME}/people")
async def invite(visit: PeopleKeeper) -> Response:
    """The link is on this answer and on no other."""
    given = await visit.form()
    typed = typed_in(given, "name", "login", "role")
    try:
        asked = UserPost.model_validate(typed)
        made = await rest.invite(asked, visit.here, visit.caller, visit.request)
    except REFUSALS as error:
        problem = as_problem(error)
        return await _people(visit, trouble=visit.refused(problem), typed=typed, status=problem.status)
    return await _people(visit, invited=made, status=201)


@router.post(f"{HOME}/people/{{user_id}}")
async def change(visit: PeopleKeeper, user_id: str) -> Response:
    """One thing at a time: the role, the dismissal, or the return of somebody who was dismissed."""
    given = await visit.form()
    said: dict[str, Any] = {}
    if role := text_of(given, "role"):
        said["role"] = role
    if dismissed := text_of(given, "dismissed"):
        said["dismissed"] = dismissed == "yes"
    try:
        await rest.patch_user(user_id, UserPatch.model_validate(said), visit.here, visit.caller)
    except REFUSALS as error:
        problem = as_problem(error)
        return await _people(visit, trouble=visit.refused(problem), status=problem.status)
    return back(f"{HOME}/people")


@router.post(f"{HOME}/people/{{user_id}}/invitation")
async def invite_again(visit: PeopleKeeper, user_id: str) -> Response:
    await visit.form()
    try:
        made = await rest.invite_again(user_id, visit.here, visit.caller, visit.request)
    except REFUSALS as error:
        problem = as_problem(error)
        return await _people(visit, trouble=visit.refused(problem), status=problem.status)
    return await _people(visit, invited=made, status=201)


# --- keys -------------------------------------------------------------------------------------------------------------


@router.get(f"{HOME}/keys")
async def keys(visit: PeopleKeeper) -> Response:
    return await _keys(visit)


async def _keys(visit: Visit, **more: Any) -> Response:
    page = await rest.list_keys(visit.here, visit.caller)
    shown = {"keys": page.api_keys, "made": None, "scopes": [scope.value for scope in Scope], "chosen": [], **more}
    return visit.page("keys.html", here=f"{HOME}/keys", **shown)


@router.post(f"{HOME}/keys")
async def make_key(visit: PeopleKeeper) -> Response:
    """The key is on this answer and on no other."""
    given = await visit.form()
    chosen = [value for value in given.getlist("scopes") if isinstance(value, str)]
    try:
        asked = rest.KeyPost.model_validate({"name": text_of(given, "name"), "scopes": chosen})
        made = await rest.make_key(asked, visit.here, visit.caller)
    except REFUSALS as error:
        problem, typed = as_problem(error), typed_in(given, "name")
        return await _keys(visit, trouble=visit.refused(problem), typed=typed, chosen=chosen, status=problem.status)
    return await _keys(visit, made=made, status=201)


@router.post(f"{HOME}/keys/{{key_id}}/revoke")
async def revoke(visit: PeopleKeeper, key_id: str) -> Response:
    await visit.form()
    await rest.revoke_key(key_id, visit.here, visit.caller)
    return back(f"{HOME}/keys")
