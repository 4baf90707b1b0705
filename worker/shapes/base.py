"""What all shapes share."""

from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

Item = TypeVar("Item")


class Shape(BaseModel):
    """Nothing that is not written here leaves the house."""

    model_config = ConfigDict(extra="forbid")


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
