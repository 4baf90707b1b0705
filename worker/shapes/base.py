"""What all shapes share: frozen models that the API builds, documents and sends, and that its client reads."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Generic, Self, TypeVar, overload

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

Item = TypeVar("Item")
# A string and no datetime: what is sent, to the millisecond, is then what was written, whoever passes it on.
Moment = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_MS = (datetime.min.replace(tzinfo=UTC) - EPOCH) // timedelta(milliseconds=1)
LAST_MS = (datetime.max.replace(tzinfo=UTC) - EPOCH) // timedelta(milliseconds=1)


class Shape(BaseModel):
    """Nothing that is not written here is sent. What a server sends beyond it, a client that is older reads over."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> Self:
        """A server's answer, or JSON in a row, either of which may be newer than this program.

        Raises ValidationError where it is another thing.
        """
        return cls.model_validate(answer, extra="ignore")

    @classmethod
    def extending(cls, base: "Shape", **more: Any) -> Self:  # noqa: ANN401  # fields have many types
        """What another shape has, and more."""
        return cls(**vars(base), **more)

    def as_json(self) -> dict[str, Any]:
        """As it is sent."""
        return self.model_dump(mode="json", by_alias=True)


class Page(Shape, Generic[Item]):
    items: list[Item]
    next: str | None = Field(description="The cursor of the next page, or null.")


class Problem(Shape):
    """RFC 9457, with the code, whether the same request can succeed later, and a hint."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    hint: str
    retryable: bool


@overload
def moment(stamp_ms: int) -> Moment: ...


@overload
def moment(stamp_ms: int | None) -> Moment | None: ...


def moment(stamp_ms: int | None) -> Moment | None:
    """ISO 8601 in UTC, to the millisecond; null stays null, and what no calendar has is its nearest end.

    It is called for each row of a list, so there is no stamp that it could fail at.
    """
    if stamp_ms is None:
        return None
    at = EPOCH + timedelta(milliseconds=min(max(stamp_ms, FIRST_MS), LAST_MS))
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
