"""What is asked of archives: their rules, what fills them, their recordings, and those recordings' transcripts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from api.client.transport import Query, Transport, path_of
from worker.shapes.archives import Archive, Import, ImportEstimate, ImportProblem
from worker.shapes.recordings import Hit, KeptRecording, Recording, Result
from worker.shapes.transcripts import Comparison, Version

NAMED_AT_ONCE = 50  # jobs in one request: a URL takes no more than some thousand characters


class ArchiveCalls(Transport):
    """Rules, and where recordings come from."""

    def archives(self) -> Iterator[Archive]:
        """The archives that were set up, newest first."""
        return self.pages(Archive, "/v1/archives")

    def archive(self, name: str) -> Archive:
        return self.read(Archive, path_of("archives", name))

    def save_archive(self, name: str, rules: Mapping[str, Any]) -> Archive:
        """Set all of an archive's rules; sent twice it is the same."""
        return Archive.read(self.send("PUT", path_of("archives", name), rules).json())

    def set_source(self, name: str, source: Mapping[str, Any]) -> Archive:
        """Name the folder that an archive is filled from, again and again."""
        return Archive.read(self.send("PUT", path_of("archives", name, "source"), source).json())

    def drop_source(self, name: str) -> Archive:
        """Name none any more."""
        return Archive.read(self.send("DELETE", path_of("archives", name, "source")).json())

    def sync(self, name: str, settle_s: float | None = None) -> Import:
        """The import that takes what is new, or the one that is at it already."""
        query = {} if settle_s is None else {"settle_s": settle_s}
        return Import.read(self.send("POST", path_of("archives", name, "sync"), params=query).json())

    def begin_import(self, name: str, source: Mapping[str, Any]) -> Import:
        """From a folder or a prefix."""
        return Import.read(self.send("POST", path_of("archives", name, "imports"), source).json())

    def estimate_import(self, name: str, source: Mapping[str, Any]) -> ImportEstimate:
        """What would be taken from a folder or a prefix."""
        dry_run = {**source, "dry_run": True}
        return ImportEstimate.read(self.send("POST", path_of("archives", name, "imports"), dry_run).json())

    def import_manifest(
        self, name: str, body: Callable[[], Iterator[bytes]], content_type: str, query: Query
    ) -> Import:
        """From a manifest."""
        return Import.read(self.stream(path_of("archives", name, "imports"), body, content_type, query).json())

    def imports(self, name: str) -> Iterator[Import]:
        """An archive's imports, newest first."""
        return self.pages(Import, path_of("archives", name, "imports"))

    def an_import(self, import_id: str) -> Import:
        """How far it is."""
        return self.read(Import, path_of("imports", import_id))

    def import_problems(self, import_id: str) -> Iterator[ImportProblem]:
        """The rows that could not be used, in their order."""
        return self.pages(ImportProblem, path_of("imports", import_id, "problems"))

    def cancel_import(self, import_id: str) -> Import:
        """Stop it; what was kept stays."""
        return Import.read(self.send("POST", path_of("imports", import_id, "cancel"), {}).json())


class RecordingCalls(Transport):
    """Recordings, their transcripts, and what is said in them."""

    def recordings(self, archive: str) -> Iterator[Recording]:
        """An archive's recordings, newest first."""
        return self.pages(Recording, "/v1/recordings", {"archive": archive})

    def recording_with(self, archive: str, digest: str) -> Recording | None:
        """The archive's recording with these bytes, if there is one."""
        found = self.get("/v1/recordings", {"archive": archive, "digest": digest, "limit": 1}).json()["items"]
        return Recording.read(found[0]) if found else None

    def add_recording(self, archive: str, path: Path, fields: Mapping[str, str]) -> KeptRecording:
        """Upload one, streamed, and transcribe nothing. Raises OSError where it cannot be read, ApiProblem."""
        return KeptRecording.read(self.upload(path_of("archives", archive, "recordings"), path, fields).json())

    def describe(self, recording_id: str, changes: Mapping[str, Any]) -> None:
        """Correct what is known of a recording; sent twice it is the same."""
        self.send("PATCH", path_of("recordings", recording_id), changes)

    def results(self, of: str, name: str) -> Iterator[Result]:
        """A row for each recording; ``of`` is archive, batch or campaign."""
        return self.pages(Result, "/v1/results", {of: name})

    def results_of_jobs(self, job_ids: Sequence[str]) -> Iterator[Result]:
        """The rows of named jobs; raises ApiProblem for an id that names nothing."""
        named = list(dict.fromkeys(job_ids))
        for first in range(0, len(named), NAMED_AT_ONCE):
            query = {"limit": NAMED_AT_ONCE, "job": named[first : first + NAMED_AT_ONCE]}
            yield from map(Result.read, self.get("/v1/results", query).json()["items"])

    def versions(self, recording_id: str) -> Iterator[Version]:
        """A recording's transcripts without their segments, newest first."""
        return self.pages(Version, path_of("recordings", recording_id, "transcripts"))

    def version(self, transcript_id: str, form: str) -> bytes:
        """One of them as ``form``."""
        return self.get(path_of("transcripts", transcript_id), {"format": form}).content

    def add_version(
        self, recording_id: str, content: bytes, form: str, *, language: str = "", pin: bool = False
    ) -> tuple[Version, bool]:
        """Bring a transcript in a form of ours: the version that it is now, and whether it was there before."""
        query = {"format": form, "pin": pin, **({"language": language} if language else {})}
        answer = self.send("POST", path_of("recordings", recording_id, "transcripts"), params=query, content=content)
        return Version.read(answer.json()), answer.status_code == httpx.codes.OK

    def compare_versions(self, old_id: str, new_id: str) -> Comparison:
        """How the new version differs from the old one."""
        return self.read(Comparison, path_of("transcripts", old_id, "comparison"), {"with": new_id})

    def use_version(self, recording_id: str, transcript_id: str, *, pin: bool = False) -> None:
        """Make a version the recording's current one."""
        self.send("POST", path_of("recordings", recording_id, "current"), {"transcript": transcript_id, "pin": pin})

    def search(self, words: str, *, archive: str = "", language: str = "") -> Iterator[Hit]:
        """Where something is said, newest first."""
        return self.pages(Hit, "/v1/search", {"q": words, "archive": archive, "language": language})
