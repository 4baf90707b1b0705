"""Queued jobs are marked with what holds them, and the index of claims begins behind them.

Revision: 0006, after 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ORDER = (sa.text("priority DESC"), "id", "due_ms")


def upgrade() -> None:
    op.add_column("jobs", sa.Column("held_by", sa.String(210), server_default="", nullable=False))
    _index_again("held_by")


def downgrade() -> None:
    _index_again()
    op.drop_column("jobs", "held_by")


def _index_again(*held: str) -> None:
    op.drop_index("ix_jobs_due", "jobs")
    op.create_index("ix_jobs_due", "jobs", ["status", "lane", *held, *ORDER])
