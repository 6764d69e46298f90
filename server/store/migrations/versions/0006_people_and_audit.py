"""people, the browsers in which they are signed in, proposals of decisions, the audit's chain"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=True),
        _moment("password_set_at", nullable=True),
        _moment("created_at"),
        _moment("dismissed_at", nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_users_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("login", name=op.f("uq_users_login")),
    )
    op.create_index(op.f("ix_users_tenant_id_created_at"), "users", ["tenant_id", "created_at"])
    op.create_table(
        "invitations",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        _moment("created_at"),
        _moment("expires_at"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_invitations_tenant_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_invitations_user_id")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_invitations")),
        sa.UniqueConstraint("user_id", name=op.f("uq_invitations_user_id")),
    )
    op.create_table(
        "sign_ins",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("session_id", sa.String(length=64), nullable=False),
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        _moment("created_at"),
        _moment("seen_at"),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("browser", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_sign_ins_tenant_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sign_ins_user_id")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_sign_ins")),
        sa.UniqueConstraint("session_id", name=op.f("uq_sign_ins_session_id")),
    )
    op.create_index(op.f("ix_sign_ins_user_id"), "sign_ins", ["user_id"])
    op.create_table(
        "known_devices",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        _moment("used_at"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_known_devices_user_id")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_known_devices")),
    )
    op.create_index(op.f("ix_known_devices_user_id"), "known_devices", ["user_id"])
    op.create_table(
        "sign_in_tries",
        sa.Column("counter", sa.String(length=64), nullable=False),
        sa.Column("tokens", sa.Float(), nullable=False),
        _moment("at"),
        sa.PrimaryKeyConstraint("counter", name=op.f("pk_sign_in_tries")),
    )
    op.create_index(op.f("ix_sign_in_tries_at"), "sign_in_tries", ["at"])
    op.create_table(
        "proposals",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("job_id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("body", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("proposed_by", sa.String(length=80), nullable=False),
        sa.Column("proposed_name", sa.String(length=200), nullable=False),
        _moment("proposed_at"),
        sa.Column("decided_by", sa.String(length=80), nullable=True),
        sa.Column("decided_name", sa.String(length=200), nullable=True),
        _moment("decided_at", nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_proposals_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposals")),
    )
    op.create_index(
        op.f("ix_proposals_tenant_id_state_proposed_at"), "proposals", ["tenant_id", "state", "proposed_at"]
    )
    op.create_index(op.f("ix_proposals_tenant_id_job_id"), "proposals", ["tenant_id", "job_id"])
    op.create_table(
        "audit_heads",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_audit_heads_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_audit_heads")),
    )
    op.create_table(
        "audit_entries",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        _moment("at"),
        sa.Column("actor_kind", sa.String(length=16), nullable=False),
        sa.Column("actor_id", sa.String(length=64), nullable=False),
        sa.Column("actor_name", sa.String(length=200), nullable=True),
        sa.Column("address", sa.String(length=64), nullable=True),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("subject_kind", sa.String(length=32), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("before", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("after", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_audit_entries_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "n", name=op.f("pk_audit_entries")),
    )
    op.create_index(
        op.f("ix_audit_entries_tenant_id_subject_kind_subject_id_n"),
        "audit_entries",
        ["tenant_id", "subject_kind", "subject_id", "n"],
    )
    op.create_index(
        op.f("ix_audit_entries_tenant_id_actor_kind_actor_id_n"),
        "audit_entries",
        ["tenant_id", "actor_kind", "actor_id", "n"],
    )
    op.create_index(op.f("ix_audit_entries_tenant_id_at"), "audit_entries", ["tenant_id", "at"])
    op.execute(f"INSERT INTO audit_heads (tenant_id, n, hash) SELECT id, 0, '{'0' * 64}' FROM tenants")
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.add_column(sa.Column("posted_by", sa.String(length=80), nullable=True))
        batch_op.create_index(op.f("ix_jobs_tenant_id_id"), ["tenant_id", "id"])
        batch_op.create_index(op.f("ix_jobs_tenant_id_kind_id"), ["tenant_id", "kind", "id"])
        batch_op.create_index(op.f("ix_jobs_tenant_id_kkm_id_id"), ["tenant_id", "kkm_id", "id"])


def downgrade() -> None:
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.drop_index(op.f("ix_jobs_tenant_id_kkm_id_id"))
        batch_op.drop_index(op.f("ix_jobs_tenant_id_kind_id"))
        batch_op.drop_index(op.f("ix_jobs_tenant_id_id"))
        batch_op.drop_column("posted_by")
    for table in (
        "audit_entries",
        "audit_heads",
        "proposals",
        "sign_in_tries",
        "known_devices",
        "sign_ins",
        "invitations",
        "users",
    ):
        op.drop_table(table)
