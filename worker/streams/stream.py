"""One channel of a recording through sessions in VAD mode, from where it was left to its end."""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from realtime.client.connection import Refused, Result
from realtime.protocol.errors import NetworkFault, RealtimeError, ServiceFault
from worker.audio.windows import make_audio
from worker.claims.lease import Lease
from worker.errors import BudgetExhausted, Stopping
from worker.recognise.pool import Recogniser
from worker.recognise.sanity import is_silent, suspicions
from worker.recognise.sessions import SharedSession
from worker.recognise.transport import PAUSE_S, SILENCE_MS, TRIES, SegmentTransport, answer_from
from worker.recognise.utterances import LONGEST_MS, Meter, SegmentAnswer, Utterance
from worker.retry import is_gap
from worker.spending.reservation import Told
from worker.spending.reserver import Purse
from worker.split.levels import frame_levels
from worker.streams.audio_tail import AudioTail
from worker.streams.channel_rows import ChannelRows
from worker.streams.liveness import Liveness
from worker.streams.recent_audio import RecentAudio
from worker.streams.sound_spans import SoundSpans
from worker.streams.turns import Turn, Turns
from worker.streams.utterance_rows import Charge

log = structlog.get_logger(__name__)

# A new session begins so long before the first sound that has no answer yet, and hears so much of the end of one that
# was ended in the middle: a detector needs to hear how speech sets in.
RUN_UP_MS = 5000
STEP_MS = 10_000  # what is reserved ahead of the budgets
CHARGE_MS = 60_000  # sent since the last count; then it is counted, though nobody has spoken


class ChannelStream:
    """Goes from session to session, as they break, until the channel has come to its end."""

    def __init__(
        self,
        recogniser: Recogniser,
        lease: Lease,
        rows: ChannelRows,
        open_tail: Callable[[int], AbstractContextManager[AudioTail]],
        purse: Purse,
    ) -> None:
        self._recogniser = recogniser
        self._lease = lease
        self._rows = rows
        self._open_tail = open_tail
        self._purse = purse
        self._position_ms = 0
        self._known = False  # whether the service was heard of since the last break

    def run(self, from_ms: int) -> int:
        """Stream what lies behind ``from_ms``; the recording's length. Raises RealtimeError, AttemptEnded."""
        tries, self._position_ms = TRIES, from_ms
        while True:
            try:
                return self._through()
            except (ServiceFault, NetworkFault) as error:
                tries = TRIES if self._position_ms > from_ms else tries - 1
                from_ms, self._known = self._position_ms, False
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
        spec = self._rows.claim.spec
        run = SessionRun(self._lease, self._rows, self._position_ms, self._purse)
        with run.given_back():
            if not tail.begin(run.held):
                return False
            turn = self._recogniser.stream_slot(spec, self._lease)
            try:
                with turn as transport, transport.streaming(spec, self._lease) as session:
                    run.stream(session, tail, transport, Liveness(session, run.sounds, self._lease, known=self._known))
            finally:
                self._position_ms = run.position_ms
        if run.asked:
            self._known = True
            self._rows.reach(self._position_ms)
            tail.repeat(run.behind(self._position_ms))
        return run.asked

    def _pause(self, error: RealtimeError, from_ms: int) -> None:
        pause_s = round(PAUSE_S * random.random(), 2)  # noqa: S311  # jitter is no secret
        log.info("a stream broke; it goes on in a new session", code=error.code, from_ms=from_ms, retry_in_s=pause_s)
        time.sleep(pause_s)


