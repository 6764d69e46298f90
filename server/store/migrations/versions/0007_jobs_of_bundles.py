"""what a support bundle is about"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None
_INDEX = "ix_support_bundles_agent_id_removed_at_received_at_id"


def upgrade() -> None:
    with op.batch_alter_table("support_bundles", schema=None) as batch_op:
        batch_op.add_column(sa.Column("jobs", sa.JSON(none_as_null=True), nullable=False, server_default="[]"))
    op.create_index(op.f(_INDEX), "support_bundles", ["agent_id", "removed_at", "received_at", "id"])


def downgrade() -> None:
    op.drop_index(op.f(_INDEX), table_name="support_bundles")
    with op.batch_alter_table("support_bundles", schema=None) as batch_op:
        batch_op.drop_column("jobs")
