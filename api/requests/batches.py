"""A submission of many in one JSON body, each item checked on its own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from api.http.bodies import checked
from api.http.dependencies import Dependencies
from api.http.problems import problem
from api.requests.options import Specs, read_shared_options, read_url_options
from api.requests.submissions import Refusal, registered_many, submission
from worker.errors import InvalidRequest, RequestError
from worker.queue.job_rows import JobSubmission
from worker.queue.submission import Submission, submit_many
from worker.recordings import NewRecording
from worker.shapes.fields import Name
from worker.shapes.jobs import BatchItem
from worker.shapes.options import UrlOptions
from worker.spec import RequestedSpec
from worker.states import Lane
from worker.strict_json import parse_json

MAX_BODY_BYTES = 16 * 1024**2
MAX_ITEMS = 1000  # one transaction: more would keep other writers waiting
SHARED = frozenset({"name", "items"})


Prepared = Submission | Refusal
Read = tuple[UrlOptions, RequestedSpec]


@dataclass(frozen=True)
class BatchRequest:
    """What a batch is submitted with; an item is a JSON object, or whatever the client sent in its place."""

    name: str | None
    items: list[Any]

    def prepare(self, deps: Dependencies, looks_s: float) -> list[Prepared]:
        """Each item ready to be submitted, or what it is refused for. Looks at the URLs for so long, writes nothing."""
        specs = Specs(deps.database, deps.services)
        read = [_read(item, specs) for item in self.items]
        good = [entry for entry in read if isinstance(entry, tuple)]
        recordings = iter(registered_many([options for options, *_ in good], deps.settings, deps.looks.one_s, looks_s))
        return [_joined(entry, recordings) for entry in read]


class _Body(BaseModel):
    """The JSON of a batch; every other field is an option of all its items."""

    model_config = ConfigDict(extra="allow")

    name: Name | None = None
    items: list[Any] = Field(default_factory=list)


def read_batch_request(body: bytes) -> BatchRequest:
    """From a JSON list, or a JSON object with `items`. Raises InvalidRequest, also for what all items share."""
    request = _from_json(parse_json(body) if body.strip() else {})
    if len(request.items) > MAX_ITEMS:
        raise InvalidRequest(f"items: {MAX_ITEMS} at most in one JSON body; a manifest may have any number.")
    return request


def submit_items(
    session: Session, prepared: Sequence[Prepared], batch_id: str
) -> tuple[list[BatchItem], frozenset[Lane]]:
    """Submit what is ready; each item's outcome, and the lanes that have work."""
    ready = [replace(entry, batch_id=batch_id) for entry in prepared if isinstance(entry, Submission)]
    made = iter(submit_many(session, ready))
    outcomes = [_outcome(number, entry, made) for number, entry in enumerate(prepared, 1)]
    return outcomes, frozenset(submission.spec.lane for submission in ready)


def _outcome(number: int, entry: Prepared, made: Iterator[JobSubmission]) -> BatchItem:
    if not isinstance(entry, Submission):
        return BatchItem(number=number, job=None, existing=False, error=problem(entry))
    submitted = next(made)
    return BatchItem(number=number, job=submitted.job_id, existing=submitted.existing, error=None)


def _from_json(body: object) -> BatchRequest:
    if isinstance(body, list):
        return BatchRequest(None, body)
    if not isinstance(body, dict):
        raise InvalidRequest("Send a JSON list of items, or an object with `items`.")
    read = checked(_Body.model_validate, body)
    common = _common({name: value for name, value in body.items() if name not in SHARED})
    return BatchRequest(read.name, [{**common, **item} if isinstance(item, dict) else item for item in read.items])


def _common(given: dict[str, Any]) -> dict[str, Any]:
    """What all items share, looked at once: what is wrong with it is told once, and a text of labels is read once."""
    options = dict(read_shared_options(given))  # an empty field counts as left out, also one that is no option
    return {
        name: read if isinstance(read := options[name], dict) else value
        for name, value in given.items()
        if name in options
    }


def _read(item: object, specs: Specs) -> "Read | RequestError":
    try:
        options = read_url_options({"url": item} if isinstance(item, str) else item)
        if options.batch is not None:
            raise InvalidRequest("batch: an item belongs to the batch that it is sent in.")
        return options, specs.of(options)
    except RequestError as error:
        return error


def _joined(entry: "Read | RequestError", recordings: Iterator[NewRecording | Refusal]) -> Prepared:
    if isinstance(entry, RequestError):
        return entry
    recording = next(recordings)
    return submission(recording, *entry) if isinstance(recording, NewRecording) else recording
