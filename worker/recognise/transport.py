"""How audio comes to a service, and answers back: a permit of the fleet, a session; for a segment a few tries."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

import structlog

from realtime.client.options import SessionOptions
from realtime.protocol.conversation.outcomes import Result
from realtime.protocol.errors import ConnectionLost, NetworkFault, RateLimited, RealtimeError, ServiceFault
from realtime.protocol.events import TurnDetection
from worker.audio.windows import make_audio
from worker.claims.lease import Lease
from worker.errors import BudgetExhausted
from worker.limits.permits import FleetLimits, Permit, Quota, new_wish
from worker.plain_text import without_controls
from worker.recognise.breaker import KNOCK_S, Breaker, ReachabilityGate
from worker.recognise.sanity import is_silent, suspicions
from worker.recognise.sessions import LastAnswer, SessionKey, SessionPool, SharedSession, first_in_line
from worker.recognise.utterances import Meter, Recognition, Utterance
from worker.services.catalogue import Service
from worker.spec import SAMPLE_RATE, Spec
from worker.split.levels import frame_levels
from worker.states import Lane

log = structlog.get_logger(__name__)

# A fault that one connection had is got over here; one that stays ends the attempt, which costs a decode.
TRIES = 3
PAUSE_S = 1.0
LONGEST_PAUSE_S = 5.0  # a service that asks for more than that is waited for without a decoded job in memory
SILENCE_MS = 800  # that ends an utterance of a stream: the protocol's default, asked for by name
TELLING_BYTES = 96_000  # 3 s of a segment, in which nearly always somebody is heard
POLL_S = 0.05  # between two questions for a permit that is not free

Fresh = Callable[[SessionKey, Lease], AbstractContextManager[SharedSession]]


class SegmentTransport:
    """The way to one service; used by as many threads as it has sessions."""

    def __init__(
        self,
        service: Service,
        *,
        sessions_per_s: float,
        limits: FleetLimits,
        breaker: Breaker,
        tries: int = TRIES,
        pause_s: float = PAUSE_S,
        poll_s: float = POLL_S,
        knock_s: float = KNOCK_S,
    ) -> None:
        self._service = service
        self._quota = Quota(service=service.name, permits=service.permits, sessions_per_s=sessions_per_s)
        self._limits = limits
        self._breaker = breaker
        self._tries = tries
        self._pause_s = pause_s
        self._poll_s = poll_s
        self._gate = ReachabilityGate(knock_s=knock_s)
        self._turnstile = threading.Lock()
        self._freed = threading.Event()  # a permit of this process was given back: it is asked for at once
        self._sessions = SessionPool(service.sessions, self._connect, depth=service.depth)

    def close(self) -> None:
        self._sessions.close()

    def knock(self, spec: Spec, lease: Lease) -> None:
        """Return where a session can be had, as far as this process knows; else raise what stands in the way."""
        self._gate.enter(lambda: self._have_a_session(_key(spec), lease), lease.got_on)

    def hear(self, utterance: Utterance, meter: Meter) -> Recognition:
        """The segment's answer. Raises RealtimeError, and AttemptEnded where the lease says so."""
        for tries_left in reversed(range(self._tries)):
            try:
                return self._try(utterance, meter)
            except (ServiceFault, NetworkFault, RateLimited) as error:
                asked_s = error.retry_after_s or 0.0
                if not tries_left or asked_s > LONGEST_PAUSE_S:
                    raise
                pause_s = round(asked_s + self._pause_s * random.random(), 2)  # noqa: S311  # jitter is no secret
                job = utterance.lease.claim.job_id
                log.info("a segment met a fault; it is tried again", job=job, code=error.code, retry_in_s=pause_s)
                time.sleep(pause_s)
        raise AssertionError("the last try returns or raises")

    @contextmanager
    def streaming(self, spec: Spec, lease: Lease) -> Iterator[SharedSession]:
        """A new session in VAD mode, under a permit, for the block's duration: for one stream."""
        key = replace(_key(spec), vad=True)
        with self._permit(spec, lease):
            session = self._open(key, lease)
            try:
                yield session
            except RealtimeError as error:
                self._breaker.note(error)
                raise
            finally:
                session.abort()  # a stream that was left in the middle; one that came to its end has closed
                self._sessions.give_back(key, session)

    def doubt(self, answer: Recognition, utterance: Utterance, meter: Meter) -> Recognition:
        """What to keep of a suspicious answer in a stream: as a segment's, it is asked for once more."""
        return self._doubt(answer, utterance, meter, self._beside)

    def answered(self) -> None:
        """The service is there and answers."""
        self._gate.open()
        self._breaker.recovered()

    def _try(self, utterance: Utterance, meter: Meter) -> Recognition:
        with self._permit(utterance.spec, utterance.lease):
            answer = self._through_any(utterance, meter)
            if answer.flags:
                answer = self._doubt(answer, utterance, meter, self._pooled)
        self.answered()
        return answer

    def _doubt(self, answer: Recognition, utterance: Utterance, meter: Meter, fresh: Fresh) -> Recognition:
        """Ask again, in a session that has heard nothing before and is told no context; the answer to be kept."""
        job = utterance.lease.claim.job_id
        log.info("an answer is suspicious; a fresh session is asked", job=job, flags=answer.flags)
        key = replace(_key(utterance.spec), context="")
        try:
            with fresh(key, utterance.lease) as session:
                again = self._ask(session, utterance, meter)
        except (RealtimeError, BudgetExhausted) as error:
            log.info("the second answer did not come; the first is kept with its flags", job=job, code=error.code)
            return answer
        return answer if again.flags else again

    def _through_any(self, utterance: Utterance, meter: Meter) -> Recognition:
        key = _key(utterance.spec)
        session, was_there = self._sessions.take(key, patience=lambda: self._be_patient(utterance.lease))
        try:
            with self._given_back(key, session):
                return self._ask(session, utterance, meter)
        except ConnectionLost:
            if not was_there:
                raise
            # It was stale, or ended over another segment: neither says anything of the service.
            log.debug("a session that was there was lost; a new one is opened")
            utterance.lease.check()
        with self._pooled(key, utterance.lease) as session:
            return self._ask(session, utterance, meter)

    def _ask(self, session: SharedSession, utterance: Utterance, meter: Meter) -> Recognition:
        meter.reserve(len(utterance.pcm))  # here, where nothing is on its way yet: a second sending needs it again
        try:
            touch = utterance.lease.touch
            result = session.hear(utterance.pcm, on_frame=meter, on_preview=lambda _text: touch())
            return _judged(session, utterance.pcm, result)
        except RealtimeError as error:
            self._breaker.note(error)
            raise

    @contextmanager
    def _pooled(self, key: SessionKey, lease: Lease) -> Iterator[SharedSession]:
        """A new session, kept for others afterwards."""
        with self._given_back(key, self._open(key, lease)) as session:
            yield session

    @contextmanager
    def _beside(self, key: SessionKey, _lease: Lease) -> Iterator[SharedSession]:
        """A new session beyond those of the pool: who asks holds one, and could wait for itself."""
        session = self._connect(key)
        try:
            yield session
        finally:
            session.close()

    @contextmanager
    def _given_back(self, key: SessionKey, session: SharedSession) -> Iterator[SharedSession]:
        try:
            yield session
        finally:
            self._sessions.give_back(key, session)

    def _have_a_session(self, key: SessionKey, lease: Lease) -> None:
        """A new one, for whoever comes next."""
        self._sessions.give_back(key, self._open(key, lease))

    def _open(self, key: SessionKey, lease: Lease) -> SharedSession:
        return self._sessions.open(key, patience=lambda: self._be_patient(lease))

    def _connect(self, key: SessionKey) -> SharedSession:
        self._breaker.ask()
        time.sleep(self._limits.session_wait_s(self._quota))
        try:
            session = SharedSession.open(session_options(self._service, key))
        except RealtimeError as error:
            self._breaker.note(error)
            if isinstance(error, ServiceFault | NetworkFault):
                self._gate.shut(error)
            raise
        self._gate.open()
        return session

    @contextmanager
    def _permit(self, spec: Spec, lease: Lease) -> Iterator[None]:
        permit = self._wait_for_permit(spec, lease)
        try:
            yield
        finally:
            self._limits.release(permit)
            self._freed.set()

    def _wait_for_permit(self, spec: Spec, lease: Lease) -> Permit:
        """One of a process asks at a time: Redis would have much to do with the questions of all.

        Interactive segments stand in no line: the wish of each holds back the rest of the fleet.
        """
        if spec.lane is Lane.INTERACTIVE:
            return self._ask_for_permit(spec, lease)
        with first_in_line(self._turnstile, lease.got_on_sending):
            return self._ask_for_permit(spec, lease)

    def _ask_for_permit(self, spec: Spec, lease: Lease) -> Permit:
        wish = new_wish()
        while True:
            lease.got_on()
            self._freed.clear()
            permit = self._limits.try_acquire(self._quota, spec.lane, wish)
            if permit is not None:
                return permit
            self._freed.wait(self._jittered_poll_s())

    def _be_patient(self, lease: Lease) -> None:
        lease.got_on_sending()
        time.sleep(self._jittered_poll_s())

    def _jittered_poll_s(self) -> float:
        return self._poll_s * (1 + random.random())  # noqa: S311  # jitter is no secret


