"""When a refused handshake says to come again."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from realtime.client.handshake import refused


def retry_after_s(value: str) -> float | None:
    return refused(429, {"retry-after": value}, b"").retry_after_s


@pytest.mark.parametrize(("value", "seconds"), [("0", 0), ("7", 7), (" 7 ", 7), ("1.5", 1.5)])
def test_a_number_is_seconds(value: str, seconds: float) -> None:
    assert retry_after_s(value) == seconds


@pytest.mark.parametrize(
    "value", ["", "\u00b2", "\u0663", "-1", "soon", "nan", "inf", "9" * 400, "Mon, 99 Jan 99999 0:0:0"]
)
def test_what_is_no_number_and_no_date_is_not_there(value: str) -> None:
    assert retry_after_s(value) is None


def test_a_date_is_as_far_as_it_is_away() -> None:
    now = datetime.now(UTC)

    assert retry_after_s(format_datetime(now - timedelta(hours=1), usegmt=True)) == 0
    assert retry_after_s(format_datetime(now + timedelta(hours=1), usegmt=True)) == pytest.approx(3600, abs=60)
