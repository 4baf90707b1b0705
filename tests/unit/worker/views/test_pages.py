"""Cursors and limits."""

import pytest

from worker.errors import InvalidRequest
from worker.ids import new_id
from worker.shapes.base import Page, Shape
from worker.views.pages import MAX_LIMIT, PageRequest, make_page


class Named(Shape):
    id: str


def test_a_cursor_leads_to_what_follows() -> None:
    ids = [new_id() for _ in range(3)]
    page = make_page(Page[Named], [Named(id=each) for each in ids], PageRequest(limit=2))
    assert [item.id for item in page.items] == ids[:2]
    assert PageRequest.parse(2, page.next).before == ids[1]


@pytest.mark.parametrize("cursor", ["ä", "=", "A", "_____", "/w"])
def test_a_cursor_of_somebody_elses_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidRequest, match="cursor"):
        PageRequest.parse(2, cursor)


@pytest.mark.parametrize("limit", [0, -1, MAX_LIMIT + 1])
def test_a_limit_out_of_range_is_refused(limit: int) -> None:
    with pytest.raises(InvalidRequest, match="limit"):
        PageRequest.parse(limit, None)
