"""Which recordings a campaign is about: a typed selection, as conditions on them and their current transcripts."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import aliased

from worker.errors import InvalidRequest
from worker.models import Job, Recording, Transcript
from worker.shapes.selection import SelectionFields
from worker.states import JobState

HEX = 16**8  # shares are cut on eight digits


class Selection(SelectionFields):
    """Recordings that are all of what is given; an empty selection is every recording.

    Times are ms since 1970 UTC, from included, until excluded, and so are lengths. ``limit`` takes the oldest,
    ``sample`` and ``share`` take at random, the same ones for the same ``seed``: one of the three. ``edge`` is where a
    limit or a sample ends, as it was found when the campaign was planned.
    """

    edge: str | None = None

    @classmethod
    def of(cls, **fields: Any) -> "Selection":  # noqa: ANN401  # fields have many types
        """Of fields that are checked, each for itself. Raises InvalidRequest where they do not go together."""
        made = cls.model_construct(**fields)
        chosen = [name for name in ("limit", "sample", "share") if getattr(made, name) is not None]
        if len(chosen) > 1:
            raise InvalidRequest(f"selection: {' and '.join(chosen)} exclude one another: give one of them.")
        for what in ("recorded", "duration"):
            first, end = getattr(made, f"{what}_from_ms"), getattr(made, f"{what}_until_ms")
            if first is not None and end is not None and first >= end:
                raise InvalidRequest(f"selection: {what}_from must lie before {what}_until.")
        return made

    def to_json(self) -> dict[str, Any]:
        """As a campaign's row has it: without what was left out."""
        nothing = dict(Selection.of())
        return {name: value for name, value in self if value != nothing[name]}

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> "Selection":
        return cls.of(**fields)

    @property
    def at_most(self) -> int | None:
        """How many recordings there may be; None: any number."""
        return self.limit if self.limit is not None else self.sample

    def conditions(self, until_id: str) -> list[ColumnElement[bool]]:
        """Conditions on recordings outer-joined with their current transcript, none added after ``until_id``."""
        columns = {Recording.archive: self.archive, Transcript.model: self.model}
        equal = [column == value for column, value in columns.items() if value is not None]
        labelled = [Recording.labels[name].as_string() == value for name, value in self.labels.items()]
        return [Recording.id <= until_id, *equal, *labelled, *self._ranges(), *self._language(), *self._faults()]

    def drawn(self) -> list[ColumnElement[bool]]:
        """Conditions that take the limit's or the sample's part of what was chosen otherwise."""
        if self.share is not None:
            return [draw(self.seed) < f"{min(int(self.share * HEX), HEX - 1):08x}"] if self.share < 1 else []
        if self.edge is None:
            return []
        return [Recording.id <= self.edge if self.limit is not None else draw(self.seed) <= self.edge]

    def _ranges(self) -> list[ColumnElement[bool]]:
        recorded, duration = Recording.recorded_ms, Recording.duration_ms
        return [
            *([recorded >= self.recorded_from_ms] if self.recorded_from_ms is not None else []),
            *([recorded < self.recorded_until_ms] if self.recorded_until_ms is not None else []),
            *([duration >= self.duration_from_ms] if self.duration_from_ms is not None else []),
            *([duration < self.duration_until_ms] if self.duration_until_ms is not None else []),
        ]

    def _language(self) -> list[ColumnElement[bool]]:
        spoken = func.coalesce(Recording.language, Transcript.language)
        return [spoken == self.language] if self.language is not None else []

    def _faults(self) -> list[ColumnElement[bool]]:
        return [
            *([_latest_failed()] if self.failed else []),
            *([Transcript.flags_count > 0] if self.flagged else []),
            *([Transcript.gaps_count > 0] if self.gaps else []),
        ]


def draw(seed: int) -> ColumnElement[str]:
    """A recording's lot: 32 hexadecimal digits, at random over recordings, and always the same for a seed."""
    return func.md5(f"{seed}:" + Recording.id)


def joined(*columns: Any) -> Select[*tuple[Any, ...]]:  # noqa: ANN401  # columns have many types
    """Select from recordings with their current transcript, where they have one."""
    return (
        select(*columns).select_from(Recording).outerjoin(Transcript, Transcript.id == Recording.current_transcript_id)
    )


def _latest_failed() -> ColumnElement[bool]:
    """Written from the failed jobs, which are few, and not from the recordings."""
    failed, later = aliased(Job), aliased(Job)
    newer = exists().where(later.recording_id == failed.recording_id, later.id > failed.id)
    return Recording.id.in_(select(failed.recording_id).where(failed.status == JobState.FAILED, ~newer))
