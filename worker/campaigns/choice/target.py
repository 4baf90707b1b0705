"""What a campaign is to do and within which limits, and which recordings of its selection it passes over, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, String, and_, case, null, or_, select
from sqlalchemy.orm import Session

from worker.campaigns.choice.languages import Languages
from worker.campaigns.choice.selection import Selection
from worker.models import Archive, Campaign, Job, Recording, Transcript
from worker.spec import Spec
from worker.states import JobState

REVISIONS = 32  # of one recognition key that count as the same: nobody asks for so many fresh runs
AT_WORK = (JobState.QUEUED, JobState.RUNNING)
HOUR_MS = 3_600_000
CANARY = 30
MOST_PINNED = 200  # in the canary, on top of its size
MAX_FAILURE_SHARE = 0.2


class Skip(StrEnum):
    """Why a recording of the selection is not transcribed."""

    SERVICE_NOT_ALLOWED = "service_not_allowed"  # its archive does not allow the service
    LANGUAGE_NOT_SUPPORTED = "language_not_supported"  # its own language is none that the service knows
    SAME_KEY = "same_key"  # its current transcript was made under this recognition key
    PINNED = "pinned"  # no campaign moves it; some are in the canary, as what is compared with
    WORKING_ON_IT = "working_on_it"  # a job under this recognition key is on its way


@dataclass(frozen=True, kw_only=True)
class Target:
    """A selection, up to the newest recording that is meant, and what is asked for it.

    ``own_languages``: no language is asked for, so each recording has its own, which must be one of these.
    """

    selection: Selection
    until_id: str
    spec: Spec
    fresh: bool = False
    own_languages: frozenset[str] = frozenset()

    @classmethod
    def of(cls, campaign: Campaign) -> "Target":
        return cls(
            selection=Selection.from_json(campaign.selection),
            until_id=campaign.until_id,
            spec=Spec.from_json(campaign.spec),
            fresh=campaign.fresh,
            own_languages=frozenset(campaign.own_languages),
        )

    def languages(self, session: Session) -> Languages:
        return Languages.of(session, self.spec, self.own_languages)

    def chosen(self) -> list[ColumnElement[bool]]:
        """Conditions on recordings joined with their current transcript."""
        return [*self.selection.conditions(self.until_id), *self.selection.drawn()]


@dataclass(frozen=True, kw_only=True)
class CampaignLimits:
    """How much of the fleet, of a day and of money a campaign may take; None: as much as there is."""

    parallel: int | None = None  # recordings at once
    hours_a_day: float | None = None  # of audio that is sent
    usd: float | None = None  # in all


@dataclass(frozen=True, kw_only=True)
class CampaignRules:
    """How a campaign goes on: ``canary`` is the sample's size, ``promote`` the rule that members are to pass."""

    canary: int = CANARY
    thresholds: Mapping[str, Any] | None = None
    max_failure_share: float = MAX_FAILURE_SHARE
    promote: Mapping[str, Any] | None = None


def skip_of(session: Session, target: Target) -> ColumnElement[Any]:
    """Why a recording is passed over, as an expression beside `Target.chosen`; NULL where it is not."""
    languages = target.languages(session)
    cases = [
        (Recording.archive.in_(forbidden_archives(session, target.spec.service)), Skip.SERVICE_NOT_ALLOWED),
        *([(languages.unknown(), Skip.LANGUAGE_NOT_SUPPORTED)] if target.own_languages else []),
        *([] if target.fresh else [(_same_key(target, languages), Skip.SAME_KEY)]),
        (Recording.pinned, Skip.PINNED),
        *([] if target.fresh else _working_on_it(session, languages)),
    ]
    return case(*((condition, skip.value) for condition, skip in cases), else_=null()).cast(String)


def forbidden_archives(session: Session, service: str) -> list[str]:
    """The archives whose recordings must not go to the service."""
    rows = session.execute(select(Archive.name, Archive.services))
    return [name for name, services in rows if services and service not in services]


def _same_key(target: Target, languages: Languages) -> ColumnElement[bool]:
    """Whoever asks for gaps or doubted segments wants those answered again: there the same key is no reason."""
    mending = [*([Transcript.gaps_count > 0] if target.selection.gaps else [])]
    mending += [Transcript.flags_count > 0] if target.selection.flagged else []
    same = languages.under(Transcript.recognition_key, range(REVISIONS))
    return and_(same, ~or_(*mending)) if mending else same


def _working_on_it(session: Session, languages: Languages) -> list[tuple[ColumnElement[bool], Skip]]:
    """No clause where nobody works under the keys, which is most often so: then no recording is looked up for it."""
    keys = [spec.recognition_key for spec in languages.specs.values()]
    working = select(Job.id).where(Job.status.in_(AT_WORK), Job.recognition_key.in_(keys))
    if session.scalar(working.limit(1)) is None:
        return []
    own = (Job.recording_id == Recording.id, languages.under(Job.recognition_key, [languages.spec.revision]))
    return [(working.where(*own).correlate(Recording).exists(), Skip.WORKING_ON_IT)]
