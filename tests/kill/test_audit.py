"""The audit sees each mistake: small books that agree are spoiled in one place at a time."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.kill.audit import cash_agrees, documents_agree, ends_agree, feed_agrees, imprint_of, light

Json = dict[str, Any]
TENANT = "tn_1"
PAYLOAD = {
    "type": "sell",
    "items": [
        {
            "name": "Товар", "price": "10.00", "quantity": "1", "vat": "none", "payment_method": "full_payment",
            "payment_object": "commodity",
        }
    ],
    "payments": [{"type": "card", "amount": "10.00"}],
}  # fmt: skip


def document(job_id: str, fd: int, total: str = "10.00") -> Json:
    return {"fd": fd, "type": "receipt", "tags": {"1020": total, "1084": {"1086": f"ID={imprint_of(TENANT, job_id)}"}}}


def job(job_id: str, state: str, rev: int) -> Json:
    return {"job_id": job_id, "tenant_id": TENANT, "state": state, "rev": rev}


def event(number: int, job_id: str, state: str) -> Json:
    return {"event_id": f"ev{number}", "type": f"job.{state}", "data": {"job_id": job_id}}


def books() -> Json:
    return {
        "asked": {
            "sold": {"kind": "receipt", "payload": PAYLOAD, "kkm_id": "1"},
            "refused": {"kind": "receipt", "payload": PAYLOAD, "kkm_id": "1"},
            "cash": {"kind": "cash_in", "payload": {"amount": "5.00"}, "kkm_id": "1"},
        },
        "jobs": {
            "sold": job("sold", "done", 4), "refused": job("refused", "not_done", 3), "cash": job("cash", "done", 2),
        },
        "journals": {
            "agent": {"sold": job("sold", "done", 4), "refused": job("refused", "not_done", 3)},
            "other": {"cash": job("cash", "done", 2), "sold": job("sold", "absent", 1)},
        },
        "events": [
            event(1, "sold", "queued"), event(2, "sold", "done"), event(3, "refused", "not_done"),
            event(4, "cash", "done"), event(5, "sold", "done"),  # once more: its paper has come out
        ],
        "tills": {"1": {"documents": [document("sold", 2)], "cash_in": 1, "cash_out": 0, "x_reports": 0}},
    }  # fmt: skip


def problems(b: Json) -> list[str]:
    return [
        *ends_agree(b["asked"], b["jobs"], b["journals"]),
        *feed_agrees(b["jobs"], b["events"]),
        *documents_agree(b["asked"], b["jobs"], b["tills"]),
        *cash_agrees(b["asked"], b["jobs"], b["tills"]),
    ]


SPOILED: dict[str, Callable[[Json], Any]] = {
    "a job is lost": lambda b: b["jobs"].pop("cash"),
    "a job has no end": lambda b: b["jobs"]["sold"].update(state="resolving"),
    "a journal says otherwise": lambda b: b["journals"]["agent"]["sold"].update(state="not_done"),
    "no journal knows the last word": lambda b: b["journals"]["agent"]["sold"].update(rev=3),
    "two documents": lambda b: b["tills"]["1"]["documents"].append(document("sold", 3)),
    "a document of a job that is not done": lambda b: b["tills"]["1"]["documents"].append(document("refused", 3)),
    "no document": lambda b: b["tills"]["1"]["documents"].clear(),
    "a document of nobody": lambda b: b["tills"]["1"]["documents"].append(document("stranger", 3)),
    "a kopeck more": lambda b: b["tills"]["1"]["documents"][0]["tags"].update({"1020": "10.01"}),
    "cash was moved twice": lambda b: b["tills"]["1"].update(cash_in=2),
    "the CRM has not heard of the end": lambda b: b["events"].pop(2),
    "the CRM has heard of two ends": lambda b: b["events"].insert(1, event(9, "sold", "cancelled")),
    "the CRM has heard it twice": lambda b: b["events"].append(event(5, "sold", "done")),
    "the CRM's last word is no end": lambda b: b["events"].append(event(9, "sold", "resolving")),
}


def test_books_that_agree_have_no_problem() -> None:
    assert problems(books()) == []


@pytest.mark.parametrize(("printed", "good"), [(0, True), (1, True), (2, False)])
def test_a_report_whose_answer_was_lost_may_have_been_printed_once(printed: int, good: bool) -> None:
    """A storm of 200 deaths had one; the audit took it for a report too many."""
    b = books()
    b["asked"]["x"] = {"kind": "x_report", "payload": {}, "kkm_id": "1"}
    lost = {**job("x", "not_done", 3), "reason": {"code": "answer_lost"}}
    b["jobs"]["x"], b["journals"]["agent"]["x"] = lost, job("x", "not_done", 3)
    b["events"].append(event(6, "x", "not_done"))
    b["tills"]["1"]["x_reports"] = printed
    assert (problems(b) == []) == good


@pytest.mark.parametrize("what", SPOILED)
def test_one_mistake_is_seen(what: str) -> None:
    spoiled = copy.deepcopy(books())
    SPOILED[what](spoiled)
    assert problems(spoiled) != []


@pytest.mark.parametrize(
    ("state", "documents", "good"),
    [
        ("done", [document("sold", 2)], True),
        ("done", [], False),
        ("done", [document("sold", 2), document("sold", 3)], False),
        ("done", [document("sold", 2, "9.99")], False),
        ("not_done", [], True),
        ("not_done", [document("sold", 2)], False),
        ("resolving", [document("sold", 2)], False),
        ("human", [], False),
    ],
)
def test_the_look_after_each_death(state: str, documents: list[Json], good: bool) -> None:
    told = list(light(TENANT, [job("sold", state, 1)], books()["asked"], documents))
    assert (told == []) == good
