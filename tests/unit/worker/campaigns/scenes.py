"""An archive of rows, campaigns over it, and jobs that end as they are told to: no audio is heard."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import insert, select

from tests.fixtures.rows import new_answer
from worker.campaigns.choice.selection import Selection
from worker.campaigns.choice.target import Target
from worker.campaigns.running import life
from worker.campaigns.running.life import Limits, NewCampaign, Rules
from worker.campaigns.running.steps import take_steps
from worker.claims.claim import Claim
from worker.database import Database
from worker.errors import DamagedAudio
from worker.ids import new_id
from worker.models import Campaign, Job, Member, Recording, Transcript
from worker.queue import jobs
from worker.results import segments
from worker.results.versions import make_current
from worker.spec import Spec
from worker.split.spans import Span
from worker.states import Lane, Origin

OLD = Spec(service="local", model="old")
NEW = Spec(service="local", model="new", lane=Lane.BULK)
LAST = "f" * 32


def add_recording(database: Database, *, transcript: bool = True, made: Spec = OLD, **columns: Any) -> str:  # noqa: ANN401  # any column
    """A recording with a current transcript of the old model, or with none; ``columns`` of either table."""
    recording_id, transcript_id = new_id(), new_id()
    plain = {"archive": "calls", "identity": recording_id, "digest": f"{recording_id:0>64}", "source": "a.wav"}
    theirs = {name: columns.pop(name) for name in list(columns) if name not in Recording.__table__.columns}
    row = {"id": recording_id, "duration_ms": 60_000, "created_ms": 0, **plain, **columns}
    segment = {"channel": 0, "speaker": None, "start_ms": 0, "end_ms": 30_000, "text": "old words"}
    said = {"text": "old words", "gaps": [], "segments": [{**segment, "language": "en", "emotion": None, "flags": []}]}
    version = {
        "id": transcript_id,
        "recording_id": recording_id,
        "origin": Origin.JOB,
        "service": made.service,
        "model": made.model,
        "language": "en",
        "duration_ms": 60_000,
        "sent_ms": 0,
        "recognition_key": made.recognition_key,
        "created_ms": 0,
        **said,
        **theirs,
    }
    with database.writing() as session:
        session.execute(insert(Recording).values(row))
        if transcript:
            session.execute(insert(Transcript).values(version))
            make_current(session, recording_id, transcript_id, pin=bool(columns.get("pinned")))
        session.commit()
    return recording_id


def target(
    spec: Spec = NEW,
    *,
    fresh: bool = False,
    until: str = LAST,
    own: Iterable[str] = (),
    **selection: Any,  # noqa: ANN401  # any condition
) -> Target:
    """``own`` are the languages that a recording's own may be."""
    chosen = Selection(**selection)
    return Target(selection=chosen, until_id=until, spec=spec, fresh=fresh, own_languages=frozenset(own))


def add_campaign(
    database: Database,
    chosen: Target | None = None,
    *,
    limits: Limits | None = None,
    **rules: Any,  # noqa: ANN401  # any rule
) -> str:
    """A planned campaign, without a canary where none is asked for; its id."""
    new = NewCampaign(target=chosen or target(), limits=limits or Limits(), rules=Rules(**{"canary": 0, **rules}))
    return str(do(database, life.create, new))


def do(database: Database, verb: Any, *given: Any, **options: Any) -> Any:  # noqa: ANN401  # verbs have many shapes
    """A verb in a transaction of its own."""
    with database.writing() as session:
        done = verb(session, *given, **options)
        session.commit()
    return done


def settle(database: Database, steps: int = 200) -> None:
    """Steps until nothing is left to be done at once."""
    for _ in range(steps):
        if not take_steps(database):
            return
    raise AssertionError("there is no end of steps")


def work(database: Database, *, text: str = "new words", failing: int = 0, at_most: int = 1000) -> int:
    """A worker ends the jobs that are due, the first ``failing`` of them badly; how many it had."""
    for number in range(at_most):
        claimed = jobs.claim(database, Lane.BULK, "w", 60)
        if claimed is None:
            return number
        if number < failing:
            jobs.fail(database, claimed, DamagedAudio(), "decode")
        else:
            succeed(database, claimed, text)
    return at_most


def succeed(database: Database, claimed: Claim, text: str = "new words") -> str:
    """One answer over the first second, then the job's end; the transcript's id."""
    spans = segments.store_spans(database, claimed, [Span(0, 0, 1000)], channels=1, cut_ms=1000)
    segments.complete_cut(database, claimed, 1000)
    for one in spans:
        answer = new_answer(text, recognition_key=claimed.spec.recognition_key, digest=f"{claimed.recording_id:0>64}")
        segments.answered(database, claimed, one.id, answer, sent_ms=1000)
    return jobs.finish(database, claimed)


def run(database: Database, campaign_id: str, **how: Any) -> None:  # noqa: ANN401  # of `work`
    """Steps and work in turn until nobody has anything to do."""
    settle(database)
    while work(database, **how):
        settle(database)


def reason(database: Database, campaign_id: str) -> dict[str, Any]:
    return campaign(database, campaign_id).reason or {}


def state_of(database: Database, campaign_id: str) -> str:
    return campaign(database, campaign_id).status


def campaign(database: Database, campaign_id: str) -> Campaign:
    with database.reading() as session:
        return life.get_campaign(session, campaign_id)


def members(database: Database, campaign_id: str) -> list[Member]:
    with database.reading() as session:
        own = select(Member).where(Member.campaign_id == campaign_id).order_by(Member.recording_id)
        return list(session.scalars(own))


def states(database: Database, campaign_id: str) -> list[str]:
    return [member.state for member in members(database, campaign_id)]


def jobs_of(database: Database, campaign_id: str) -> list[Job]:
    with database.reading() as session:
        return list(session.scalars(select(Job).where(Job.campaign_id == campaign_id).order_by(Job.id)))


def current(database: Database, recording_id: str) -> str | None:
    with database.reading() as session:
        return session.scalar(select(Recording.current_transcript_id).where(Recording.id == recording_id))


def model_now(database: Database, recording_id: str) -> str | None:
    """The model of the current transcript."""
    with database.reading() as session:
        own = select(Transcript.model).join(Recording, Recording.current_transcript_id == Transcript.id)
        return session.scalar(own.where(Recording.id == recording_id))
