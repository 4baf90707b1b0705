"""The JSON beside a recording: call.json says what call.wav is."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from worker.errors import InvalidRequest, InvalidRow, SourceMissing
from worker.imports.names import sidecar_of
from worker.media.buckets import Buckets, is_in_bucket
from worker.media.mounts import find_mounted, source_errors
from worker.settings import Settings
from worker.strict_json import parse_json

MAX_BYTES = 64 * 1024
FIELDS = ("external_id", "labels", "language", "recorded_at")


def read_sidecar(url: str, settings: Settings) -> Mapping[str, Any]:
    """The fields of the file beside a recording in a mounted folder or a bucket; empty where there is none.

    Raises InvalidRow where it cannot be used, SourceForbidden where it may not be read, and SourceUnreachable.
    """
    beside = sidecar_of(url)
    with suppress(SourceMissing):
        if is_in_bucket(url):
            with Buckets(settings.s3_endpoint).opened(beside) as file:
                return fields_of(file.read(MAX_BYTES + 1), beside)
        with source_errors(beside):
            return read_beside(find_mounted(beside, settings.roots), beside)
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
