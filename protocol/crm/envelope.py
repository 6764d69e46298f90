"""The envelope around every message, and the limits of what is read at all.

``{v, type, msg_id, ts, body}``. Unknown envelope fields are ignored, unknown types are a named error, bodies forbid
unknown fields.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from protocol.crm.jobs import canonical_json
from protocol.crm.messages import NAMES, TYPES
from protocol.crm.outcomes import Value

VERSION = 1
MAX_BYTES = 256 * 1024  # a receipt of 1,000 positions is about 200 KiB
MAX_DEPTH = 16


class BadMessage(Exception):
    """A message that cannot be taken. ``code`` is stable; ``msg_id`` is given when it could still be read."""

    def __init__(self, code: str, detail: str, msg_id: str | None = None) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail
        self.msg_id = msg_id


class _Outer(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    v: int
    type: str
    msg_id: str
    ts: AwareDatetime
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Envelope:
    msg_id: str
    ts: datetime
    body: Value

    @property
    def type(self) -> str:
        return NAMES[type(self.body)]

    def to_text(self) -> str:
        return json.dumps(
            {
                "v": VERSION,
                "type": self.type,
                "msg_id": self.msg_id,
                "ts": self.ts.isoformat(),
                "body": self.body.model_dump(mode="json"),
            },
            ensure_ascii=False,
            separators=(",", ":"),
        )


def parse(text: str | bytes) -> Envelope:
    """Text of a frame to its envelope. Raises ``BadMessage`` and nothing else."""
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(raw) > MAX_BYTES:
        raise BadMessage("message_too_large", f"{len(raw)} bytes, at most {MAX_BYTES}")
    if too_deep(raw):
        raise BadMessage("message_too_deep", f"more than {MAX_DEPTH} levels")
    try:
        outer = _Outer.model_validate_json(raw)
    except ValidationError as error:
        raise BadMessage("bad_envelope", _first(error)) from None
    if outer.v != VERSION:
        raise BadMessage("unknown_version", f"version {outer.v}, known: {VERSION}", outer.msg_id)
    try:
        canonical_json(outer.body)
    except ValueError as error:  # NaN and infinities: they could be neither hashed nor signed
        raise BadMessage("bad_body", f"{outer.type[:64]}: {error}", outer.msg_id) from None
    model = TYPES.get(outer.type)
    if model is None:
        raise BadMessage("unknown_type", outer.type[:64], outer.msg_id)
    try:
        return Envelope(outer.msg_id, outer.ts, model.model_validate(outer.body))
    except ValidationError as error:
        raise BadMessage("bad_body", f"{outer.type}: {_first(error)}", outer.msg_id) from None


def too_deep(raw: bytes, limit: int = MAX_DEPTH) -> bool:
    """Whether brackets nest deeper than ``limit``; counted before parsing, so that depth costs nothing."""
    depth, inside, escaped = 0, False, False
    for byte in raw:
        if inside:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                inside = False
        elif byte == 0x22:
            inside = True
        elif byte in (0x5B, 0x7B):
            depth += 1
            if depth > limit:
                return True
        elif byte in (0x5D, 0x7D):
            depth -= 1
    return False


def _first(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"]) or "message"
    return f"{where}: {first['msg']}"
