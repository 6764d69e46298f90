"""A real job key and a sample of every message of the link, for the tests of both sides."""

from __future__ import annotations

from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import BaseModel

from protocol.crm.jobs import JobKind, JobState, imprint_of, sha256_hex
from protocol.crm.messages import (
    Accept,
    Ack,
    Archive,
    ArchiveEntry,
    Bind,
    Binding,
    Bound,
    Cancel,
    Challenge,
    Checkpoint,
    Claim,
    ClaimedDevice,
    ClaimRefused,
    Desk,
    Error,
    Event,
    Goodbye,
    Health,
    Hello,
    Introduce,
    JournalHead,
    KnownJob,
    Offer,
    OpenJob,
    Ping,
    Pong,
    Progress,
    Quarantine,
    Ready,
    Reject,
    Release,
    Released,
    Renew,
    Resolve,
    ServerKey,
    Update,
    Welcome,
)
from protocol.crm.outcomes import Decision, Paper, Proof, ProofSource, Reason, Value
from protocol.crm.signing import sign_body
from protocol.crm.support import Bundle, Doctor, Log, LogBegan, LogLines, LogStop, Report, ReportState, SupportAsked
from tests.protocol.ffd.payloads import item, payload

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
TENANT, AGENT, KKM, SERIAL, FN, KID = "t_1", "ag_1", "17", "0012345678901234", "9999078900012345", "k1"
RECEIPT = payload(item("100.00"), cash="100.00")

T = TypeVar("T", bound=BaseModel)


class JobKey:
    """An Ed25519 key as the server keeps it."""

    def __init__(self, kid: str = KID) -> None:
        self.kid = kid
        self._private = Ed25519PrivateKey.generate()
        self.public = b64encode(self._private.public_key().public_bytes_raw()).decode("ascii")

    def sign(self, data: bytes) -> str:
        return b64encode(self._private.sign(data)).decode("ascii")

    def signed(self, type_: str, body: T) -> T:
        return sign_body(type_, body, self.sign)


def ed25519(key: str, data: bytes, signature: str) -> bool:
    """``signing.Verify`` over the real arithmetic."""
    try:
        Ed25519PublicKey.from_public_bytes(b64decode(key, validate=True)).verify(b64decode(signature), data)
    except (InvalidSignature, ValueError):
        return False
    return True


def offer(job_id: str = "j1", **more: Any) -> Offer:
    """An unsigned offer of a receipt that may start for two minutes."""
    content = more.pop("payload", RECEIPT)
    known: dict[str, Any] = {
        "tenant_id": TENANT,
        "job_id": job_id,
        "kind": JobKind.RECEIPT,
        "agent_id": AGENT,
        "kkm_id": KKM,
        "register_serial": SERIAL,
        "binding_epoch": 1,
        "lease_no": 1,
        "issued_at": NOW,
        "start_by": NOW + timedelta(seconds=120),
        "order_ref": "1042",
        "payload": content,
        "payload_hash": sha256_hex(content),
        "kid": KID,
    }
    return Offer(**known | more)


_REASON = Reason(
    code="no_paper", text="Нет бумаги.", advice="Вставьте.", safe_to_repeat=True, vendor="107", params={"table": 17}
)
_PROOF = Proof(
    source=ProofSource.DEVICE, fn=FN, fd=12, fpd="1234567890", shift=3, receipt_in_shift=4, printed_at=NOW,
    total="100.00", drawer="250.00", qr="t=20260701T1200&s=100.00", register_serial=SERIAL,
    registration_number="0000000000012345", vat={"none": "100.00"}, change="0.00",
)  # fmt: skip
_DEVICE = ClaimedDevice(
    kkm_id=KKM, driver="shtrih", register_serial=SERIAL, fn_serial=FN, registration_number="0000000000012345",
    model="Штрих-М", ffd="1.2", last_fd=12, binding_epoch=3,
)  # fmt: skip
_BINDING = Binding(kkm_id=KKM, register_serial=SERIAL, binding_epoch=3, desk=Desk(desk_id="d1", exclusive=False))
_HEAD = JournalHead(n=7, hash="ab" * 32)
_SIGNED = {"kid": KID, "sig": "c2ln"}

