"""The tables. Portable SQL: what only one database can do stays out of here."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from server.store.actor import ActorKind
from server.store.audited import Audited


class Utc(TypeDecorator[datetime]):
    """An aware moment, kept in UTC; a naive one is a programming error."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without its offset")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Serial = BigInteger().with_variant(Integer, "sqlite")
"""A growing number; SQLite counts only in a column called INTEGER."""


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    __audited__: ClassVar[Audited | None] = None
    """What the audit writes down of a table; ``NOT_AUDITED`` of its test says why of another it writes nothing."""
    type_annotation_map = {datetime: Utc(), dict[str, Any]: JSON(none_as_null=True), list[Any]: JSON(none_as_null=True)}


def table_of(entity: type[Base]) -> Table:
    """For statements that need no objects: they cost a quarter."""
    table = entity.__table__
    assert isinstance(table, Table)
    return table


class Tenant(Base):
    """One CRM account."""

    __tablename__ = "tenants"
    __audited__ = Audited("tenant", "id", fields=("name",), quiet=("created_at",))
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    created_at: Mapped[datetime]


class ApiKey(Base):
    __tablename__ = "api_keys"
    __audited__ = Audited(
        "key",
        "key_id",
        fields=("name", "scopes", "revoked_at"),
        quiet=("hash", "created_at"),
        actions={"revoked_at": "revoked"},
    )
    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"), index=True)
    scopes: Mapped[str] = mapped_column(String(200))  # words with blanks between
    created_at: Mapped[datetime]
    key_id: Mapped[str] = mapped_column(String(64), unique=True)  # names the key where it must not be seen
    name: Mapped[str | None] = mapped_column(String(200))
    revoked_at: Mapped[datetime | None]


class SigningKey(Base):
    """The server's job keys; the newest signs."""

    __tablename__ = "signing_keys"
    kid: Mapped[str] = mapped_column(String(64), primary_key=True)
    seed: Mapped[str] = mapped_column(String(64))  # base64 of the 32 private bytes
    created_at: Mapped[datetime]


class Agent(Base):
    """One PC. ``acked`` is the journal head that the server has confirmed, ``seen`` the last one it was told."""

    __tablename__ = "agents"
    __audited__ = Audited(
        "agent",
        "id",
        fields=("state", "name", "pc_name", "install_id", "confirmed_by", "confirmed_why"),
        quiet=(
            *("public_key", "version", "created_at", "session_epoch", "connected_at", "unreachable_since"),
            *("acked_n", "acked_hash", "seen_n", "seen_hash", "quarantined_at", "quarantine_detail", "confirmed_at"),
        ),
        actions={"state": "{}"},
    )
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    state: Mapped[str] = mapped_column(String(16))  # pending, active, quarantined
    name: Mapped[str | None] = mapped_column(String(200))
    public_key: Mapped[str] = mapped_column(String(64), unique=True)
    install_id: Mapped[str] = mapped_column(String(200))
    pc_name: Mapped[str] = mapped_column(String(200))
    version: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    session_epoch: Mapped[int] = mapped_column(default=0)
    connected_at: Mapped[datetime | None]
    unreachable_since: Mapped[datetime | None]
    acked_n: Mapped[int] = mapped_column(BigInteger, default=0)
    acked_hash: Mapped[str] = mapped_column(String(128), default="")
    seen_n: Mapped[int] = mapped_column(BigInteger, default=0)
    seen_hash: Mapped[str] = mapped_column(String(128), default="")
    quarantined_at: Mapped[datetime | None]
    quarantine_detail: Mapped[str | None] = mapped_column(Text)
    confirmed_at: Mapped[datetime | None]
    confirmed_by: Mapped[str | None] = mapped_column(Text)
    confirmed_why: Mapped[str | None] = mapped_column(Text)
    __table_args__ = (Index(None, "tenant_id", "created_at", "id"),)


