"""One channel of a recording through sessions in VAD mode, from where it was left to its end."""

import random
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import structlog

from realtime.protocol.conversation.outcomes import Refused, Result
from realtime.protocol.errors import NetworkFault, RealtimeError, ServiceFault
from worker.audio.windows import make_audio
from worker.claims.lease import Lease
from worker.recognise.pool import Recogniser
from worker.recognise.sanity import is_silent, suspicions
from worker.recognise.sessions import SharedSession
from worker.recognise.transport import PAUSE_S, SILENCE_MS, TRIES, SegmentTransport, answer_from
from worker.recognise.utterances import LONGEST_MS, Recognition, Utterance
from worker.retry import is_gap
from worker.spending.reserver import Reserver
from worker.split.levels import frame_levels
from worker.streams.audio_tail import AudioTail
from worker.streams.liveness import KNOWN_MS, QUIET_S, UNKNOWN_MS, Liveness
from worker.streams.passing_audio import KEPT_MS, RecentAudio, SoundSpans
from worker.streams.sent_audio import CHARGE_MS, SentAudio
from worker.streams.turns import Turn, Turns
from worker.streams.utterance_rows import ChannelRows

log = structlog.get_logger(__name__)

# A new session begins so long before the first sound that has no answer yet, and hears so much of the end of one that
# was ended in the middle: a detector needs to hear how speech sets in.
RUN_UP_MS = 5000


@dataclass(frozen=True, kw_only=True)
class StreamTuning:
    """Times that a stream goes by; each has its reason where its default stands."""

    tries: int = TRIES
    pause_s: float = PAUSE_S
    unknown_ms: int = UNKNOWN_MS
    known_ms: int = KNOWN_MS
    quiet_s: float = QUIET_S
    kept_ms: int = KEPT_MS
    charge_ms: int = CHARGE_MS
    longest_ms: int = LONGEST_MS  # of an utterance that can be asked for as a segment of its own


class ChannelStream:
    """Goes from session to session, as they break, until the channel has come to its end."""

    def __init__(
        self,
        recogniser: Recogniser,
        lease: Lease,
        rows: ChannelRows,
        open_tail: Callable[[int], AbstractContextManager[AudioTail]],
        reserver: Reserver,
        *,
        tuning: StreamTuning,
    ) -> None:
        self._recogniser = recogniser
        self._lease = lease
        self._rows = rows
        self._open_tail = open_tail
        self._reserver = reserver
        self._tuning = tuning
        self._position_ms = 0
        self._has_spoken = False  # the service, since the last break

    def run(self, from_ms: int) -> int:
        """Stream what lies behind ``from_ms``; the recording's length. Raises RealtimeError, AttemptEnded."""
        tries, self._position_ms = self._tuning.tries, from_ms
        while True:
            try:
                return self._through()
            except (ServiceFault, NetworkFault) as error:
                tries = self._tuning.tries if self._position_ms > from_ms else tries - 1
                from_ms, self._has_spoken = self._position_ms, False
                if not tries:
                    raise
                self._pause(error, from_ms)

    def _through(self) -> int:
        """Sessions over one decode, until one breaks."""
        with self._open_tail(self._position_ms) as tail:
            while self._stream_on(tail):
                log.info("nothing was said for long; a new session goes on", from_ms=self._position_ms)
            self._lease.check()  # one that ended early has not come to its end
            tail.check()
            return tail.duration_ms

    def _stream_on(self, tail: AudioTail) -> bool:
        """One session; whether it ended before the tail did, for the service to show that it is there."""
        run = SessionRun(self._lease, self._rows, self._position_ms, self._reserver, self._tuning)
        with run.sent.given_back():
            if not tail.begin(run.sent.reservation):
                return False
            self._run_session(run, tail)
        if run.ended_midway:
            self._has_spoken = True
            self._rows.reach(self._position_ms)
            tail.repeat(run.behind(self._position_ms))
        return run.ended_midway

    def _run_session(self, run: "SessionRun", tail: AudioTail) -> None:
        spec = self._rows.claim.spec
        try:
            with (
                self._recogniser.stream_slot(spec, self._lease) as transport,
                transport.streaming(spec, self._lease) as session,
            ):
                run.stream(session, tail, transport, self._liveness(session, run.sounds))
        finally:
            self._position_ms = run.position_ms

    def _liveness(self, session: SharedSession, sounds: SoundSpans) -> Liveness:
        return Liveness(
            session,
            sounds,
            self._lease,
            limit_ms=self._tuning.known_ms if self._has_spoken else self._tuning.unknown_ms,
            known_ms=self._tuning.known_ms,
            quiet_s=self._tuning.quiet_s,
        )

    def _pause(self, error: RealtimeError, from_ms: int) -> None:
        pause_s = round(self._tuning.pause_s * random.random(), 2)  # noqa: S311  # jitter is no secret
        log.info("a stream broke; it goes on in a new session", code=error.code, from_ms=from_ms, retry_in_s=pause_s)
        time.sleep(pause_s)


