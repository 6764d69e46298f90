"""What we show the CRM's developer is run as it is shown: over a real server, PC and register."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import sys
import time
from typing import Any, get_args

import httpx
import pytest

from examples.crm.kassabridge_client import (
    FINAL,
    BadSignature,
    Choice,
    Client,
    Kind,
    NewJob,
    NoAnswer,
    NotYet,
    Refused,
    State,
    webhook,
)
from protocol.crm import jobs
from protocol.crm.outcomes import SaleChoice
from tests.support.rig import ROOT, Rig

CRM = ROOT / "examples" / "crm"
SAMPLES = {
    "python": (sys.executable, str(CRM / "receipt.py")),
    "php": ("php", str(CRM / "receipt.php")),
}


@pytest.mark.parametrize("name", ["receipt.py", "receipt.php", "receipt.bsl"])
def test_the_page_shows_what_is_run(name: str) -> None:
    assert f"\n{(CRM / name).read_text('utf-8')}```\n" in (ROOT / "docs" / "crm.md").read_text("utf-8")


def test_the_client_knows_every_state_kind_and_choice() -> None:
    assert set(get_args(State)) == {state.value for state in jobs.JobState}
    assert {state.value for state in jobs.FINAL} == FINAL
    assert set(get_args(Kind)) == {kind.value for kind in jobs.JobKind}
    assert set(get_args(Choice)) == {choice.value for choice in SaleChoice}


def ready(shop: Rig) -> None:
    shop.start_agent()
    shop.bound()


def run(shop: Rig, *command: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "KASSABRIDGE_URL": shop.url, "KASSABRIDGE_KEY": shop.key}
    return subprocess.run(command, capture_output=True, text=True, env=env, timeout=120)


@pytest.mark.parametrize("language", SAMPLES)
def test_twenty_lines_print_a_receipt_once(shop: Rig, language: str) -> None:
    command = SAMPLES[language]
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not here (Debian: php-cli, php-curl)")
    ready(shop)
    for _ in range(2):  # the second time it is the same receipt
        said = run(shop, *command, "order-7", shop.kkm_id)
        assert (said.returncode, said.stderr) == (0, ""), said
        assert said.stdout.startswith("done t=20"), said.stdout
    (receipt,) = shop.receipts()
    assert receipt["tags"]["1020"] == "4500.00"
    refused = run(shop, *command, "order-8", "no-such-register")
    assert "unknown_kkm_id" in refused.stdout + refused.stderr
    assert len(shop.receipts()) == 1


def receipt(job_id: str, kkm_id: str) -> NewJob:
    item = {"name": "Плёнка", "price": "350.00", "quantity": "2", "vat": "vat22"}
    payload = {"type": "sell", "taxation": "osn", "items": [item], "payments": [{"type": "cash", "amount": "1000.00"}]}
    return {"job_id": job_id, "kkm_id": kkm_id, "kind": "receipt", "payload": payload}


class LosesAnswers(httpx.HTTPTransport):
    """The server hears every request; of each the first answer is lost on its way back."""

    def __init__(self) -> None:
        super().__init__()
        self.lost: set[tuple[str, str]] = set()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = super().handle_request(request)
        if (what := (request.method, str(request.url))) not in self.lost:
            self.lost.add(what)
            answer.read()
            answer.close()
            raise httpx.ReadTimeout("lost", request=request)
        return answer


def test_the_client_sells_through_lost_answers(shop: Rig) -> None:
    ready(shop)
    transport = LosesAnswers()
    pauses: list[float] = []

    def no_pause(seconds: float) -> None:
        pauses.append(seconds)
        time.sleep(min(seconds, 0.2))

    with Client(shop.url, shop.key, http=httpx.Client(transport=transport, timeout=15.0), sleep=no_pause) as kassa:
        kassa.post(receipt("order-1", shop.kkm_id))
        job = kassa.wait("order-1", seconds=60)
        assert job["state"] == "done"
        assert job["proof"] is not None
        assert job["proof"]["change"] == "300.00"
        assert [one["job_id"] for one in kassa.jobs(state=["done"])] == ["order-1"]
        with pytest.raises(Refused) as refused:
            kassa.post({**receipt("order-2", shop.kkm_id), "payload": {}})
        assert (refused.value.status, refused.value.code) == (422, "bad_payload")
        assert refused.value.errors
        with pytest.raises(Refused) as refused:
            kassa.cancel("order-1")
        assert refused.value.code == "already_final"
    assert len(shop.receipts()) == 1
    assert pauses


def test_the_client_says_that_it_does_not_know(shop: Rig) -> None:
    """The PC is off: the job has not ended. Then the server is away: nobody knows."""
    ready(shop)
    assert shop.agent is not None
    shop.agent.kill()
    shop.until(lambda: not shop.device()["online"], what="offline")
    with Client(shop.url, shop.key, sleep=lambda _: None) as kassa:
        kassa.post(receipt("order-1", shop.kkm_id))
        with pytest.raises(NotYet) as not_yet:
            kassa.wait("order-1", seconds=0)
        assert not_yet.value.job["state"] == "queued"
        assert kassa.cancel("order-1")["state"] == "cancelled"
        assert shop.server is not None
        shop.server.kill()
        with pytest.raises(NoAnswer):
            kassa.job("order-1")


def test_the_client_hears_what_happens_and_goes_on_where_it_was(shop: Rig) -> None:
    ready(shop)
    with Client(shop.url, shop.key) as kassa:
        kassa.post(receipt("order-1", shop.kkm_id))
        kassa.wait("order-1")
        heard: list[tuple[str, dict[str, Any]]] = []
        for id_, event in kassa.events(after="0"):
            heard.append((id_, event))
            if event["type"] == "job.done":
                break
        types = [event["type"] for _, event in heard]
        assert types.index("job.queued") < types.index("job.accepted") < types.index("job.done")
        half = heard[len(heard) // 2]
        (id_, event) = next(kassa.events(after=half[0]))
        assert (id_, event["event_id"]) == (heard[len(heard) // 2 + 1][0], heard[len(heard) // 2 + 1][1]["event_id"])


SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()


def test_a_webhook_is_believed_only_with_its_signature() -> None:
    """Signed by the library that the Standard Webhooks project keeps."""
    import datetime

    from standardwebhooks import Webhook

    body = '{"type": "job.done", "event_id": "ev_1"}'
    at = datetime.datetime(2026, 11, 23, 10, 0, tzinfo=datetime.UTC)
    headers = {
        "Webhook-Id": "ev_1",
        "Webhook-Timestamp": str(int(at.timestamp())),
        "Webhook-Signature": Webhook(SECRET).sign("ev_1", at, body),
    }
    now = at.timestamp() + 60
    assert webhook(body.encode(), headers, SECRET, now)["event_id"] == "ev_1"
    rotated = {**headers, "Webhook-Signature": f"v1,AAAA {headers['Webhook-Signature']}"}
    assert webhook(body.encode(), rotated, SECRET, now)
    for what, (sent, told, key, when) in {
        "another body": (body.replace("done", "paid"), headers, SECRET, now),
        "another key": (body, headers, "whsec_" + base64.b64encode(b"x" * 32).decode(), now),
        "long ago": (body, headers, SECRET, now + 3600),
        "another id": (body, {**headers, "Webhook-Id": "ev_2"}, SECRET, now),
        "unsigned": (body, {}, SECRET, now),
    }.items():
        with pytest.raises(BadSignature):
            pytest.fail(f"{what}: {webhook(sent.encode(), told, key, when)}")