SAMPLES: tuple[Value, ...] = (
    Challenge(nonce="bm9uY2U=", server_time=NOW, versions=["kassabridge.v1"]),
    Hello(
        agent_id=AGENT, install_id="in_1", boot_id="b1", version="0.1.0", caps=["receipt"], journal_head=_HEAD,
        jobs=[KnownJob(job_id="j1", rev=3)], devices=[_DEVICE], nonce="bm9uY2U=", sig="c2ln",
    ),
    Welcome(
        tenant_id=TENANT, session_epoch=4, server_time=NOW, heartbeat_s=20.0, acked_head=_HEAD,
        jobs=[KnownJob(job_id="j1", rev=2)], bindings=[_BINDING], limits={"message_bytes": 262144},
        keys=[ServerKey(kid=KID, key="a2V5"), ServerKey(kid="k2", key="a2V5", by=KID, sig="c2ln")],
    ),
    Checkpoint(n=7, hash=None, session_epoch=4, sig="c2ln"),
    Ready(resumed=True),
    Quarantine(code="rolled_back", text="Журнал старше."),
    Archive(
        kkm_id=KKM, register_serial=SERIAL, fn_serial=FN, last_fd=12,
        documents=[ArchiveEntry(fd=12, kind="receipt", at="2026-07-01T15:00:00", total="100.00", imprint="A" * 13)],
    ),
    offer(sig="c2ln"),
    Accept(job_id="j1", rev=1, payload_hash="0" * 64, journal_head=_HEAD),
    Reject(job_id="j1", reason=_REASON),
    Update(
        job_id="j1", rev=4, state=JobState.DONE, attempt=1, at=NOW, binding_epoch=3, lease_no=1, reason=_REASON,
        proof=_PROOF, paper=Paper.INCOMPLETE, evidence={"documents": [{"fd": 12}]}, too_late=True, certainty="proven",
        journal_head=_HEAD,
        offer=offer(sig="c2ln"),
    ),
    Cancel(job_id="j1", agent_id=AGENT, rev=2, **_SIGNED),
    Renew(job_id="j1", agent_id=AGENT, lease_no=2, binding_epoch=3, start_by=NOW, **_SIGNED),
    Resolve(
        job_id="j1", agent_id=AGENT, rev=5, decision=Decision.DONE, person="Иванова", reason="Чек у покупателя", fd=12,
        **_SIGNED,
    ),
    Progress(job_id="j1", code="printing", text="…", done=1, of=5),
    Event(event_id="e1", kkm_id=KKM, kind="shift_opened", at=NOW, body={"fd": 11}),
    Health(kkm_id=KKM, at=NOW, facts={"paper": "present", "ofd": {"unsent": 0}}),
    Bind(
        agent_id=AGENT, binding=_BINDING, fn_serial=FN, last_fd=12,
        open_jobs=[OpenJob(offer=offer(sig="c2ln"), rev=3, imprint=imprint_of(TENANT, "j1"))], **_SIGNED,
    ),
    Bound(kkm_id=KKM, binding_epoch=3),
    Introduce(agent_id=AGENT, kkm_id=KKM),
    Release(agent_id=AGENT, kkm_id=KKM, binding_epoch=3, **_SIGNED),
    Released(kkm_id=KKM, binding_epoch=3, not_started=["j2"], last_fd=12),
    Claim(device=_DEVICE),
    ClaimRefused(kkm_id=KKM, code="register_changed", text="…", advice="…", binding_epoch=2),
    Doctor(request_id="rq_1", agent_id=AGENT, person="Поддержка", reason="Не печатает", lives_s=900, **_SIGNED),
    Bundle(request_id="rq_2", agent_id=AGENT, jobs=["j1"], lives_s=890, **_SIGNED),
    Log(request_id="rq_3", agent_id=AGENT, person="Поддержка", reason="Нет связи с кассой", lives_s=900, **_SIGNED),
    LogStop(request_id="rq_3"),
    LogBegan(request_id="rq_3", person="Иванова", standing=False),
    LogLines(
        request_id="rq_3", dropped=3,
        lines=[{"timestamp": NOW.isoformat(), "level": "warning", "event": "link_down", "code": "timeout", "fd": 12}],
    ),
    Report(request_id="rq_1", state=ReportState.DONE, findings={"verdict": "ok", "checks": [{"id": "config.file"}]}),
    Ack(msg_ids=["m1", "m2"]),
    Ping(n=1, journal_head=_HEAD),
    Pong(n=1, server_time=NOW),
    Error(code="bad_body", text="…", ref="m1"),
    Goodbye(code="going_down", text="…", retry_after=2.0),
)  # fmt: skip
SIGNED = tuple(m for m in SAMPLES if isinstance(m, (Offer, Cancel, Renew, Resolve, Bind, Release, SupportAsked)))
