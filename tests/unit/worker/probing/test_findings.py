"""What follows from findings."""

from typing import Any

import pytest

from worker.probing.findings import (
    UNLIMITED,
    ArchiveEstimate,
    Finding,
    Question,
    Recommendation,
    estimate,
    fastest,
    paces_to_try,
    recommend,
    shape,
    warnings,
)
from worker.services.catalogue import Service

SERVICE = Service(name="s", url="ws://s.example/", model="m", pace=4.0, depth=3, sessions=16)


def paced(asked: float, found: float | None) -> Finding:
    return Finding(question=Question.PACE, holds=found is not None, asked=asked, found=found)


def sessions(found: float, gain: float = 1.0) -> Finding:
    return Finding(question=Question.SESSIONS, holds=False, asked=16, found=found, gain=gain)


def ahead(holds: bool | None) -> Finding:
    return Finding(question=Question.AHEAD, holds=holds)


def test_the_fastest_pace_that_held_is_recommended() -> None:
    found = [paced(1, 0.9), paced(4, 3.1), paced(10, None)]
    assert recommend(found, SERVICE, depth=2).pace == 4


def test_no_limit_is_faster_than_any() -> None:
    found = [paced(10, 9.0), paced(UNLIMITED, 40.0)]
    assert fastest(found) == found[1]
    assert recommend(found, SERVICE, depth=2).pace == UNLIMITED


@pytest.mark.parametrize(("holds", "depth"), [(True, 2), (False, 1), (None, 3)])
def test_depth_is_what_was_tried_where_it_held_one_where_it_did_not(holds: bool | None, depth: int) -> None:
    assert recommend([ahead(holds)], SERVICE, depth=2).depth == depth


def test_as_many_sessions_as_answered_are_recommended_and_never_none() -> None:
    assert recommend([sessions(5)], SERVICE, depth=2).sessions == 5
    assert recommend([sessions(0)], SERVICE, depth=2).sessions == 1


def test_what_was_not_found_out_stays_as_it_is() -> None:
    assert recommend([], SERVICE, depth=2) == Recommendation(pace=4.0, depth=3, sessions=16)


def test_an_archive_takes_its_hours_divided_by_the_speed_of_all_sessions() -> None:
    found = [paced(10, 8.0), sessions(5, gain=5.0)]
    assert estimate(1000, found, 0.5) == ArchiveEstimate(archive_hours=1000, hours=25.0, usd=1_800_000.0)


def test_sessions_that_share_a_processor_are_no_faster_together() -> None:
    assert estimate(10, [paced(10, 2.0), sessions(5, gain=0.8)], 0.0) == ArchiveEstimate(
        archive_hours=10, hours=5.0, usd=0.0
    )


def test_a_price_that_is_unknown_is_not_invented() -> None:
    taken = estimate(1, [paced(1, 1.0)], None)
    assert taken
    assert taken.usd is None


def test_without_a_measured_pace_there_is_no_estimate() -> None:
    assert estimate(1000, [paced(1, None)], 0.1) is None


def test_what_does_not_hold_and_matters_is_warned_of() -> None:
    kept = Finding(question=Question.USAGE, holds=False)
    (line,) = warnings([kept, Finding(question=Question.COMMITS, holds=False), ahead(holds=False)])
    assert "one connection" in line


@pytest.mark.parametrize(
    ("usage", "told"),
    [
        (3, "int"),
        ({}, "{}"),
        ({"seconds": 2.5, "who": None}, "{seconds: float, who: null}"),
        ({"a": {"b": {"c": {"d": 1}}}}, "{a: {b: {c: dict}}}"),
        ([{"n": 1}, {"n": 2}], "[{n: int}, …]"),
        (["x"], "[str]"),
        ([], "list"),
    ],
)
def test_the_shape_of_usage_is_names_and_types(usage: Any, told: str) -> None:  # noqa: ANN401  # it has any shape
    assert shape(usage) == told


def test_the_pace_in_use_is_tried_among_the_usual_ones_from_slow_to_fast() -> None:
    assert paces_to_try(4.0) == (1, 4, 10)
    assert paces_to_try(6.0) == (1, 4, 6, 10)
    assert paces_to_try(UNLIMITED) == (1, 4, 10, UNLIMITED)
