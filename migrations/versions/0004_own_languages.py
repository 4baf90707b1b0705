"""Campaigns ask for each recording in its own language. Those that were planned before go on as they were.

Revision: 0004, after 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("campaigns", sa.Column("own_languages", sa.JSON(), server_default="[]", nullable=False))


def downgrade() -> None:
    op.drop_column("campaigns", "own_languages")
