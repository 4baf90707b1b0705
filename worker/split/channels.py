"""Whether a recording's channels are cut one by one or as one."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from worker.audio.windows import AudioSegment, to_mono
from worker.split.levels import frame_levels
from worker.states import Channels

JUDGE_MS = 30_000  # of the beginning are heard before `auto` is decided
HEARD_DBFS = -50.0  # frames below it say nothing about who speaks
UNLIKE_DB = 12.0  # this much louder on one side is another speaker, not another place in the same room
CANCELLED_DB = 10.0  # lost by mixing: the channels are one another's opposite
UNLIKE_SHARE = 0.1  # of the frames that are heard


def judge(beginning: Sequence[AudioSegment]) -> Channels:
    """Split or mix, by the windows of the first 30 s: two unlike channels are split, all else is mixed.

    Where nothing is heard, and with three channels and more (a film's, a microphone array's), they are mixed.
    """
    if not beginning or beginning[0].channels != 2:
        return Channels.MIX
    left, right = (_levels([window.split_to_mono()[side] for window in beginning]) for side in (0, 1))
    mixed = _levels([to_mono(window) for window in beginning])
    louder = np.maximum(left, right)
    heard = louder > HEARD_DBFS
    unlike = (np.abs(left - right) >= UNLIKE_DB) | (louder - mixed >= CANCELLED_DB)
    return Channels.SPLIT if (unlike & heard).sum() > UNLIKE_SHARE * max(1, heard.sum()) else Channels.MIX


def beginning_of(windows: Iterable[AudioSegment]) -> list[AudioSegment]:
    """The windows of the first 30 s, or all where there are fewer."""
    beginning: list[AudioSegment] = []
    heard_ms = 0
    for window in windows:
        beginning.append(window)
        heard_ms += len(window)
        if heard_ms >= JUDGE_MS:
            break
    return beginning


def tracks(window: AudioSegment, mode: Channels) -> list[AudioSegment]:
    """The mono windows that are cut: one for each channel where they are split."""
    return list(window.split_to_mono()) if mode is Channels.SPLIT else [to_mono(window)]


def channel_name(channel: int, channels: int) -> str:
    """How an answer names the channel that it is of: its number, or ``mix`` where only one is cut."""
    return str(channel) if channels > 1 else "mix"


def _levels(windows: Sequence[AudioSegment]) -> NDArray[np.float64]:
    return np.concatenate([frame_levels(window) for window in windows])
