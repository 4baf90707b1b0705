"""What is asked of jobs and batches."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from api.client.transport import Transport, fresh_key
from realtime.protocol.errors import BillUnpaid, KeyRefused, ModelUnknown
from worker.states import ENDED

REFUSALS = {error.code: error for error in (KeyRefused, BillUnpaid, ModelUnknown)}
UPLOAD_TIMEOUT = httpx.Timeout(30.0, write=300.0, read=300.0)
MANIFEST_S = 600.0  # a manifest takes a while: that it broke off late is no reason to give it up


@dataclass(frozen=True)
class RemoteJob:
    """A job as the API shows it; ``fields`` is the whole JSON."""

    fields: dict[str, Any]
    existing: bool = False

    @property
    def id(self) -> str:
        return str(self.fields["id"])

    @property
    def status(self) -> str:
        return str(self.fields["status"])

    @property
    def source(self) -> str:
        return str(self.fields["source"])

    @property
    def service(self) -> str:
        return str(self.fields["spec"]["service"])

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    @property
    def error_message(self) -> str:
        error = self.fields.get("error") or {}
        return str(error.get("message") or error.get("hint") or error.get("code") or "")

    @property
    def waiting(self) -> dict[str, Any]:
        """What it waits for: code, message, since, next_try_at; empty where it waits for nothing."""
        return self.fields.get("waiting") or {}

    @property
    def refused(self) -> bool:
        return self.waiting.get("code") in REFUSALS

    def is_due(self, now: datetime) -> bool:
        """Whether the time of its next try has come; False where none is set."""
        at = self.waiting.get("next_try_at")
        return at is not None and datetime.fromisoformat(at) <= now


class JobCalls(Transport):
    """Submitting, looking, changing."""

    def submit_file(self, path: Path, options: Mapping[str, str]) -> RemoteJob:
        """Upload a recording, streamed; raises OSError where it cannot be read, ApiProblem where it is refused."""
        key = fresh_key()
        name = path.name.encode("utf-8", "replace").decode()  # a name may hold bytes that are no UTF-8

        def send() -> httpx.Response:
            with path.open("rb") as file:
                return self.http.post(
                    "/v1/jobs",
                    data=dict(options),
                    files={"file": (name, file)},
                    headers=key,
                    timeout=UPLOAD_TIMEOUT,
                )

        return _submitted(self.answer(send))

    def submit_url(self, url: str, options: Mapping[str, Any]) -> RemoteJob:
        """Register a source in place."""
        return _submitted(self.post("/v1/jobs", {"url": url, **options}))

    def job(self, job_id: str) -> RemoteJob:
        return RemoteJob(self.get(f"/v1/jobs/{job_id}").json())

    def jobs(self, filters: Mapping[str, str]) -> Iterator[RemoteJob]:
        """All jobs that match."""
        return map(RemoteJob, self.pages("/v1/jobs", filters))

    def cancel(self, job_id: str) -> RemoteJob:
        return RemoteJob(self.post(f"/v1/jobs/{job_id}/cancel", {}).json())

    def retry(self, job_id: str, options: Mapping[str, Any] | None = None) -> RemoteJob:
        """The job that is queued now: with another option a new one."""
        return RemoteJob(self.post(f"/v1/jobs/{job_id}/retry", options or {}).json())

    def cancel_matching(self, filters: Mapping[str, str]) -> int:
        """Cancel all that match; how many there were."""
        return int(self.post("/v1/jobs/cancel", filters).json()["jobs"])

    def retry_matching(self, filters: Mapping[str, str]) -> int:
        """Queue all that match again; how many there were."""
        return int(self.post("/v1/jobs/retry", filters).json()["jobs"])

    def new_batch(self, name: str | None = None) -> str:
        """An empty batch, to be named by submissions; its id."""
        return str(self.post("/v1/batches", {"name": name} if name else {}).json()["id"])

    def submit_manifest(
        self, body: Callable[[], Iterator[bytes]], content_type: str, shared: Mapping[str, str]
    ) -> dict[str, Any]:
        """Send a manifest, streamed; where the connection breaks again from its beginning, done once. Its counts."""
        headers = {**fresh_key(), "Content-Type": content_type}

        def send() -> httpx.Response:
            return self.http.post(
                "/v1/batches", params=dict(shared), content=body(), headers=headers, timeout=UPLOAD_TIMEOUT
            )

        counts: dict[str, Any] = self.answer(send, patience_s=MANIFEST_S).json()
        return counts

    def services(self) -> list[dict[str, Any]]:
        """What each service is doing."""
        items: list[dict[str, Any]] = self.get("/v1/service").json()["items"]
        return items

    def transcript(self, job_id: str, form: str) -> bytes:
        """The transcript as ``form``: txt, srt, vtt, json or tsv."""
        return self.get(f"/v1/jobs/{job_id}/transcript", {"format": form}).content


def _submitted(response: httpx.Response) -> RemoteJob:
    return RemoteJob(response.json(), existing=response.status_code == httpx.codes.OK)
