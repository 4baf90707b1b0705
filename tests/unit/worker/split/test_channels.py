"""Which recordings are split into channels."""

import numpy as np

from tests.fixtures.sounds import Samples, audio, noise, silence, talk
from worker.audio.windows import AudioSegment
from worker.split.channels import judge, tracks
from worker.states import Channels

AGENT = talk((3000, 4000), (3000, 4000), (3000, 4000))
CUSTOMER = np.concatenate([silence(3500), AGENT[: -3500 * 16]])


def windows(*channels: Samples) -> list[AudioSegment]:
    sound = audio(*channels)
    return [sound[at : at + 1000] for at in range(0, len(sound), 1000)]


def quieter(samples: Samples, db: float) -> Samples:
    return (samples * 10 ** (-db / 20)).astype(np.int16)


def test_a_call_with_a_voice_on_each_side_is_split() -> None:
    assert judge(windows(AGENT, CUSTOMER)) is Channels.SPLIT


def test_a_call_with_some_crosstalk_is_split() -> None:
    left, right = AGENT + quieter(CUSTOMER, 20), CUSTOMER + quieter(AGENT, 20)
    assert judge(windows(left, right)) is Channels.SPLIT


def test_two_equal_channels_are_mixed() -> None:
    assert judge(windows(AGENT, AGENT)) is Channels.MIX


def test_two_microphones_in_one_room_are_mixed() -> None:
    late = np.concatenate([silence(4), AGENT[: -4 * 16]])
    assert judge(windows(AGENT, quieter(late, 5) + noise(len(AGENT) // 16, dbfs=-60))) is Channels.MIX


def test_a_voice_on_one_side_only_is_split() -> None:
    assert judge(windows(AGENT, silence(len(AGENT) // 16))) is Channels.SPLIT


def test_channels_that_would_cancel_one_another_are_split() -> None:
    assert judge(windows(AGENT, -AGENT)) is Channels.SPLIT


def test_where_nothing_is_heard_channels_are_mixed() -> None:
    assert judge(windows(silence(3000), noise(3000, dbfs=-70))) is Channels.MIX
    assert judge([]) is Channels.MIX


def test_one_channel_is_a_mix_and_many_are_mixed() -> None:
    assert judge(windows(AGENT)) is Channels.MIX
    assert judge(windows(AGENT, CUSTOMER, silence(21_000))) is Channels.MIX


def test_tracks_are_one_a_channel_or_one_of_all() -> None:
    window = windows(AGENT, CUSTOMER)[0]
    assert tracks(window, Channels.SPLIT) == window.split_to_mono()
    assert tracks(window, Channels.MIX) == [window.set_channels(1)]
