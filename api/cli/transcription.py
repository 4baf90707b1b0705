"""From files to transcripts through a server: submit, follow, fetch. One bad file stops no other."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

from api.cli.exits import Exit, ServiceRefuses
from api.cli.output.progress import Display, done_line
from api.cli.polling import Follower, follow
from api.cli.sources import Source
from api.cli.uploads import SentFile, Uploads
from api.client import Client
from api.client.jobs import error_message, has_ended
from api.client.transport import ApiProblem
from worker.errors import StorageFailed
from worker.shapes.jobs import Job, SubmittedJob
from worker.states import JobState

TRIED_AGAIN = {JobState.FAILED, JobState.CANCELLED}


@dataclass(frozen=True)
class Outcome:
    """How one source ended: its job where there is one, and the problem where there is no transcript."""

    source: Source
    job: Job | None = None
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
    _numbers: dict[str, list[int]] = field(default_factory=dict)  # of sources, by job: equal files share one
    _seen: set[str] = field(default_factory=set)
    _ours: set[str] = field(default_factory=set)

    def run(self) -> Exit:
        """Until every source has ended; raises ServiceRefuses. Broken off, it cancels what it submitted."""
        follower = Follower(self.client)
        uploads = Uploads(lambda source: self.client.submit_file(source.path, self.options), self.sources)
        with closing(uploads):
            try:
                follow(lambda: self._round(follower, uploads), lambda _: not uploads.left and not follower.open)
            except (KeyboardInterrupt, ServiceRefuses):
                self._take_back(follower, uploads)
                raise
        return Exit.SOME_FAILED if self.failed else Exit.OK

    def _round(self, follower: Follower, uploads: Uploads[Source, SubmittedJob]) -> None:
        for sent in uploads.arrived():
            self._submitted(sent, follower)
        for job in follower.look():
            self._looked_at(job)
        follower.check()

    def _submitted(self, sent: SentFile[Source, SubmittedJob], follower: Follower) -> None:
        if sent.answer is None:
            self._end(sent.number, Outcome(sent.file, problem=sent.problem, code=sent.code))
            return
        job = self._started_again(sent.answer)
        if job is not sent.answer or not sent.answer.existing:
            self._ours.add(job.id)
        self._seen.add(job.id)
        self._numbers.setdefault(job.id, []).append(sent.number)
        follower.add(job)

    def _started_again(self, job: SubmittedJob) -> Job:
        """Who asks for a recording whose job failed or was cancelled wants it tried again."""
        if not job.existing or job.status not in TRIED_AGAIN or job.id in self._seen:
            return job
        try:
            return self.client.retry(job.id)
        except ApiProblem:
            return job  # somebody else was quicker

    def _looked_at(self, job: Job) -> None:
        if not has_ended(job):
            self.display.show(str(self.sources[self._numbers[job.id][0]].relative), job)
            return
        problem, code = _failure(job)
        for number in self._numbers.pop(job.id):
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
        job_id, done = (outcome.job.id, done_line(outcome.job)) if outcome.job else ("", "")
        self.display.ended(str(outcome.source.relative), job_id, outcome.problem or done)

    def _take_back(self, follower: Follower, uploads: Uploads[Source, SubmittedJob]) -> None:
        """Nobody waits for these any more; what was answered is kept, and the same command goes on from there."""
        uploads.close()
        on_their_way = {sent.answer.id for sent in uploads.arrived() if sent.answer and not sent.answer.existing}
        for job_id in on_their_way | (self._ours & follower.open.keys()):
            try:
                self.client.cancel(job_id)
            except ApiProblem:
                continue  # it ended in this moment


def _failure(job: Job) -> tuple[str, str]:
    if job.status == JobState.SUCCEEDED:
        return "", ""
    if job.status == JobState.CANCELLED:
        return "somebody cancelled it: run the command again", JobState.CANCELLED
    return error_message(job), job.error.code if job.error else JobState.FAILED
