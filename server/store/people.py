"""People: who may sign in, the links that invite them, the browsers that are signed in, and tries to guess."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Float, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from server.store.audited import Audited
from server.store.models import Base


class User(Base):
    """``login`` is folded, and one person's on the whole server. Without ``password_hash`` nobody has set one yet."""

    __tablename__ = "users"
    __audited__ = Audited(
        "user",
        "id",
        fields=("login", "name", "role", "language", "password_set_at", "dismissed_at"),
        quiet=("password_hash", "created_at"),
        actions={"dismissed_at": "dismissed", "role": "role", "password_set_at": "password"},
    )
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    login: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(16))
    language: Mapped[str | None] = mapped_column(String(2))
    password_hash: Mapped[str | None] = mapped_column(Text)
    password_set_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    dismissed_at: Mapped[datetime | None]
    __table_args__ = (Index(None, "tenant_id", "login"),)


class Invitation(Base):
    """A link that sets a password, once. Kept as a hash; a person's newest one counts, older ones are deleted."""

    __tablename__ = "invitations"
    __audited__ = Audited("invitation", "user_id", fields=("expires_at",), quiet=("hash", "created_at"))
    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class SignIn(Base):
    """One browser that is signed in. The row is the right: whoever has none is out."""

    __tablename__ = "sign_ins"
    __audited__ = Audited(
        "session", "session_id", fields=("user_id", "address", "browser"), quiet=("hash", "created_at", "seen_at")
    )
    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    session_id: Mapped[str] = mapped_column(String(64), unique=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(index=True)
    seen_at: Mapped[datetime] = mapped_column(index=True)
    address: Mapped[str] = mapped_column(String(64))
    browser: Mapped[str] = mapped_column(String(200))
    __table_args__ = (Index(None, "user_id", "seen_at", "session_id"),)


class KnownDevice(Base):
    """A browser in which this person has signed in before. It opens nothing: its tries are counted apart."""

    __tablename__ = "known_devices"
    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)
    used_at: Mapped[datetime]


class SignInTries(Base):
    """The bucket of one counter of tries: ``tokens`` that were left ``at`` that moment."""

    __tablename__ = "sign_in_tries"
    counter: Mapped[str] = mapped_column(String(64), primary_key=True)  # hash of what is counted
    tokens: Mapped[float] = mapped_column(Float)
    at: Mapped[datetime] = mapped_column(index=True)
