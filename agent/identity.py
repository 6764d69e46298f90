"""Who this agent is: its key, its account, the server's keys it believes. Made by pairing, kept in ``identity.json``.

The file holds the private key and is readable by its owner only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from agent import keys
from agent.private_file import write_private
from agent.problems import UserError
from protocol.crm.messages import ServerKey
from protocol.crm.signing import Verify, signature_is_good, signed_bytes

FILE = "identity.json"
SERVER_KEY = "server_key"
"""The type under which a server key is signed by the key it follows: ``signed_bytes("server_key", {kid, key, by})``."""


class Identity(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    agent_id: str
    install_id: str
    tenant_id: str
    tenant: str = ""
    server_url: str
    link_url: str
    private_key: str
    server_keys: dict[str, str]
    """Pinned job keys of the server: kid to public key."""

    def sign(self, data: bytes) -> str:
        return keys.sign(self.private_key, data)

    @property
    def public_key(self) -> str:
        return keys.public_key_of(self.private_key)

    def __repr__(self) -> str:
        return f"Identity(agent_id={self.agent_id!r}, tenant_id={self.tenant_id!r})"

    __str__ = __repr__


def identity_path(data_dir: Path) -> Path:
    return data_dir / FILE


def save_identity(data_dir: Path, identity: Identity) -> None:
    """Replace the file as a whole, flushed, readable by its owner only from its first byte."""
    write_private(identity_path(data_dir), identity.model_dump_json(indent=2).encode("utf-8") + b"\n")


def load_identity(data_dir: Path) -> Identity:
    """Raises ``UserError``: ``not_paired``, ``identity_unreadable``, ``bad_identity``."""
    path = identity_path(data_dir)
    try:
        return Identity.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise UserError(
            "not_paired",
            f"Этот ПК ещё не сопряжён (нет {path}). Возьмите в CRM строку сопряжения и выполните: "
            "kassabridge agent pair https://…/pair/КОД",
            f"This PC is not paired yet (no {path}). Take the pairing line from the CRM and run: "
            "kassabridge agent pair https://…/pair/CODE",
        ) from None
    except OSError as error:
        raise UserError(
            "identity_unreadable",
            f"{path} не читается: {error.strerror}. Запустите агента под тем же пользователем, что и сопряжение.",
            f"{path} cannot be read: {error.strerror}. Run the agent as the user that paired it.",
        ) from None
    except ValidationError:
        raise UserError(
            "bad_identity",
            f"{path} повреждён. Удалите его и выполните сопряжение заново.",
            f"{path} is damaged. Delete it and pair again.",
        ) from None


class BadKeys(Exception):
    """The server showed keys that are neither pinned nor signed by a pinned one: not the server of the pairing."""


def follow(pinned: Mapping[str, str], shown: Sequence[ServerKey], verify: Verify = keys.verify) -> dict[str, str]:
    """The keys to believe from now on: exactly those shown, each either pinned already or signed by one believed.

    A key that is no longer shown is dropped, so that a retired key cannot sign for ever. Raises ``BadKeys`` when one
    cannot be traced to a pinned key, when a pinned ``kid`` comes with another key, or when none is shown.
    """
    believed = dict(pinned)
    waiting = {key.kid: key for key in shown}
    if not shown or len(waiting) != len(shown):
        raise BadKeys("no keys shown" if not shown else "a kid is shown twice")
    for kid in [kid for kid in waiting if kid in pinned]:
        if waiting.pop(kid).key != pinned[kid]:
            raise BadKeys(f"{kid}: another key than the pinned one")
    while waiting:
        good = [key for key in waiting.values() if key.by in believed and _signed(key, believed, verify)]
        if not good:
            raise BadKeys(f"{', '.join(sorted(waiting))}: not signed by a pinned key")
        for key in good:
            believed[key.kid] = waiting.pop(key.kid).key
    return {key.kid: key.key for key in shown}


def _signed(key: ServerKey, believed: Mapping[str, str], verify: Verify) -> bool:
    assert key.by is not None
    body = {"kid": key.kid, "key": key.key, "by": key.by}
    return key.sig is not None and verify(believed[key.by], signed_bytes(SERVER_KEY, body), key.sig)


class Keyring:
    """The pinned keys of a running agent. Read from any thread; replaced only by ``take_over``."""

    def __init__(self, identity: Identity, save: Callable[[Identity], None]) -> None:
        self._identity = identity
        self._save = save

    @property
    def identity(self) -> Identity:
        return self._identity

    @property
    def server_keys(self) -> Mapping[str, str]:
        return self._identity.server_keys

    def take_over(self, shown: Sequence[ServerKey]) -> bool:
        """Believe what ``welcome`` shows, by the rule of ``follow``; on disk before it is used. Whether it changed."""
        believed = follow(self._identity.server_keys, shown)
        if believed == self._identity.server_keys:
            return False
        identity = self._identity.model_copy(update={"server_keys": believed})
        self._save(identity)
        self._identity = identity
        return True

    def is_good(self, type_: str, message: BaseModel) -> bool:
        """Whether a signed message of the server was signed by a pinned key."""
        return signature_is_good(type_, message, self.server_keys, keys.verify)
