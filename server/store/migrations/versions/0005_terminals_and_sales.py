"""card terminals as devices, a desk's terminal, what a sale waits for and its steps"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("devices", schema=None) as batch_op:
        batch_op.add_column(sa.Column("device_class", sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column("serial_space", sa.String(length=64), nullable=False, server_default=""))
        batch_op.drop_constraint(batch_op.f("uq_devices_bound_serial"), type_="unique")
        batch_op.create_unique_constraint(
            batch_op.f("uq_devices_serial_space_bound_serial"), ["serial_space", "bound_serial"]
        )
    op.execute("UPDATE devices SET device_class = 'register' WHERE binding_epoch > 0")
    with op.batch_alter_table("desks", schema=None) as batch_op:
        batch_op.add_column(sa.Column("terminal_kkm_id", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("settle", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.create_foreign_key(
            batch_op.f("fk_desks_tenant_id_terminal_kkm_id"),
            "devices",
            ["tenant_id", "terminal_kkm_id"],
            ["tenant_id", "kkm_id"],
        )
        batch_op.create_unique_constraint(
            batch_op.f("uq_desks_tenant_id_terminal_kkm_id"), ["tenant_id", "terminal_kkm_id"]
        )
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.add_column(sa.Column("owed", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("waits", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("choices", sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(sa.Column("steps", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        for column in ("steps", "choices", "waits", "owed"):
            batch_op.drop_column(column)
    with op.batch_alter_table("desks", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_desks_tenant_id_terminal_kkm_id"), type_="unique")
        batch_op.drop_constraint(batch_op.f("fk_desks_tenant_id_terminal_kkm_id"), type_="foreignkey")
        for column in ("settle", "terminal_kkm_id"):
            batch_op.drop_column(column)
    with op.batch_alter_table("devices", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_devices_serial_space_bound_serial"), type_="unique")
        batch_op.create_unique_constraint(batch_op.f("uq_devices_bound_serial"), ["bound_serial"])
        for column in ("serial_space", "device_class"):
            batch_op.drop_column(column)
