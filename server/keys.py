"""Ed25519 for the shells: the server's job key, and the check of an agent's signature. Keys are base64 text."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from protocol.crm.messages import ServerKey


@dataclass(frozen=True, slots=True)
class JobKey:
    """The key whose signature makes devices act. ``kid`` is derived from the public half."""

    private: Ed25519PrivateKey

    @classmethod
    def from_seed(cls, seed: bytes) -> JobKey:
        """``seed``: 32 bytes."""
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @property
    def public(self) -> str:
        return b64encode(self.private.public_key().public_bytes_raw()).decode("ascii")

    @property
    def kid(self) -> str:
        return hashlib.sha256(self.private.public_key().public_bytes_raw()).hexdigest()[:16]

    def sign(self, data: bytes) -> str:
        return b64encode(self.private.sign(data)).decode("ascii")

    def published(self) -> ServerKey:
        return ServerKey(kid=self.kid, key=self.public)


def verify(public_key: str, data: bytes, signature: str) -> bool:
    """Whether the signature is good; ``False`` also for what is no key or no signature at all."""
    try:
        key = Ed25519PublicKey.from_public_bytes(b64decode(public_key, validate=True))
        key.verify(b64decode(signature, validate=True), data)
    except (InvalidSignature, Base64Error, ValueError):
        return False
    return True


def is_public_key(text: str) -> bool:
    """32 bytes in base64."""
    try:
        return len(b64decode(text, validate=True)) == 32
    except (Base64Error, ValueError):
        return False


def token_hash(token: str) -> str:
    """How a high-entropy secret is kept: its SHA-256 (a slow hash would add nothing to 256 random bits)."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
