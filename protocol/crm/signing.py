"""What exactly is signed, and by what rule a signature is believed. The arithmetic of Ed25519 stays in the shells.

The server signs every message that can make a device act, with a job key that the agent pinned when it was paired.
A signature covers the type of the message and the canonical JSON of everything but ``sig`` itself, so that a wrong
router, a proxy or a mix-up of tenants cannot make a device act.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel

from protocol.crm.jobs import canonical_json

T = TypeVar("T", bound=BaseModel)

Sign = Callable[[bytes], str]
"""Bytes to the base64 text of their Ed25519 signature."""

Verify = Callable[[str, bytes, str], bool]
"""(public key as base64, bytes, signature as base64) to whether it is good; never raises."""


def signed_bytes(type_: str, body: Mapping[str, Any]) -> bytes:
    """The bytes that a signature of a message of this type covers."""
    return (
        b"kassabridge.v1\n"
        + type_.encode("ascii")
        + b"\n"
        + canonical_json({k: v for k, v in body.items() if k != "sig"})
    )


def sign_body(type_: str, message: T, sign: Sign) -> T:
    """The same message with its ``sig`` made."""
    return message.model_copy(update={"sig": sign(signed_bytes(type_, message.model_dump(mode="json")))})


def signature_is_good(type_: str, message: BaseModel, keys: Mapping[str, str], verify: Verify) -> bool:
    """Whether ``message.sig`` was made over ``message`` by the pinned key named by ``message.kid``."""
    body = message.model_dump(mode="json")
    key = keys.get(str(body.get("kid")))
    return key is not None and verify(key, signed_bytes(type_, body), str(body.get("sig")))
