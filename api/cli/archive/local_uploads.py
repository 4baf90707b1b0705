"""Recordings of this machine into an archive: several uploads at once, and none of what is there already."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.client import ApiProblem, Client
from worker.errors import DuplicateExternalId, InputError, PlaylistRefused, SourceForbidden, SourceMissing
from worker.imports.estimate import Expectation, Heads
from worker.imports.naming import parse_naming
from worker.imports.rows import Described, merged, read_beside, read_row
from worker.imports.walking import is_playlist, is_wanted, sidecar_of, walk

Fields = dict[str, Any]
AT_ONCE = 4
PIECE_BYTES = 1024**2


@dataclass(frozen=True)
class Local:
    """A file to bring; ``name`` is its place below the folder that was named."""

    path: Path
    name: str


@dataclass(frozen=True)
class Brought:
    """What became of one file: ``added``, or there before, or refused with a code and a sentence."""

    file: Local
    added: bool = False
    recording: str | None = None
    code: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Bringing:
    """Where files go, and how they say what they are."""

    client: Client
    archive: str
    naming: str | None = None
    sidecars: bool = False

    def bring(self, files: Sequence[Local]) -> Iterator[Brought]:
        """Each file as it is done. Raises ApiUnreachable where the server was away for longer than its patience."""
        with ThreadPoolExecutor(AT_ONCE, "bring") as pool:
            waiting = [pool.submit(self._one, file) for file in files]
            try:
                for done in as_completed(waiting):
                    yield done.result()
            finally:
                pool.shutdown(cancel_futures=True)

    def _one(self, file: Local) -> Brought:
        try:
            return self._sent(file)
        except ApiProblem as problem:
            return Brought(file, code=problem.code, problem=problem.message)
        except InputError as error:
            return Brought(file, code=error.code, problem=error.message)
        except OSError as error:
            return Brought(file, code=SourceForbidden.code, problem=f"it cannot be read ({error.strerror})")

    def _sent(self, file: Local) -> Brought:
        if is_playlist(file.name):
            raise PlaylistRefused
        told = self._told(file)
        if there := self.client.recording_with(self.archive, _digest(file.path)):
            return self._completed(file, there, told)
        name = file.path.name.encode("utf-8", "replace").decode()
        fields = {name: _as_field(value) for name, value in told.items()}
        kept = self.client.add_recording(self.archive, file.path, name, fields)
        return Brought(file, added=not kept["existing"], recording=kept["id"])

    def _completed(self, file: Local, there: Fields, told: Fields) -> Brought:
        """One that is there gets what was not known of it, without its bytes being sent again."""
        if told.get("external_id") and there["external_id"] not in {None, told["external_id"]}:
            raise DuplicateExternalId(f"These bytes are there under the external id {there['external_id']!r}.")
        if missing := {name: value for name, value in told.items() if value and not there[name]}:
            self.client.describe(there["id"], missing)
        return Brought(file, recording=there["id"])

    def _told(self, file: Local) -> Fields:
        named = parse_naming(self.naming).read(file.name) if self.naming else {}
        beside = file.path.with_name(sidecar_of(file.path.name))
        told = read_beside(beside, beside.name) if self.sidecars and beside.exists() else {}
        return read_row(Described, merged((named, told))).model_dump(mode="json", exclude_unset=True)


def size_of(file: Local) -> int:
    """In bytes; 0 where that cannot be seen: bringing it will tell."""
    try:
        return file.path.stat().st_size
    except OSError:
        return 0


def find_local(places: Sequence[Path], patterns: Sequence[str]) -> list[Local]:
    """The files that are meant, in order. Raises SourceMissing for a place that is not there."""
    found: list[Local] = []
    for place in places:
        if not place.exists():
            raise SourceMissing(f"{place}: there is no such file or folder.")
        found += [Local(place, place.name)] if place.is_file() else _under(place, patterns)
    return found


def expect_local(files: Sequence[Local]) -> Expectation:
    """What there is to bring, by the files' sizes and their heads; what cannot be read would be refused."""
    seen, heads = Expectation(), Heads()
    for file in files:
        try:
            seen.add(file.name, file.path.stat().st_size, heads.length_ms(file.path))
        except OSError:
            seen.refused += 1
    return seen


def _under(folder: Path, patterns: Sequence[str]) -> Iterator[Local]:
    return (Local(folder / name, name) for name in walk(folder) if is_wanted(name, patterns))


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def _as_field(value: Any) -> str:  # noqa: ANN401  # JSON
    return value if isinstance(value, str) else json.dumps(value)
