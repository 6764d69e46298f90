"""What an operator can set, and the limits of one server."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from argon2 import Parameters
from argon2.profiles import RFC_9106_LOW_MEMORY

DEFAULT_DATABASE = "./kassabridge.sqlite3"
VERSION = "0.1.0"
DEFAULT_ZONE = "Europe/Moscow"
"""Of a register that stands at no desk."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Times in seconds. What a peer may cost before it is slowed down or refused."""

    body_bytes: int = 256 * 1024
    payload_bytes: int = 240 * 1024  # with its envelope and signature it must fit into one message of the link
    jobs_per_device: int = 256
    messages_per_second: float = 20.0
    message_burst: int = 100
    connections_per_minute: int = 10
    silence: float = 60.0
    send_timeout: float = 10.0
    pairing_code_life: float = 600.0
    pairing_tries: int = 5
    pairing_poll: float = 5.0
    duplicate_window: float = 600.0
    calls_per_second: float = 50.0  # of one API key
    call_burst: int = 200
    wrong_keys_per_minute: int = 30  # from one address
    streams: int = 20  # of one tenant
    feed_days: int = 30  # how long events are kept
    request_life: float = 900.0  # of what support asks of a PC
    logs: int = 10  # of one tenant that are asked for or watched at once
    bundle_bytes: int = 12 * 1024 * 1024
    bundles_per_day: int = 12  # of one PC
    bundle_days: int = 14  # how long a bundle's file is kept


@dataclass(frozen=True, slots=True)
class Settings:
    database: str = DEFAULT_DATABASE
    """A database URL, or the path of an SQLite file."""
    public_url: str | None = None
    """How agents and browsers reach this server; without it, the address of the request."""
    private_webhooks: bool = False
    """Whether webhooks may go to private and loopback addresses, and by plain http."""
    bundles: str | None = None
    """The folder of the bundles that PCs send; without it, one beside the database."""
    hashing: Parameters = field(default_factory=lambda: RFC_9106_LOW_MEMORY)
    """What a password's hash costs."""
    metrics_token: str | None = field(default=None, repr=False)
    """Who may read the figures from another machine; without it, only this machine."""
    limits: Limits = field(default_factory=Limits)
    console: bool = True
    """Whether the server has pages for people."""

    @property
    def bundle_folder(self) -> Path:
        if self.bundles is not None:
            return Path(self.bundles)
        scheme, _, place = database_url(self.database).partition(":///")
        return Path(place).with_suffix(".bundles") if scheme == "sqlite" and place else Path("kassabridge.bundles")

    @property
    def database_folder(self) -> Path | None:
        """Where the database lies, if it is a file."""
        scheme, _, place = database_url(self.database).partition(":///")
        return Path(place).absolute().parent if scheme == "sqlite" and place not in ("", ":memory:") else None


def database_url(text: str) -> str:
    """The URL with the driver that is used; a bare path is an SQLite file."""
    if "://" not in text:
        return f"sqlite:///{text}"
    scheme, rest = text.split("://", 1)
    drivers = {
        "sqlite+aiosqlite": "sqlite",
        "postgresql": "postgresql+asyncpg",
        "postgres": "postgresql+asyncpg",
    }
    return f"{drivers.get(scheme, scheme)}://{rest}"
