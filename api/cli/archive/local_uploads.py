"""Recordings of this machine into an archive: several uploads at once, and none of what is there already."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.cli.sources import Source, sources_at
from api.client import Client
from worker.errors import DuplicateExternalId, PlaylistRefused, SourceMissing
from worker.imports.estimate import Heads, ListingCounts
from worker.imports.naming import parse_naming
from worker.imports.rows import DescribedFields, merged, read_beside, read_row
from worker.imports.walking import is_playlist, is_wanted, sidecar_of
from worker.shapes.recordings import Recording

Fields = dict[str, Any]


@dataclass(frozen=True)
class LocalUpload:
    """Where files go, and how they say what they are."""

    client: Client
    archive: str
    naming: str | None = None
    sidecars: bool = False

    def send(self, file: Source) -> tuple[str, bool]:
        """Upload one that is not there; the recording's id, and whether it is new.

        Raises InputError, ApiProblem, and OSError where it cannot be read.
        """
        if is_playlist(file.path.name):
            raise PlaylistRefused
        description = self._description(file)
        with file.path.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        if existing := self.client.recording_with(self.archive, digest):
            self._complete(existing, description)
            return existing.id, False
        fields = {name: value if isinstance(value, str) else json.dumps(value) for name, value in description.items()}
        kept = self.client.add_recording(self.archive, file.path, fields)
        return kept.id, not kept.existing

    def _complete(self, existing: Recording, description: Fields) -> None:
        """One that is there gets what was not known of it, without its bytes being sent again."""
        if description.get("external_id") and existing.external_id not in {None, description["external_id"]}:
            raise DuplicateExternalId(f"These bytes are there under the external id {existing.external_id!r}.")
        if missing := {name: value for name, value in description.items() if value and not getattr(existing, name)}:
            self.client.describe(existing.id, missing)

    def _description(self, file: Source) -> Fields:
        named = parse_naming(self.naming).read(file.relative.as_posix()) if self.naming else {}
        beside = file.path.with_name(sidecar_of(file.path.name))
        read = read_beside(beside, beside.name) if self.sidecars and beside.exists() else {}
        return read_row(DescribedFields, merged((named, read))).model_dump(mode="json", exclude_unset=True)


def size_of(file: Source) -> int:
    """In bytes; 0 where that cannot be seen: sending it will tell."""
    try:
        return file.path.stat().st_size
    except OSError:
        return 0


def find_local(paths: Sequence[Path], patterns: Sequence[str]) -> list[Source]:
    """The files that are meant, in order. Raises SourceMissing for a path that is not there."""
    found: list[Source] = []
    for path in paths:
        if not path.exists():
            raise SourceMissing(f"{path}: there is no such file or folder.")
        found += sources_at(path, lambda name: is_wanted(name, patterns))
    return found


def expect_local(files: Sequence[Source]) -> ListingCounts:
    """What there is to send, by the files' sizes and their heads; what cannot be read would be refused."""
    expected, heads = ListingCounts(), Heads()
    for file in files:
        try:
            expected.add(file.relative.as_posix(), file.path.stat().st_size, heads.length_ms(file.path))
        except OSError:
            expected.refused += 1
    return expected
