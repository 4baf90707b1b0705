"""Utterances that a service found in a stream: put in order, with their places in the recording. Pure.

A service may answer them in any order and say what it likes of their times. What is stored is in order and does not
overlap, since a later attempt goes on behind the last that is stored.
"""

from dataclasses import dataclass

from realtime.protocol.conversation.outcomes import Answered, Refused


@dataclass(frozen=True)
class Turn:
    """An utterance in ms of the recording, and how it ended."""

    start_ms: int
    end_ms: int
    outcome: Answered | Refused


class Turns:
    """One session's utterances. The session's audio begins at ``from_ms`` of the recording."""

    def __init__(self, from_ms: int) -> None:
        self._from_ms = from_ms
        self._said_until_ms = from_ms
        self._next = 0  # sessions number their utterances from 0
        self._early: dict[int, Answered | Refused] = {}

    def settle(self, outcome: Answered | Refused, sent_ms: int) -> list[Turn]:
        """The utterances that are complete now, all before them too; ``sent_ms`` of audio were sent so far."""
        self._early[outcome.segment] = outcome
        turns = []
        while self._next in self._early:
            turns.append(self._placed(self._early.pop(self._next), sent_ms))
            self._next += 1
        return turns

    def _placed(self, outcome: Answered | Refused, sent_ms: int) -> Turn:
        """Behind the one before, not beyond the audio, and at least a millisecond long."""
        start_ms = max(self._said_until_ms, self._from_ms + (outcome.start_ms or 0))
        said_end_ms = sent_ms if outcome.end_ms is None else min(outcome.end_ms, sent_ms)
        self._said_until_ms = max(start_ms + 1, self._from_ms + said_end_ms)
        return Turn(start_ms, self._said_until_ms, outcome)
