"""What is known of a recording beside its bytes, from a manifest's row, a file's name or the JSON beside it."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from worker.errors import InvalidRequest, InvalidRow, SourceMissing
from worker.imports.walking import sidecar_of
from worker.media.access import source_buckets
from worker.media.buckets import is_in_bucket
from worker.media.mounts import open_mounted, source_errors
from worker.settings import Settings
from worker.shapes.fields import Labels, LanguageCode, Name, Url, labels_from, sentence, short_errors
from worker.shapes.times import RecordedAt, epoch_ms
from worker.strict_json import parse_json

MAX_BYTES = 64 * 1024
FIELDS = ("external_id", "labels", "language", "recorded_at")


class DescribedFields(BaseModel):
    """What its owner says of a recording. Empty fields are as good as left out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    external_id: Annotated[Name, Field(min_length=1)] | None = Field(
        None, description="Your own name for it, once in an archive."
    )
    labels: Labels = Field(default_factory=dict, description="A JSON object, or name=value,name=value.")
    language: LanguageCode | None = Field(None, description="What is spoken in it, as a code such as en.")
    recorded_at: RecordedAt | None = Field(None, description="ISO 8601; without a zone it is UTC.")

    @property
    def recorded_ms(self) -> int | None:
        return None if self.recorded_at is None else epoch_ms(self.recorded_at)

    def columns(self) -> dict[str, Any]:
        """As a recording's row has them."""
        return {
            "external_id": self.external_id,
            "labels": self.labels,
            "language": self.language,
            "recorded_ms": self.recorded_ms,
        }


class ManifestRow(DescribedFields):
    """A row of a manifest: a source that stays where it is, or is copied."""

    url: Url = Field(description="An http, https, s3 or mount URL.")


Kind = TypeVar("Kind", bound=DescribedFields)


def read_row(kind: type[Kind], fields: Mapping[str, Any]) -> Kind:
    """Raises InvalidRow that names the fields."""
    try:
        return kind.model_validate({name: value for name, value in fields.items() if value not in ("", None)})
    except ValidationError as error:
        raise InvalidRow(f"{sentence(short_errors(error))} {InvalidRow.hint}") from error


def merged(described: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Several descriptions in one: the later ones are believed, and labels come together.

    Raises InvalidRow where labels are none.
    """
    fields: dict[str, Any] = {}
    labels: dict[str, Any] = {}
    for one in described:
        fields |= {name: value for name, value in one.items() if name != "labels"}
        labels |= _labels_of(one)
    return {**fields, "labels": labels} if labels else fields


def _labels_of(described: Mapping[str, Any]) -> dict[str, Any]:
    """As a file beside a recording may have them: in a text, too."""
    try:
        labels = labels_from(described.get("labels") or {})
    except ValueError as error:
        raise InvalidRow(f"labels: {error}. {InvalidRow.hint}") from error
    if not isinstance(labels, dict):
        raise InvalidRow(f"labels: must be a JSON object, or name=value,name=value. {InvalidRow.hint}")
    return labels


def read_sidecar(url: str, settings: Settings) -> Mapping[str, Any]:
    """The fields of the file beside a recording in a mounted folder or a bucket; empty where there is none.

    Raises InvalidRow where it cannot be used, SourceForbidden where it may not be read, and SourceUnreachable.
    """
    beside = sidecar_of(url)
    with suppress(SourceMissing):
        if is_in_bucket(url):
            with source_buckets(settings).opened(beside) as file:
                return fields_of(file.read(MAX_BYTES + 1), beside)
        with open_mounted(beside, settings.roots) as opened, source_errors(beside):
            return fields_of(opened.file.read(MAX_BYTES + 1), beside)
    return {}


def read_beside(path: Path, name: str) -> Mapping[str, Any]:
    """The fields of a file on this machine. Raises InvalidRow, OSError."""
    with path.open("rb") as file:
        return fields_of(file.read(MAX_BYTES + 1), name)


def fields_of(content: bytes, name: str) -> Mapping[str, Any]:
    """What is a recording's own of the JSON; whatever else a recorder has written there is left. Raises InvalidRow."""
    if len(content) > MAX_BYTES:
        raise InvalidRow(f"{name} is longer than {MAX_BYTES} bytes.")
    try:
        read = parse_json(content)
    except InvalidRequest as error:
        raise InvalidRow(f"{name}: {error.message}") from error
    if not isinstance(read, dict):
        raise InvalidRow(f"{name} must be a JSON object.")
    return {field: read[field] for field in FIELDS if read.get(field) not in (None, "")}
