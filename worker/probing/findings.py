"""What a probe found, and what follows from it. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from worker.services.catalogue import Service

UNLIMITED = 0.0  # as a pace: as fast as it goes
SHAPE_DEPTH = 3  # of a usage that is nested without end


class Question(StrEnum):
    """What the documents leave open, in the order of the asking."""

    ANSWER = "a segment is answered"
    USAGE = "usage comes with an answer"
    COMMITS = "several commits on one connection"
    SILENCE = "a commit of silence is answered"
    CONTEXT = "context is taken"
    PACE = "pace"
    AHEAD = "audio ahead of the last answer"
    IDLE = "idle time"
    SESSIONS = "sessions at once"


CONCERNS = {
    Question.COMMITS: "It does not answer several segments on one connection, as Longhand sends them: jobs would fail.",
    Question.CONTEXT: "It does not take context: submit without --context.",
    Question.SILENCE: "It does not answer silence: a segment without speech will be a gap.",
}


def by_speed(pace: float) -> float:
    """A key to sort paces by."""
    return float("inf") if pace == UNLIMITED else pace


def paces_to_try(present: float, usual: Sequence[float] = (1.0, 4.0, 10.0)) -> tuple[float, ...]:
    """From slow to fast, the one in use among them."""
    return tuple(sorted({*usual, present}, key=by_speed))


@dataclass(frozen=True, kw_only=True)
class Finding:
    """``holds``: None where it was not tried. ``asked`` and ``found`` are in the question's unit.

    Of an answer: s from its first frame. Of a pace: multiples of real time, ``found`` with the wait for the answer in
    it. Of idle time: s. Of sessions: how many; all of them together were ``gain`` times as fast as one.
    """

    question: Question
    holds: bool | None
    asked: float | None = None
    found: float | None = None
    gain: float | None = None
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Recommendation:
    """What the service's entry should say; ``sessions`` is for all worker processes together."""

    pace: float
    depth: int
    sessions: int


@dataclass(frozen=True, kw_only=True)
class ArchiveEstimate:
    """What an archive would take: ``usd`` is None where the price is not known."""

    archive_hours: float
    hours: float
    usd: float | None


def recommend(findings: Sequence[Finding], service: Service, *, depth: int) -> Recommendation:
    """The fastest that was seen to work; what was not tried stays as it is."""
    ahead = _first(findings, Question.AHEAD)
    sessions = _first(findings, Question.SESSIONS)
    pace = fastest(findings)
    return Recommendation(
        pace=service.pace if pace is None or pace.asked is None else pace.asked,
        depth=service.depth if ahead is None or ahead.holds is None else depth if ahead.holds else 1,
        sessions=service.sessions if sessions is None or sessions.found is None else max(1, int(sessions.found)),
    )


def fastest(findings: Iterable[Finding]) -> Finding | None:
    """The fastest pace that worked, None where none did."""
    held = [one for one in findings if one.question is Question.PACE and one.holds]
    return max(held, key=lambda one: by_speed(one.asked or 0.0), default=None)


def estimate(archive_hours: float, findings: Sequence[Finding], usd_per_s: float | None) -> ArchiveEstimate | None:
    """Time and money for so many hours of speech with the recommended sessions; None where no pace was measured.

    At the most: what is silent in an archive is not sent.
    """
    pace, sessions = fastest(findings), _first(findings, Question.SESSIONS)
    if pace is None or not pace.found:
        return None
    gain = max(1.0, sessions.gain or 1.0) if sessions else 1.0
    usd = None if usd_per_s is None else archive_hours * 3600 * usd_per_s
    return ArchiveEstimate(archive_hours=archive_hours, hours=archive_hours / (pace.found * gain), usd=usd)


def warnings(findings: Iterable[Finding]) -> list[str]:
    """What an operator should know before the service is used."""
    return [CONCERNS[one.question] for one in findings if one.holds is False and one.question in CONCERNS]


def shape(value: object, depth: int = SHAPE_DEPTH) -> str:
    """The names and types of a JSON value, without what it says."""
    match value:
        case Mapping() if depth:
            return "{" + ", ".join(f"{name}: {shape(inner, depth - 1)}" for name, inner in value.items()) + "}"
        case list() if depth and value:
            return f"[{shape(value[0], depth - 1)}, …]" if len(value) > 1 else f"[{shape(value[0], depth - 1)}]"
        case None:
            return "null"
        case _:
            return type(value).__name__


def _first(findings: Iterable[Finding], question: Question) -> Finding | None:
    return next((one for one in findings if one.question is question), None)