class PairingCode(Base):
    """A code is kept as a hash, bound to the first public key that claims it, and used once."""

    __tablename__ = "pairing_codes"
    __audited__ = Audited(
        "pairing",
        "agent_id",
        fields=("state", "name", "pc_name", "auto_confirm", "expires_at"),
        quiet=("hash", "created_at", "wrong_tries", "claim_id", "public_key", "last_poll_at"),
        actions={"state": "{}"},
    )
    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"), index=True)
    name: Mapped[str | None] = mapped_column(String(200))
    auto_confirm: Mapped[bool]
    state: Mapped[str] = mapped_column(String(16))  # free, claimed, confirmed, refused
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    wrong_tries: Mapped[int] = mapped_column(default=0)
    claim_id: Mapped[str | None] = mapped_column(String(64), unique=True)
    agent_id: Mapped[str | None] = mapped_column(ForeignKey("agents.id"))
    public_key: Mapped[str | None] = mapped_column(String(64))
    pc_name: Mapped[str | None] = mapped_column(String(200))
    last_poll_at: Mapped[datetime | None]


class WrongTry(Base):
    """Somebody at this address named a code that does not exist."""

    __tablename__ = "wrong_tries"
    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    address: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
    __table_args__ = (Index(None, "address", "at"),)


class Desk(Base):
    __tablename__ = "desks"
    __audited__ = Audited(
        "desk",
        "desk_id",
        fields=(
            *("name", "kkm_id", "terminal_kkm_id", "timezone", "exclusive", "imprint", "open_shift"),
            *("close_expired_shift", "close_at", "close_before_24h", "held_hours", "settle"),
        ),
    )
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    desk_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str | None] = mapped_column(String(200))
    kkm_id: Mapped[str | None] = mapped_column(String(64))
    terminal_kkm_id: Mapped[str | None] = mapped_column(String(64))
    timezone: Mapped[str] = mapped_column(String(64))
    exclusive: Mapped[bool]
    imprint: Mapped[bool]
    open_shift: Mapped[bool]
    close_expired_shift: Mapped[bool]
    close_at: Mapped[str | None] = mapped_column(String(5))  # HH:MM, the desk's local time
    close_before_24h: Mapped[bool] = mapped_column(default=True)
    held_hours: Mapped[int]
    settle: Mapped[bool] = mapped_column(default=False)  # the terminal, after the register's shift was closed
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "kkm_id"], ["devices.tenant_id", "devices.kkm_id"]),
        ForeignKeyConstraint(["tenant_id", "terminal_kkm_id"], ["devices.tenant_id", "devices.kkm_id"]),
        UniqueConstraint("tenant_id", "kkm_id"),
        UniqueConstraint("tenant_id", "terminal_kkm_id"),
    )


class Device(Base):
    """A register or a card terminal. ``binding_epoch`` 0: never bound. ``bound_epoch``: the epoch that its agent has
    confirmed. ``serial_space``: where its serial names one machine: everywhere (empty) that of a register, in one
    account that of a terminal, because every bank numbers its own."""

    __tablename__ = "devices"
    __audited__ = Audited(
        "device",
        "kkm_id",
        fields=(
            *("name", "agent_id", "expected_serial", "device_class", "bound_serial", "binding_epoch"),
            *("releasing", "moving_to", "released_from", "fn_serial", "registration_number", "exclusive_lost_at"),
        ),
        quiet=(
            *("serial_space", "bound_epoch", "driver", "model", "ffd", "last_fd", "taxation"),
            *("health", "health_at", "health_taken_at", "attention"),
        ),
        actions={"binding_epoch": "bound", "releasing": "released", "moving_to": "moved"},
    )
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    kkm_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str | None] = mapped_column(String(200))
    agent_id: Mapped[str | None] = mapped_column(ForeignKey("agents.id"), index=True)
    expected_serial: Mapped[str | None] = mapped_column(String(64))
    device_class: Mapped[str | None] = mapped_column(String(16))  # null: no PC has said yet
    serial_space: Mapped[str] = mapped_column(String(64), default="")
    bound_serial: Mapped[str | None] = mapped_column(String(64))
    binding_epoch: Mapped[int] = mapped_column(default=0)
    bound_epoch: Mapped[int] = mapped_column(default=0)
    releasing: Mapped[bool] = mapped_column(default=False)
    moving_to: Mapped[str | None] = mapped_column(ForeignKey("agents.id"))
    released_from: Mapped[str | None] = mapped_column(String(64))
    driver: Mapped[str | None] = mapped_column(String(64))
    model: Mapped[str | None] = mapped_column(String(200))
    ffd: Mapped[str | None] = mapped_column(String(16))
    registration_number: Mapped[str | None] = mapped_column(String(64))
    fn_serial: Mapped[str | None] = mapped_column(String(64))
    last_fd: Mapped[int | None]
    taxation: Mapped[int | None]  # tag 1062: mask of the registered taxation systems
    exclusive_lost_at: Mapped[datetime | None]
    health: Mapped[dict[str, Any] | None]  # facts of the latest look, sanitised
    health_at: Mapped[datetime | None]  # when the agent looked, on its clock
    health_taken_at: Mapped[datetime | None]  # when that was heard here
    attention: Mapped[int] = mapped_column(default=0)  # how bad that look is: a ``desks.Level``, to sort by
    __table_args__ = (UniqueConstraint("serial_space", "bound_serial"),)


