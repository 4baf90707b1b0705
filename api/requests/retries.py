"""What a retry may ask for: any option of a submission that says what is to be done, in place of the job's own."""

from dataclasses import replace
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from api.requests.options import MAX_CONTEXT, ChannelLabels, DeadlineField, Numbers
from worker.errors import InvalidRequest
from worker.services.catalogue import find_service
from worker.settings import Settings
from worker.shapes.fields import Name, sentence, storable
from worker.spec import Spec, make_spec
from worker.states import Channels, Lane, Segmentation


class RetryOptions(BaseModel):
    """What is left out stays as the job has it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    language: Name | None = Field(None, description="Two-letter code; `auto`: detected.")
    model: Name | None = Field(None, description="With another service and no model, that service's own.")
    service: Name | None = None
    context: Annotated[str, Field(max_length=MAX_CONTEXT), AfterValidator(storable)] | None = None
    channels: Channels | None = None
    channel_labels: ChannelLabels | None = None
    segmentation: Segmentation | None = None
    cut: Numbers | None = Field(None, description="In place of all numbers that the job has; {} for the preset's own.")
    voice: bool | None = None
    lane: Lane | None = None
    priority: int | None = Field(None, ge=-100, le=100)
    deadline: DeadlineField | None = Field(None, description="Seconds from now, or a time with its zone.")
    fresh: bool = Field(False, description="Reuse no stored answer.")


def read_retry(fields: object) -> RetryOptions:
    """Raises InvalidRequest that names the fields."""
    if not isinstance(fields, dict):
        raise InvalidRequest("The options must be a JSON object.")
    try:
        return RetryOptions.model_validate({name: value for name, value in fields.items() if value is not None})
    except ValidationError as error:
        raise InvalidRequest(sentence(error.errors())) from error


def changed(spec: Spec, asked: RetryOptions, settings: Settings) -> Spec:
    """The job's spec with what was asked for. Raises UnknownService, UnknownLanguage, LanguageNotSupported."""
    if not asked.model_fields_set - {"deadline", "fresh"}:
        return spec  # its service may not be known any more: that is for the worker to say
    own_model = spec.model if asked.service in {None, spec.service} else None
    made = make_spec(
        find_service(settings, asked.service or spec.service),
        model=asked.model or own_model,
        language=asked.language or spec.language,
        context=spec.context if asked.context is None else asked.context,
        channels=asked.channels or spec.channels,
        channel_labels=spec.channel_labels if asked.channel_labels is None else asked.channel_labels,
        segmentation=asked.segmentation or spec.segmentation,
        cut=spec.cut if asked.cut is None else asked.cut,
        voice=spec.voice if asked.voice is None else asked.voice,
        lane=asked.lane or spec.lane,
        priority=spec.priority if asked.priority is None else asked.priority,
    )
    return replace(made, revision=spec.revision)
