"""Each known trouble, planted in a running workplace: the tray's sentence, the doctor's verdict and the server's answer
name it; and when it is mended, all is well again without anybody's doing, with one document for each sale."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.rig import imprint
from tests.troubles.table import AT_WORK, STARTED_ANEW, Trouble, asked
from tests.troubles.workplace import Told, Workplace, workplace

A_QUARTER = timedelta(minutes=15)


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def names(told: Told, trouble: Trouble) -> bool:
    """Tray and server name it, and so does the doctor, if it was asked, and nothing else."""
    answered = told.server is not None if trouble.server.value is ... else told.server == trouble.server.value
    sentence = any(trouble.sentence in plain(text) for text in told.sentences)
    examined = told.doctor is None or told.doctor == frozenset(trouble.doctor)
    return told.icon is trouble.icon and sentence and examined and answered


def named(place: Workplace, trouble: Trouble) -> None:
    """Wait until all three name it."""
    told: list[Told] = []

    def all_three() -> bool:
        told.append(place.told(lambda place: asked(place, trouble.server)))
        if not names(told[-1], trouble):
            return False
        told[-1] = replace(told[-1], doctor=place.doctor())
        return names(told[-1], trouble)

    try:
        place.until(all_three, trouble.name)
    except AssertionError as error:
        raise AssertionError(f"{trouble.name}: {trouble.server}\n{told[-1:]}\n{error}") from None
    place.until(lambda: place.clicks_to(*trouble.page), f"{trouble.name}: three clicks from / to {trouble.page}")


def lived_through(place: Workplace, troubles: Iterable[Trouble]) -> None:
    for trouble in troubles:
        trouble.plant(place)
        named(place, trouble)
        if trouble.later:
            assert place.doctor(A_QUARTER, (trouble.later.partition(":")[0],)) == {trouble.later}
        trouble.cure(place)
        place.becomes(*trouble.ends)
        place.until(place.well, f"well after {trouble.name}")


def every_sale_has_one_document(place: Workplace, others: int = 0) -> None:
    jobs = place.rig.get("/jobs?limit=200&kind=receipt")["jobs"]
    made = [job["proof"]["fd"] for job in jobs if job["state"] == "done"]
    receipts = [document for document in place.till.documents() if document["type"] == "receipt"]
    assert len(set(made)) == len(made) == len(receipts) - others
    marks = [mark for receipt in receipts if (mark := imprint(receipt)) is not None]
    assert len(set(marks)) == len(marks)


@pytest.mark.long
def test_what_befalls_a_running_agent(tmp_path: Path) -> None:
    with workplace(tmp_path) as place:
        place.start()
        place.shop.bound(place.till)
        place.until(lambda: place.well() and not place.doctor(), "a workplace in perfect health")
        place.sell()
        place.becomes("done")
        lived_through(place, AT_WORK)
        every_sale_has_one_document(place, others=1)


@pytest.mark.long
def test_what_an_agent_is_started_with(tmp_path: Path) -> None:
    with workplace(tmp_path) as place:
        place.start()
        place.shop.bound(place.till)
        place.sell()
        place.becomes("done")
        lived_through(place, STARTED_ANEW)
        assert not place.doctor()
        every_sale_has_one_document(place)
