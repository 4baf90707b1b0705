"""What is asked of imports, and of recordings that are brought without being transcribed."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from api.client.jobs import MANIFEST_S, UPLOAD_TIMEOUT
from api.client.transport import Transport, fresh_key

Fields = dict[str, Any]


class ImportCalls(Transport):
    """Beginning, following, looking at what was refused."""

    def begin_import(self, archive: str, ask: Mapping[str, Any]) -> Fields:
        """From a folder or a prefix; with ``dry_run`` in it what would be taken."""
        begun: Fields = self.post(f"{_path(archive)}/imports", ask).json()
        return begun

    def import_manifest(
        self, archive: str, body: Callable[[], Iterator[bytes]], content_type: str, query: Mapping[str, str]
    ) -> Fields:
        """From a manifest, streamed; where the connection breaks sent again from its beginning, done once."""
        headers = {**fresh_key(), "Content-Type": content_type}

        def send() -> httpx.Response:
            url = f"{_path(archive)}/imports"
            return self.http.post(url, params=dict(query), content=body(), headers=headers, timeout=UPLOAD_TIMEOUT)

        begun: Fields = self.answer(send, patience_s=MANIFEST_S).json()
        return begun

    def imports(self, archive: str) -> Iterator[Fields]:
        """An archive's imports, newest first."""
        return self.pages(f"{_path(archive)}/imports", {})

    def an_import(self, import_id: str) -> Fields:
        """How far it is."""
        found: Fields = self.get(f"/v1/imports/{import_id}").json()
        return found

    def import_problems(self, import_id: str) -> Iterator[Fields]:
        """The rows that could not be used, in their order."""
        return self.pages(f"/v1/imports/{import_id}/problems", {})

    def cancel_import(self, import_id: str) -> Fields:
        """Stop it; what was kept stays."""
        stopped: Fields = self.post(f"/v1/imports/{import_id}/cancel", {}).json()
        return stopped

    def set_source(self, archive: str, ask: Mapping[str, Any]) -> Fields:
        """Name the folder that an archive is filled from, again and again."""
        saved: Fields = self.answer(lambda: self.http.put(f"{_path(archive)}/source", json=dict(ask))).json()
        return saved

    def drop_source(self, archive: str) -> Fields:
        """Name none any more."""
        saved: Fields = self.answer(lambda: self.http.delete(f"{_path(archive)}/source")).json()
        return saved

    def sync(self, archive: str, settle_s: float | None = None) -> Fields:
        """The import that takes what is new, or the one that is at it already."""
        key = fresh_key()
        query = {} if settle_s is None else {"settle_s": str(settle_s)}
        begun: Fields = self.answer(lambda: self.http.post(f"{_path(archive)}/sync", params=query, headers=key)).json()
        return begun

    def recording_with(self, archive: str, digest: str) -> Fields | None:
        """The archive's recording with these bytes, if there is one."""
        found = self.get("/v1/recordings", {"archive": archive, "digest": digest, "limit": "1"}).json()["items"]
        return found[0] if found else None

    def describe(self, recording_id: str, changes: Mapping[str, Any]) -> Fields:
        """Correct what is known of a recording; sent twice it is the same."""
        url = f"/v1/recordings/{recording_id}"
        described: Fields = self.answer(lambda: self.http.patch(url, json=dict(changes))).json()
        return described

    def add_recording(self, archive: str, path: Path, name: str, fields: Mapping[str, str]) -> Fields:
        """Upload one, streamed, and transcribe nothing. Raises OSError where it cannot be read, ApiProblem."""
        key = fresh_key()

        def send() -> httpx.Response:
            with path.open("rb") as file:
                return self.http.post(
                    f"{_path(archive)}/recordings",
                    data=dict(fields),
                    files={"file": (name, file)},
                    headers=key,
                    timeout=UPLOAD_TIMEOUT,
                )

        kept: Fields = self.answer(send).json()
        return kept


def _path(archive: str) -> str:
    return f"/v1/archives/{quote(archive, safe='')}"
