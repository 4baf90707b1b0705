"""Search: the words of each transcript's segments, those that are there already too.

Revision: 0003, after 0002
"""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

from worker.models.results import Words
from worker.search.index import rows_of

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # SQLite counts rows up only in INTEGER
SLICE = 200  # transcripts read at once: one of a day's recording is some megabytes

TRANSCRIPTS = sa.table(
    "transcripts",
    sa.column("id", sa.String),
    sa.column("recording_id", sa.String),
    sa.column("language", sa.String),
    sa.column("segments", sa.JSON),
)
ROWS = sa.table(
    "search_rows",
    *map(sa.column, ("transcript_id", "recording_id", "number", "start", "end", "language")),
    sa.column("words", Words),
)
# The words are folded and parted by spaces before they come here: `ascii` parts nothing else, whatever the script.
SQLITE = (
    "CREATE VIRTUAL TABLE search_words USING fts5(words, content='search_rows', content_rowid='id', tokenize='ascii', columnsize=0)",
    "CREATE TRIGGER search_rows_added AFTER INSERT ON search_rows BEGIN "
    "INSERT INTO search_words (rowid, words) VALUES (new.id, new.words); END",
)


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    _search_rows()
    for statement in SQLITE if sqlite else ():
        op.execute(statement)
    _fill()
    if not sqlite:  # after the rows: an index that is built at once is built faster
        op.create_index("ix_search_rows_words", "search_rows", ["words"], postgresql_using="gin")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE search_words")
    op.drop_table("search_rows")


def _search_rows() -> None:
    op.create_table(
        "search_rows",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("transcript_id", sa.String(32), nullable=False),
        sa.Column("recording_id", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("end", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(20)),
        sa.Column("words", sa.Text().with_variant(TSVECTOR(), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(["transcript_id"], ["transcripts.id"], name=op.f("fk_search_rows_transcript_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_rows")),
    )


def _fill() -> None:
    """By the program's own reading of words, as whatever it writes and looks for later."""
    for transcripts in _slices():
        found = [row for one in transcripts for row in rows_of(one.id, one.recording_id, one.segments, one.language)]
        if found:
            op.get_bind().execute(ROWS.insert(), found)


def _slices() -> Iterator[list[Any]]:
    last = ""
    while True:
        wanted = sa.select(TRANSCRIPTS).where(TRANSCRIPTS.c.id > last).order_by(TRANSCRIPTS.c.id).limit(SLICE)
        found = list(op.get_bind().execute(wanted))
        if not found:
            return
        yield found
        last = found[-1].id
