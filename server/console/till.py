"""The cashier's page: a receipt or a sale by hand, its progress and picture, a return, the shift, and cash in and out.

The page only says where it is and what may be chosen; what it sends, it sends through the REST API as a CRM does.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from protocol.crm.jobs import JOB_ID, JobKind
from protocol.ffd.vocabulary import Taxation
from server.console import asked, reading, words
from server.console.menu import HOME
from server.console.visit import Cashier, PageRoute, Visit
from server.services import jobs as service
from server.store.models import Desk, Device, Job

router = APIRouter(route_class=PageRoute)
VAT_BY_HAND = ("vat22", "vat10", "vat7", "vat5", "vat0", "none", "vat20")
"""Rates of goods; those of advances are a CRM's matter."""
STEPS = ("payment", "refund", "void", "receipt", "slip")


@router.get(f"{HOME}/till")
async def till(visit: Cashier) -> Response:
    given = visit.request.query_params
    wanted, sought = given.get("at", ""), given.get("find", "").strip()[:64]
    async with visit.here.database.read() as work:
        original = None
        if JOB_ID.fullmatch(given.get("return", "")):
            original = await service.find(work, visit.tenant_id, given["return"])
        prefilled = original if original is not None and asked.returnable(original) else None
        chosen = prefilled.kkm_id if prefilled is not None else wanted
        places, more = await reading.tills(work, visit.tenant_id, sought, chosen)
    return visit.page(
        "till.html",
        here=f"{HOME}/till",
        places=places,
        chosen=chosen,
        sought=sought,
        more=more,
        original=prefilled,
        told=data_of(visit, places, prefilled),
        vat=VAT_BY_HAND,
        taxations=[taxation.value for taxation in Taxation],
    )


def data_of(visit: Visit, places: list[tuple[Device, Desk | None]], original: Job | None) -> dict[str, Any]:
    """What the page's script needs to know, as JSON beside it."""
    assert visit.person is not None
    return {
        "places": [
            {
                "kkm_id": device.kkm_id,
                "desk_id": desk.desk_id if desk is not None else None,
                "terminal": desk is not None and desk.terminal_kkm_id is not None,
                "taxation": device.taxation,
                "ffd": device.ffd,
            }
            for device, desk in places
        ],
        "cashier": visit.person.name,
        "home": HOME,
        "original": {
            "job_id": original.job_id,
            "kkm_id": original.kkm_id,
            "desk_id": original.desk_id,
            "order_ref": original.order_ref,
            "sale": original.kind == JobKind.SALE,
            "payload": asked.return_of(original),
        }
        if original is not None
        else None,
        "steps": {kind: words.say(words.KINDS, kind, visit.language) for kind in STEPS},
        "words": {code: words.say(words.STATES, code, visit.language) for code in words.STATES}
        | {
            "no_answer": visit.t(
                "Ответа нет. Повторяем тот же запрос: второго чека не будет.",
                "No answer. The same request is sent again: there will be no second receipt.",
            ),
            "line": visit.t("строка", "line"),
            "fill": visit.t("Заполните название и цену.", "Fill in name and price."),
            "short": visit.t("Наличных меньше, чем итог.", "The cash is less than the total."),
            "change": visit.t("Сдача", "Change"),
            "open": visit.t("Подробности", "Details"),
            "picture": visit.t("Изображение чека", "Picture of the receipt"),
            "again": visit.t("Такое задание, похоже, уже было", "There seems to have been such a job"),
            "signed_out": visit.t("Вы вышли: войдите снова.", "You are signed out: sign in again."),
            "ask": visit.t("Нужно решение человека.", "A person has to decide."),
        },
    }
