"""What is asked of jobs, batches and services."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from api.client.transport import Body, Query, Transport, path_of
from realtime.protocol.errors import BillUnpaid, KeyRefused, ModelUnknown
from worker.shapes.jobs import Batch, Changed, Job, SubmittedJob, SubmittedManifest
from worker.shapes.services import Service
from worker.states import ENDED

REFUSALS = {error.code: error for error in (KeyRefused, BillUnpaid, ModelUnknown)}


def has_ended(job: Job) -> bool:
    return job.status in ENDED


def error_message(job: Job) -> str:
    """Why it failed; empty where it did not."""
    return (job.error.message or job.error.hint or job.error.code) if job.error else ""


def waiting_message(job: Job) -> str:
    """What it waits for; empty where it waits for nothing."""
    return (job.waiting.message or "") if job.waiting else ""


def is_refused(job: Job) -> bool:
    """Whether it waits for an operator."""
    return job.waiting is not None and job.waiting.code in REFUSALS


class JobCalls(Transport):
    """Submitting, looking, changing."""

    def submit_file(self, path: Path, options: Mapping[str, str]) -> SubmittedJob:
        """Upload a recording, streamed; raises OSError where it cannot be read, ApiProblem where it is refused."""
        return self.upload(SubmittedJob, "/v1/jobs", path, options)

    def submit_url(self, url: str, options: Mapping[str, Any]) -> SubmittedJob:
        return self.request(SubmittedJob, "POST", "/v1/jobs", {"url": url, **options})

    def job(self, job_id: str) -> Job:
        return self.read(Job, path_of("jobs", job_id))

    def jobs(self, filters: Query) -> Iterator[Job]:
        return self.pages(Job, "/v1/jobs", filters)

    def cancel(self, job_id: str) -> Job:
        return self.request(Job, "POST", path_of("jobs", job_id, "cancel"), {})

    def retry(self, job_id: str, options: Mapping[str, Any] | None = None) -> Job:
        """The job that is queued now: with another option a new one."""
        return self.request(Job, "POST", path_of("jobs", job_id, "retry"), options or {})

    def change_matching(self, verb: str, filters: Query) -> int:
        """Cancel or retry all that match; how many there were."""
        return self.request(Changed, "POST", path_of("jobs", verb), filters).jobs

    def new_batch(self) -> str:
        """An empty batch, to be named by submissions; its id."""
        return self.request(Batch, "POST", "/v1/batches", {}).id

    def submit_manifest(self, body: Body, content_type: str, shared: Mapping[str, str]) -> SubmittedManifest:
        return self.stream(SubmittedManifest, "/v1/batches", body, content_type, shared)

    def services(self) -> list[Service]:
        return self.items(Service, "/v1/service")

    def transcript(self, job_id: str, form: str) -> bytes:
        """The transcript as ``form``: txt, srt, vtt, json or tsv."""
        return self.get(path_of("jobs", job_id, "transcript"), {"format": form}).content
