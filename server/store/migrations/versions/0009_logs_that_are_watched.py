"""who agreed to show a log, and until when it is shown"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("support_requests", schema=None) as batch_op:
        batch_op.add_column(sa.Column("agreed_by", sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column("standing", sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("support_requests", schema=None) as batch_op:
        for name in ("ends_at", "standing", "agreed_by"):
            batch_op.drop_column(name)
