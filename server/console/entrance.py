"""Coming in and going out: the sign-in, the invitation, the first page, and how pages look to their reader."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from server.console import reading
from server.console.menu import HOME
from server.console.trouble import wrong_field
from server.console.visit import (
    LANGUAGE_COOKIE,
    REFUSALS,
    SIGN_IN,
    THEME_COOKIE,
    THEMES,
    Anybody,
    PageRoute,
    Somebody,
    Visit,
    as_problem,
    back,
    inside,
    text_of,
    typed_in,
)
from server.routers import session as rest
from server.routers.browser import give, take_back
from server.services.access import Scope

router = APIRouter(route_class=PageRoute)
A_YEAR = 365 * 86_400


@router.get("/")
@router.get(HOME)
async def beginning(visit: Anybody) -> Response:
    """Where everybody begins: the sign-in, the first steps while there is nothing yet, or the overview."""
    if visit.person is None:
        return back(SIGN_IN)
    if visit.may(Scope.DIRECTORY):
        async with visit.here.database.read() as work:
            if (await reading.begun(work, visit.tenant_id)).empty:
                return back(f"{HOME}/first-steps")
    return back(f"{HOME}/overview" if visit.may(Scope.READ, Scope.DIRECTORY) else f"{HOME}/account")


# --- in and out -------------------------------------------------------------------------------------------------------


@router.get(SIGN_IN)
async def sign_in_page(visit: Anybody) -> Response:
    if visit.person is not None:
        return back(HOME)
    return await _sign_in(visit, inside(visit.request.query_params.get("next")))


async def _sign_in(visit: Visit, following: str, **more: Any) -> Response:
    async with visit.here.database.read() as work:
        anybody = await reading.anybody(work)
    return visit.page("sign_in.html", following=following, anybody=anybody, **more)


@router.post(SIGN_IN)
async def sign_in(visit: Anybody) -> Response:
    given = await visit.request.form()
    following = inside(text_of(given, "next"))
    login, password = text_of(given, "login"), given.get("password")
    try:
        begun = await rest.come_in(visit.here, visit.request, login, password if isinstance(password, str) else "")
    except REFUSALS as error:
        typed, status = typed_in(given, "login"), as_problem(error).status
        return await _sign_in(visit, following, trouble=visit.refused(error), typed=typed, status=status)
    answer = back(following)
    give(answer, begun, secure=visit.here.secure)
    return answer


@router.post(f"{HOME}/sign-out")
async def sign_out(visit: Somebody) -> Response:
    await visit.form()
    assert visit.person is not None
    await rest.go_out(visit.here, visit.person)
    answer = back(SIGN_IN)
    take_back(answer, secure=visit.here.secure)
    return answer


# --- the invitation ---------------------------------------------------------------------------------------------------


@router.get("/invite/{code}")
async def invitation(visit: Anybody, code: str) -> Response:
    return await _invitation(visit, code)


async def _invitation(visit: Visit, code: str, **more: Any) -> Response:
    invited = await rest.see_invitation(code[:64], visit.here, visit.request)
    return visit.page("invitation.html", invited=invited, code=code, **more)


@router.post("/invite/{code}")
async def accept(visit: Anybody, code: str) -> Response:
    given = await visit.request.form()
    password, again = (value if isinstance(value, str) else "" for value in (given.get("password"), given.get("again")))
    try:
        if password != again:
            raise wrong_field("again", "Два пароля не совпадают.", "The two passwords are not the same.")
        begun = await rest.accept(visit.here, visit.request, code[:64], password)
    except REFUSALS as error:
        return await _invitation(visit, code, trouble=visit.refused(error), status=422)
    answer = back(HOME)
    give(answer, begun, secure=visit.here.secure)
    return answer


# --- language and light -----------------------------------------------------------------------------------------------


@router.post(f"{HOME}/look")
async def change_look(visit: Anybody) -> Response:
    """Kept in the browser: it is nobody's business but its reader's."""
    given = await visit.form()
    answer = back(_returned(text_of(given, "back")))
    for cookie, value, known in (
        (LANGUAGE_COOKIE, text_of(given, "language"), ("ru", "en")),
        (THEME_COOKIE, text_of(given, "theme"), THEMES),
    ):
        if value in known:
            answer.set_cookie(
                cookie, value, max_age=A_YEAR, path="/", secure=visit.here.secure, httponly=True, samesite="lax"
            )
    return answer


def _returned(path: str) -> str:
    if path.startswith("/invite/") and path.count("/") == 2 and "\\" not in path:
        return path
    return inside(path)
