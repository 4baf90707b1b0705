"""The states of jobs, segments, services, imports and campaigns, the legal moves, and other enums: one table each."""

from enum import StrEnum
from typing import Self


class DescribedEnum(StrEnum):
    """An enum whose members carry the sentence that docs and pages show."""

    sentence: str

    def __new__(cls, value: str, sentence: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.sentence = sentence
        return member


class JobState(DescribedEnum):
    """Where a job is; docs/states.md has the same sentences."""

    QUEUED = "queued", "Waits for a free worker, or for the time of its next attempt."
    RUNNING = "running", "A worker holds its lease and is working on it."
    SUCCEEDED = "succeeded", "It has a transcript; parts that the service refused are listed as gaps."
    FAILED = "failed", "It ended without a transcript; the error says why and what to do."
    CANCELLED = "cancelled", "Somebody stopped it; what was answered until then is kept."


class SegmentState(DescribedEnum):
    """A segment's way is short: it waits for its answer, and gets one or is a gap."""

    PENDING = "pending", "It is cut and stored, and has no answer yet."
    ANSWERED = "answered", "The service, or an answer stored before, said what is in it."
    GAP = "gap", "The service refused it for good; its times and the reason are reported."


class BreakerState(DescribedEnum):
    """What a service is doing, for the whole fleet."""

    OPEN = "open", "It takes work, as far as is known."
    LIMITED = "limited", "It asked for patience: work goes on slower, or when its quota opens again."
    REFUSED = "refused", "It refuses everybody until an operator acts; it is asked again once a minute."


class ImportState(DescribedEnum):
    """How far an import is."""

    QUEUED = "queued", "Waits for the dispatcher's next round."
    RUNNING = "running", "Its rows are being read, and kept a few at a time."
    SUCCEEDED = "succeeded", "It came to its end; rows that could not be used are listed with their numbers."
    FAILED = "failed", "It cannot go on: the error says why. What was kept before stays."
    CANCELLED = "cancelled", "Somebody stopped it; what was kept before stays."


class CampaignState(DescribedEnum):
    """The life of a campaign; docs/states.md has the same sentences."""

    PLANNED = "planned", "It was counted and priced; nothing has been spent."
    CANARY = "canary", "A sample is transcribed first."
    REVIEW = "review", "The sample is done and compared; somebody decides whether to go on."
    RUNNING = "running", "Its recordings are transcribed beside daily work, within its limits."
    PAUSED = "paused", "No further recording is begun; those at work are finished."
    FINISHED = "finished", "All are transcribed or have failed; the current transcripts are as they were."
    PROMOTED = "promoted", "Its transcripts are the current ones."
    ROLLED_BACK = "rolled_back", "The transcripts from before it are the current ones again."
    CANCELLED = "cancelled", "Somebody stopped it for good; what was transcribed stays readable."


class CampaignStep(DescribedEnum):
    """What takes long and goes on within a campaign's state, a slice at a time."""

    DRAWING = "drawing", "The canary is chosen."
    ENROLLING = "enrolling", "The recordings of the selection become members."
    PROMOTING = "promoting", "The current versions are moved to the campaign's."
    ROLLING_BACK = "rolling_back", "The current versions are moved back to those from before it."


class MemberState(DescribedEnum):
    """A recording's way through a campaign."""

    WAITING = "waiting", "It has not had its turn."
    GIVEN = "given", "It has a job."
    DONE = "done", "Its job has succeeded and the versions can be compared."
    FAILED = "failed", "Its job has failed, or was cancelled by hand."


class Origin(StrEnum):
    """Where a transcript is from."""

    JOB = "job"
    IMPORT = "import"  # something else or a person has made it


class KeyScope(DescribedEnum):
    """What a key of the API allows; docs/security.md has the same sentences."""

    SUBMIT = "submit", "Bring recordings, imports and batches; cancel jobs and retry them."
    READ = "read", "Look at jobs, recordings, transcripts, campaigns, budgets and usage; search."
    CORRECT = "correct", "Change what is known of a recording, bring and choose versions, vote."
    CAMPAIGN = "campaign", "Plan campaigns, start, promote and roll them back."
    BUDGETS = "budgets", "Set budgets and lift them."
    METRICS = "metrics", "Figures for Prometheus, and the details of readiness."
    ADMIN = "admin", "Everything, and the rules of archives."


class Lane(StrEnum):
    """Lanes do not block one another: each process keeps some slots for the interactive one."""

    INTERACTIVE = "interactive"
    NORMAL = "normal"
    BULK = "bulk"


class Channels(StrEnum):
    """What becomes of a recording's channels: judged by their sound, each for itself, or mixed to one."""

    AUTO = "auto"
    SPLIT = "split"
    MIX = "mix"


class Segmentation(StrEnum):
    """Who cuts, and for what: we, for reading or for subtitles, or the service as it hears the whole stream."""

    DOCUMENT = "document"
    SUBTITLES = "subtitles"
    SERVER_VAD = "server_vad"


MOVES: dict[JobState, frozenset[JobState]] = {
    JobState.QUEUED: frozenset({JobState.RUNNING, JobState.FAILED, JobState.CANCELLED}),
    JobState.RUNNING: frozenset({JobState.QUEUED, JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED}),
    JobState.SUCCEEDED: frozenset(),
    JobState.FAILED: frozenset({JobState.QUEUED}),
    JobState.CANCELLED: frozenset({JobState.QUEUED}),
}

IMPORT_MOVES: dict[ImportState, frozenset[ImportState]] = {
    ImportState.QUEUED: frozenset({ImportState.RUNNING, ImportState.CANCELLED}),
    ImportState.RUNNING: frozenset(
        {ImportState.QUEUED, ImportState.SUCCEEDED, ImportState.FAILED, ImportState.CANCELLED}
    ),
    ImportState.SUCCEEDED: frozenset(),
    ImportState.FAILED: frozenset(),
    ImportState.CANCELLED: frozenset(),
}

CAMPAIGN_MOVES: dict[CampaignState, frozenset[CampaignState]] = {
    CampaignState.PLANNED: frozenset({CampaignState.CANARY, CampaignState.RUNNING, CampaignState.CANCELLED}),
    CampaignState.CANARY: frozenset({CampaignState.REVIEW, CampaignState.RUNNING, CampaignState.CANCELLED}),
    CampaignState.REVIEW: frozenset({CampaignState.RUNNING, CampaignState.CANCELLED}),
    CampaignState.RUNNING: frozenset({CampaignState.PAUSED, CampaignState.FINISHED, CampaignState.CANCELLED}),
    CampaignState.PAUSED: frozenset({CampaignState.RUNNING, CampaignState.CANCELLED}),
    CampaignState.FINISHED: frozenset({CampaignState.PROMOTED}),
    CampaignState.PROMOTED: frozenset({CampaignState.ROLLED_BACK}),
    CampaignState.ROLLED_BACK: frozenset(),
    CampaignState.CANCELLED: frozenset(),
}

ENDED = frozenset({JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED})


def sources_of(target: JobState | ImportState) -> list[str]:
    """The states from which ``target`` may be reached, for the WHERE clause that guards the move."""
    if isinstance(target, ImportState):
        return [state for state, targets in IMPORT_MOVES.items() if target in targets]
    return [state for state, targets in MOVES.items() if target in targets]
