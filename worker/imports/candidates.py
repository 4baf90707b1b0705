"""From what an import comes to, to a recording that could be kept: looked at, described, and copied where asked for."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from realtime.protocol.errors import CodedError
from worker.audio.sniff import HEAD_BYTES, look_at
from worker.errors import EmptyFile, InputError, SourceUnreachable
from worker.ids import new_id
from worker.imports.listing import ImportSource, ListedItem
from worker.imports.naming import Naming, parse_naming
from worker.imports.rows import DescribedFields, merged, read_row, read_sidecar
from worker.media import identities
from worker.media.identities import SourceIdentity
from worker.media.mounts import is_mounted, open_mounted, opened_mounted, read_pieces, source_errors
from worker.media.sources import fetch_source, look_at_source, room_for_fetched
from worker.media.store import MediaStore, SavedFile
from worker.media.urls import display
from worker.recordings import NewRecording
from worker.settings import Settings

LOOK_S = 10.0  # for one URL
REFUSALS = (InputError, SourceUnreachable)  # what is wrong with one row, and stops no other


@dataclass(frozen=True, kw_only=True)
class ImportCandidate:
    """A recording that could be kept."""

    item: ListedItem
    recording: NewRecording


@dataclass(frozen=True, kw_only=True)
class RefusedRow:
    """A row that cannot be used, and why."""

    line: int
    name: str
    error: CodedError


@dataclass(frozen=True)
class CandidateReader:
    """For the items of one import. Several threads may use it; ``on_chunk`` is told of bytes that are copied."""

    settings: Settings
    store: MediaStore
    archive: str
    source: ImportSource
    on_chunk: Callable[[int], None]

    @cached_property
    def naming(self) -> Naming | None:
        pattern = self.source.get("naming")
        return parse_naming(pattern) if pattern else None

    def prepare(self, item: ListedItem) -> ImportCandidate | RefusedRow | None:
        """None for a file that still grows."""
        if item.error is not None:
            return RefusedRow(line=item.line, name=item.name, error=item.error)
        try:
            state = item.state or look_at_source(item.url, self.settings, deadline_s=LOOK_S)
            if not self.has_settled(state):
                return None
            return ImportCandidate(item=item, recording=self._recording(item, state))
        except REFUSALS as error:
            return RefusedRow(line=item.line, name=item.name, error=error)

    def has_settled(self, state: SourceIdentity) -> bool:
        """Whether a file was left alone for as long as the import asks; what a bucket has is whole."""
        settle_s = self.source.get("settle_s") or 0
        if not settle_s or state.last_modified is None or not state.last_modified.isdecimal():
            return True
        return int(state.last_modified) / 1e9 <= time.time() - settle_s

    def is_same_still(self, candidate: ImportCandidate) -> bool:
        """A second look: whether the file is as it was at the first."""
        with suppress(*REFUSALS):
            state = identities.state_of(candidate.recording.identity)
            return state is None or state == look_at_source(candidate.item.url, self.settings, deadline_s=LOOK_S)
        return False

    def _recording(self, item: ListedItem, state: SourceIdentity) -> NewRecording:
        if state.size_bytes == 0:
            raise EmptyFile
        described = read_row(DescribedFields, self._fields(item)).columns()
        if self.source.get("copy"):
            return self._copied(item, state, described)
        if is_mounted(item.url):
            self._look_inside(item.url, state)
        return NewRecording(
            archive=self.archive,
            identity=identities.of_source(item.url, state),
            source=display(item.url),
            source_url=item.url,
            size_bytes=state.size_bytes,
            **described,
        )

    def _fields(self, item: ListedItem) -> dict[str, Any]:
        named = self.naming.read(item.name) if self.naming else {}
        beside = read_sidecar(item.url, self.settings) if self.source.get("sidecars") else {}
        return merged((named, beside, item.described))

    def _look_inside(self, url: str, state: SourceIdentity) -> None:
        with open_mounted(url, self.settings.roots) as opened, source_errors(url):
            look_at(opened.file.read(HEAD_BYTES), state.size_bytes or 0)

    def _copied(self, item: ListedItem, state: SourceIdentity, described: dict[str, Any]) -> NewRecording:
        saved = self._save(item.url, state)
        look_at(saved.head, saved.size_bytes)
        return NewRecording(
            archive=self.archive,
            identity=identities.of_bytes(saved.digest),
            source=display(item.url),
            digest=saved.digest,
            media_key=saved.key,
            size_bytes=saved.size_bytes,
            **described,
        )

    def _save(self, url: str, state: SourceIdentity) -> SavedFile:
        at_most = self.settings.max_upload_bytes
        if is_mounted(url):
            with source_errors(url), opened_mounted(url, self.settings.roots, state) as path:
                return self.store.save(read_pieces(path, self.on_chunk), at_most)
        target = room_for_fetched(self.settings) / new_id()
        try:
            fetch_source(url, target, self.settings, state, self.on_chunk)
            return self.store.save(read_pieces(target, self.on_chunk), at_most)
        finally:
            target.unlink(missing_ok=True)