class SessionRun:
    """One session of a stream: what was sent, what was said, and how far that is safe."""

    def __init__(self, lease: Lease, rows: ChannelRows, from_ms: int, purse: Purse) -> None:
        self.from_ms = from_ms
        self.held = purse.hold(STEP_MS)
        self.sounds = SoundSpans(from_ms)
        self.asked = False  # whether it was ended in the middle, and has answered all
        self._held_for_doubts = purse.hold(0)
        self._lease = lease
        self._rows = rows
        self._meter = Meter(lease, self.held)
        self._doubts = Meter(lease, self._held_for_doubts)
        self._recent_audio = RecentAudio(from_ms)
        self._turns = Turns(from_ms)
        self._stored_until_ms = from_ms
        self._charged_ms = 0
        self._charged_doubts_ms = 0
        self._said_last: str | None = None
        self._cut_from_ms: int | None = None  # where the utterance begins that we ended, not the speaker

    @property
    def position_ms(self) -> int:
        """From here another session goes on: the last utterance's end, or later where nothing can have been said.

        How far a service has listened when a session breaks is not known: it may be minutes behind. So what it has
        not answered is sent again, but for silence. A session that it has ended as it was asked to was heard whole.
        """
        missing_ms = self._cut_from_ms if self.asked else self.sounds.first_behind(self._stored_until_ms)
        sent_until_ms = self.from_ms + self._meter.sent_ms
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
        with self._counted():
            frames = liveness.through(self.sounds.through(self._recent_audio.through(tail)))
            for outcome in session.stream(frames, on_frame=self._before_frame, on_wait=self._lease.got_on_sending):
                for turn in self._turns.settle(outcome, self._meter.sent_ms):
                    self._settle(turn, session, transport, cut=self._is_cut(turn, tail, liveness))
                transport.answered()
        self.asked = liveness.asks

    def _is_cut(self, turn: Turn, tail: AudioTail, liveness: Liveness) -> bool:
        """Whether we ended it, not the speaker: then the next session, or the next worker, sends it whole.

        One that would be too long for a commit stays as it is: who never pauses must not hold up a stream for ever.
        """
        if turn.end_ms <= self.from_ms + self._meter.sent_ms - SILENCE_MS:
            return False
        return tail.cut_short or (liveness.asks and turn.end_ms - turn.start_ms <= LONGEST_MS)

    def _settle(self, turn: Turn, session: SharedSession, transport: SegmentTransport, *, cut: bool) -> None:
        if cut:
            self._cut_from_ms = turn.start_ms if self._cut_from_ms is None else self._cut_from_ms
            return
        if not isinstance(turn.outcome, Refused):
            answer = self._believe(turn, turn.outcome.result, session, transport)
            self._rows.answer(turn, answer, self._newly(turn, answer.usage))
        elif is_gap(turn.outcome.error):
            self._rows.gap(turn, turn.outcome.error, self._newly(turn))
        else:
            raise turn.outcome.error
        self._stored_until_ms = turn.end_ms
        self.sounds.forget(turn.end_ms)
        self._charged_ms = max(self._charged_ms, turn.end_ms - self.from_ms)
        self._lease.touch()

    def _believe(
        self, turn: Turn, result: Result, session: SharedSession, transport: SegmentTransport
    ) -> SegmentAnswer:
        """What to keep as the utterance's answer."""
        pcm = self._recent_audio.cut(turn.start_ms, turn.end_ms) or b""
        silent = bool(pcm and result.text) and is_silent(frame_levels(make_audio(pcm)))
        flags = suspicions(result.text, before=self._said_last, silent=silent)
        self._said_last = result.text
        answer = answer_from(session, result, flags)
        if not flags or not pcm or turn.end_ms - turn.start_ms > LONGEST_MS:
            return answer
        spec, held = self._rows.claim.spec, self._held_for_doubts
        utterance = Utterance(pcm=pcm, spec=spec, lease=self._lease, held=held)
        return transport.doubt(answer, utterance, self._doubts)

    def _newly(self, turn: Turn, usage: Mapping[str, Any] | None = None) -> Charge:
        """What was sent up to the utterance's end, and to ask again, and is not counted yet."""
        newly_ms = max(0, turn.end_ms - self.from_ms - self._charged_ms)
        return self._charge_of(newly_ms, Told(usage, newly_ms))

    def _charge_of(self, newly_ms: int, told: Told | None = None) -> Charge:
        doubted_ms = self._newly_doubted_ms()

        def settle(session: Session) -> None:
            self.held.settle(session, newly_ms, told, last=False)
            self._held_for_doubts.settle(session, doubted_ms, last=False)

        return Charge(newly_ms + doubted_ms, settle)

    def _newly_doubted_ms(self) -> int:
        """What was sent to ask again and is not counted yet."""
        newly_ms = self._doubts.sent_ms - self._charged_doubts_ms
        self._charged_doubts_ms += newly_ms
        return newly_ms

    def _before_frame(self, audio_bytes: int) -> None:
        self._meter(audio_bytes)
        if self._meter.sent_ms - self._charged_ms > CHARGE_MS:
            self._charge_rest()

    def _charge_rest(self) -> None:
        charge = self._charge_of(max(0, self._meter.sent_ms - self._charged_ms))
        if charge.sent_ms:
            self._rows.charge(charge)
            self._charged_ms = max(self._charged_ms, self._meter.sent_ms)

    @contextmanager
    def given_back(self) -> Iterator[None]:
        """In the end what was reserved and not sent is free again; where not all is counted the sweep settles it."""
        try:
            yield
        finally:
            counted = self._meter.sent_ms <= self._charged_ms and self._doubts.sent_ms <= self._charged_doubts_ms
            if counted:
                with suppress(SQLAlchemyError):  # then that is the sweep's too
                    self.held.give_back()
                    self._held_for_doubts.give_back()

    @contextmanager
    def _counted(self) -> Iterator[None]:
        """What was sent is counted however the session ends, as long as the job is ours to write."""
        try:
            yield
        except (RealtimeError, Stopping, BudgetExhausted):
            self._charge_rest()
            raise
        self._charge_rest()
