"""What is asked of archives: their rules, what fills them, their recordings, and those recordings' transcripts."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from api.client.transport import Body, Query, Transport, path_of, read_shape, without_empty
from worker.shapes.archives import Archive, Import, ImportEstimate, ImportProblem
from worker.shapes.recordings import Hit, KeptRecording, Recording, Result
from worker.shapes.transcripts import Comparison, Version

NAMED_AT_ONCE = 50  # jobs in one request: a URL takes no more than some thousand characters


class ArchiveCalls(Transport):
    """Of one archive by its name, of one import, recording or version by its id."""

    def archives(self) -> Iterator[Archive]:
        """The archives that were set up, newest first."""
        return self.pages(Archive, "/v1/archives")

    def archive(self, name: str) -> Archive:
        return self.read(Archive, path_of("archives", name))

    def save_archive(self, name: str, rules: Mapping[str, Any]) -> Archive:
        """Set all of an archive's rules; sent twice it is the same."""
        return self.request(Archive, "PUT", path_of("archives", name), rules)

    def set_source(self, name: str, source: Mapping[str, Any]) -> Archive:
        return self.request(Archive, "PUT", path_of("archives", name, "source"), source)

    def drop_source(self, name: str) -> Archive:
        return self.request(Archive, "DELETE", path_of("archives", name, "source"))

    def sync(self, name: str, settle_s: float | None = None) -> Import:
        """The import that takes what is new, or the one that is at it already."""
        query = without_empty({"settle_s": settle_s})
        return self.request(Import, "POST", path_of("archives", name, "sync"), params=query)

    def begin_import(self, name: str, source: Mapping[str, Any]) -> Import:
        return self.request(Import, "POST", path_of("archives", name, "imports"), source)

    def estimate_import(self, name: str, source: Mapping[str, Any]) -> ImportEstimate:
        return self.request(ImportEstimate, "POST", path_of("archives", name, "imports"), {**source, "dry_run": True})

    def import_manifest(self, name: str, body: Body, content_type: str, query: Query) -> Import:
        return self.stream(Import, path_of("archives", name, "imports"), body, content_type, query)

    def imports(self, name: str) -> Iterator[Import]:
        """An archive's imports, newest first."""
        return self.pages(Import, path_of("archives", name, "imports"))

    def an_import(self, import_id: str) -> Import:
        return self.read(Import, path_of("imports", import_id))

    def import_problems(self, import_id: str) -> Iterator[ImportProblem]:
        return self.pages(ImportProblem, path_of("imports", import_id, "problems"))

    def cancel_import(self, import_id: str) -> Import:
        """Stop it; what was kept stays."""
        return self.request(Import, "POST", path_of("imports", import_id, "cancel"), {})

    def recordings(self, archive: str) -> Iterator[Recording]:
        """An archive's recordings, newest first."""
        return self.pages(Recording, "/v1/recordings", {"archive": archive})

    def recording_with(self, archive: str, digest: str) -> Recording | None:
        """The archive's recording with these bytes, if there is one."""
        found = self.items(Recording, "/v1/recordings", {"archive": archive, "digest": digest, "limit": 1})
        return found[0] if found else None

    def add_recording(self, archive: str, path: Path, fields: Mapping[str, str]) -> KeptRecording:
        """Upload one, streamed, and transcribe nothing. Raises OSError where it cannot be read, ApiProblem."""
        return self.upload(KeptRecording, path_of("archives", archive, "recordings"), path, fields)

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
            yield from self.items(Result, "/v1/results", query)

    def versions(self, recording_id: str) -> Iterator[Version]:
        """Without their segments, newest first."""
        return self.pages(Version, path_of("recordings", recording_id, "transcripts"))

    def version(self, transcript_id: str, form: str) -> bytes:
        return self.get(path_of("transcripts", transcript_id), {"format": form}).content

    def add_version(
        self, recording_id: str, content: bytes, form: str, *, language: str = "", pin: bool = False
    ) -> tuple[Version, bool]:
        """Bring a transcript in a form of ours: the version that it is now, and whether it was there before."""
        query = without_empty({"format": form, "pin": pin, "language": language})
        path, headers = path_of("recordings", recording_id, "transcripts"), {"Content-Type": "application/octet-stream"}
        answer = self.send("POST", path, params=query, content=content, headers=headers)
        return read_shape(Version, answer), answer.status_code == httpx.codes.OK

    def compare_versions(self, old_id: str, new_id: str) -> Comparison:
        return self.read(Comparison, path_of("transcripts", old_id, "comparison"), {"with": new_id})

    def use_version(self, recording_id: str, transcript_id: str, *, pin: bool = False) -> None:
        self.send("POST", path_of("recordings", recording_id, "current"), {"transcript": transcript_id, "pin": pin})

    def search(self, words: str, *, archive: str = "", language: str = "") -> Iterator[Hit]:
        """Where something is said, newest first."""
        return self.pages(Hit, "/v1/search", {"q": words, "archive": archive, "language": language})
