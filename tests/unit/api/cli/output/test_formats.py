"""Numbers in words."""

import pytest

from api.cli.output.formats import clock


@pytest.mark.parametrize(("at_ms", "shown"), [(0, "0:00:00"), (61_999, "0:01:01"), (90_061_000, "25:01:01")])
def test_a_place_is_told_in_hours_minutes_and_seconds(at_ms: int, shown: str) -> None:
    assert clock(at_ms) == shown
