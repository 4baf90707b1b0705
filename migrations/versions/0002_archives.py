"""Archives that are filled and transcribed again: imports, campaigns, budgets, and what selections ask for.

Revision: 0002, after 0001
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # SQLite counts rows up only in INTEGER

# What transcripts that are there have: their job's key, and how many gaps and doubted segments.
KNOWN = (
    "UPDATE transcripts SET recognition_key = (SELECT recognition_key FROM jobs WHERE jobs.id = transcripts.job_id)",
    "UPDATE transcripts SET gaps_count = json_array_length(gaps)",
    "UPDATE transcripts SET flags_count = (SELECT count(*) FROM segments WHERE segments.job_id = transcripts.job_id"
    " AND json_array_length(segments.flags) > 0)",
)


def upgrade() -> None:
    _campaigns()
    _members()
    _votes()
    _imports()
    _budgets()
    _columns()
    for statement in KNOWN:
        op.execute(statement)


def downgrade() -> None:
    op.drop_index("ix_recordings_archive_external_id", table_name="recordings")
    op.drop_index("ix_jobs_campaign_id_status", table_name="jobs")
    with op.batch_alter_table("jobs") as jobs:  # SQLite drops no column that refers elsewhere: the table is written anew
        jobs.drop_column("campaign_id")
    for table, column in COLUMNS:
        op.drop_column(table, column)
    for table in TABLES:
        op.drop_table(table)


COLUMNS = (
    ("transcripts", "flags_count"),
    ("transcripts", "gaps_count"),
    ("transcripts", "recognition_key"),
    ("recordings", "recorded_ms"),
    ("recordings", "language"),
    ("recordings", "channels"),
    ("archives", "sync"),
    ("archives", "channel_labels"),
)
TABLES = (
    "reservations",
    "budget_windows",
    "budgets",
    "import_problems",
    "imports",
    "campaign_votes",
    "campaign_recordings",
    "campaigns",
)


def where(condition: str) -> dict[str, Any]:
    """A partial index, the same on both databases."""
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def _campaigns() -> None:
    op.create_table(
        "campaigns",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("status", sa.String(12), nullable=False),
        sa.Column("step", sa.String(12)),
        sa.Column("position", sa.String(32)),
        sa.Column("selection", sa.JSON(), nullable=False),
        sa.Column("until_id", sa.String(32), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("fresh", sa.Boolean(), nullable=False),
        sa.Column("blind_key", sa.String(32), nullable=False),
        sa.Column("limits", sa.JSON(), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("plan", sa.JSON(), nullable=False),
        sa.Column("reason", sa.JSON()),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("started_ms", sa.BigInteger()),
        sa.Column("finished_ms", sa.BigInteger()),
        sa.Column("promoted_ms", sa.BigInteger()),
        sa.Column("rolled_back_ms", sa.BigInteger()),
        sa.Column("changed_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaigns")),
        sa.UniqueConstraint("name", name=op.f("uq_campaigns_name")),
    )
    op.create_index("ix_campaigns_status_id", "campaigns", ["status", "id"])


def _members() -> None:
    op.create_table(
        "campaign_recordings",
        sa.Column("campaign_id", sa.String(32), nullable=False),
        sa.Column("recording_id", sa.String(32), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("canary", sa.Boolean(), nullable=False),
        sa.Column("job_id", sa.String(32)),
        sa.Column("before_id", sa.String(32)),
        sa.Column("after_id", sa.String(32)),
        sa.Column("code", sa.String(40)),
        sa.Column("audio_ms", sa.BigInteger(), nullable=False),
        sa.Column("sent_ms", sa.BigInteger(), nullable=False),
        sa.Column("reused_ms", sa.BigInteger(), nullable=False),
        sa.Column("promoted", sa.Boolean(), nullable=False),
        sa.Column("comparison", sa.JSON()),
        sa.Column("rate", sa.Float()),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_campaign_recordings_campaign_id")),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_campaign_recordings_job_id")),
        sa.ForeignKeyConstraint(
            ["recording_id"], ["recordings.id"], name=op.f("fk_campaign_recordings_recording_id")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "recording_id", name=op.f("pk_campaign_recordings")),
    )
    op.create_index(
        "ix_campaign_recordings_campaign_id_rate", "campaign_recordings", ["campaign_id", "rate"], **where("rate IS NOT NULL")
    )
    op.create_index(
        "ix_campaign_recordings_campaign_id_state_recording_id", "campaign_recordings", ["campaign_id", "state", "recording_id"]
    )
    op.create_index("ix_campaign_recordings_job_id", "campaign_recordings", ["job_id"], **where("job_id IS NOT NULL"))
    op.create_index("ix_campaign_recordings_recording_id", "campaign_recordings", ["recording_id"])


def _votes() -> None:
    op.create_table(
        "campaign_votes",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("campaign_id", sa.String(32), nullable=False),
        sa.Column("recording_id", sa.String(32), nullable=False),
        sa.Column("passage", sa.Text(), nullable=False),
        sa.Column("voter", sa.String(200), nullable=False),
        sa.Column("choice", sa.String(10), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_campaign_votes_campaign_id")),
        sa.ForeignKeyConstraint(["recording_id"], ["recordings.id"], name=op.f("fk_campaign_votes_recording_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_votes")),
        sa.UniqueConstraint(
            "campaign_id", "recording_id", "passage", "voter", name=op.f("uq_campaign_votes_campaign_id_recording_id_passage_voter")
        ),
    )


def _imports() -> None:
    op.create_table(
        "imports",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("archive", sa.String(200), nullable=False),
        sa.Column("batch_id", sa.String(32)),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("source", sa.JSON(), nullable=False),
        sa.Column("options", sa.JSON()),
        sa.Column("position", sa.Text()),
        sa.Column("total", sa.BigInteger()),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("added", sa.BigInteger(), nullable=False),
        sa.Column("existing", sa.BigInteger(), nullable=False),
        sa.Column("refused", sa.BigInteger(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("holder", sa.String(200)),
        sa.Column("lease_until_ms", sa.BigInteger()),
        sa.Column("due_ms", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.JSON()),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("finished_ms", sa.BigInteger()),
        sa.Column("changed_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_imports_batch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_index("ix_imports_archive_id", "imports", ["archive", "id"])
    op.create_index("ix_imports_open", "imports", ["due_ms"], **where("finished_ms IS NULL"))
    op.create_table(
        "import_problems",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("import_id", sa.String(32), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("error", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_import_problems_import_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_problems")),
    )
    op.create_index("ix_import_problems_import_id_id", "import_problems", ["import_id", "id"])


def _budgets() -> None:
    op.create_table(
        "budgets",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("scope", sa.String(12), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("period", sa.String(5), nullable=False),
        sa.Column("limit_nusd", sa.BigInteger()),
        sa.Column("limit_ms", sa.BigInteger()),
        sa.Column("spent_until_ms", sa.BigInteger()),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_budgets")),
        sa.UniqueConstraint("scope", "name", "period", name=op.f("uq_budgets_scope_name_period")),
    )
    op.create_table(
        "budget_windows",
        sa.Column("budget_id", sa.String(32), nullable=False),
        sa.Column("day", sa.BigInteger(), nullable=False),
        sa.Column("reserved_nusd", sa.BigInteger(), nullable=False),
        sa.Column("reserved_ms", sa.BigInteger(), nullable=False),
        sa.Column("spent_nusd", sa.BigInteger(), nullable=False),
        sa.Column("spent_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["budget_id"], ["budgets.id"], name=op.f("fk_budget_windows_budget_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("budget_id", "day", name=op.f("pk_budget_windows")),
    )
    op.create_table(
        "reservations",
        sa.Column("budget_id", sa.String(32), nullable=False),
        sa.Column("day", sa.BigInteger(), nullable=False),
        sa.Column("job_id", sa.String(32), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("reserved_nusd", sa.BigInteger(), nullable=False),
        sa.Column("reserved_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["budget_id"], ["budgets.id"], name=op.f("fk_reservations_budget_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_reservations_job_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("budget_id", "day", "job_id", "fence", name=op.f("pk_reservations")),
    )
    op.create_index("ix_reservations_job_id", "reservations", ["job_id"])


def _columns() -> None:
    op.add_column("archives", sa.Column("channel_labels", sa.JSON(), server_default="{}", nullable=False))
    op.add_column("archives", sa.Column("sync", sa.JSON()))
    # Alembic writes no REFERENCES on SQLite; both databases take them beside a column without a default.
    op.execute(
        "ALTER TABLE jobs ADD COLUMN campaign_id VARCHAR(32) CONSTRAINT fk_jobs_campaign_id REFERENCES campaigns (id)"
    )
    op.create_index(
        "ix_jobs_campaign_id_status", "jobs", ["campaign_id", "status"], **where("campaign_id IS NOT NULL")
    )
    op.add_column("recordings", sa.Column("channels", sa.Integer()))
    op.add_column("recordings", sa.Column("language", sa.String(20)))
    op.add_column("recordings", sa.Column("recorded_ms", sa.BigInteger()))
    op.create_index(
        "ix_recordings_archive_external_id", "recordings", ["archive", "external_id"], **where("external_id IS NOT NULL")
    )
    op.add_column("transcripts", sa.Column("recognition_key", sa.String(64)))
    op.add_column("transcripts", sa.Column("gaps_count", sa.Integer(), server_default="0", nullable=False))
    op.add_column("transcripts", sa.Column("flags_count", sa.Integer(), server_default="0", nullable=False))
