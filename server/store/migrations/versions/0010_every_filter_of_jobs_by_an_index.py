"""every set of filters of jobs by an index of its own; what is owed or kept apart; sessions in their order"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

SETS: tuple[tuple[str, ...], ...] = (
    ("tenant_id", "kind", "state", "created_at", "id"),
    ("tenant_id", "kkm_id", "kind", "created_at", "id"),
    ("tenant_id", "kkm_id", "kind", "state", "created_at", "id"),
)
SESSIONS: tuple[tuple[str, ...], ...] = (("user_id", "seen_at", "session_id"), ("seen_at",), ("created_at",))


def upgrade() -> None:
    for columns in SETS:
        op.create_index(op.f(f"ix_jobs_{'_'.join(columns)}"), "jobs", columns)
    op.create_index(
        "ix_jobs_owed",
        "jobs",
        ["tenant_id", "created_at", "id"],
        sqlite_where=sa.text("owed IS 1"),
        postgresql_where=sa.text("owed IS true"),
    )
    op.create_index(
        "ix_support_bundles_kept",
        "support_bundles",
        ["received_at", "id"],
        sqlite_where=sa.text("removed_at IS NULL"),
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.drop_index(op.f("ix_sign_ins_user_id"), table_name="sign_ins")
    for columns in SESSIONS:
        op.create_index(op.f(f"ix_sign_ins_{'_'.join(columns)}"), "sign_ins", columns)


def downgrade() -> None:
    for columns in SESSIONS:
        op.drop_index(op.f(f"ix_sign_ins_{'_'.join(columns)}"), table_name="sign_ins")
    op.create_index(op.f("ix_sign_ins_user_id"), "sign_ins", ["user_id"])
    op.drop_index("ix_support_bundles_kept", table_name="support_bundles")
    op.drop_index("ix_jobs_owed", table_name="jobs")
    for columns in SETS:
        op.drop_index(op.f(f"ix_jobs_{'_'.join(columns)}"), table_name="jobs")
