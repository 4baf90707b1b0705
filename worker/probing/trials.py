"""What a probe tries, a function for each question. A refusal is an answer too, unless an operator must act on it."""

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from realtime.client.session import Session
from realtime.protocol.errors import RealtimeError, ServiceRefused
from worker.probing.findings import Finding, Question, fastest, shape
from worker.probing.speech import silence as no_sound
from worker.probing.subject import Subject

CONTEXT = "Longhand, Qwen"
LOOK_S = 0.1

Trial = Callable[[Subject, Sequence[Finding]], Iterator[Finding]]


@dataclass
class RefusalNote:
    """What a service refused with."""

    error: RealtimeError | None = None

    @property
    def detail(self) -> str:
        """The refusal as its code and the service's own."""
        if self.error is None:
            return ""
        said = f" ({self.error.service_code})" if self.error.service_code else ""
        return f"{self.error.code}{said}"


@contextlib.contextmanager
def noting_refusal() -> Iterator[RefusalNote]:
    """Take note of a refusal inside; raises ServiceRefused."""
    refusal = RefusalNote()
    try:
        yield refusal
    except ServiceRefused:
        raise
    except RealtimeError as error:
        refusal.error = error


def answer(subject: Subject, _found: Sequence[Finding]) -> Iterator[Finding]:
    """Is anything answered at all? Where not, its error ends the probe."""
    with subject.session() as session:
        said = subject.say(session, subject.speech(subject.plan.segment_s))
    plan = subject.plan
    took = f"{session.model}, {plan.segment_s:g} s of sound in {said.took_s:.1f} s at {plan.gentle_pace:g}x"
    yield Finding(question=Question.ANSWER, holds=True, found=said.took_s, detail=took)
    usage = said.result.usage
    yield Finding(question=Question.USAGE, holds=usage is not None, detail="" if usage is None else shape(usage))


def commits(subject: Subject, _found: Sequence[Finding]) -> Iterator[Finding]:
    texts: list[str] = []
    with subject.session() as session, noting_refusal() as refusal:
        for _ in range(subject.plan.commits):
            said = subject.say(session, subject.short())
            texts.append(said.result.text)
    repeated = " with the same words for different sound" if len(set(texts)) < len(texts) and any(texts) else ""
    yield Finding(
        question=Question.COMMITS,
        holds=refusal.error is None,
        asked=subject.plan.commits,
        found=len(texts),
        detail=refusal.detail or f"{len(texts)} answered{repeated}",
    )


def silence(subject: Subject, _found: Sequence[Finding]) -> Iterator[Finding]:
    said = None
    with subject.session() as session, noting_refusal() as refusal:
        said = subject.say(session, no_sound(subject.plan.short_s))
    found = refusal.detail or ("with nothing" if said is None or not said.result.text else "with words")
    yield Finding(question=Question.SILENCE, holds=refusal.error is None, detail=found)


def context(subject: Subject, _found: Sequence[Finding]) -> Iterator[Finding]:
    """Taken, not used: what it does to the words cannot be seen from a sound that says none."""
    with noting_refusal() as refusal, subject.session(context=CONTEXT) as session:
        subject.say(session, subject.short())
    yield Finding(question=Question.CONTEXT, holds=refusal.error is None, detail=refusal.detail)


def pace(subject: Subject, _found: Sequence[Finding]) -> Iterator[Finding]:
    """From slow to fast, up to the first that is refused."""
    for multiple in subject.plan.paces:
        speed = None
        with subject.session(pace=multiple) as session, noting_refusal() as refusal:
            said = subject.say(session, subject.speech(subject.plan.pace_s))
            speed = subject.plan.pace_s / said.took_s
        done = refusal.detail or f"{speed:.1f}x with the wait for the answer"
        yield Finding(question=Question.PACE, holds=refusal.error is None, asked=multiple, found=speed, detail=done)
        if refusal.error is not None:
            return


def ahead(subject: Subject, findings: Sequence[Finding]) -> Iterator[Finding]:
    """At the best pace: a slow one would give the service time to answer before the next audio comes."""
    best = fastest(findings)
    depth = subject.plan.depth
    with subject.session(pace=best.asked if best else None, depth=depth) as session, noting_refusal() as refusal:
        for pending in [subject.submit(session, subject.short()) for _ in range(depth)]:
            pending.result()
    yield Finding(question=Question.AHEAD, holds=refusal.error is None, asked=depth, detail=refusal.detail)


def idle(subject: Subject, _found: Sequence[Finding]) -> Iterator[Finding]:
    """Whether a session that was used still serves after doing nothing; ``found`` is when it was closed."""
    asked_s, lasted_s = subject.plan.idle_s, 0.0
    with subject.session() as session, noting_refusal() as refusal:
        subject.say(session, subject.short())
        lasted_s = _lasts(session, asked_s)
        subject.say(session, subject.short())
    detail = refusal.detail or "the session still serves"
    yield Finding(question=Question.IDLE, holds=refusal.error is None, asked=asked_s, found=lasted_s, detail=detail)


def sessions(subject: Subject, findings: Sequence[Finding]) -> Iterator[Finding]:
    """As many as open; a segment through one of them, and then one through each at the same time."""
    asked = subject.plan.sessions
    time.sleep(subject.plan.pause_s)  # for the service to forget the session before
    with contextlib.ExitStack() as stack:
        opened, refused = _open_many(subject, stack, fastest(findings))
        alone_s = _at_once(subject, opened[:1]).took_s
        together = _at_once(subject, opened)
    served = together.served
    detail = refused.detail or (f"{served} of {len(opened)} answered" if served < asked else "no limit met")
    gain = served * alone_s / together.took_s
    yield Finding(
        question=Question.SESSIONS, holds=served == asked, asked=asked, found=served, gain=gain, detail=detail
    )


def _open_many(
    subject: Subject, stack: contextlib.ExitStack, pace: Finding | None
) -> tuple[list[Session], RefusalNote]:
    opened: list[Session] = []
    with noting_refusal() as refusal:
        while len(opened) < subject.plan.sessions:
            session = subject.session(pace=pace.asked if pace else None, patient=False)
            opened.append(stack.enter_context(session))
            time.sleep(subject.plan.between_sessions_s)
    return opened, refusal


@dataclass(frozen=True)
class _Served:
    """How many sessions answered a segment, and when the last of them had."""

    served: int
    took_s: float


def _at_once(subject: Subject, opened: Sequence[Session]) -> _Served:
    sounds = [subject.short() for _ in opened]
    begun = time.monotonic()
    with ThreadPoolExecutor(max(1, len(opened))) as pool:
        served = sum(pool.map(lambda session, sound: _serves(subject, session, sound), opened, sounds))
    return _Served(served, time.monotonic() - begun)


def _serves(subject: Subject, session: Session, sound: bytes) -> bool:
    with noting_refusal() as refusal:
        subject.say(session, sound)
    return refusal.error is None


def _lasts(session: Session, limit_s: float) -> float:
    """How long the session stays open, at most ``limit_s``."""
    begun = time.monotonic()
    while session.alive and (lasted_s := time.monotonic() - begun) < limit_s:
        time.sleep(min(LOOK_S, limit_s - lasted_s))
    return time.monotonic() - begun


TRIALS: tuple[tuple[Question, Trial], ...] = (
    (Question.ANSWER, answer),
    (Question.COMMITS, commits),
    (Question.SILENCE, silence),
    (Question.CONTEXT, context),
    (Question.PACE, pace),
    (Question.AHEAD, ahead),
    (Question.IDLE, idle),
    (Question.SESSIONS, sessions),  # the last: a limit that was met may hold for a while
)
