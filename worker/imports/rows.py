"""What is known of a recording beside its bytes, from a manifest's row, a file's name or the JSON beside it."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from worker.errors import InvalidRow
from worker.shapes.fields import Labels, LanguageCode, Name, Url, sentence
from worker.shapes.times import RecordedAt, epoch_ms


class Described(BaseModel):
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


class ManifestRow(Described):
    """A row of a manifest: a source that stays where it is, or is copied."""

    url: Url = Field(description="An http, https, s3 or mount URL.")


Kind = TypeVar("Kind", bound=Described)


def read_row(kind: type[Kind], fields: Mapping[str, Any]) -> Kind:
    """Raises InvalidRow that names the fields."""
    try:
        return kind.model_validate({name: value for name, value in fields.items() if value not in ("", None)})
    except ValidationError as error:
        raise InvalidRow(f"{sentence(error.errors())} {InvalidRow.hint}") from error


def merged(described: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Several descriptions in one: the later ones are believed, and labels come together."""
    fields: dict[str, Any] = {}
    labels: dict[str, Any] = {}
    for one in described:
        fields |= {name: value for name, value in one.items() if name != "labels"}
        labels |= one.get("labels") or {}
    return {**fields, "labels": labels} if labels else fields
