"""When a peer is late."""

from realtime.client.options import Deadlines

LIMITS = Deadlines(first_answer_s=10, quiet_s=20, segment_s=60, segment_per_s=2, finish_s=15)


def test_a_commit_without_any_sign_is_overdue_first() -> None:
    assert LIMITS.segment_due(since=100, heard_at=None, audio_s=30) == 110


def test_each_sign_gives_more_time() -> None:
    assert LIMITS.segment_due(since=100, heard_at=105, audio_s=30) == 125


def test_a_sign_from_before_its_turn_counts_from_its_turn() -> None:
    assert LIMITS.segment_due(since=100, heard_at=50, audio_s=30) == 120


def test_no_number_of_signs_stretches_a_segment_for_ever() -> None:
    assert LIMITS.segment_due(since=100, heard_at=215, audio_s=30) == 220


def test_a_long_segment_may_take_longer() -> None:
    assert LIMITS.whole_segment_s(60) == 180


def test_the_end_may_take_as_long_as_there_are_events_but_not_for_ever() -> None:
    assert LIMITS.finish_due(since=100, heard_at=50, audio_s=0) == 115
    assert LIMITS.finish_due(since=100, heard_at=110, audio_s=0) == 125
    assert LIMITS.finish_due(since=100, heard_at=1000, audio_s=10) == 195


def test_a_service_that_listens_by_itself_may_be_behind_by_what_it_has_not_answered() -> None:
    assert LIMITS.finish_due(since=100, heard_at=50, audio_s=300, lags=True) == 415
    assert LIMITS.finish_due(since=100, heard_at=110, audio_s=300, lags=True) == 425
    assert LIMITS.finish_due(since=100, heard_at=50, audio_s=36_000, lags=True) == 100 + 15 + LIMITS.lag_s
