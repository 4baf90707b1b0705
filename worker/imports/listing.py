"""What an import has to look at, one after the other: a manifest's rows, a folder's files, a prefix's objects."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, unquote

from pydantic import AfterValidator, BaseModel, ConfigDict, FailFast, Field

from realtime.protocol.errors import presentable
from worker.errors import (
    InputError,
    InvalidManifest,
    InvalidRequest,
    PlaylistRefused,
    RequestError,
    SourceForbidden,
    SourceMissing,
    SourceUnreachable,
)
from worker.imports.manifests import read_chunks
from worker.imports.naming import parse_naming
from worker.imports.rows import ManifestRow, read_row
from worker.imports.walking import is_playlist, is_wanted, walk
from worker.media.access import check_bucket, source_buckets
from worker.media.buckets import bucket_and_key, is_in_bucket
from worker.media.identities import SourceIdentity
from worker.media.mounts import find_below
from worker.media.store import MediaStore
from worker.media.urls import check_url, display
from worker.settings import Settings
from worker.shapes.fields import Name, storable

PIECE_BYTES = 1024**2
BYTES = "surrogateescape"  # a name on a disk may hold bytes that are no UTF-8
FOLDERS = frozenset({"mount", "s3"})
ImportSource = Mapping[str, Any]  # an import's `source`, as its row has it
Pattern = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(storable)]


@dataclass(frozen=True, kw_only=True)
class ListedItem:
    """One thing that an import comes to. ``position`` is where the next one goes on from; ``error``: it is refused."""

    line: int
    position: str
    name: str
    url: str = ""
    described: Mapping[str, Any] = field(default_factory=dict)
    state: SourceIdentity | None = None  # where the listing says it
    error: InputError | None = None


def list_items(
    source: ImportSource, settings: Settings, store: MediaStore, position: str | None, rows: int
) -> Iterator[ListedItem]:
    """What comes behind ``position``, at which ``rows`` were done.

    Raises InvalidManifest, InvalidRequest, SourceMissing, SourceForbidden and, for a bucket, SourceUnreachable.
    """
    if source["kind"] == "manifest":
        return _of_manifest(store.path(source["key"]), source["type"], int(position or 0))
    if is_in_bucket(source["folder"]):
        return _of_bucket(source, settings, position or "", rows)
    return _of_folder(source, settings, position or "", rows)


def _of_manifest(path: Path, kind: str, behind: int) -> Iterator[ListedItem]:
    try:
        for chunk in read_chunks(_pieces(path), kind, {}, ManifestRow.model_fields):
            yield from (_item(row.line, row.fields) for row in chunk.rows if row.line > behind)
    except InvalidRequest as error:  # of the first line: rows that are wrong are given as such
        raise InvalidManifest(error.message) from error


def _pieces(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while piece := file.read(PIECE_BYTES):
                yield piece
    except FileNotFoundError as error:
        raise SourceMissing("The manifest is not in the media store any more: send it again.") from error


def _item(line: int, fields: Mapping[str, Any] | RequestError) -> ListedItem:
    if isinstance(fields, RequestError):
        return ListedItem(line=line, position=str(line), name="", error=fields)
    name = presentable(display(str(fields.get("url", ""))))
    try:
        row = read_row(ManifestRow, fields)
    except RequestError as error:
        return ListedItem(line=line, position=str(line), name=name, error=error)
    described = row.model_dump(exclude={"url"}, exclude_unset=True)
    return ListedItem(line=line, position=str(line), name=name, url=row.url, described=described)


def _of_folder(source: ImportSource, settings: Settings, behind: str, rows: int) -> Iterator[ListedItem]:
    root, parts = find_folder(source["folder"], settings.roots)
    base = folder_url(source["folder"])
    try:
        for name in walk(root, unquote(behind, errors=BYTES), below=parts):
            if name.endswith("/") or is_wanted(name, source["patterns"]):
                rows += 1
                yield _file(rows, name, base + quote(name, errors=BYTES))
    except PermissionError as error:
        raise SourceForbidden(f"{source['folder']} may not be read: look at its permissions.") from error
    except OSError as error:
        raise SourceUnreachable(f"{source['folder']} cannot be read ({error.strerror}).") from error


def _of_bucket(source: ImportSource, settings: Settings, behind: str, rows: int) -> Iterator[ListedItem]:
    base = folder_url(source["folder"])
    _, prefix = bucket_and_key(base)
    for found in source_buckets(settings).listed(base, prefix + unquote(behind) if behind else ""):
        name = found.key.removeprefix(prefix)
        if not name.endswith("/") and is_wanted(name, source["patterns"]):
            rows += 1
            yield _file(rows, name, found.url, found.state)


def _file(line: int, name: str, url: str, state: SourceIdentity | None = None) -> ListedItem:
    error: InputError | None = PlaylistRefused() if is_playlist(name) else None
    if name.endswith("/"):
        error = SourceForbidden("The folder may not be read: look at its permissions.")
    shown = name.encode("utf-8", "backslashreplace").decode()
    return ListedItem(line=line, position=quote(name, errors=BYTES), name=shown, url=url, state=state, error=error)


def folder_url(url: str) -> str:
    """With a slash at its end, so that a prefix is a folder and not the beginning of other names."""
    return url.rstrip("/") + "/"


def check_folder(url: str, settings: Settings) -> None:
    """Whether an import could begin there. Raises InvalidRequest, SourceMissing, SourceForbidden."""
    check_url(url, FOLDERS)
    if is_in_bucket(url):
        check_bucket(folder_url(url), settings)
    else:
        find_folder(url, settings.roots)


def find_folder(url: str, roots: Mapping[str, Path]) -> tuple[Path, tuple[str, ...]]:
    """A mounted folder, and the way from it to one below. Raises InvalidRequest, SourceMissing, SourceForbidden."""
    root, parts = find_below(url, roots)
    if not root.joinpath(*parts).is_dir():
        raise SourceForbidden(f"{url} is no folder below its root.")
    return root, parts


class FolderFields(BaseModel):
    """A folder, and how the fields of its recordings are found."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Annotated[str, Field(min_length=1, max_length=4000), AfterValidator(storable)] = Field(
        description="mount://NAME/PATH in LONGHAND_MEDIA_ROOTS, or s3://bucket/prefix."
    )
    patterns: Annotated[list[Pattern], FailFast()] = Field(
        [], max_length=50, description="Such as *.wav; empty: what ends as recordings do."
    )
    naming: Annotated[str, Field(max_length=1000), AfterValidator(storable)] | None = Field(
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
