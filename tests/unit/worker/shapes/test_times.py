import pytest

from worker.shapes.times import Deadline, parse_deadline, parse_moment


@pytest.mark.parametrize("given", ["90", 90, 90.0, " 90 "])
def test_a_number_is_seconds_from_the_submission_on(given: object) -> None:
    assert parse_deadline(given) == Deadline(in_ms=90_000)


@pytest.mark.parametrize(
    "given", ["2031-05-01T18:00:00Z", "2031-05-01T20:00:00+02:00", "2031-05-01T18:00:00.000+00:00"]
)
def test_a_time_with_its_zone_is_a_moment(given: str) -> None:
    assert parse_deadline(given) == Deadline(at_ms=1_935_424_800_000)


def test_a_moment_that_has_passed_is_taken_since_a_request_may_be_sent_again() -> None:
    assert parse_deadline("1999-01-01T00:00:00Z").at_ms == 915_148_800_000


@pytest.mark.parametrize("given", ["0", "-1", "nan", "inf", "1e12", "tomorrow", "2031-05-01T18:00:00", "", True])
def test_anything_else_is_refused_with_a_sentence(given: object) -> None:
    with pytest.raises(ValueError, match="must"):
        parse_deadline(given)


@pytest.mark.parametrize(
    "given", ["9999-12-31T23:59:59.999999", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "1899-12-31"]
)
def test_a_moment_of_another_age_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match="must lie in the years 1900 to 2200"):
        parse_moment(given, "no moment", zoneless="is UTC")
    with pytest.raises(ValueError, match="must"):
        parse_deadline(given)
