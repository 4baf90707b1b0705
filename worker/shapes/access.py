"""Keys, as they are shown: never with their secrets."""

from pydantic import Field

from worker.shapes.base import Moment, Shape


class Key(Shape):
    id: str = Field(description="Eight characters that stand in the key, and may be shown.")
    tenant: str
    name: str
    scopes: list[str]
    created_at: Moment
    expires_at: Moment | None
    revoked_at: Moment | None
    last_used_at: Moment | None = Field(description="To the hour.")
