"""Words of a job that both sides and the REST API share."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b32encode
from enum import StrEnum
from typing import Annotated, Any

from pydantic import StringConstraints

JobId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,64}$")]
KkmId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,64}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
PART_ID = r"^[A-Za-z0-9._:-]{1,64}/[a-z]+[0-9]{1,3}$"
"""Name of a part of a sale: no job of a caller's can have it."""
JOB_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")


class JobKind(StrEnum):
    RECEIPT = "receipt"
    CORRECTION = "correction"
    OPEN_SHIFT = "open_shift"
    CLOSE_SHIFT = "close_shift"
    X_REPORT = "x_report"
    CASH_IN = "cash_in"
    CASH_OUT = "cash_out"
    PRINT_TEXT = "print_text"
    PRINT_COPY = "print_copy"
    OPEN_DRAWER = "open_drawer"
    DEVICE_STATUS = "device_status"
    DOCUMENT = "document"
    PAYMENT = "payment"
    REFUND = "refund"
    VOID = "void"
    SETTLEMENT = "settlement"
    TERMINAL_STATUS = "terminal_status"
    SALE = "sale"
    SALE_REFUND = "sale_refund"


class DeviceClass(StrEnum):
    """What a KKM_ID stands for."""

    REGISTER = "register"
    TERMINAL = "terminal"


class JobState(StrEnum):
    QUEUED = "queued"  # the server has it, no agent answers for it yet
    ACCEPTED = "accepted"  # on the agent's disk; nothing sent to the device
    HELD = "held"  # its time to start passed; a person renews or cancels
    STARTED = "started"  # INTENT is on disk: from here it can only be resolved
    RESOLVING = "resolving"  # the device's records are being asked what happened
    HUMAN = "human"  # the records do not decide; a person has to look
    DONE = "done"
    NOT_DONE = "not_done"
    CANCELLED = "cancelled"
    REJECTED = "rejected"


FINAL = frozenset({JobState.DONE, JobState.NOT_DONE, JobState.CANCELLED, JobState.REJECTED})
OPEN_INTENT = frozenset({JobState.STARTED, JobState.RESOLVING, JobState.HUMAN})
MAX_ATTEMPTS = 3


def canonical_json(value: Any) -> bytes:
    """One spelling per value: sorted keys, no blanks, UTF-8. What is hashed and signed."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8")


def sha256_hex(value: Any) -> str:
    """Hash of a JSON value in its canonical spelling."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def whole(job_id: str) -> str:
    """The job that people know: of a part of a sale the sale."""
    return job_id.partition("/")[0]


def imprint_of(tenant_id: str, job_id: str) -> str:
    """The short id of a job that is stored inside its fiscal document: 13 characters of base32."""
    digest = hashlib.sha256(f"{tenant_id}\x1f{job_id}".encode()).digest()
    return b32encode(digest).decode("ascii")[:13]
