"""Cursors and limits."""

import pytest

from worker.errors import InvalidRequest
from worker.ids import new_id
from worker.views.pages import MAX_LIMIT, Window, paged
from worker.views.times import iso


def test_a_cursor_leads_to_what_follows() -> None:
    ids = [new_id() for _ in range(3)]
    page = paged([{"id": each} for each in ids], Window(limit=2))
    assert [item["id"] for item in page["items"]] == ids[:2]
    assert Window.of(2, page["next"]).before == ids[1]


@pytest.mark.parametrize("cursor", ["ä", "=", "A", "_____", "/w"])
def test_a_cursor_of_somebody_elses_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidRequest, match="cursor"):
        Window.of(2, cursor)


@pytest.mark.parametrize("limit", [0, -1, MAX_LIMIT + 1])
def test_a_limit_out_of_range_is_refused(limit: int) -> None:
    with pytest.raises(InvalidRequest, match="limit"):
        Window.of(limit, None)


def test_times_are_iso_8601_in_utc_to_the_millisecond() -> None:
    assert iso(1_700_000_000_005) == "2023-11-14T22:13:20.005Z"
    assert iso(None) is None
