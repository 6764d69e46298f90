"""An upload: what was agreed to, signed, to the server of the pairing; every refusal is told in words."""

from __future__ import annotations

import io
import json
import zipfile
from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest

from agent import keys
from agent.identity import Identity
from agent.pairing import Answer
from agent.problems import UserError
from agent.support.bundle.collect import Bundle, Entry
from agent.support.bundle.consent import Consent
from agent.support.bundle.sending import Upload
from protocol.crm.signing import signed_bytes
from server.services.bundles import SIGNED_AS, announced

BUNDLE = Bundle("KB-2222-3333", (Entry("manifest.json", b"{}"), Entry("log.jsonl", b"x" * 100)))
CONSENT = Consent("Иванова М.", datetime(2026, 11, 22, 12, tzinfo=UTC), request="rq_1")
KEY = keys.new_private_key()
IDENTITY = Identity(
    agent_id="ag_1", install_id="i", tenant_id="t", server_url="https://kassa.example.ru", link_url="wss://x",
    private_key=KEY, server_keys={},
)  # fmt: skip


class Server:
    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[tuple[str, str, bytes, Mapping[str, str]]] = []

    def __call__(self, method: str, url: str, data: bytes, headers: Mapping[str, str]) -> Answer:
        self.asked.append((method, url, data, headers))
        return self.answer


def test_the_announcement_is_the_bytes_and_the_consent_signed() -> None:
    server = Server(Answer(201, {"bundle_id": "bu_1", "kept_until": "2026-12-06T12:00:00Z"}))
    sent = Upload(IDENTITY, server)(BUNDLE, CONSENT)
    assert (sent.bundle_id, sent.kept_until) == ("bu_1", "2026-12-06T12:00:00Z")
    ((method, url, data, headers),) = server.asked
    assert (method, url) == ("POST", "https://kassa.example.ru/api/v1/support/bundles")
    assert zipfile.ZipFile(io.BytesIO(data)).namelist() == ["manifest.json", "log.jsonl"]
    told: dict[str, Any] = json.loads(b64decode(headers["KassaBridge-Bundle"]))
    assert told == {
        "agent_id": "ag_1", "reference": "KB-2222-3333", "sha256": sha256(data).hexdigest(), "bytes": len(data),
        "person": "Иванова М.", "at": "2026-11-22T12:00:00+00:00", "standing": False, "request_id": "rq_1",
    }  # fmt: skip
    assert keys.verify(IDENTITY.public_key, signed_bytes(SIGNED_AS, told), headers["KassaBridge-Signature"])
    assert announced(headers["KassaBridge-Bundle"])[1] == told, "as the server reads it"
    assert all(value.isascii() for value in headers.values())


def test_the_same_bundle_is_the_same_bytes_at_each_try() -> None:
    server = Server(Answer(201, {"bundle_id": "bu_1"}))
    for _ in range(2):
        Upload(IDENTITY, server)(BUNDLE, CONSENT)
    assert server.asked[0][2] == server.asked[1][2]


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (Answer(413, {"code": "bundle_too_large"}), "bundle_too_large", "слишком большой"),
        (Answer(429, {"code": "too_many_bundles"}, 60.0), "too_many_bundles", "слишком много"),
        (Answer(404, {"code": "not_found"}), "not_found", "Не найдено"),
        (Answer(502, {}), "http_502", "не отправлен"),
        (Answer(201, {}), "http_201", "не отправлен"),
    ],
)
def test_a_refusal_is_told(answer: Answer, code: str, words: str) -> None:
    with pytest.raises(UserError) as caught:
        Upload(IDENTITY, Server(answer))(BUNDLE, CONSENT)
    assert caught.value.code == code
    assert words in caught.value.ru
    assert caught.value.ru.startswith("Файл для поддержки не отправлен.")
