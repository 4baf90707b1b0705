"""What a campaign is forgiven when it is resumed has a column of its own, and is no rule any more.

Revision: 0007, after 0006
"""

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

CAMPAIGNS = sa.table("campaigns", sa.column("id"), sa.column("rules", sa.JSON), sa.column("forgiven", sa.JSON))
NOTHING = [0, 0]  # done and failed


def upgrade() -> None:
    op.add_column("campaigns", sa.Column("forgiven", sa.JSON(), server_default="[0, 0]", nullable=False))
    for campaign_id, rules in _rows(CAMPAIGNS.c.rules):
        if "forgiven" in rules:
            others = {name: value for name, value in rules.items() if name != "forgiven"}
            _write(campaign_id, rules=others, forgiven=rules["forgiven"])


def downgrade() -> None:
    for campaign_id, rules, forgiven in _rows(CAMPAIGNS.c.rules, CAMPAIGNS.c.forgiven):
        if forgiven != NOTHING:
            _write(campaign_id, rules={**rules, "forgiven": forgiven})
    op.drop_column("campaigns", "forgiven")


def _rows(*columns: sa.ColumnClause[Any]) -> Iterator[Sequence[Any]]:
    yield from op.get_bind().execute(sa.select(CAMPAIGNS.c.id, *columns)).all()


def _write(campaign_id: str, **values: object) -> None:
    op.execute(CAMPAIGNS.update().where(CAMPAIGNS.c.id == campaign_id).values(**values))
