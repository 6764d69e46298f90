"""health of devices, results and documents of jobs, closing hours of desks"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("desks", schema=None) as batch_op:
        batch_op.add_column(sa.Column("close_at", sa.String(length=5), nullable=True))
        batch_op.add_column(sa.Column("close_before_24h", sa.Boolean(), nullable=False, server_default=sa.true()))
    with op.batch_alter_table("devices", schema=None) as batch_op:
        batch_op.add_column(sa.Column("taxation", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("health", sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(sa.Column("health_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("health_taken_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.add_column(sa.Column("result", sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(sa.Column("document", sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(sa.Column("resolution", sa.JSON(none_as_null=True), nullable=True))
    with op.batch_alter_table("device_events", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_device_events_tenant_id_kkm_id"), ["tenant_id", "kkm_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("device_events", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_device_events_tenant_id_kkm_id"))
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        for column in ("resolution", "document", "result"):
            batch_op.drop_column(column)
    with op.batch_alter_table("devices", schema=None) as batch_op:
        for column in ("health_taken_at", "health_at", "health", "taxation"):
            batch_op.drop_column(column)
    with op.batch_alter_table("desks", schema=None) as batch_op:
        for column in ("close_before_24h", "close_at"):
            batch_op.drop_column(column)
