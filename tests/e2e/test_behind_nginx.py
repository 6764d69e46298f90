"""The server behind nginx with the site that we deliver: Debian's nginx, a certificate, a PC that dials in by TLS."""

from __future__ import annotations

import re
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from server.services.stream import HEARTBEAT
from server.serving import uvicorn_options
from server.settings import Limits
from tests.support import nginx
from tests.support.nginx import Nginx
from tests.support.rig import Rig

needs_nginx = pytest.mark.skipif(nginx.NGINX is None, reason="nginx is not here (Debian: nginx-light)")


def seconds(place: str, setting: str) -> float:
    """A setting of one location of the site."""
    text = nginx.TEMPLATE.read_text("utf-8")
    (inside,) = re.findall(rf"location = {re.escape(place)} {{(.*?)}}", text, re.DOTALL)
    (value,) = re.findall(rf"{setting} (\d+)s;", inside)
    return float(value)


def test_nginx_is_more_patient_than_those_who_speak_through_it() -> None:
    assert seconds("/api/v1/agent", "proxy_read_timeout") > Limits().silence
    assert seconds("/api/v1/agent", "proxy_send_timeout") > Limits().silence
    assert seconds("/api/v1/events", "proxy_read_timeout") > 2 * HEARTBEAT


def test_nginx_lets_go_of_an_idle_line_before_the_server_does() -> None:
    """The other way round, a POST that meets the end of its line is lost, and nginx answers 502."""
    idle = 60  # nginx's own keepalive_timeout of an upstream, which the site leaves as it is
    assert "keepalive_timeout" not in nginx.TEMPLATE.read_text("utf-8")
    assert uvicorn_options()["timeout_keep_alive"] > idle


@pytest.fixture
def front(rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Nginx]:
    """Everybody goes through nginx: the CRM, and the PC that trusts its certificate."""
    https, http = nginx.free_port(), nginx.free_port()
    rig.server_options = ("--public-url", f"https://{nginx.NAME}:{https}")
    rig.start_server()
    with nginx.before(rig.url.removeprefix("http://"), tmp_path / "nginx", https, http) as front:
        monkeypatch.setenv("SSL_CERT_FILE", str(front.certificate))
        rig.url = front.url
        key = rig.http.headers["Authorization"]
        rig.http.close()
        trusted = ssl.create_default_context(cafile=str(front.certificate))
        rig.http = httpx.Client(timeout=10.0, verify=trusted, headers={"Authorization": key}, trust_env=False)
        yield front


@needs_nginx
def test_a_shop_works_through_nginx(rig: Rig, front: Nginx) -> None:
    rig.start_register()
    rig.configure()
    rig.put("/devices", {"kkm_id": rig.kkm_id, "name": "Касса 1"})
    rig.pair()
    rig.start_agent()
    rig.bound()

    told: list[str] = []
    begun, ended = threading.Event(), threading.Event()

    def listen() -> None:
        with rig.http.stream("GET", f"{front.url}/api/v1/events", timeout=60.0) as stream:
            for line in stream.iter_lines():
                begun.set()
                told.append(line)
                if line == "event: job.done":
                    break
        ended.set()

    reader = threading.Thread(target=listen, daemon=True)
    reader.start()
    assert begun.wait(60), "the stream's first line is not held back"
    rig.submit("order-1")
    assert rig.settled("order-1")["state"] == "done"
    assert ended.wait(60), told
    reader.join(60)
    assert len(rig.receipts()) == 1


@needs_nginx
def test_a_log_is_seen_through_nginx_while_it_is_written(rig: Rig, front: Nginx) -> None:
    rig.start_register()
    rig.configure()
    config = rig.folder / "agent.toml"
    config.write_text('[support]\nconsent = "always"\n' + config.read_text("utf-8"), "utf-8")
    rig.put("/devices", {"kkm_id": rig.kkm_id, "name": "Касса 1"})
    rig.pair()
    rig.start_agent()
    rig.bound()
    (agent,) = rig.get("/agents")["agents"]
    where = f"/agents/{agent['agent_id']}/log"
    rig.post(where, {"person": "Ольга", "reason": "Смотрим вместе"})
    rig.until(lambda: rig.get(where)["state"] == "running", 60, "the log is watched")

    told: list[str] = []
    seen = threading.Event()

    def listen() -> None:
        with rig.http.stream("GET", f"{front.url}/api/v1{where}/stream", timeout=60.0) as stream:
            for line in stream.iter_lines():
                told.append(line)
                if line.startswith("data:") and '"order-1"' in line and '"done"' in line:
                    seen.set()
                    break

    reader = threading.Thread(target=listen, daemon=True)
    reader.start()
    rig.submit("order-1")
    assert seen.wait(60), told
    reader.join(60)


@needs_nginx
def test_what_nginx_keeps_to_itself_and_what_it_lets_the_server_say(rig: Rig, front: Nginx) -> None:
    redirected = rig.http.get(f"{front.plain_url}/api/v1/jobs?limit=1")
    assert (redirected.status_code, redirected.headers["Location"]) == (308, f"{front.url}/api/v1/jobs?limit=1")
    assert rig.http.get(f"{front.url}/metrics").status_code == 404
    assert rig.http.get(f"{front.url}/readyz").json() == {"status": "ready"}
    line = rig.post("/pairing-codes", {})["line"]
    assert line.startswith(f"{front.url}/pair/")

    large = rig.http.post(f"{front.url}/api/v1/jobs", content=b" " * (300 * 1024))
    assert (large.status_code, large.json()["code"]) == (413, "message_too_large"), large.text
    bundle = rig.http.post(f"{front.url}/api/v1/support/bundles", content=b"\0" * (12 * 1024 * 1024))
    assert bundle.headers["Content-Type"] == "application/problem+json", bundle.text
    assert bundle.status_code in (401, 422), bundle.text


@needs_nginx
def test_nobody_chooses_the_address_that_throttles_count_by(rig: Rig, front: Nginx) -> None:
    said = [
        rig.http.get(
            f"{front.url}/api/v1/jobs",
            headers={"Authorization": f"Bearer kb_{n}", "X-Forwarded-For": f"203.0.113.{n}"},
        ).status_code
        for n in range(Limits().wrong_keys_per_minute + 5)
    ]
    assert (said[0], said[-1]) == (401, 429), said
    assert rig.http.get(f"{front.url}/api/v1/jobs").status_code == 429, "this address has to wait, whatever its key"
