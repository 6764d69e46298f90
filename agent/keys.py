"""Ed25519 with keys and signatures as base64 text: the arithmetic behind ``protocol.crm.signing``."""

from __future__ import annotations

from base64 import b64decode, b64encode

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


def new_private_key() -> str:
    return b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode("ascii")


def public_key_of(private_key: str) -> str:
    return b64encode(_private(private_key).public_key().public_bytes_raw()).decode("ascii")


def sign(private_key: str, data: bytes) -> str:
    return b64encode(_private(private_key).sign(data)).decode("ascii")


def verify(public_key: str, data: bytes, signature: str) -> bool:
    """Whether ``signature`` over ``data`` is good; ``False`` for anything that is no key or no signature."""
    try:
        key = Ed25519PublicKey.from_public_bytes(b64decode(public_key, validate=True))
        key.verify(b64decode(signature, validate=True), data)
    except (ValueError, InvalidSignature):
        return False
    return True


def _private(private_key: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(b64decode(private_key, validate=True))
