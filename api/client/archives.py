"""What is asked of archives, recordings and their versions."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from api.client.transport import Transport, fresh_key


@dataclass(frozen=True)
class BroughtVersion:
    """A version without its segments; ``existing``: it was brought before."""

    fields: dict[str, Any]
    existing: bool


class ArchiveCalls(Transport):
    """Rules, versions, usage."""

    def usage(self, **asked: str) -> list[dict[str, Any]]:
        """By month, archive, campaign, service and model.

        ``since``, ``until``, ``archive`` and ``campaign`` where they are not empty.
        """
        query = {name: value for name, value in asked.items() if value}
        items: list[dict[str, Any]] = self.get("/v1/usage", query).json()["items"]
        return items

    def archives(self) -> Iterator[dict[str, Any]]:
        """The archives that were set up, newest first."""
        return self.pages("/v1/archives", {})

    def archive(self, name: str) -> dict[str, Any]:
        """One archive's rules."""
        found: dict[str, Any] = self.get(f"/v1/archives/{quote(name, safe='')}").json()
        return found

    def save_archive(self, name: str, rules: Mapping[str, Any]) -> dict[str, Any]:
        """Set all of an archive's rules; sent twice it is the same."""
        url = f"/v1/archives/{quote(name, safe='')}"
        saved: dict[str, Any] = self.answer(lambda: self.http.put(url, json=dict(rules))).json()
        return saved

    def versions(self, recording_id: str) -> Iterator[dict[str, Any]]:
        """A recording's transcripts without their segments, newest first."""
        return self.pages(f"/v1/recordings/{recording_id}/transcripts", {})

    def version(self, transcript_id: str, form: str) -> bytes:
        """One of them as ``form``."""
        return self.get(f"/v1/transcripts/{transcript_id}", {"format": form}).content

    def recordings(self, archive: str) -> Iterator[dict[str, Any]]:
        """An archive's recordings, newest first."""
        return self.pages("/v1/recordings", {"archive": archive})

    def add_version(
        self, recording_id: str, content: bytes, form: str, *, language: str = "", pin: bool = False
    ) -> BroughtVersion:
        """Bring a transcript in a form of ours; the version that it is now, which may have been there."""
        query = {"format": form, "pin": str(pin).lower(), **({"language": language} if language else {})}
        url, key = f"/v1/recordings/{recording_id}/transcripts", fresh_key()
        answer = self.answer(lambda: self.http.post(url, params=query, content=content, headers=key))
        return BroughtVersion(answer.json(), existing=answer.status_code == httpx.codes.OK)

    def compare_versions(self, old_id: str, new_id: str) -> dict[str, Any]:
        """How the new version differs from the old one."""
        found: dict[str, Any] = self.get(f"/v1/transcripts/{old_id}/comparison", {"with": new_id}).json()
        return found

    def use_version(self, recording_id: str, transcript_id: str, *, pin: bool = False) -> None:
        """Make a version the recording's current one."""
        self.post(f"/v1/recordings/{recording_id}/current", {"transcript": transcript_id, "pin": pin})
