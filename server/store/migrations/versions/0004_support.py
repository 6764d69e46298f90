"""requests of support, bundles, a scope for both"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "support_requests",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("agent_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("person", sa.String(length=200), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("jobs", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("key_id", sa.String(length=64), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("code", sa.String(length=64), nullable=True),
        sa.Column("report", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("bundle_id", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_support_requests_tenant_id")),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_support_requests_agent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_support_requests")),
    )
    op.create_index(op.f("ix_support_requests_tenant_id_asked_at"), "support_requests", ["tenant_id", "asked_at"])
    op.create_index(
        op.f("ix_support_requests_agent_id_kind_asked_at"), "support_requests", ["agent_id", "kind", "asked_at"]
    )
    op.create_table(
        "support_bundles",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("agent_id", sa.String(length=64), nullable=False),
        sa.Column("reference", sa.String(length=32), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("consent_person", sa.String(length=200), nullable=False),
        sa.Column("consent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("standing", sa.Boolean(), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_support_bundles_tenant_id")),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_support_bundles_agent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_support_bundles")),
        sa.UniqueConstraint("agent_id", "sha256", name=op.f("uq_support_bundles_agent_id_sha256")),
    )
    op.create_index(op.f("ix_support_bundles_tenant_id_received_at"), "support_bundles", ["tenant_id", "received_at"])
    # A key that had every scope that there was keeps every scope that there is.
    op.execute("UPDATE api_keys SET scopes = scopes || ' support' WHERE scopes = 'jobs directory decide webhooks read'")


def downgrade() -> None:
    op.execute("UPDATE api_keys SET scopes = replace(scopes, ' support', '')")
    op.drop_table("support_bundles")
    op.drop_table("support_requests")
