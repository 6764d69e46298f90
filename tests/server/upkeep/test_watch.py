"""What an operator sees: figures that count what happened, log lines that name the job, and who may look."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
import yaml
from prometheus_client.parser import text_string_to_metric_families

from server.services import jobs
from server.settings import Settings
from tests.server.conftest import Bench, job
from tests.server.receiver import listening

PACKAGING = Path(__file__).parents[3] / "packaging" / "server"


@pytest.fixture
def lines() -> Any:
    """Every line of the log."""
    with structlog.testing.capture_logs() as lines:
        yield lines


async def figures(bench: Bench) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    answer = await bench.api.get(f"{bench.url}/metrics")
    assert answer.status_code == 200, answer.text
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def of(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return name, frozenset(labels.items())


async def test_a_jobs_way_is_counted_and_logged_with_its_id(bench: Bench, lines: list[dict[str, Any]]) -> None:
    _, line = await bench.bound()
    assert (await bench.api.post("/jobs", json=job("order-1"))).status_code == 202
    await line.accept()
    await line.nothing_more()
    await bench.api.get("/jobs/order-1")
    seen = await figures(bench)
    assert seen[of("kassabridge_job_transitions_total", kind="receipt", state="queued")] == 1
    assert seen[of("kassabridge_job_transitions_total", kind="receipt", state="accepted")] == 1
    assert seen[of("kassabridge_jobs", state="accepted")] == 1
    assert seen[of("kassabridge_agents", state="active", line="online")] == 1
    assert seen[of("kassabridge_agent_connections")] == 1
    of_job = [one for one in lines if one.get("job_id") == "order-1"]
    assert [one["state"] for one in of_job if one["event"] == "job"] == ["queued", "accepted"]
    assert [one["route"] for one in of_job if one["event"] == "request"] == ["/api/v1/jobs/{job_id}"]


async def test_requests_are_counted_by_route_and_no_word_of_a_stranger_becomes_a_figure(bench: Bench) -> None:
    for path in ("/jobs/a", "/jobs/b", "/no/such/page", "/другое"):
        await bench.api.get(path)
    await bench.api.request("BREW", "/jobs/a")
    seen = await figures(bench)
    count = "kassabridge_http_request_seconds_count"
    assert seen[of(count, method="GET", route="/api/v1/jobs/{job_id}", status="404")] == 2
    routes = {dict(labels)["route"] for name, labels in seen if name == count}
    methods = {dict(labels)["method"] for name, labels in seen if name == count}
    assert "BREW" not in methods
    assert not any("such" in route or "другое" in route for route in routes), routes


async def test_what_nobody_foresaw_is_counted_as_an_error(
    bench: Bench, lines: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its answer is made outside of what counts, so the alert on errors of the server's own never rang."""

    async def fails(*_: Any) -> None:
        raise RuntimeError("unforeseen")

    with monkeypatch.context() as broken:
        broken.setattr(jobs, "find", fails)
        assert (await bench.api.get("/jobs/j1")).status_code == 500
    seen = await figures(bench)
    count = "kassabridge_http_request_seconds_count"
    assert seen[of(count, method="GET", route="/api/v1/jobs/{job_id}", status="500")] == 1
    assert [one["status"] for one in lines if one["event"] == "request" and one.get("job_id") == "j1"] == [500]


async def test_webhooks_are_counted(bench: Bench, lines: list[dict[str, Any]]) -> None:
    async with listening() as crm:
        made = await bench.api.post("/webhooks", json={"url": crm.url})
        assert made.status_code == 201, made.text
        await bench.api.post(f"/webhooks/{made.json()['webhook_id']}/test")
        await crm.wait(1)
        seen = await figures(bench)
        while of("kassabridge_webhook_attempts_total", outcome="delivered") not in seen:  # its answer is noted now
            seen = await figures(bench)
    assert seen[of("kassabridge_webhook_attempts_total", outcome="delivered")] == 1
    assert [one["status"] for one in lines if one["event"] == "webhook"] == [204]
    assert seen[of("kassabridge_webhook_deliveries", state="waiting")] == 0


@pytest.mark.parametrize(
    ("token", "headers", "status"),
    [
        (None, {}, 200),
        (None, {"X-Forwarded-For": "203.0.113.7"}, 401),  # a proxy on this machine speaks for somebody
        (None, {"Authorization": "Bearer x"}, 200),
        ("secret", {}, 401),
        ("secret", {"Authorization": "Bearer other"}, 401),
        ("secret", {"Authorization": "Basic secret"}, 401),
        ("secret", {"Authorization": "Bearer secret"}, 200),
        ("secret", {"Authorization": "Bearer secret", "X-Forwarded-For": "203.0.113.7"}, 200),
        ("секрет", {"Authorization": "Bearer x"}, 401),
    ],
)
async def test_who_may_read_the_figures(bench: Bench, token: str | None, headers: dict[str, str], status: int) -> None:
    bench.metrics_token = token
    await bench.restart()
    async with httpx.AsyncClient(trust_env=False) as anybody:
        assert (await anybody.get(f"{bench.url}/metrics", headers=headers)).status_code == status


def test_the_token_is_not_shown_where_settings_are() -> None:
    assert "secret" not in repr(Settings(metrics_token="secret"))


async def test_every_figure_of_an_alert_exists(bench: Bench) -> None:
    rules = yaml.safe_load((PACKAGING / "alerts.yaml").read_text("utf-8"))["groups"][0]["rules"]
    await bench.bound()
    await bench.api.post("/jobs", json=job())
    names = {name for name, _ in await figures(bench)} | {"up"}
    for rule in rules:
        used = set(re.findall(r"\b(?:kassabridge_\w+|up)\b", rule["expr"]))
        assert used, rule["alert"]
        assert used <= names, (rule["alert"], used - names)
        assert rule["annotations"].keys() == {"summary", "action"}
        assert rule["labels"]["severity"] in ("warning", "critical")


async def test_figures_name_nobody(bench: Bench) -> None:
    await bench.bound()
    await bench.api.post("/jobs", json=job("order-name-1"))
    text = (await bench.api.get(f"{bench.url}/metrics")).text
    for secret in ("Мастерская", "order-name-1", "ag_", "tn_", "key_"):
        assert secret not in text
