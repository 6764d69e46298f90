"""lists of large accounts by indexes of their own order; the desks in trouble first"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

OLD = (
    ("jobs", "tenant_id", "id"),
    ("jobs", "tenant_id", "kind", "id"),
    ("jobs", "tenant_id", "kkm_id", "id"),
    ("jobs", "tenant_id", "kkm_id", "state"),
    ("jobs", "tenant_id", "order_ref"),
    ("agents", "tenant_id"),
    ("users", "tenant_id", "created_at"),
    ("audit_entries", "tenant_id", "subject_kind", "subject_id", "n"),
    ("audit_entries", "tenant_id", "actor_kind", "actor_id", "n"),
    ("audit_entries", "tenant_id", "at"),
)
NEW = (
    ("jobs", "tenant_id", "created_at", "id"),
    ("jobs", "tenant_id", "state", "created_at", "id"),
    ("jobs", "tenant_id", "kind", "created_at", "id"),
    ("jobs", "tenant_id", "kkm_id", "created_at", "id"),
    ("jobs", "tenant_id", "kkm_id", "state", "created_at", "id"),
    ("jobs", "tenant_id", "order_ref", "created_at", "id"),
    ("agents", "tenant_id", "created_at", "id"),
    ("users", "tenant_id", "login"),
    ("proposals", "tenant_id", "proposed_at", "id"),
    ("audit_entries", "tenant_id", "subject_id", "n"),
    ("audit_entries", "tenant_id", "subject_kind", "n"),
    ("audit_entries", "tenant_id", "actor_id", "n"),
    ("audit_entries", "tenant_id", "actor_kind", "n"),
    ("audit_entries", "tenant_id", "action", "n"),
    ("audit_entries", "tenant_id", "at", "n"),
)


def _exchange(old: tuple[tuple[str, ...], ...], new: tuple[tuple[str, ...], ...]) -> None:
    for table, *columns in old:
        op.drop_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table_name=table)
    for table, *columns in new:
        op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, columns)


def upgrade() -> None:
    _exchange(OLD, NEW)
    with op.batch_alter_table("devices", schema=None) as batch_op:
        batch_op.add_column(sa.Column("attention", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    with op.batch_alter_table("devices", schema=None) as batch_op:
        batch_op.drop_column("attention")
    _exchange(NEW, OLD)