class RefusedClaim(Base):
    """An agent said that a device is its own, and was refused; shown to the owner."""

    __tablename__ = "refused_claims"
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    kkm_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    agent_id: Mapped[str] = mapped_column(ForeignKey("agents.id"), primary_key=True)
    code: Mapped[str] = mapped_column(String(64))
    register_serial: Mapped[str | None] = mapped_column(String(64))
    at: Mapped[datetime]


_OWED = text("owed IS 1"), text("owed IS true")
"""What a query must say, word for word, to be given the index of what is owed."""


class Job(Base):
    """The CRM's request and the mirror of what its agent says."""

    __tablename__ = "jobs"
    __audited__ = Audited(
        "job",
        "job_id",
        fields=(
            *("kind", "kkm_id", "desk_id", "order_ref", "subtype", "total", "payload_hash"),
            *("state", "lease_no", "start_within_s", "cancel_pending", "resolution"),
        ),
        quiet=(
            *("posted_by", "payload", "body_hash", "imprint", "warnings", "created_at", "start_by", "rev", "attempt"),
            *("sent", "agent_id", "fd_before", "held_at", "ended_at", "reason", "proof", "evidence", "result"),
            *("document", "paper", "certainty", "too_late", "owed", "waits", "choices", "steps", "progress"),
            "progress_at",
        ),
        actions={"resolution": "decided", "lease_no": "renewed", "cancel_pending": "cancelled", "state": "cancelled"},
        by=frozenset({ActorKind.USER, ActorKind.KEY, ActorKind.CONSOLE}),  # what PCs report is the job's own history
        made_by=frozenset({ActorKind.USER}),  # the CRM's jobs name their key themselves (``posted_by``)
    )
    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    job_id: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(32))
    kkm_id: Mapped[str] = mapped_column(String(64))
    desk_id: Mapped[str | None] = mapped_column(String(64))
    order_ref: Mapped[str | None] = mapped_column(String(200))
    posted_by: Mapped[str | None] = mapped_column(String(80))  # an actor's ref; null: taken over from an agent
    payload: Mapped[dict[str, Any]]
    payload_hash: Mapped[str] = mapped_column(String(64))
    body_hash: Mapped[str | None] = mapped_column(String(64))  # null: taken over from an agent
    subtype: Mapped[str] = mapped_column(String(32))
    total: Mapped[int] = mapped_column(BigInteger)  # kopecks
    imprint: Mapped[str] = mapped_column(String(16))
    warnings: Mapped[list[Any] | None]
    created_at: Mapped[datetime]
    start_within_s: Mapped[int]
    start_by: Mapped[datetime]
    lease_no: Mapped[int] = mapped_column(default=1)
    state: Mapped[str] = mapped_column(String(16))
    rev: Mapped[int] = mapped_column(default=0)
    attempt: Mapped[int] = mapped_column(default=0)
    sent: Mapped[bool] = mapped_column(default=False)
    cancel_pending: Mapped[bool] = mapped_column(default=False)
    agent_id: Mapped[str | None] = mapped_column(ForeignKey("agents.id"))  # who was offered it last
    fd_before: Mapped[int | None]  # no document of this job has a number up to this one
    held_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    reason: Mapped[dict[str, Any] | None]
    proof: Mapped[dict[str, Any] | None]
    evidence: Mapped[dict[str, Any] | None]
    result: Mapped[dict[str, Any] | None]
    document: Mapped[dict[str, Any] | None]  # the fiscal document behind the proof: type, fd, tags
    resolution: Mapped[dict[str, Any] | None]  # the person's latest decision, as it was asked
    paper: Mapped[str | None] = mapped_column(String(16))
    certainty: Mapped[str | None] = mapped_column(String(32))
    too_late: Mapped[bool] = mapped_column(default=False)
    owed: Mapped[bool] = mapped_column(default=False)  # money was moved, its receipt is not made
    waits: Mapped[str | None] = mapped_column(String(64))  # the code of what a sale wants from a person
    choices: Mapped[list[Any] | None]  # what a person may say to that
    steps: Mapped[list[Any] | None]  # the parts of a sale, as its agent told them
    progress: Mapped[dict[str, Any] | None]
    progress_at: Mapped[datetime | None]
    __table_args__ = (
        UniqueConstraint("tenant_id", "job_id"),
        Index(None, "tenant_id", "created_at", "id"),
        Index(None, "tenant_id", "state", "created_at", "id"),
        Index(None, "tenant_id", "kind", "created_at", "id"),
        Index(None, "tenant_id", "kkm_id", "created_at", "id"),
        Index(None, "tenant_id", "kkm_id", "state", "created_at", "id"),
        Index(None, "tenant_id", "kind", "state", "created_at", "id"),
        Index(None, "tenant_id", "kkm_id", "kind", "created_at", "id"),
        Index(None, "tenant_id", "kkm_id", "kind", "state", "created_at", "id"),
        Index(None, "tenant_id", "order_ref", "created_at", "id"),
        Index("ix_jobs_owed", "tenant_id", "created_at", "id", sqlite_where=_OWED[0], postgresql_where=_OWED[1]),
        Index(None, "tenant_id", "imprint"),
        Index(None, "agent_id", "state"),
        Index(None, "state", "sent", "start_by"),
    )


