"""A manifest becomes jobs: a transaction for each chunk of it, while the next is still on its way.

How far it is stands under the Idempotency-Key, in the transaction of the chunk. A manifest that is sent again with its
key is read from its beginning, and goes on behind the last chunk that was kept. Without a key it is another batch, that
finds the jobs of the first.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from sqlalchemy.orm import Session

from api.http.dependencies import Dependencies
from api.http.idempotent_writes import Answer, IdempotentWrite, Replayed, State, Step
from api.http.problems import problem
from api.requests.options import Specs, read_options, read_url_options
from api.requests.submissions import REFUSALS, Refusal, registered_unseen, submission
from worker.errors import IdempotencyMismatch, InvalidRequest
from worker.imports.manifests import Fields, ManifestChunk, ManifestLine, read_chunks
from worker.queue.batches import add_batch, require_batch
from worker.queue.submission import Submission, submit_many
from worker.shapes.base import moment
from worker.shapes.jobs import SubmittedManifest
from worker.shapes.options import UrlOptions

PATH = "/v1/batches"
MAX_PROBLEMS = 1000  # that are told one by one; all are counted
START: State = {"lines": 0, "sha256": "", "rows": 0, "made": 0, "existing": 0, "refused": 0, "problems": []}

Ready = list[tuple[int, Submission | Refusal]]
Done = Answer[SubmittedManifest] | State | Replayed


class ManifestSubmission:
    """One manifest on its way in. ``shared`` are options of all rows, and perhaps the batch's ``name``."""

    def __init__(self, deps: Dependencies, kind: str, shared: Mapping[str, str], once: IdempotentWrite) -> None:
        self._deps = deps
        self._kind = kind
        self._once = once
        self._fingerprint = once.fingerprint({"manifest": kind, **shared})
        self._name = shared.get("name")
        self._shared = {name: value for name, value in shared.items() if name != "name"}
        self._specs = Specs(deps.database, deps.services)
        self._check_shared()

    def take(self, body: Iterable[bytes]) -> SubmittedManifest:
        """Read it all; raises InvalidRequest, IdempotencyMismatch, IdempotencyInFlight, and what reading raises."""
        done: Done = START
        chunk = ManifestChunk()
        for chunk in read_chunks(body, self._kind, self._shared, UrlOptions.model_fields):
            if isinstance(done, dict) and not _is_kept(chunk, done):
                done = self._keep(chunk, done)
        return self._finish(chunk, done)

    def _check_shared(self) -> None:
        options = read_options(dict(self._shared))
        if options.batch is not None:
            raise InvalidRequest("batch: a manifest is a batch of its own.")
        self._specs.of(options)

    def _keep(self, chunk: ManifestChunk, state: State) -> Done:
        ready = [(row.line, self._prepare(row)) for row in chunk.rows]

        def step(session: Session, state: State) -> State:
            state = state or START
            return state if _is_kept(chunk, state) else self._submit(session, chunk, ready, state)

        done = self._step(step, state)
        self._once.wake({entry.spec.lane for _, entry in ready if isinstance(entry, Submission)})
        return done

    def _submit(self, session: Session, chunk: ManifestChunk, ready: Ready, state: State) -> State:
        batch_id = state.get("batch") or add_batch(session, self._name)
        good = [replace(entry, batch_id=batch_id) for _, entry in ready if isinstance(entry, Submission)]
        existing = sum(submitted.existing for submitted in submit_many(session, good))
        problems = [
            {"line": line, "error": problem(entry).as_json()}
            for line, entry in ready
            if not isinstance(entry, Submission)
        ]
        return {
            "batch": batch_id,
            "lines": chunk.last_line,
            "sha256": chunk.sha256,
            "rows": state["rows"] + len(ready),
            "made": state["made"] + len(good) - existing,
            "existing": state["existing"] + existing,
            "refused": state["refused"] + len(problems),
            "problems": (state["problems"] + problems)[:MAX_PROBLEMS],
        }

    def _finish(self, last: ManifestChunk, done: Done) -> SubmittedManifest:
        if isinstance(done, dict):
            done = self._step(_answer, done)
        assert not isinstance(done, dict)  # noqa: S101  # `_answer` is the last step
        sha256 = done.body["sha256"] if isinstance(done, Replayed) else done.body.sha256
        if sha256 != last.sha256:
            raise _another()
        if isinstance(done, Replayed):
            raise done
        return self._once.answered(done)

    def _step(self, step: Step[SubmittedManifest], state: State) -> Done:
        try:
            return self._once.write(step, state, self._fingerprint)
        except Replayed as replay:  # a manifest that is sent again is read to its end all the same, to be compared
            return replay

    def _prepare(self, row: ManifestLine) -> "Submission | Refusal":
        if not isinstance(row.fields, dict):
            return row.fields
        try:
            return self._submission(row.fields)
        except REFUSALS as error:
            return error

    def _submission(self, fields: Fields) -> Submission:
        options = read_url_options(fields)
        if options.batch is not None:
            raise InvalidRequest("batch: a row belongs to the batch that its manifest is.")
        recording = registered_unseen(options, self._deps.settings)
        return submission(recording, options, self._specs.of(options))


def _is_kept(chunk: ManifestChunk, state: State) -> bool:
    """Whether an earlier request with this key has got as far; raises IdempotencyMismatch where it read other lines."""
    if "batch" not in state:
        return False
    lines = state["lines"]
    same_end = chunk.last_line == lines
    if (same_end and chunk.sha256 != state["sha256"]) or chunk.first_line <= lines < chunk.last_line:
        raise _another()
    return bool(chunk.last_line <= lines)


def _another() -> IdempotencyMismatch:
    return IdempotencyMismatch("The Idempotency-Key was used for a manifest with other lines. Use a new key.")


def _answer(session: Session, state: State) -> Answer[SubmittedManifest]:
    batch = require_batch(session, state["batch"])
    body = SubmittedManifest(
        id=batch.id,
        name=batch.name,
        created_at=moment(batch.created_ms),
        sha256=state["sha256"],
        rows=state["rows"],
        made=state["made"],
        existing=state["existing"],
        refused=state["refused"],
        problems=state["problems"],
    )
    return Answer(body, 202, f"{PATH}/{batch.id}")
