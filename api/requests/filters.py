"""Filters of jobs and recordings, from a query or from a JSON body."""

from collections.abc import Callable, Sequence
from inspect import Parameter, Signature
from typing import Annotated, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel

from api.http.bodies import checked
from worker.errors import InvalidRequest
from worker.queue.filters import JobFilter
from worker.shapes.fields import MAX_LABELS
from worker.shapes.selection import JobFields, RecordingFields

LabelQuery = Annotated[Sequence[str], Query(description="`name=value`; several are all asked for.")]
Fields = TypeVar("Fields", bound=BaseModel)


def chosen_by(fields: object) -> JobFilter:
    """Raises InvalidRequest that names the fields."""
    if not isinstance(fields, dict):
        raise InvalidRequest("The filter must be a JSON object.")
    return JobFilter(**dict(checked(JobFields.model_validate, fields)))


def labels_of(given: Sequence[str]) -> dict[str, str]:
    """Labels of a query, each ``name=value``; raises InvalidRequest."""
    pairs = [label.partition("=") for label in given]
    if not all(name and equals for name, equals, _ in pairs):
        raise InvalidRequest("label must be name=value; give it several times for several labels.")
    if len(pairs) > MAX_LABELS:
        raise InvalidRequest(f"label: there may be {MAX_LABELS} at most.")
    return {name: value for name, _, value in pairs}


def _in_query(kind: type[Fields]) -> Callable[..., Fields]:
    """The fields as a route's query has them: text, where empty is left out, and a `label` for each of the labels."""

    def read(label: Sequence[str], **given: str | None) -> Fields:
        texts = {name: value for name, value in given.items() if value}
        return checked(kind.model_validate, {**texts, "labels": labels_of(label)})

    texts = [
        Parameter(
            name,
            Parameter.KEYWORD_ONLY,
            default=None,
            annotation=Annotated[str | None, Query(description=field.description)],
        )
        for name, field in kind.model_fields.items()
        if name != "labels"
    ]
    label = Parameter("label", Parameter.KEYWORD_ONLY, default=(), annotation=LabelQuery)
    read.__signature__ = Signature([*texts, label])  # type: ignore[attr-defined]  # FastAPI reads it
    return read


def _jobs(fields: Annotated[JobFields, Depends(_in_query(JobFields))]) -> JobFilter:
    return JobFilter(**dict(fields))


JobQuery = Annotated[JobFilter, Depends(_jobs)]
RecordingQuery = Annotated[RecordingFields, Depends(_in_query(RecordingFields))]
