"""A job's options, each declared once: type, default, limits, what it is, and what else than a submission may have it.

A submission takes `JobOptions`, from a form or from JSON. What a retry, a campaign and an archive take is made of the
same fields by `OptionUse`, and so are the options of the command line: see `job_options`. A new option is a field here,
and a field of `worker.spec.Spec` where it changes what is done.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import Enum, auto
from functools import partial
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, create_model
from pydantic.fields import FieldInfo

from worker.shapes.declarations import CommandOption, Help, command_options, help_of
from worker.shapes.fields import ChannelLabels, Context, Labels, Name, Numbers, Url
from worker.shapes.times import DeadlineField
from worker.states import Channels, Lane, Segmentation

DEFAULT_ARCHIVE = "default"  # of recordings that name none


class Use(Enum):
    """What may have options beside a submission."""

    RETRY = auto()  # of one job, in place of what it has
    CAMPAIGN = auto()  # for each of its jobs
    ARCHIVE = auto()  # for jobs that say nothing else
    IMPORT = auto()  # for each of its jobs: JSON as of a submission, and fewer options on the command line


@dataclass(frozen=True, kw_only=True)
class OptionUse:
    """An option may be given there.

    ``description`` and ``help`` (on the command line) are those of a submission where left out. ``nullable``: null
    there says the same as leaving it out, and no default stands in its place.
    """

    use: Use
    description: str | None = None
    help: str | None = None
    nullable: bool = False


def _for_none(text: str, help: str | None = None, *, nullable: bool = False) -> OptionUse:  # noqa: A002  # as Typer has it
    return OptionUse(use=Use.ARCHIVE, description=text, help=help or text, nullable=nullable)


_retry = partial(OptionUse, use=Use.RETRY, nullable=True)
_campaign = partial(OptionUse, use=Use.CAMPAIGN)
_imported = partial(OptionUse, use=Use.IMPORT, nullable=True)


class OptionSet(BaseModel):
    """Options that somebody may give."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def given(self) -> dict[str, Any]:
        """Those that somebody gave."""
        return {name: getattr(self, name) for name in type(self).model_fields if name in self.model_fields_set}

    def of_spec(self) -> dict[str, Any]:
        """Of these, what says what is to be done."""
        return {name: value for name, value in self.given().items() if name in SpecOptions.model_fields}


Options = TypeVar("Options", bound=OptionSet)


class SpecOptions(OptionSet):
    """What is to be done with a recording; the job's spec keeps it."""

    language: Annotated[
        Name | None,
        Help(text="Two-letter code such as en; left out: detected."),
        _retry(description="Two-letter code; `auto`: detected.", help="Another language, or auto; a new job."),
        _campaign(
            description="Two-letter code, or `auto`: detected; left out: the archive's, else the recording's own.",
            help="Two-letter code, or auto to detect it; left out: the archive's, else its own.",
        ),
        _for_none("For jobs that name none."),
        _imported(help="Of the jobs; left out: the recording's own."),
    ] = Field(None, description="Two-letter code; left out or `auto`: detected.")
    context: Annotated[
        Context,
        Help(text="Names and terms that help the recogniser."),
        _retry(help="Other names and terms; a new job."),
        _campaign(),
    ] = Field("", description="Names and terms that help the recogniser.")
    channels: Annotated[
        Channels,
        Help(text="Left out: the archive's, else auto, which splits unlike ones.", unset=True),
        _retry(help="Other channels; a new job."),
        _campaign(nullable=True),
        _for_none("For jobs that do not say.", nullable=True),
        _imported(help="Of the jobs; left out: the archive's."),
    ] = Field(Channels.AUTO, description="auto splits unlike channels and mixes near-equal ones.")
    channel_labels: Annotated[
        ChannelLabels,
        Help(text="Who speaks on which channel.", metavar="0=NAME,1=NAME"),
        _retry(),
        _campaign(),
        _for_none("Who speaks, for jobs that give none.", "Who speaks on which channel."),
    ] = Field(default_factory=dict, description="Who speaks on which channel: a JSON object, or 0=agent,1=customer.")
    segmentation: Annotated[
        Segmentation,
        Help(text="Short segments for subtitles; server_vad: the service cuts."),
        _retry(help="Other segments; a new job."),
        _campaign(),
        _imported(help="Of the jobs."),
    ] = Field(
        Segmentation.DOCUMENT, description="Long spans for reading, short for subtitles, or what the service cuts."
    )
    cut: Annotated[
        Numbers,
        Help(text="Numbers of the segmentation, such as pause_ms=200.", metavar="NAME=MS,…"),
        _retry(description="In place of all numbers that the job has; {} for the preset's own."),
        _campaign(),
    ] = Field(
        default_factory=dict, description="Numbers of the preset: a JSON object, or pause_ms=200,target_ms=15000."
    )
    voice: Annotated[
        bool,
        Help(text="Leave out music and noise: only speech is sent."),
        _retry(),
        _campaign(),
        _imported(help="Leave out music and noise."),
    ] = Field(False, description="Leave out what has no speech in it, such as music and noise.")
    lane: Annotated[
        Lane,
        Help(text="interactive goes before, bulk behind the others."),
        _retry(help="Another lane."),
        _imported(help="Of the jobs; left out: normal."),
    ] = Field(Lane.NORMAL, description="interactive goes first, bulk last.")
    priority: Annotated[int, Field(ge=-100, le=100), _retry(), _campaign()] = Field(
        0, description="Within a lane; higher goes first."
    )
    service: Annotated[
        Name | None,
        Help(text="Who recognises; left out: the server's choice."),
        _retry(help="Another service; a new job."),
        _campaign(),
        _for_none("For jobs that name none."),
        _imported(help="Of the jobs; left out: the archive's."),
    ] = Field(None, description="local, intl, cn, or a name in the services file.")
    model: Annotated[
        Name | None,
        Help(text="Model to ask for; left out: the service's own."),
        _retry(description="With another service and no model, that service's own.", help="Another model; a new job."),
        _campaign(),
        _imported(help="Of the jobs; left out: the service's own."),
    ] = Field(None, description="The service's own model where left out.")


