"""What a selection means on both databases, and that its JSON is the same selection again."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.campaigns import LAST, NEW, OLD, add_recording, normal_job, plan, target
from tests.fixtures.rows import claim
from worker.campaigns.choice.selection import Selection, joined
from worker.database import Database
from worker.errors import DamagedAudio, InvalidRequest
from worker.models import Recording
from worker.queue import jobs
from worker.recordings import newest_recording


def chosen(database: Database, until: str = LAST, **selection: Any) -> set[str]:  # noqa: ANN401  # any condition
    wanted = target(until=until, **selection).chosen()
    with database.reading() as session:
        return set(session.scalars(joined(Recording.id).where(*wanted)))


def test_each_condition_narrows_it(database: Database) -> None:
    plain = add_recording(database)
    other = add_recording(
        database, archive="court", labels={"team": "n"}, recorded_ms=2000, duration_ms=5000, language="de", made=NEW
    )
    for condition in (
        {"archive": "court"},
        {"labels": {"team": "n"}},
        {"recorded_from_ms": 2000, "recorded_until_ms": 2001},
        {"duration_from_ms": 5000, "duration_until_ms": 5001},
        {"duration_until_ms": 60_000},
        {"language": "de"},
        {"model": "new"},
    ):
        assert chosen(database, **condition) == {other}, condition
    assert chosen(database, language="en") == {plain}  # nobody said so, but its transcript does
    assert chosen(database, recorded_until_ms=2000) == set()
    assert chosen(database) == {plain, other}
    assert chosen(database, until=plain) == {plain}


def test_faults_of_the_current_transcript_and_of_the_latest_job(database: Database) -> None:
    gaps, doubted, fine, failed, mended = (
        add_recording(database, gaps_count=1),
        add_recording(database, flags_count=1),
        add_recording(database),
        add_recording(database, transcript=False),
        add_recording(database),
    )
    for one in (failed, mended):
        normal_job(database, one, OLD)
        jobs.fail(database, claim(database), DamagedAudio(), "decode")
    normal_job(database, mended, NEW)
    assert chosen(database, gaps=True) == {gaps}
    assert chosen(database, flagged=True) == {doubted}
    assert chosen(database, failed=True) == {failed}
    assert fine in chosen(database)


def test_a_share_and_a_sample_are_the_same_for_a_seed_and_others_for_another(database: Database) -> None:
    ids = {add_recording(database) for _ in range(60)}
    half = chosen(database, share=0.5)
    assert half == chosen(database, share=0.5) != chosen(database, share=0.5, seed=1)
    assert 15 < len(half) < 45
    assert chosen(database, share=1.0) == ids
    assert chosen(database, share=0.2) < half
    assert plan(database, target(sample=10))["recordings"] == 10
    assert plan(database, target(sample=100))["recordings"] == 60
    assert plan(database, target(limit=7))["recordings"] == 7


def test_the_newest_recording_ends_what_is_meant(sqlite_database: Database) -> None:
    add_recording(sqlite_database)
    last = add_recording(sqlite_database)
    with sqlite_database.reading() as session:
        assert newest_recording(session) == last


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"limit": 1, "sample": 2}, "limit and sample"),
        ({"recorded_from_ms": 2, "recorded_until_ms": 2}, "recorded_from"),
        ({"duration_from_ms": 3, "duration_until_ms": 2}, "duration_from"),
    ],
)
def test_parts_that_do_not_go_together_are_named(fields: dict[str, int], words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        Selection.of(**fields)


@given(
    archive=st.none() | st.text(min_size=1, max_size=5),
    labels=st.dictionaries(st.text(min_size=1, max_size=3), st.text(max_size=3), max_size=2),
    duration_from_ms=st.none() | st.integers(0, 9),
    failed=st.booleans(),
    share=st.none() | st.floats(0.001, 1),
    seed=st.integers(-5, 5),
)
def test_its_json_is_the_same_selection(**fields: object) -> None:
    made = Selection.of(**fields)
    assert Selection.from_json(made.to_json()) == made
