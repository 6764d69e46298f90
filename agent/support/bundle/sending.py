"""Where a bundle goes: to the server of this PC's pairing, signed by this PC's key, with somebody's consent.

What was agreed to is what is sent: the signature covers the bytes, who has agreed and when.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Protocol

from agent.identity import Identity
from agent.pairing import Answer, UrllibHttp
from agent.problems import UserError
from agent.support.bundle.archive import to_zip
from agent.support.bundle.collect import Bundle
from agent.support.bundle.consent import Consent, Sent
from protocol.crm.codes import reason
from protocol.crm.jobs import canonical_json
from protocol.crm.signing import signed_bytes

PATH = "/api/v1/support/bundles"
SIGNED_AS = "bundle_upload"
"""The type under which the announcement is signed."""
TIMEOUT = 120.0  # seconds


class Post(Protocol):
    def __call__(self, method: str, url: str, data: bytes, headers: Mapping[str, str]) -> Answer: ...


def announcement(identity: Identity, reference: str, content: bytes, consent: Consent) -> dict[str, Any]:
    """What is signed beside the bytes themselves."""
    return {
        "agent_id": identity.agent_id,
        "reference": reference,
        "sha256": sha256(content).hexdigest(),
        "bytes": len(content),
        "person": consent.person,
        "at": consent.at.isoformat(),
        "standing": consent.standing,
        "request_id": consent.request,
    }


@dataclass(frozen=True, slots=True)
class Upload:
    """``Sender`` over HTTP."""

    identity: Identity
    post: Post = UrllibHttp(TIMEOUT).send

    def __call__(self, bundle: Bundle, consent: Consent) -> Sent:
        content = to_zip(bundle)
        told = announcement(self.identity, bundle.reference, content, consent)
        headers = {
            "Content-Type": "application/zip",
            "KassaBridge-Bundle": b64encode(canonical_json(told)).decode("ascii"),
            "KassaBridge-Signature": self.identity.sign(signed_bytes(SIGNED_AS, told)),
        }
        answer = self.post("POST", f"{self.identity.server_url}{PATH}", content, headers)
        body = answer.body
        if answer.status in (200, 201) and isinstance(body.get("bundle_id"), str):
            return Sent(body["bundle_id"], str(body.get("kept_until", "")))
        raise _not_sent(str(body.get("code") or f"http_{answer.status}"))


def _not_sent(code: str) -> UserError:
    ru, en = reason(code, language="ru"), reason(code, language="en")
    return UserError(
        code,
        f"Файл для поддержки не отправлен. {ru.text} {ru.advice}".rstrip(),
        f"The bundle was not sent. {en.text} {en.advice}".rstrip(),
        exit_code=1,
    )
