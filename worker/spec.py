"""A job's frozen spec, and the two digests that are made of it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

from worker.errors import InvalidRequest, LanguageNotSupported, UnknownLanguage
from worker.services.catalogue import PROTOCOL_LANGUAGES, Service
from worker.shapes.options import SpecOptions
from worker.split.presets import Preset, preset_of
from worker.states import Channels, Lane, Segmentation
from worker.version import VERSION

Choice = TypeVar("Choice", bound=StrEnum)
SAMPLE_RATE = 16_000
NOT_THE_SAME = frozenset({"lane", "priority", "version", "identity"})
OWNER = "default"  # one owner until keys have owners


@dataclass(frozen=True, kw_only=True)
class Spec:
    """Everything that a job was asked to do, kept as it was asked."""

    service: str
    model: str
    language: str | None = None
    context: str = ""
    channels: Channels = Channels.AUTO
    channel_labels: dict[str, str] = field(default_factory=dict, hash=False)  # who speaks on a channel, by its number
    segmentation: Segmentation = Segmentation.DOCUMENT
    cut: dict[str, int] = field(default_factory=dict, hash=False)  # numbers of the preset that are set for this job
    voice: bool = False  # only what has speech in it is sent
    lane: Lane = Lane.NORMAL
    priority: int = 0
    revision: int = 0
    version: str = ""  # of Longhand, when the job was made
    identity: str = ""  # who the service really is, where that is not its name

    def options(self) -> dict[str, Any]:
        """What `make_spec` takes beside the service."""
        return {name: getattr(self, name) for name in SpecOptions.model_fields if name != "service"}

    def to_json(self) -> dict[str, object]:
        return asdict(self)

    @classmethod
    def from_json(cls, fields: dict[str, object]) -> "Spec":
        values = dict(fields)
        values["channels"] = Channels(str(values["channels"]))
        values["segmentation"] = Segmentation(str(values["segmentation"]))
        values["lane"] = Lane(str(values["lane"]))
        return cls(**values)  # type: ignore[arg-type]  # written by to_json

    @property
    def is_streamed(self) -> bool:
        """Whether the service hears the whole recording and cuts it itself."""
        return self.segmentation is Segmentation.SERVER_VAD

    @property
    def preset(self) -> Preset:
        """How long our segments should be."""
        return preset_of(self.segmentation, self.cut)

    def segments_like(self, other: "Spec") -> bool:
        """Whether the same audio has the same segments under both."""
        return (self.segmentation, self.cut, self.channels) == (other.segmentation, other.cut, other.channels)

    @cached_property
    def recognition_key(self) -> str:
        """SHA-256 over only what changes an answer: not the splitter's numbers, not our version, never a port."""
        return _digest(
            owner=OWNER,
            service=self.identity or self.service,
            model=self.model,
            language=self.language,
            context=self.context,
            sample_rate=SAMPLE_RATE,
            revision=self.revision,
        )

    @cached_property
    def digest(self) -> str:
        """SHA-256 over what makes two jobs for one recording the same: when it runs, and our version, do not."""
        fields = self.to_json()
        return _digest(**{name: fields[name] for name in fields if name not in NOT_THE_SAME})


class RequestedSpec(NamedTuple):
    """A spec as it was asked for.

    ``own_languages``: nobody named a language, so a recording's own is used where its owner has named one; it must be
    one of these, which the service knows. Empty: the spec's language stands.
    """

    spec: Spec
    own_languages: frozenset[str] = frozenset()

    def in_language(self, own: str | None) -> Spec:
        """For a recording with this language of its own. Raises LanguageNotSupported."""
        if not (own and self.own_languages):
            return self.spec
        if own not in self.own_languages:
            service = self.spec.service
            raise LanguageNotSupported(f"The recording is in {own!r}, which the service {service!r} cannot recognise.")
        return replace(self.spec, language=own)


def make_spec(
    service: Service,
    *,
    model: str | None = None,
    language: str | None = None,
    context: str = "",
    channels: str = Channels.AUTO,
    channel_labels: Mapping[str, str] | None = None,
    segmentation: str = Segmentation.DOCUMENT,
    cut: Mapping[str, int] | None = None,
    voice: bool = False,
    lane: str = Lane.NORMAL,
    priority: int = 0,
) -> Spec:
    """Check what was asked for and freeze it; raises a RequestError that names the field."""
    kind = _choice(Segmentation, "segmentation", segmentation)
    return Spec(
        service=service.name,
        model=model or service.model,
        language=_language(service, language),
        context=context.strip(),
        channels=_choice(Channels, "channels", channels),
        channel_labels=_labelled(channel_labels or {}),
        segmentation=kind,
        cut=_numbers(kind, cut or {}),
        voice=_voice(kind, voice=voice),
        lane=_choice(Lane, "lane", lane),
        priority=_priority(priority),
        version=VERSION,
        identity=service.identity if service.identity != service.name else "",
    )


def _language(service: Service, language: str | None) -> str | None:
    code = (language or "").strip().lower()
    if code in {"", "auto"}:
        return None
    if code not in PROTOCOL_LANGUAGES | service.languages:
        raise UnknownLanguage(f"{language!r} is no language code that is known here. {UnknownLanguage.hint}")
    if code not in service.languages:
        known = ", ".join(sorted(service.languages))
        raise LanguageNotSupported(f"The service {service.name!r} cannot recognise {code!r}; it knows {known}.")
    return code


def _choice(kind: type[Choice], name: str, value: str) -> Choice:
    try:
        return kind(value)
    except ValueError as error:
        raise InvalidRequest(f"{name} must be one of {', '.join(kind)}; got {value!r}.") from error


def _labelled(labels: Mapping[str, str]) -> dict[str, str]:
    for channel in labels:
        if not (channel.isdecimal() and channel.isascii() and str(int(channel)) == channel):
            raise InvalidRequest(f"channel_labels: channels are numbers from 0; got {channel!r}.")
    return dict(sorted(labels.items()))


def _numbers(segmentation: Segmentation, numbers: Mapping[str, int]) -> dict[str, int]:
    try:
        preset_of(segmentation, numbers)
    except ValueError as error:
        raise InvalidRequest(f"cut: {error}.") from error
    return dict(sorted(numbers.items()))


def _voice(segmentation: Segmentation, *, voice: bool) -> bool:
    if voice and segmentation is Segmentation.SERVER_VAD:
        raise InvalidRequest("voice: goes with document or subtitles; with server_vad the service hears everything.")
    return voice


def _priority(priority: int) -> int:
    if not -100 <= priority <= 100:
        raise InvalidRequest(f"priority must lie between -100 and 100; got {priority}.")
    return priority


def _digest(**fields: object) -> str:
    canonical = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
