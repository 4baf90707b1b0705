"""From files to transcripts through a server: submit, follow, fetch. One bad file stops no other."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from api.cli.exits import Exit, ServiceRefuses
from api.cli.output.progress import Display, done_line
from api.cli.polling import ROUND_S, Follower, Refusals, refusal_line
from api.cli.sources import Source
from api.cli.uploads import Sent, Uploads, uploading
from api.client import ApiProblem, Client, RemoteJob
from worker.errors import StorageFailed


@dataclass(frozen=True)
class Outcome:
    """How one source ended: its job where there is one, and the problem where there is no transcript."""

    source: Source
    job: RemoteJob | None = None
    problem: str = ""
    code: str = ""


@dataclass
class Transcription:
    """One run over ``sources``. ``deliver`` gets each source's outcome once, in the order in which they end."""

    client: Client
    sources: Sequence[Source]
    options: Mapping[str, str]
    display: Display
    deliver: Callable[[int, Outcome], None]
    failed: int = 0
    _asked: dict[str, list[int]] = field(default_factory=dict)  # equal files share one job
    _known: set[str] = field(default_factory=set)
    _ours: set[str] = field(default_factory=set)

    def run(self) -> Exit:
        """Until every source has ended; raises ServiceRefuses. Broken off, it cancels what it submitted."""
        follower = Follower(self.client)
        with uploading(self.client, self.sources, self.options) as uploads:
            try:
                self._follow(follower, uploads)
            except (KeyboardInterrupt, ServiceRefuses):
                self._take_back(follower, uploads)
                raise
        return Exit.SOME_FAILED if self.failed else Exit.OK

    def _follow(self, follower: Follower, uploads: Uploads) -> None:
        refusals = Refusals()
        while uploads.left or follower.open:
            for sent in uploads.arrived():
                self._submitted(sent, follower)
            for job in follower.look():
                self._looked_at(job)
            if refused := refusals.lasting(follower.open.values(), datetime.now(UTC)):
                raise ServiceRefuses(refusal_line(refused))
            time.sleep(ROUND_S)

    def _submitted(self, sent: Sent, follower: Follower) -> None:
        if sent.job is None:
            self._end(sent.number, Outcome(self.sources[sent.number], problem=sent.problem, code=sent.code))
            return
        job = self._started_again(sent.job)
        if not job.existing:
            self._ours.add(job.id)
        self._known.add(job.id)
        self._asked.setdefault(job.id, []).append(sent.number)
        follower.add(job)

    def _started_again(self, job: RemoteJob) -> RemoteJob:
        """Who asks for a recording whose job failed or was cancelled wants it tried again."""
        if not job.existing or job.status not in {"failed", "cancelled"} or job.id in self._known:
            return job
        try:
            return self.client.retry(job.id)
        except ApiProblem:
            return job  # somebody else was quicker

    def _looked_at(self, job: RemoteJob) -> None:
        numbers = self._asked.pop(job.id) if job.ended else self._asked[job.id]
        if not job.ended:
            self.display.update(str(self.sources[numbers[0]].relative), job)
            return
        problem, code = _failure(job)
        for number in numbers:
            self._end(number, Outcome(self.sources[number], job, problem, code))

    def _end(self, number: int, outcome: Outcome) -> None:
        try:
            self.deliver(number, outcome)
        except BrokenPipeError:  # who read the results has gone
            raise
        except (ApiProblem, OSError) as error:
            outcome = replace(outcome, problem=f"its transcript was not written: {error}", code=StorageFailed.code)
            self.deliver(number, outcome)
        self.failed += bool(outcome.problem)
        job_id = outcome.job.id if outcome.job else ""
        self.display.ended(str(outcome.source.relative), job_id, outcome.problem or done_line(outcome.job))

    def _take_back(self, follower: Follower, uploads: Uploads) -> None:
        """Nobody waits for these any more; what was answered is kept, and the same command goes on from there."""
        uploads.stop()
        on_their_way = {sent.job.id for sent in uploads.arrived() if sent.job and not sent.job.existing}
        for job_id in on_their_way | (self._ours & follower.open.keys()):
            try:
                self.client.cancel(job_id)
            except ApiProblem:
                continue  # it ended in this moment


def _failure(job: RemoteJob) -> tuple[str, str]:
    if job.status == "succeeded":
        return "", ""
    if job.status == "cancelled":
        return "somebody cancelled it: run the command again", "cancelled"
    return job.error_message, str((job.fields.get("error") or {}).get("code", "failed"))