class SessionRun:
    """One session of a stream: what was said in what was sent, and how far that is safe."""

    def __init__(self, lease: Lease, rows: ChannelRows, from_ms: int, reserver: Reserver, tuning: StreamTuning) -> None:
        self.sent = SentAudio(lease, reserver, rows.charge, charge_ms=tuning.charge_ms)
        self.sounds = SoundSpans(from_ms)
        self.ended_midway = False  # by us, and it has answered all
        self._from_ms = from_ms
        self._lease = lease
        self._rows = rows
        self._longest_ms = tuning.longest_ms
        self._recent_audio = RecentAudio(from_ms, kept_ms=tuning.kept_ms)
        self._turns = Turns(from_ms)
        self._stored_until_ms = from_ms
        self._last_text: str | None = None
        self._cut_from_ms: int | None = None  # where the utterance begins that we ended, not the speaker

    @property
    def position_ms(self) -> int:
        """From here another session goes on: the last utterance's end, or later where nothing can have been said.

        How far a service has listened when a session breaks is not known: it may be minutes behind. So what it has
        not answered is sent again, but for silence. A session that it has ended as it was asked to was heard whole.
        """
        missing_ms = self._cut_from_ms if self.ended_midway else self.sounds.first_behind(self._stored_until_ms)
        sent_until_ms = self._sent_until_ms
        sure_ms = sent_until_ms if missing_ms is None else min(missing_ms, sent_until_ms)
        return max(self._stored_until_ms, sure_ms - RUN_UP_MS)

    def behind(self, ms: int) -> bytes:
        """What was sent behind this place."""
        pcm = self._recent_audio.cut(ms, self.sounds.until_ms)
        if pcm is None:
            raise AssertionError("the longest utterance and the run-up to it are remembered")
        return pcm

    def stream(self, session: SharedSession, tail: AudioTail, transport: SegmentTransport, liveness: Liveness) -> None:
        """Send the tail and store what is said in it; raises RealtimeError where the session or an answer fails."""
        with self.sent.counted():
            frames = liveness.through(self.sounds.through(self._recent_audio.through(tail)))
            before_frame, on_wait = self.sent.before_frame, self._lease.got_on_sending
            for outcome in session.stream(frames, on_frame=before_frame, on_wait=on_wait):
                for turn in self._turns.settle(outcome, self.sent.ms):
                    self._settle(turn, session, transport, cut=self._is_cut(turn, tail, liveness))
                transport.answered()
        self.ended_midway = liveness.has_ended_it

    @property
    def _sent_until_ms(self) -> int:
        return self._from_ms + self.sent.ms

    def _is_cut(self, turn: Turn, tail: AudioTail, liveness: Liveness) -> bool:
        """Whether we ended it, not the speaker: then the next session, or the next worker, sends it whole.

        One that would be too long for a commit stays as it is: who never pauses must not hold up a stream for ever.
        """
        if turn.end_ms <= self._sent_until_ms - SILENCE_MS:
            return False
        return tail.cut_short or (liveness.has_ended_it and turn.end_ms - turn.start_ms <= self._longest_ms)

    def _settle(self, turn: Turn, session: SharedSession, transport: SegmentTransport, *, cut: bool) -> None:
        if cut:
            self._cut_from_ms = turn.start_ms if self._cut_from_ms is None else self._cut_from_ms
            return
        sent_ms = turn.end_ms - self._from_ms
        if not isinstance(turn.outcome, Refused):
            answer = self._believe(turn, turn.outcome.result, session, transport)
            self._rows.answer(turn, answer, self.sent.up_to(sent_ms, answer.usage))
        elif is_gap(turn.outcome.error):
            self._rows.gap(turn, turn.outcome.error, self.sent.up_to(sent_ms))
        else:
            raise turn.outcome.error
        self._stored_until_ms = turn.end_ms
        self.sounds.forget(turn.end_ms)
        self.sent.count_up_to(sent_ms)
        self._lease.touch()

    def _believe(self, turn: Turn, result: Result, session: SharedSession, transport: SegmentTransport) -> Recognition:
        """What to keep as the utterance's answer."""
        pcm = self._recent_audio.cut(turn.start_ms, turn.end_ms) or b""
        silent = bool(pcm and result.text) and is_silent(frame_levels(make_audio(pcm)))
        flags = suspicions(result.text, before=self._last_text, silent=silent)
        self._last_text = result.text
        answer = answer_from(session, result, flags)
        if not flags or not pcm or turn.end_ms - turn.start_ms > self._longest_ms:
            return answer
        spec, reservation = self._rows.claim.spec, self.sent.reservation_for_doubts
        utterance = Utterance(pcm=pcm, spec=spec, lease=self._lease, reservation=reservation)
        return transport.doubt(answer, utterance, self.sent.doubts)
