"""Bodies of the web server's messages: what is sent, what is read, and what is never half believed."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from protocol.wire.atol.json_reading import AnswerError
from protocol.wire.atol.json_text import Json
from protocol.wire.atol.web import (
    MOST_SUBTASKS,
    Progress,
    Queue,
    ServerInfo,
    Subtask,
    error,
    queue,
    request,
    server_info,
    subtasks,
)


def body(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def test_a_request_is_a_list_of_tasks_under_a_uuid_its_sums_digit_by_digit() -> None:
    tasks: list[dict[str, Json]] = [{"type": "cashIn", "cashSum": Decimal("100.50")}, {"type": "reportX"}]
    assert request("u-1", tasks) == ('{"uuid":"u-1","request":[{"type":"cashIn","cashSum":100.50},{"type":"reportX"}]}')


@pytest.mark.parametrize(
    ("told", "read"),
    [
        ({"status": "wait"}, Subtask(Progress.WAIT)),
        ({"status": "inProgress", "error": {"code": 0}}, Subtask(Progress.IN_PROGRESS)),
        (
            {"status": "ready", "error": {"code": 0, "description": "Ошибок нет"}, "result": {"a": 1}},
            Subtask(Progress.READY, 0, "Ошибок нет", {"a": 1}),
        ),
        ({"status": "ready", "error": None, "result": None}, Subtask(Progress.READY)),
        (
            {"status": "error", "error": {"code": 68, "description": "смена"}},
            Subtask(Progress.ERROR, 68, "смена"),
        ),
        ({"status": "error", "errorCode": 68, "errorDescription": "смена"}, Subtask(Progress.ERROR, 68, "смена")),
        ({"status": "blocked", "error": {"code": 2}}, Subtask(Progress.BLOCKED, 2)),
        ({"status": "interrupted", "error": {"code": 502}}, Subtask(Progress.INTERRUPTED, 502)),
        ({"status": "canceled", "error": {"code": 503}}, Subtask(Progress.CANCELED, 503)),
        ({"status": "of a newer server"}, Subtask(Progress.IN_PROGRESS)),
    ],
)
def test_a_result(told: dict[str, Any], read: Subtask) -> None:
    assert subtasks(body({"results": [told]})) == (read,)


def test_which_words_are_the_last() -> None:
    final = {word for word in Progress if Subtask(word).is_final}
    assert final == {Progress.READY, Progress.ERROR, Progress.INTERRUPTED, Progress.CANCELED}


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"results": None},
        {"results": []},
        {"results": {}},
        {"results": [1]},
        {"results": [{}]},
        {"results": [{"status": None}]},
        {"results": [{"status": "ready", "error": {"code": 68}}]},  # contradicts itself
        {"results": [{"status": "error"}]},
        {"results": [{"status": "error", "error": {"code": 0}}]},
        {"results": [{"status": "ready", "error": 5}]},
        {"results": [{"status": "wait"}] * (MOST_SUBTASKS + 1)},
        [],
    ],
)
def test_a_body_that_is_no_result(told: Any) -> None:
    with pytest.raises(AnswerError):
        subtasks(body(told))


@pytest.mark.parametrize("text", ["", "<html>", '{"results":[{"status":"ready"}', "\ufffd"])
def test_a_text_that_is_no_result(text: str) -> None:
    with pytest.raises(AnswerError):
        subtasks(text)


def test_the_queue() -> None:
    free = {"number": 3, "canceled": 1, "ready": 2, "isBlocked": False, "blockReason": "", "blockedUUID": ""}
    assert queue(body(free)) == Queue(3, is_blocked=False)
    blocked = {**free, "isBlocked": True, "blockReason": "fnError", "blockedUUID": "u-1"}
    assert queue(body(blocked)) == Queue(3, is_blocked=True, reason="fnError", by="u-1")
    with pytest.raises(AnswerError):
        queue(body({"number": 0}))  # whether it stands still has to be said


def test_the_server() -> None:
    told = {"serverVersion": "1.0.4.0", "driverVersion": " 10.10.8.0 ", "os": "Windows", "currentDateTime": "x"}
    assert server_info(body(told)) == ServerInfo("1.0.4.0", "10.10.8.0")
    with pytest.raises(AnswerError):
        server_info(body({"name": "another program"}))


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ('{"error":{"code":505,"description":"нет uuid"}}', (505, "нет uuid")),
        ("<html>400</html>", (0, "")),
        ("", (0, "")),
        ('{"error":"x"}', (0, "")),
    ],
)
def test_a_refusal_may_have_no_words(text: str, read: tuple[int, str]) -> None:
    assert error(text) == read
