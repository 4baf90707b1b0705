"""One channel's utterances on their way into rows, as a stream finds them."""

from dataclasses import dataclass

from realtime.protocol.errors import CodedError
from worker.claims.claim import Claim
from worker.database import Database
from worker.recognise.utterances import Recognition
from worker.split.channels import channel_name
from worker.split.spans import Span
from worker.streams import utterance_rows
from worker.streams.turns import Turn
from worker.streams.utterance_rows import Charge, StreamProgress

NO_PCM = ""  # what an answer of a stream has for a digest: the service, not we, knows which samples it took


@dataclass(kw_only=True)
class ChannelRows:
    """One of ``channels`` that are streamed one after the other; ``audio_ms`` is 0 until the first came to its end."""

    database: Database
    claim: Claim
    digest: str  # the recording's
    channel: int
    channels: int
    audio_ms: int
    got_on: bool = False  # whether an utterance was stored, or a stretch heard in which there was none

    def answer(self, turn: Turn, answer: Recognition, charge: Charge) -> None:
        """Store an utterance with what was understood."""
        stored = answer.to_store(
            self.claim.spec,
            digest=self.digest,
            channel=channel_name(self.channel, self.channels),
            span=self._span(turn),
            pcm_sha256=NO_PCM,
        )
        progress = self._progress(turn.end_ms)
        utterance_rows.store_answer(
            self.database, self.claim, self._span(turn), stored, charge=charge, progress=progress
        )
        self.got_on = True

    def gap(self, turn: Turn, error: CodedError, charge: Charge) -> None:
        """Store an utterance that was refused for good."""
        progress = self._progress(turn.end_ms)
        utterance_rows.store_gap(self.database, self.claim, self._span(turn), error, charge=charge, progress=progress)
        self.got_on = True

    def charge(self, charge: Charge) -> None:
        """Count what was sent and is in no utterance."""
        utterance_rows.charge_outside(self.database, self.claim, charge)

    def reach(self, position_ms: int) -> None:
        """The channel was heard up to here, though nothing was said."""
        utterance_rows.reach(self.database, self.claim, progress=self._progress(position_ms))
        self.got_on = True

    def end(self, audio_ms: int) -> None:
        """The channel was streamed to the recording's end."""
        self.audio_ms = audio_ms
        utterance_rows.end_channel(self.database, self.claim, audio_ms=audio_ms, progress=self._progress(audio_ms))

    def _progress(self, position_ms: int) -> StreamProgress:
        """Rounded up, so that the channels that are done can be told from it."""
        streamed_ms = self.channel * self.audio_ms + position_ms
        return StreamProgress(channels=self.channels, cut_ms=-(-streamed_ms // self.channels))

    def _span(self, turn: Turn) -> Span:
        return Span(self.channel, turn.start_ms, turn.end_ms)