class JobOptions(SpecOptions):
    """The fields of a submission. Empty ones are as good as left out, as a browser's form sends them."""

    archive: Annotated[
        Name, Field(min_length=1), Help(text="Collection that the recordings belong to.", unset=True)
    ] = Field(DEFAULT_ARCHIVE, description="The collection of recordings it belongs to.")
    deadline: Annotated[
        DeadlineField | None,
        Help(text="Seconds from now, or a time with its zone: queued then, it fails."),
        OptionUse(use=Use.RETRY, description="Seconds from now, or a time with its zone."),
    ] = Field(None, description="Seconds from now, or a time with its zone: still queued then, the job fails.")
    fresh: Annotated[
        bool,
        Help(text="Recognise again, also what has been answered before."),
        OptionUse(use=Use.RETRY, description="Reuse no stored answer."),
    ] = Field(False, description="Ask for a new run that reuses no stored answer.")
    external_id: Name | None = Field(None, description="Your own name for it.")
    labels: Labels = Field(default_factory=dict, description="A JSON object, or name=value,name=value.")
    batch: Name | None = Field(None, description="The id of a batch to add the job to.")


class UrlOptions(JobOptions):
    """A submission by URL: the recording stays where it is."""

    url: Url = Field(
        description="http or https, fetched when its turn comes; or mount://NAME/PATH in LONGHAND_MEDIA_ROOTS."
    )


def takes(use: Use) -> Callable[[type[Options]], type[Options]]:
    """A model that takes the options that may be given there, beside the fields that it declares itself."""

    def with_options(model: type[Options]) -> type[Options]:
        fields: dict[str, Any] = {name: _field_on(field, on) for name, field, on in _on(use)}
        return create_model(
            model.__name__, __base__=model, __doc__=model.__doc__, __module__=model.__module__, **fields
        )

    return with_options


def job_options(use: Use | None = None) -> Iterator[CommandOption]:
    """The options of a command that submits, or of one for what else may have them."""
    if use is None:
        yield from command_options(JobOptions)
        return
    for name, field, on in _on(use):
        if of_submission := help_of(field):
            text, unset = on.help or of_submission.text, on.nullable or of_submission.unset
            yield CommandOption.of(name, field, replace(of_submission, text=text, unset=unset))


def _on(use: Use) -> Iterator[tuple[str, FieldInfo, OptionUse]]:
    for name, field in JobOptions.model_fields.items():
        for on in field.metadata:
            if isinstance(on, OptionUse) and on.use is use:
                yield name, field, on


def _field_on(field: FieldInfo, on: OptionUse) -> tuple[Any, Any]:
    """The field as `create_model` takes it: its type with its rules, and its default with what is said of it there."""
    rules = [one for one in field.metadata if not isinstance(one, (Help, OptionUse))]
    kind: Any = Annotated[(field.annotation, *rules)] if rules else field.annotation
    description = on.description or field.description
    if on.nullable:
        return kind | None, Field(None, description=description)
    if field.default_factory:
        return kind, Field(default_factory=field.default_factory, description=description)
    return kind, Field(field.default, description=description)
