"""Who this agent is: its key, its account, the server's keys it believes. Made by pairing, kept in ``identity.json``.

The private key lies in it as the system keeps secrets (``agent.sealing``): on Windows sealed, elsewhere in clear in a
file that only its owner may read.
"""

from __future__ import annotations

import contextlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from agent import keys
from agent.private_file import write_private
from agent.problems import UserError
from agent.sealing import NotOpened, Sealer, system_sealer
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


class _File(BaseModel):
    """``identity.json``: an ``Identity`` whose key is either there in clear or sealed by ``sealed_by``."""

    model_config = ConfigDict(extra="allow")

    private_key: str | None = None
    sealed_key: str | None = None
    sealed_by: str | None = None


def identity_path(data_dir: Path) -> Path:
    return data_dir / FILE


def save_identity(data_dir: Path, identity: Identity, sealer: Sealer | None = None) -> None:
    """Replace the file as a whole, flushed. The key is sealed by ``sealer`` (the system's, when it is not given); where
    there is none, the file is readable by its owner only from its first byte. Raises ``OSError``."""
    sealer = sealer or system_sealer(data_dir)
    told = _File(**identity.model_dump())
    if sealer is not None:
        sealed = sealer.seal(identity.private_key.encode("utf-8"))
        told = told.model_copy(
            update={"private_key": None, "sealed_key": b64encode(sealed).decode("ascii"), "sealed_by": sealer.name}
        )
    text = told.model_dump_json(indent=2, exclude_none=True)
    write_private(identity_path(data_dir), text.encode("utf-8") + b"\n")


def load_identity(data_dir: Path, sealer: Sealer | None = None) -> Identity:
    """Reads, changes nothing. Raises ``UserError``: ``not_paired``, ``identity_unreadable``, ``bad_identity``,
    ``key_not_opened``."""
    return _loaded(data_dir, sealer or system_sealer(data_dir))[0]


def own_identity(data_dir: Path, sealer: Sealer | None = None) -> Identity:
    """The same for the agent itself: a key that an earlier version has written in clear is sealed now. A disk that does
    not take it stops no start."""
    sealer = sealer or system_sealer(data_dir)
    identity, sealed = _loaded(data_dir, sealer)
    if sealer is not None and not sealed:
        with contextlib.suppress(OSError):
            save_identity(data_dir, identity, sealer)
    return identity


def _loaded(data_dir: Path, sealer: Sealer | None) -> tuple[Identity, bool]:
    """The identity, and whether its key lay sealed."""
    path = identity_path(data_dir)
    try:
        told = _File.model_validate_json(path.read_bytes())
        sealed = told.sealed_key is not None
        if sealed:
            told = told.model_copy(update={"private_key": _opened(told, sealer)})
        return Identity.model_validate(told.model_dump(exclude={"sealed_key", "sealed_by"})), sealed
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
    except ValueError:  # of pydantic, of base64, of UTF-8
        raise UserError(
            "bad_identity",
            f"{path} повреждён. Удалите его и выполните сопряжение заново.",
            f"{path} is damaged. Delete it and pair again.",
        ) from None
    except NotOpened as error:
        raise UserError(
            "key_not_opened",
            f"Ключ этого ПК в {path} не открывается: {error}. Так бывает, если данные перенесли с другого ПК, "
            "переустановили систему или испортили файл. Переименуйте его и выполните сопряжение заново.",
            f"This PC's key in {path} does not open: {error}. It is so when the data came from another PC, the system "
            "was installed anew, or the file was spoilt. Rename it and pair again.",
        ) from None


def _opened(told: _File, sealer: Sealer | None) -> str:
    assert told.sealed_key is not None
    if sealer is None or told.sealed_by != sealer.name:
        raise NotOpened(f"sealed by {told.sealed_by}, which is not on this system")
    return sealer.open(b64decode(told.sealed_key, validate=True)).decode("utf-8")


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
