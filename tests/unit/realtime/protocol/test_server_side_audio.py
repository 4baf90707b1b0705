"""The input buffers of a session: memory has a bound, whatever comes and however long."""

from realtime.protocol.conversation.audio_input import MAX_COMMIT_MS, ManualBuffer, Resampler, TurnBuffer, TurnStopped
from realtime.protocol.vad import VadSettings
from tests.fixtures.pcm import silence, tone

SYLLABLES = tone(900) + tone(100, amplitude=500)


def test_silence_is_not_kept_beyond_the_padding() -> None:
    buffer = TurnBuffer(16_000, VadSettings(prefix_padding_ms=300))

    for _ in range(30):
        buffer.feed(silence(1_000))
        assert buffer.held_ms <= 500


def test_a_voice_that_never_pauses_is_kept_one_turn_at_a_time() -> None:
    buffer = TurnBuffer(16_000, VadSettings())
    stops = 0
    for _ in range(180):
        stops += sum(isinstance(turn, TurnStopped) for turn in buffer.feed(SYLLABLES))
        assert buffer.held_ms <= MAX_COMMIT_MS

    assert stops >= 3


def test_many_turns_leave_nothing_behind() -> None:
    buffer = TurnBuffer(16_000, VadSettings(silence_duration_ms=400))

    for _ in range(20):
        buffer.feed(tone(400))
        buffer.feed(silence(700))

    assert buffer.held_ms <= 500


def test_manual_audio_beyond_a_commit_is_counted() -> None:
    buffer = ManualBuffer(8_000)
    for _ in range(7):
        buffer.feed(silence(10_000)[: 16 * 10_000])

    assert buffer.duration_ms == 70_000


def test_resampling_is_the_same_however_the_stream_is_cut() -> None:
    narrow = tone(1_000, rate=8_000)
    whole, pieces = Resampler(8_000), Resampler(8_000)

    joined = whole.feed(narrow) + whole.flush()
    cut = b"".join(pieces.feed(narrow[start : start + 322]) for start in range(0, len(narrow), 322)) + pieces.flush()

    assert joined == cut
    assert len(joined) == 32_000


def test_16_khz_is_handed_on_as_it_is() -> None:
    resampler = Resampler(16_000)

    assert resampler.feed(tone(50)) + resampler.flush() == tone(50)
