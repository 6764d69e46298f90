"""The person's own: the password, and where this person is signed in."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from server.console.menu import HOME
from server.console.trouble import wrong_field
from server.console.visit import REFUSALS, PageRoute, Somebody, Visit, as_problem, back
from server.routers import session as rest

router = APIRouter(route_class=PageRoute)


@router.get(f"{HOME}/account")
async def account(visit: Somebody) -> Response:
    return await _show(visit)


async def _show(visit: Visit, **more: Any) -> Response:
    assert visit.person is not None
    told = await rest.list_sessions(visit.person, visit.here)
    said = visit.request.query_params.get("said", "")
    return visit.page("account.html", sessions=told.sessions, said=said, **more)


@router.post(f"{HOME}/account/password")
async def change_password(visit: Somebody) -> Response:
    given = await visit.form()
    assert visit.person is not None
    old, new, again = (str(given.get(name) or "") for name in ("old", "new", "again"))
    try:
        if new != again:
            raise wrong_field("again", "Два пароля не совпадают.", "The two passwords are not the same.")
        await rest.change_password(visit.here, visit.person, old, new)
    except REFUSALS as error:
        return await _show(visit, trouble=visit.refused(error), status=as_problem(error).status)
    return back(f"{HOME}/account", said="password")


@router.post(f"{HOME}/account/sessions")
async def end_others(visit: Somebody) -> Response:
    await visit.form()
    assert visit.person is not None
    await rest.end_others(visit.person, visit.here)
    return back(f"{HOME}/account", said="ended")


@router.post(f"{HOME}/account/sessions/{{session_id}}")
async def end_one(visit: Somebody, session_id: str) -> Response:
    await visit.form()
    assert visit.person is not None
    await rest.end_one(session_id, visit.person, visit.here)
    return back(f"{HOME}/account", said="ended")
