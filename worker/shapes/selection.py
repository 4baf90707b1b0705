"""Which jobs and which recordings: each filter declared once, for requests and for the command line.

What a filter means as SQL stands beside the query that it narrows. A new filter is a field here and a condition there.
"""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from worker.shapes.declarations import Help
from worker.shapes.fields import Labels, Name, storable
from worker.shapes.times import EdgeMs, FromMs, UntilMs
from worker.states import JobState

MOST = 2**53  # what every JSON reader takes for a whole number, and every database
Text = Annotated[str, AfterValidator(storable)]
LABEL = Help(text="With this label; several: all.", name="label", metavar="NAME=VALUE", kind=list[str])


class Filter(BaseModel):
    """What is chosen is all of what is given."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class JobFields(Filter):
    """Jobs that are all of what is given."""

    batch: Annotated[Name | None, Help(text="Jobs of this batch.")] = Field(None, description="A batch's id.")
    archive: Annotated[Name | None, Help(text="Jobs of this archive.")] = None
    status: Annotated[JobState | None, Help(text="Jobs in this state.")] = Field(
        None, description="queued, running, succeeded, failed or cancelled."
    )
    code: Annotated[Name | None, Help(text="Jobs with this error code.")] = Field(
        None, description="The code of the error, or of what the job waits for."
    )
    campaign: Name | None = Field(None, description="A campaign's id.")
    external_id: Name | None = None
    recording: Name | None = Field(None, description="A recording's id.")
    labels: Labels = Field(default_factory=dict, description="A JSON object, or name=value,name=value.")


class RecordingFields(Filter):
    """Recordings that are all of what is given, in a list of them."""

    archive: Text | None = None
    external_id: Text | None = None
    language: Text | None = None
    digest: Text | None = Field(None, description="SHA-256 of the bytes, in hexadecimal.")
    labels: dict[Text, Text] = Field(default_factory=dict)


class SelectionFields(Filter):
    """Recordings that are all of what is given; of limit, sample and share at most one."""

    archive: Annotated[Annotated[Name, Field(min_length=1)] | None, Help(text="Of this archive.")] = None
    labels: Annotated[Labels, LABEL] = Field(default_factory=dict)
    recorded_from_ms: Annotated[EdgeMs | None, Help(text="A day or a time, included.", kind=str)] = Field(
        None, alias="recorded_from", description="A day or a time, included."
    )
    recorded_until_ms: Annotated[EdgeMs | None, Help(text="Excluded.", kind=str)] = Field(
        None, alias="recorded_until", description="Excluded."
    )
    language: Annotated[Name | None, Help(text="In this language, as far as known.", name="language_is")] = Field(
        None, description="As the recording's owner says, else as its transcript does."
    )
    duration_from_ms: Annotated[FromMs | None, Help(text="Seconds, included.")] = Field(
        None, alias="duration_from", description="Seconds, included."
    )
    duration_until_ms: Annotated[UntilMs | None, Help(text="Seconds, excluded.")] = Field(
        None, alias="duration_until", description="Seconds, excluded."
    )
    model: Annotated[Name | None, Help(text="Whose current transcript this model made.", name="model_is")] = Field(
        None, description="Of the current transcript."
    )
    failed: Annotated[bool, Help(text="Whose latest job has failed.")] = Field(
        False, description="The latest job has failed."
    )
    flagged: Annotated[bool, Help(text="Whose transcript has doubted segments.")] = Field(
        False, description="The current transcript has segments whose text is doubted."
    )
    gaps: Annotated[bool, Help(text="Whose transcript has gaps.")] = Field(
        False, description="The current transcript has gaps."
    )
    limit: Annotated[int | None, Field(ge=1, le=MOST), Help(text="At most so many, the oldest first.")] = Field(
        None, description="At most so many, the oldest first."
    )
    sample: Annotated[int | None, Field(ge=1, le=MOST), Help(text="So many at random.")] = Field(
        None, description="So many at random."
    )
    share: Annotated[float | None, Field(gt=0, le=1), Help(text="Such a share at random, as 0.05.")] = Field(
        None, description="Such a share of them at random."
    )
    seed: Annotated[int, Field(ge=-MOST, le=MOST), Help(text="The same seed draws the same recordings.")] = Field(
        0, description="The same seed draws the same recordings."
    )
