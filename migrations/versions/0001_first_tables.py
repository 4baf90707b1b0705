"""The first tables: recordings, batches, jobs, segments, answers, transcripts, and what doors and the fleet keep.

Revision: 0001, the first one
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # SQLite counts rows up only in INTEGER


def upgrade() -> None:
    _archives()
    _recordings()
    _batches()
    _answers()
    _jobs()
    _batch_jobs()
    _segments()
    _transcripts()
    _idempotency_keys()
    _workers()
    _dispatchers()
    _services()
    _indexes()


def downgrade() -> None:
    for table in (
        "services",
        "dispatchers",
        "workers",
        "idempotency_keys",
        "transcripts",
        "segments",
        "batch_jobs",
        "jobs",
        "answers",
        "batches",
        "recordings",
        "archives",
    ):
        op.drop_table(table)


def _archives() -> None:
    op.create_table(
        "archives",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("service", sa.String(200)),
        sa.Column("language", sa.String(20)),
        sa.Column("channels", sa.String(10)),
        sa.Column("services", sa.JSON(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_archives")),
        sa.UniqueConstraint("name", name=op.f("uq_archives_name")),
    )


def _recordings() -> None:
    op.create_table(
        "recordings",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("archive", sa.String(200), nullable=False),
        sa.Column("digest", sa.String(64)),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_url", sa.Text()),
        sa.Column("media_key", sa.Text()),
        sa.Column("size_bytes", sa.BigInteger()),
        sa.Column("duration_ms", sa.BigInteger()),
        sa.Column("auto_channels", sa.String(10)),
        sa.Column("external_id", sa.String(200)),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("current_transcript_id", sa.String(32)),
        sa.Column("pinned", sa.Boolean(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recordings")),
        sa.UniqueConstraint("archive", "identity", name=op.f("uq_recordings_archive_identity")),
    )


def _batches() -> None:
    op.create_table(
        "batches",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("name", sa.String(200)),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batches")),
    )


def _answers() -> None:
    op.create_table(
        "answers",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("recognition_key", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(10), nullable=False),
        sa.Column("start_ms", sa.BigInteger(), nullable=False),
        sa.Column("end_ms", sa.BigInteger(), nullable=False),
        sa.Column("pcm_sha256", sa.String(64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("language", sa.String(20)),
        sa.Column("emotion", sa.String(20)),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("usage", sa.JSON()),
        sa.Column("flags", sa.JSON(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answers")),
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("recording_id", sa.String(32), nullable=False),
        sa.Column("batch_id", sa.String(32)),
        sa.Column("archive", sa.String(200), nullable=False),
        sa.Column("external_id", sa.String(200)),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("retry_of", sa.String(32)),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("lane", sa.String(12), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("spec_digest", sa.String(64), nullable=False),
        sa.Column("audio", sa.String(64), nullable=False),
        sa.Column("recognition_key", sa.String(64), nullable=False),
        sa.Column("service", sa.String(200), nullable=False),
        sa.Column("due_ms", sa.BigInteger(), nullable=False),
        sa.Column("deadline_ms", sa.BigInteger()),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("worker", sa.String(200)),
        sa.Column("lease_until_ms", sa.BigInteger()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("losses", sa.Integer(), nullable=False),
        sa.Column("channels", sa.Integer()),
        sa.Column("cut_ms", sa.BigInteger(), nullable=False),
        sa.Column("cut_complete", sa.Boolean(), nullable=False),
        sa.Column("audio_ms", sa.BigInteger()),
        sa.Column("sent_outside_ms", sa.BigInteger(), nullable=False),
        sa.Column("waiting_code", sa.String(40)),
        sa.Column("waiting_message", sa.Text()),
        sa.Column("waiting_since_ms", sa.BigInteger()),
        sa.Column("error_code", sa.String(40)),
        sa.Column("error", sa.JSON()),
        sa.Column("stall_code", sa.String(40)),
        sa.Column("stall_since_ms", sa.BigInteger()),
        sa.Column("stalls", sa.Integer(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("started_ms", sa.BigInteger()),
        sa.Column("claimed_ms", sa.BigInteger()),
        sa.Column("resumed_ms", sa.BigInteger(), nullable=False),
        sa.Column("finished_ms", sa.BigInteger()),
        sa.Column("changed_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["recording_id"], ["recordings.id"], name=op.f("fk_jobs_recording_id")),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_jobs_batch_id")),
        sa.ForeignKeyConstraint(["retry_of"], ["jobs.id"], name=op.f("fk_jobs_retry_of")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
    )


def _batch_jobs() -> None:
    op.create_table(
        "batch_jobs",
        sa.Column("batch_id", sa.String(32), nullable=False),
        sa.Column("job_id", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_batch_jobs_batch_id")),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_batch_jobs_job_id")),
        sa.PrimaryKeyConstraint("batch_id", "job_id", name=op.f("pk_batch_jobs")),
    )


def _segments() -> None:
    op.create_table(
        "segments",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("job_id", sa.String(32), nullable=False),
        sa.Column("channel", sa.Integer(), nullable=False),
        sa.Column("start_ms", sa.BigInteger(), nullable=False),
        sa.Column("end_ms", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("answer_id", NUMBER),
        sa.Column("reused", sa.Boolean(), nullable=False),
        sa.Column("raced", sa.Boolean(), nullable=False),
        sa.Column("sent_ms", sa.BigInteger(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("gap_code", sa.String(40)),
        sa.Column("gap_message", sa.Text()),
        sa.Column("flags", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_segments_job_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["answer_id"], ["answers.id"], name=op.f("fk_segments_answer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segments")),
        sa.UniqueConstraint("job_id", "channel", "start_ms", name=op.f("uq_segments_job_id_channel_start_ms")),
    )


def _transcripts() -> None:
    op.create_table(
        "transcripts",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("recording_id", sa.String(32), nullable=False),
        sa.Column("job_id", sa.String(32)),
        sa.Column("origin", sa.String(10), nullable=False),
        sa.Column("service", sa.String(200)),
        sa.Column("model", sa.String(200)),
        sa.Column("language", sa.String(20)),
        sa.Column("duration_ms", sa.BigInteger(), nullable=False),
        sa.Column("sent_ms", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("gaps", sa.JSON(), nullable=False),
        sa.Column("segments", sa.JSON(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["recording_id"], ["recordings.id"], name=op.f("fk_transcripts_recording_id")),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_transcripts_job_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transcripts")),
        sa.UniqueConstraint("job_id", name=op.f("uq_transcripts_job_id")),
    )


def _idempotency_keys() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("response", sa.JSON(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_idempotency_keys")),
    )


def _workers() -> None:
    op.create_table(
        "workers",
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("slots", sa.Integer(), nullable=False),
        sa.Column("seen_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_workers")),
    )


def _dispatchers() -> None:
    op.create_table(
        "dispatchers",
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("seen_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_dispatchers")),
    )


def _services() -> None:
    op.create_table(
        "services",
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("state", sa.String(10), server_default=sa.text("'open'"), nullable=False),
        sa.Column("code", sa.String(40)),
        sa.Column("message", sa.Text()),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("next_try_ms", sa.BigInteger()),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_services")),
    )


def _indexes() -> None:
    op.create_index("ix_recordings_archive_id", "recordings", ["archive", "id"])
    op.create_index("ix_recordings_digest", "recordings", ["digest"])
    op.create_index("ix_answers_pcm", "answers", ["pcm_sha256", "recognition_key"])
    op.create_index("ix_answers_place", "answers", ["digest", "recognition_key", "channel", "start_ms", "end_ms"])
    op.create_index("ix_jobs_archive_id", "jobs", ["archive", "id"])
    with_one = sa.text("deadline_ms IS NOT NULL")
    op.create_index("ix_jobs_deadline", "jobs", ["deadline_ms"], sqlite_where=with_one, postgresql_where=with_one)
    op.create_index("ix_jobs_due", "jobs", ["status", "lane", sa.text("priority DESC"), "id", "due_ms"])
    op.create_index("ix_jobs_error_code_id", "jobs", ["error_code", "id"])
    op.create_index("ix_jobs_external_id", "jobs", ["external_id"])
    ended = sa.text("finished_ms IS NOT NULL")
    op.create_index("ix_jobs_finished_ms", "jobs", ["finished_ms"], sqlite_where=ended, postgresql_where=ended)
    op.create_index("ix_jobs_lease", "jobs", ["status", "lease_until_ms"])
    op.create_index("ix_jobs_same", "jobs", ["recording_id", "spec_digest"])
    op.create_index("ix_jobs_status_id", "jobs", ["status", "id"])
    waits = sa.text("waiting_code IS NOT NULL")
    op.create_index(
        "ix_jobs_waiting_code_id", "jobs", ["waiting_code", "id"], sqlite_where=waits, postgresql_where=waits
    )
    running = sa.text("status = 'running'")
    op.create_index(
        "uq_jobs_running",
        "jobs",
        ["audio", "recognition_key"],
        unique=True,
        sqlite_where=running,
        postgresql_where=running,
    )
    op.create_index("ix_idempotency_keys_created_ms", "idempotency_keys", ["created_ms"])
    op.create_index("ix_transcripts_recording_id_id", "transcripts", ["recording_id", "id"])
