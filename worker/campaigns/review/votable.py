"""The passages of a recording that people vote on: short enough to listen to, the most different first. Pure."""

from collections.abc import Iterable

from worker.results.comparison import Passage
from worker.results.word_errors import Edits

LONGEST_MS = 120_000  # nobody can judge more at once
A_RECORDING = 3  # so that votes are not all about the few worst recordings


def votable(counted: Iterable[tuple[Passage, Edits]]) -> list[Passage]:
    """The few most different of an old and a new version's passages."""
    few = ((passage, edits) for passage, edits in counted if edits.count and _is_short(passage))
    different = sorted(few, key=lambda one: (-one[1].count, one[0].channel, one[0].start_ms))
    return [passage for passage, _ in different[:A_RECORDING]]


def _is_short(passage: Passage) -> bool:
    return passage.end_ms - passage.start_ms <= LONGEST_MS


def key_of(passage: Passage) -> str:
    """The passage's name within its recording."""
    return f"{passage.channel}-{passage.start_ms}-{passage.end_ms}"
