"""The last minutes of a stream: what can be cut from them, and that they do not grow."""

from worker.streams.passing_audio import KEPT_MS, RecentAudio

SECOND = 32_000


def pass_through(recall: RecentAudio, seconds: int) -> None:
    assert (
        sum(len(frame) for frame in recall.through(bytes([second]) * SECOND for second in range(seconds)))
        == seconds * SECOND
    )


def test_a_span_is_cut_by_the_times_of_the_recording() -> None:
    recall = RecentAudio(from_ms=10_000)
    pass_through(recall, 4)

    assert recall.cut(11_500, 12_250) == b"\x01" * 16_000 + b"\x02" * 8000
    assert recall.cut(13_000, 15_000) == b"\x03" * SECOND  # as far as it was sent


def test_what_lies_before_the_stream_or_too_far_back_is_not_there() -> None:
    recall = RecentAudio(from_ms=10_000)
    assert recall.cut(9_999, 11_000) is None

    pass_through(recall, KEPT_MS // 1000 + 5)
    assert recall.cut(14_999, 16_000) is None
    assert recall.cut(15_000, 16_000) == b"\x05" * SECOND
