"""What stands in the journal, and the hash chain over it.

The chain runs over the *hashes* of bodies, so that a body (it holds a buyer's contact) can be pruned without breaking
the chain.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from protocol.crm.jobs import sha256_hex

GENESIS = ""


class RecordKind(StrEnum):
    JOB = "job"  # a transition of the job machine; the body holds the row after it
    OPERATION_INTENT = "operation_intent"  # a shift is about to be opened or closed
    OPERATION_OUTCOME = "operation_outcome"
    DEVICE = "device"  # what is known of a device after this record: binding, desk, highest document seen
    EVENT = "event"  # reported to the server, with no other effect
    NOTE = "note"  # an operation without fiscal effect, for the record


@dataclass(frozen=True, slots=True)
class Record:
    n: int
    at: str
    kind: RecordKind
    job_id: str | None
    kkm_id: str | None
    body: dict[str, Any] | None  # None once pruned
    body_hash: str
    hash: str


def chain_hash(
    previous: str, n: int, at: str, kind: str, job_id: str | None, kkm_id: str | None, body_hash: str
) -> str:
    """Hash of a record: SHA-256 over the previous hash and every column but the body, which its hash stands for."""
    fields = (previous, str(n), at, kind, job_id or "", kkm_id or "", body_hash)
    return hashlib.sha256("\n".join(fields).encode("utf-8")).hexdigest()


def hash_of_body(body: dict[str, Any]) -> str:
    return sha256_hex(body)
