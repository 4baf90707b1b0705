"""Whether an answer can be believed: what recognisers are known to say where they did not hear. Pure functions.

A suspicion is a flag, never a verdict: the answer is asked for once more, and is kept with the flag if it stays.
"""

from collections.abc import Sequence
from enum import StrEnum

from worker.text_words import is_unspaced, words_of

# The splitter calls nothing below it sound, so nobody can have been understood there.
SILENT_DBFS = -70.0
SHORTEST_SOUND_MS = 200
FRAME_MS = 10

# Shorter texts are often said twice in a row: "yes", "okay, thank you", "can you hear me".
TELLING_TOKENS = 5
TELLING_UNSPACED = 8  # characters of a script without spaces

LOOP_TIMES = 4
LOOP_TOKENS = 16  # "no, no, no, no" is speech; as much as this of one phrase is hardly
LONGEST_PHRASE = 20


class Flag(StrEnum):
    """Why an answer is not trusted; such an answer is never reused."""

    REPEATS_PREVIOUS = "repeats_previous"  # the same as the answer before it in its session, for different audio
    TEXT_ON_SILENCE = "text_on_silence"
    LOOP = "loop"  # one phrase over and over


def suspicions(text: str, *, before: str | None, silent: bool) -> tuple[Flag, ...]:
    """The flags of an answer.

    ``before``: what the same session answered to the audio before it; None where there was none, or where that was
    the same audio. ``silent``: nothing can be heard in the segment, see `is_silent`.
    """
    tokens = words_of(text)
    found = {
        Flag.REPEATS_PREVIOUS: before is not None and is_telling(tokens) and tokens == words_of(before),
        Flag.TEXT_ON_SILENCE: silent and bool(tokens),
        Flag.LOOP: is_loop(tokens),
    }
    return tuple(flag for flag, suspicious in found.items() if suspicious)


def is_telling(tokens: Sequence[str]) -> bool:
    """Whether a text is long enough that two people hardly say it one after the other."""
    unspaced = sum(map(is_unspaced, tokens))
    return len(tokens) >= (TELLING_UNSPACED if 2 * unspaced > len(tokens) else TELLING_TOKENS)


def is_loop(tokens: Sequence[str]) -> bool:
    """Whether one phrase of at most 20 tokens comes four times in a row or more, and fills 16 tokens by that."""
    longest = min(LONGEST_PHRASE, len(tokens) // LOOP_TIMES)
    return any(_longest_run(tokens, size) >= max(LOOP_TOKENS, LOOP_TIMES * size) for size in range(1, longest + 1))


def _longest_run(tokens: Sequence[str], size: int) -> int:
    """The most tokens in a row that are a phrase of this size again and again."""
    run = best = 0
    for token, earlier in zip(tokens[size:], tokens, strict=False):
        run = run + 1 if token == earlier else 0
        best = max(best, run)
    return best + size


def is_silent(levels: Sequence[float]) -> bool:
    """Whether under 200 ms can be heard at all, and most is silence; ``levels``: frames of 10 ms, in dBFS."""
    sound = sum(level > SILENT_DBFS for level in levels)
    return sound < min(SHORTEST_SOUND_MS // FRAME_MS, len(levels) / 2)
