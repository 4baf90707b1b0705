"""From a decoding to pieces: the audio of each span, channels, resuming, and how much is held."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.fixtures.cutting import DOCUMENT, SUBTITLES, Samplewise, cut_up, decoding, spans
from tests.fixtures.sounds import LIMITS, Samples, audio, encode, noise, silence, talk, write_wav
from worker.audio.windows import AudioLimits, Decoding, make_audio, open_audio
from worker.split.cutting import Cutting, cut
from worker.split.spans import Span
from worker.states import Channels

TALK = talk((4000, 500), (9000, 700), (6000, 5000), (150, 4000), (8000, 600), (7000, 400), (12_000, 300))
OTHER = np.concatenate([silence(15_000), talk((3000, 12_000), (3000, 9000), (6000, 3000))])[: len(TALK)]
OTHER = np.concatenate([OTHER, silence((len(TALK) - len(OTHER)) // 16)])


def test_each_piece_is_the_audio_of_its_span() -> None:
    whole = audio(TALK)
    pieces = list(cut_up(TALK))
    assert len(pieces) >= 3
    assert all(piece.audio == whole[piece.span.start_ms : piece.span.end_ms] for piece in pieces)
    assert all((piece.audio.frame_rate, piece.audio.channels, piece.stored) == (16_000, 1, False) for piece in pieces)


def test_the_click_and_the_long_silences_are_in_no_piece() -> None:
    covered = [range(span.start_ms, span.end_ms) for span in spans(cut_up(TALK))]
    click_ms = 4500 + 9700 + 11_000
    assert not any(click_ms + 50 in times for times in covered)
    assert sum(map(len, covered)) < len(TALK) // 16 - 7000


def test_channels_are_cut_one_by_one_in_order_of_time() -> None:
    cutting = cut_up(TALK, OTHER, channels=Channels.SPLIT)
    pieces = list(cutting)
    assert (cutting.mode, cutting.channels) == (Channels.SPLIT, 2)
    assert {piece.span.channel for piece in pieces} == {0, 1}
    for piece in pieces:
        whole = audio((TALK, OTHER)[piece.span.channel])
        assert piece.audio == whole[piece.span.start_ms : piece.span.end_ms]
    for channel, sound in enumerate((TALK, OTHER)):
        own = [(s.start_ms, s.end_ms) for s in spans(pieces) if s.channel == channel]
        assert own == [(s.start_ms, s.end_ms) for s in spans(cut_up(sound))]


def test_auto_is_judged_and_told() -> None:
    call, dual = cut_up(TALK, OTHER, channels=Channels.AUTO), cut_up(TALK, TALK, channels=Channels.AUTO)
    assert len(list(call)) > len(list(dual))
    assert (call.mode, call.channels) == (Channels.SPLIT, 2)
    assert (dual.mode, dual.channels) == (Channels.MIX, 1)


def test_an_earlier_judgement_is_kept_to() -> None:
    cutting = cut_up(TALK, OTHER, channels=Channels.AUTO, auto=Channels.MIX)
    assert {span.channel for span in spans(cutting)} == {0}
    assert cutting.mode is Channels.MIX


def test_mono_is_a_mix_whatever_was_asked() -> None:
    for channels in Channels:
        cutting = cut_up(TALK, channels=channels)
        assert spans(cutting) == spans(cut_up(TALK))
        assert (cutting.mode, cutting.channels) == (Channels.MIX, 1)


@pytest.mark.parametrize("done", range(5))
def test_a_later_attempt_follows_the_stored_spans_and_cuts_on(done: int) -> None:
    first = list(cut_up(TALK, OTHER, channels=Channels.SPLIT, preset=SUBTITLES))
    stored = spans(first)[: done * 4]
    second = list(cut_up(TALK, OTHER, channels=Channels.SPLIT, preset=SUBTITLES, stored=stored))
    assert sorted(spans(second)) == sorted(spans(first))
    assert {piece.span for piece in second if piece.stored} == set(stored)
    assert {piece.span: piece.audio for piece in second} == {piece.span: piece.audio for piece in first}


def test_stored_spans_are_given_as_stored_though_this_attempt_would_cut_elsewhere() -> None:
    stored = [Span(0, 1_003, 9_007), Span(0, 9_007, 11_111)]
    pieces = list(cut_up(TALK, stored=stored))
    assert spans(pieces)[:2] == stored
    assert pieces[1].audio == audio(TALK)[9_007:11_111]
    assert all(span.start_ms >= 11_111 for span in spans(pieces)[2:])


def test_where_this_decode_is_shorter_a_stored_span_ends_in_silence() -> None:
    stored = [Span(0, 1000, 4000), Span(0, 4000, 4050)]
    pieces = list(cut_up(TALK[: 3990 * 16], stored=stored))
    assert spans(pieces) == stored
    assert pieces[0].audio == audio(TALK)[1000:3990] + audio(silence(10))
    assert pieces[1].audio == audio(silence(50))


def test_what_is_cut_completely_is_not_cut_again_and_decoded_no_further_than_needed() -> None:
    source = decoding(TALK)
    stored = [Span(0, 5000, 9000)]
    cutting = cut(source, channels=Channels.MIX, preset=DOCUMENT, segment_limit_ms=60_000, stored=stored, complete=True)
    assert spans(cutting) == stored
    assert source.duration_ms == 9000
    assert cutting.audio_ms is None
    assert spans(cut_up(TALK, complete=True)) == []


def test_progress_counts_silence_and_ends_with_the_recording() -> None:
    sound = np.concatenate([TALK, silence(30_000)])
    cutting = cut_up(sound, np.resize(OTHER, len(sound)), channels=Channels.SPLIT)
    seen = [cutting.cut_ms for _piece in cutting]
    assert seen == sorted(seen)
    assert cutting.cut_ms == cutting.audio_ms == len(sound) // 16


@pytest.mark.parametrize("sound", [silence(0), silence(20_000), talk((150, 3000)), talk((150, 0))])
def test_silence_and_speech_under_200_ms_give_nothing(sound: Samples) -> None:
    cutting = cut_up(sound)
    assert list(cutting) == []
    assert cutting.audio_ms == len(sound) // 16


def test_no_piece_is_over_the_limit_of_the_service() -> None:
    sound = noise(40_000, dbfs=-10)
    pieces = list(cut(decoding(sound), channels=Channels.MIX, preset=DOCUMENT, segment_limit_ms=6_000))
    assert max(len(piece.audio) for piece in pieces) <= 6_000
    assert sum(len(piece.audio) for piece in pieces) == 40_000


def held_bytes(cutting: Cutting) -> int:
    tracks = cutting._tracks  # what is held is what this is about
    return sum(len(window.raw_data) for track in tracks for _start, window in track._windows)


@pytest.mark.parametrize("loud", [True, False])
def test_no_more_audio_is_held_than_an_open_segment_needs(loud: bool) -> None:
    second = (noise(1000, dbfs=-10) if loud else silence(1000)).tobytes()
    most = 0

    def minutes() -> Iterator[bytes]:
        nonlocal most
        for _second in range(600):
            yield second
            most = max(most, held_bytes(cutting))

    source = Decoding(Samplewise(minutes()), AudioLimits(max_duration_ms=10**9))
    cutting = cut(source, channels=Channels.MIX, preset=DOCUMENT, segment_limit_ms=60_000)
    assert sum(len(piece.audio) for piece in cutting) == (600_000 if loud else 0)
    assert most <= (57 if loud else 2) * 32_000


def test_a_long_recording_whose_channels_are_mixed_is_heard_alike_whether_that_was_known_or_judged(
    tmp_path: Path,
) -> None:
    limits = replace(LIMITS, long_ms=30_000)
    path = encode(tmp_path / "x.mp3", TALK, TALK // 2, options=("-b:a", "128k"))
    heard = []
    for auto in (None, Channels.MIX):
        with open_audio(path, limits) as opened:
            cutting = cut(opened, channels=Channels.AUTO, auto=auto, preset=DOCUMENT, segment_limit_ms=60_000)
            heard.append(list(cutting))
            assert (cutting.mode, cutting.channels, cutting.audio_ms) == (Channels.MIX, 1, opened.duration_ms)

    assert heard[0] == heard[1]
    with open_audio(path, limits) as opened:
        assert spans(heard[0]) == spans(cut(opened, channels=Channels.MIX, preset=DOCUMENT, segment_limit_ms=60_000))


def test_our_cuts_hold_beside_pydubs_on_a_short_recording(tmp_path: Path) -> None:
    from pydub.silence import detect_nonsilent  # noqa: PLC0415  # warns where worker.audio.windows was not imported before

    sound = talk((3000, 2600), (2000, 3000), (4000, 2500), (1500, 4000))
    with open_audio(write_wav(tmp_path / "x.wav", sound), LIMITS) as opened:
        ours = spans(cut(opened, channels=Channels.MIX, preset=DOCUMENT, segment_limit_ms=60_000))
    theirs = detect_nonsilent(make_audio(sound.tobytes()), DOCUMENT.skip_ms, -50, seek_step=10)
    assert len(ours) == len(theirs) == 4
    for span, (start_ms, end_ms) in zip(ours, theirs, strict=True):
        assert start_ms - DOCUMENT.pad_ms - 50 <= span.start_ms <= start_ms
        assert end_ms <= span.end_ms <= end_ms + DOCUMENT.pad_ms + 50
