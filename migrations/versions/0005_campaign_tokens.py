"""Members of campaigns keep the tokens that their answers have named; of those before, the most that it can be is told.

Revision: 0005, after 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("tokens", "told_ms"):
        op.add_column("campaign_recordings", sa.Column(name, sa.BigInteger(), server_default="0", nullable=False))


def downgrade() -> None:
    for name in ("told_ms", "tokens"):
        op.drop_column("campaign_recordings", name)