def session_options(service: Service, key: SessionKey) -> SessionOptions:
    """How a session with the service is opened."""
    return SessionOptions(
        url=service.url,
        model=key.model,
        key=service.key.get_secret_value() if service.key else None,
        language=key.language,
        context=key.context,
        sample_rate=key.sample_rate,
        turn_detection=TurnDetection(silence_duration_ms=SILENCE_MS) if key.vad else None,
        pace=service.pace,
        depth=service.depth,
        headers=service.headers,
        proxy=service.proxy,
    )


def answer_from(session: SharedSession, result: Result, flags: tuple[str, ...] = ()) -> Recognition:
    """The result as it is kept, with the model that gave it; what no text has is left out."""
    return Recognition(
        text=without_controls(result.text),
        language=result.language and without_controls(result.language),
        emotion=result.emotion and without_controls(result.emotion),
        model=session.model,
        usage=result.usage,
        flags=flags,
    )


def _judged(session: SharedSession, pcm: bytes, result: Result) -> Recognition:
    """The result with what is suspicious about it; the session remembers it for the next."""
    latest, last = LastAnswer(hash(pcm), result.text), session.last
    session.last = latest
    before = last.text if last is not None and last.audio != latest.audio else None
    silent = bool(result.text) and _is_silent(pcm)
    return answer_from(session, result, suspicions(result.text, before=before, silent=silent))


def _is_silent(pcm: bytes) -> bool:
    """By its first seconds where they tell: who is heard there is heard in the whole."""
    beginning = pcm[:TELLING_BYTES]
    return is_silent(frame_levels(make_audio(beginning))) and is_silent(frame_levels(make_audio(pcm)))


def _key(spec: Spec) -> SessionKey:
    return SessionKey(model=spec.model, language=spec.language, context=spec.context, sample_rate=SAMPLE_RATE)
