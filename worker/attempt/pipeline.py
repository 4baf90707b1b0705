"""The story of one job: bytes, audio, pieces, answers, transcript."""

from dataclasses import dataclass

import structlog
from sqlalchemy import select

from worker.archive_rules import check_allowed
from worker.attempt.conclusion import conclude
from worker.attempt.resources import WorkerResources
from worker.attempt.sending import SegmentSender
from worker.audio.windows import AudioLimits, Decoding, open_audio
from worker.claims.claim import Claim
from worker.claims.lease import Lease
from worker.models import Job, Recording
from worker.queue import jobs
from worker.recordings import learn, read_recording
from worker.results import segments
from worker.results.segments import StoredSegment
from worker.retry import TooManyGaps, too_many_gaps
from worker.split.cutting import Cutting, cut
from worker.states import Channels, SegmentState
from worker.streams.streaming import EarlierStream, Streaming

log = structlog.get_logger(__name__)


def work_on(resources: WorkerResources, claim: Claim, claimed_at: float) -> None:
    """Everything that one claim leads to; ``claimed_at`` is the monotonic time before it was made. Raises nothing."""
    ids = {"job": claim.job_id, "fence": claim.fence, "worker": claim.worker}
    with (
        structlog.contextvars.bound_contextvars(**ids),
        resources.keeper.keep(claim, claimed_at=claimed_at) as lease,
    ):
        log.info("a job was claimed", lane=claim.spec.lane, attempts=claim.attempts, losses=claim.losses)
        attempt = Attempt(resources, lease)
        try:
            attempt.transcribe()
        except Exception as error:  # noqa: BLE001  # the task's edge: each error becomes what happens to the job next
            conclude(resources.database, lease, error, got_on=attempt.got_on)


@dataclass(frozen=True, kw_only=True)
class AttemptPlan:
    """What earlier attempts have left to do."""

    stored: list[StoredSegment]
    cut_complete: bool
    cut_ms: int
    audio_ms: int | None

    @property
    def pending(self) -> list[StoredSegment]:
        return [segment for segment in self.stored if segment.state is SegmentState.PENDING]

    @property
    def is_done(self) -> bool:
        return self.cut_complete and not self.pending


class Attempt:
    """One attempt at one job."""

    def __init__(self, resources: WorkerResources, lease: Lease) -> None:
        self._resources = resources
        self._claim = lease.claim
        self._lease = lease
        self._ways: list[SegmentSender | Streaming] = []

    @property
    def got_on(self) -> bool:
        """Whether an answer was stored, so that what was met before does not count any more."""
        return any(way.got_on for way in self._ways)

    def transcribe(self) -> None:
        """From what is stored to a transcript; raises what stands in the way."""
        check_allowed(self._resources.database, self._claim.job_id, self._claim.spec.service)
        plan = self._read_plan()
        if not plan.is_done:
            self._resources.recognisers.of(self._claim.spec.service).knock(self._claim.spec, self._lease)
        if self._claim.spec.is_streamed and not plan.cut_complete:
            self._stream(plan, self._read_recording())
            plan = self._read_plan()  # an utterance that waits for its answer was a gap before a retry by hand
        if not plan.is_done:
            self._recognise(plan, self._read_recording())
        self._refuse_too_many_gaps()
        transcript = jobs.finish(self._resources.database, self._claim)
        log.info("the job has its transcript", transcript=transcript)

    def _stream(self, plan: AttemptPlan, recording: Recording) -> None:
        resources, claim, lease = self._resources, self._claim, self._lease
        recogniser = resources.recognisers.of(claim.spec.service)
        with resources.sources.open(recording, lease) as source, recogniser.joined():
            streaming = Streaming(
                database=resources.database,
                lease=lease,
                source=source,
                recording=recording,
                limits=self._audio_limits(),
                reserver=resources.reserver(claim),
                tuning=resources.stream_tuning,
            )
            self._ways.append(streaming)
            streaming.run(recogniser, EarlierStream(stored=plan.stored, cut_ms=plan.cut_ms, audio_ms=plan.audio_ms))

    def _recognise(self, plan: AttemptPlan, recording: Recording) -> None:
        resources, claim, lease = self._resources, self._claim, self._lease
        recogniser = resources.recognisers.of(claim.spec.service)
        with (
            resources.sources.open(recording, lease) as source,
            open_audio(source.path, self._audio_limits(), on_window=lease.got_on) as decoding,
            recogniser.joined(),
            SegmentSender(
                resources.database, lease, recogniser, digest=source.digest, reserver=resources.reserver(claim)
            ) as sender,
        ):
            self._ways.append(sender)
            sender.follow(plan.stored)
            cutting = self._cut(decoding, plan, recording)
            for piece in cutting:
                self._learn_channels(decoding, cutting, recording)
                sender.take(piece, cutting)
            self._learn_channels(decoding, cutting, recording)
            self._complete(cutting, plan)
            sender.drain()

    def _read_plan(self) -> AttemptPlan:
        known = select(Job.cut_complete, Job.cut_ms, Job.audio_ms).where(Job.id == self._claim.job_id)
        with self._resources.database.reading() as session:
            so_far = session.execute(known).one()._asdict()
        return AttemptPlan(stored=segments.stored_segments(self._resources.database, self._claim), **so_far)

    def _read_recording(self) -> Recording:
        return read_recording(self._resources.database, self._claim.recording_id)

    def _cut(self, decoding: Decoding, plan: AttemptPlan, recording: Recording) -> Cutting:
        spec = self._claim.spec
        return cut(
            decoding,
            channels=spec.channels,
            auto=Channels(recording.auto_channels) if recording.auto_channels else None,
            preset=spec.preset,
            segment_limit_ms=self._resources.services.find(spec.service).segment_limit_ms,
            stored=[segment.span for segment in (plan.pending if plan.cut_complete else plan.stored)],
            complete=plan.cut_complete,
            voice=spec.voice,
        )

    def _learn_channels(self, decoding: Decoding, cutting: Cutting, recording: Recording) -> None:
        """Keep how many there are, and what `auto` was judged to be: each later job cuts this recording alike."""
        if self._claim.spec.channels is Channels.AUTO and recording.auto_channels is None and cutting.mode is not None:
            learn(self._resources.database, self._claim, auto_channels=cutting.mode, channels=decoding.source_channels)
            recording.auto_channels, recording.channels = cutting.mode, decoding.source_channels
        elif recording.channels is None:
            learn(self._resources.database, self._claim, channels=decoding.source_channels)
            recording.channels = decoding.source_channels

    def _complete(self, cutting: Cutting, plan: AttemptPlan) -> None:
        if not plan.cut_complete and cutting.audio_ms is not None:
            segments.complete_cut(self._resources.database, self._claim, cutting.audio_ms)

    def _refuse_too_many_gaps(self) -> None:
        stored = segments.stored_segments(self._resources.database, self._claim)
        gaps = [segment for segment in stored if segment.state is SegmentState.GAP]
        if too_many_gaps(_total_ms(gaps), _total_ms(stored), self._resources.settings.max_gap_share):
            raise TooManyGaps(f"The service refused {_total_ms(gaps) / 1000:.0f} of {_total_ms(stored) / 1000:.0f} s.")

    def _audio_limits(self) -> AudioLimits:
        return AudioLimits(max_duration_ms=int(self._resources.settings.max_duration_s * 1000))


def _total_ms(stored: list[StoredSegment]) -> int:
    return sum(segment.span.end_ms - segment.span.start_ms for segment in stored)
