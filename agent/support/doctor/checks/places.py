"""The registers that the CRM expects at this PC, whatever is configured here."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from typing import Any

from agent.pairing import Answer
from agent.places import Places
from agent.problems import UserError
from agent.support.doctor.model import Check, NotLooked, Seen, bad, good, idle, table
from agent.support.doctor.route import answer, post, step
from agent.support.doctor.scene import Scene


def _places(scene: Scene) -> Seen:
    identity = scene.identity
    if isinstance(step(scene, "server.answers", answer), Seen):
        raise NotLooked("server.answers")

    def by_the_way_that_is_good(method: str, url: str, body: Mapping[str, Any] | None) -> Answer:
        assert method == "POST"
        try:
            status, said = post(scene, url.removeprefix(identity.server_url), body or {})
        except (OSError, http.client.HTTPException) as error:
            raise UserError("server_unreachable", type(error).__name__, type(error).__name__) from None
        return Answer(status, said if isinstance(said, dict) else {})

    try:
        places = Places(identity, scene.world.now, by_the_way_that_is_good).told()
    except ValueError:  # its key signs nothing
        raise NotLooked("pairing.identity") from None
    if places is None:
        return Seen("not_told")
    here = {device.kkm_id for device in scene.config.devices}
    missing = [place for place in places if place.here and place.kkm_id not in here]
    if not missing:
        return Seen()
    first = missing[0]
    return Seen("missing", {"kkm_id": first.kkm_id, "desk": first.name or None, "count": len(missing)})


PLACES = Check(
    "server.places",
    "есть ли здесь все кассы, которые ждёт CRM",
    "whether every register that the CRM expects here is here",
    table(
        ok=good(
            "Всё, что CRM ждёт на этом ПК, здесь есть.", "Whatever the CRM expects at this PC is here."
        ),
        missing=bad(
            "CRM ждёт на этом ПК кассу {kkm_id} (рабочее место: {desk}), а её здесь нет; всего таких касс: {count}.",
            "The CRM expects register {kkm_id} (desk: {desk}) at this PC, and it is not here; such registers: {count}.",
            "Подключите её, откройте окно программы, «Кассы», найдите её там; или уберите её с этого ПК в CRM.",
            "Connect it, open the program's window, “Registers”, look for it there; or take it off this PC in the CRM.",
        ),
        not_told=idle(
            "Сервер не сказал, какие кассы ждёт здесь CRM.", "The server did not tell which registers it expects here."
        ),
    ),
    _places,
)  # fmt: skip
