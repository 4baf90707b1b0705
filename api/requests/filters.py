"""Filters of jobs, from a query or from a JSON body."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Depends, Query
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from worker.errors import InvalidRequest
from worker.queue.filters import JobFilter
from worker.shapes.fields import Labels, Name, sentence
from worker.states import JobState

LabelQuery = Annotated[Sequence[str], Query(description="`name=value`; several are all asked for.")]


class JobsFilter(BaseModel):
    """Jobs that are all of what is given."""

    model_config = ConfigDict(extra="forbid")

    status: JobState | None = Field(None, description="queued, running, succeeded, failed or cancelled.")
    archive: Name | None = None
    batch: Name | None = Field(None, description="A batch's id.")
    campaign: Name | None = Field(None, description="A campaign's id.")
    code: Name | None = Field(None, description="The code of the error, or of what the job waits for.")
    external_id: Name | None = None
    recording: Name | None = Field(None, description="A recording's id.")
    labels: Labels = Field(default_factory=dict, description="A JSON object, or name=value,name=value.")


def chosen_by(fields: object) -> JobFilter:
    """Raises InvalidRequest that names the fields."""
    if not isinstance(fields, dict):
        raise InvalidRequest("The filter must be a JSON object.")
    try:
        return JobFilter(**vars(JobsFilter.model_validate(fields)))
    except ValidationError as error:
        raise InvalidRequest(sentence(error.errors())) from error


def _from_query(
    *,
    status: str | None = None,
    archive: str | None = None,
    batch: str | None = None,
    campaign: Annotated[str | None, Query(description="A campaign's id.")] = None,
    code: Annotated[str | None, Query(description="The code of the error, or of what a job waits for.")] = None,
    external_id: str | None = None,
    recording: str | None = None,
    label: LabelQuery = (),
) -> JobFilter:
    given: dict[str, Any] = {
        "status": status,
        "archive": archive,
        "batch": batch,
        "campaign": campaign,
        "code": code,
        "external_id": external_id,
        "recording": recording,
    }
    return chosen_by({**{name: value for name, value in given.items() if value}, "labels": labels_of(label)})


def labels_of(given: Sequence[str]) -> dict[str, str]:
    """Labels of a query, each ``name=value``; raises InvalidRequest."""
    pairs = [label.partition("=") for label in given]
    if not all(name and equals for name, equals, _ in pairs):
        raise InvalidRequest("label must be name=value; give it several times for several labels.")
    return {name: value for name, _, value in pairs}


FilterQuery = Annotated[JobFilter, Depends(_from_query)]
