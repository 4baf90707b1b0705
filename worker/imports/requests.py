"""What an import, or a sync, is asked to take: checked once, and kept as JSON in its row."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from worker.imports.naming import parse_naming
from worker.shapes.fields import Name

Pattern = Annotated[str, Field(min_length=1, max_length=200)]


class FolderAsk(BaseModel):
    """A folder, and how the fields of its recordings are found."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Annotated[str, Field(min_length=1, max_length=4000)] = Field(
        description="mount://NAME/PATH in LONGHAND_MEDIA_ROOTS, or s3://bucket/prefix."
    )
    patterns: list[Pattern] = Field([], max_length=50, description="Such as *.wav; empty: what ends as recordings do.")
    naming: Annotated[str, Field(max_length=1000)] | None = Field(
        None, description="Such as {recorded_at}/{agent}_{external_id}.wav: fields that stand in the names."
    )
    sidecars: bool = Field(False, description="Whether call.json beside call.wav says what it is.")
    copy_: bool = Field(False, alias="copy", description="Whether the bytes are copied to the media store.")

    def source(self, *, settle_s: float = 0) -> dict[str, Any]:
        """As an import's row has it. Raises InvalidRequest where the naming is none."""
        if self.naming:
            parse_naming(self.naming)
        return {"kind": "folder", **self.model_dump(by_alias=True), "settle_s": settle_s}


def manifest_source(key: str, kind: str, *, copy: bool, name: Name | None) -> dict[str, Any]:
    """The same for a manifest that lies in the media store."""
    return {"kind": "manifest", "key": key, "type": kind, "copy": copy, "name": name}