class JobTransition(Base):
    """One line of a job's history."""

    __tablename__ = "job_history"
    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    job: Mapped[int] = mapped_column(ForeignKey("jobs.id"), index=True)
    state: Mapped[str] = mapped_column(String(16))
    rev: Mapped[int]
    attempt: Mapped[int]
    at: Mapped[datetime]  # on the clock of whoever made the transition
    stored_at: Mapped[datetime]
    code: Mapped[str | None] = mapped_column(String(64))


class Outgoing(Base):
    """The outbox: a durable message lives here until its own ack. Signed when it is sent.

    An offer belongs to whichever agent owns the device at that moment (``agent_id`` null); others name their agent.
    """

    __tablename__ = "outbox"
    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    msg_id: Mapped[str] = mapped_column(String(64), unique=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    agent_id: Mapped[str | None] = mapped_column(ForeignKey("agents.id"), index=True)
    kkm_id: Mapped[str] = mapped_column(String(64))
    type: Mapped[str] = mapped_column(String(16))
    job: Mapped[int | None] = mapped_column(ForeignKey("jobs.id"), index=True)
    body: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    __table_args__ = (Index(None, "tenant_id", "kkm_id"),)


class Evidence(Base):
    """What an agent said that must not change the mirror: in quarantine, or under an older binding."""

    __tablename__ = "evidence"
    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    agent_id: Mapped[str] = mapped_column(ForeignKey("agents.id"))
    msg_id: Mapped[str] = mapped_column(String(64))
    type: Mapped[str] = mapped_column(String(16))
    why: Mapped[str] = mapped_column(String(32))
    job_id: Mapped[str | None] = mapped_column(String(64))
    body: Mapped[dict[str, Any]]
    at: Mapped[datetime]
    __table_args__ = (UniqueConstraint("agent_id", "msg_id"),)


class DeviceEvent(Base):
    """What a device did outside a job."""

    __tablename__ = "device_events"
    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    agent_id: Mapped[str] = mapped_column(ForeignKey("agents.id"))
    event_id: Mapped[str] = mapped_column(String(128))
    kkm_id: Mapped[str | None] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
    body: Mapped[dict[str, Any]]
    __table_args__ = (UniqueConstraint("agent_id", "event_id"), Index(None, "tenant_id", "kkm_id"))
