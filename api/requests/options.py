"""What can be asked for beside a recording, checked field by field: the same for forms, JSON and batches."""

from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema

from worker.archive_rules import Rules
from worker.errors import InvalidRequest
from worker.queue.deadlines import Deadline, parse_deadline
from worker.queue.spec_request import own_languages, spec_asked
from worker.settings import Settings
from worker.shapes.fields import Labels, Name, few, labels_from, sentence, storable, text_name
from worker.spec import Spec
from worker.states import Channels, Lane, Segmentation

MAX_CONTEXT = 10_000

DeadlineField = Annotated[
    Deadline,
    BeforeValidator(parse_deadline),
    WithJsonSchema({"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "string", "format": "date-time"}]}),
]
# A label is shown as the name of who speaks, also in front of a text: WebVTT's voices end at a >.
Speaker = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^<>&]*$"), AfterValidator(text_name)]
ChannelLabels = Annotated[dict[str, Speaker], BeforeValidator(labels_from), AfterValidator(few)]
Numbers = Annotated[dict[str, int], BeforeValidator(labels_from)]


class Options(BaseModel):
    """The fields of a submission. Empty ones are as good as left out, as a browser's form sends them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    language: Name | None = Field(None, description="Two-letter code; left out or `auto`: detected.")
    model: Name | None = Field(None, description="The service's own model where left out.")
    service: Name | None = Field(None, description="local, intl, cn, or a name in the services file.")
    context: Annotated[str, Field(max_length=MAX_CONTEXT), AfterValidator(storable)] = Field(
        "", description="Names and terms that help the recogniser."
    )
    channels: Channels = Field(Channels.AUTO, description="auto splits unlike channels and mixes near-equal ones.")
    channel_labels: ChannelLabels = Field(
        default_factory=dict, description="Who speaks on which channel: a JSON object, or 0=agent,1=customer."
    )
    segmentation: Segmentation = Field(
        Segmentation.DOCUMENT, description="Long spans for reading, short for subtitles, or what the service cuts."
    )
    cut: Numbers = Field(
        default_factory=dict, description="Numbers of the preset: a JSON object, or pause_ms=200,target_ms=15000."
    )
    voice: bool = Field(False, description="Leave out what has no speech in it, such as music and noise.")
    lane: Lane = Field(Lane.NORMAL, description="interactive goes first, bulk last.")
    priority: int = Field(0, ge=-100, le=100, description="Within a lane; higher goes first.")
    deadline: DeadlineField | None = Field(
        None, description="Seconds from now, or a time with its zone: still queued then, the job fails."
    )
    external_id: Name | None = Field(None, description="Your own name for it.")
    archive: Name = Field("default", min_length=1, description="The collection of recordings it belongs to.")
    labels: Labels = Field(default_factory=dict, description="A JSON object, or name=value,name=value.")
    batch: Name | None = Field(None, description="The id of a batch to add the job to.")
    fresh: bool = Field(False, description="Ask for a new run that reuses no stored answer.")


class UrlOptions(Options):
    """A submission by URL: the recording stays where it is."""

    url: Annotated[str, Field(min_length=1, max_length=8000), AfterValidator(storable)] = Field(
        description="http or https, fetched when its turn comes; or mount://NAME/PATH in LONGHAND_MEDIA_ROOTS."
    )


Kind = TypeVar("Kind", bound=Options)


def read_options(fields: dict[str, Any]) -> Options:
    """Raises InvalidRequest that names the fields."""
    return _read(Options, fields)


def read_url_options(fields: object) -> UrlOptions:
    """Raises InvalidRequest that names the fields."""
    if not isinstance(fields, dict):
        raise InvalidRequest("Each submission must be a JSON object with a url.")
    return _read(UrlOptions, fields)


def _read(kind: type[Kind], fields: dict[str, Any]) -> Kind:
    try:
        return kind.model_validate({name: value for name, value in fields.items() if value not in ("", None)})
    except ValidationError as error:
        raise InvalidRequest(sentence(error.errors())) from error


def spec_of(options: Options, settings: Settings, rules: Rules) -> Spec:
    """The frozen spec, with the archive's word where nothing was asked for. Raises as `spec_asked` does."""
    return spec_asked(given(options), settings, rules)


def own_languages_of(options: Options, settings: Settings, rules: Rules) -> frozenset[str]:
    """The languages in which a recording's own may be used for these options; none where one was asked for."""
    return own_languages(given(options), settings, rules)


def given(options: Options) -> dict[str, Any]:
    """The options that somebody gave."""
    return {name: getattr(options, name) for name in options.model_fields_set}
