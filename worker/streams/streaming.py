"""The way of a recording that the service cuts: streamed channel after channel, stored as it is answered."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import structlog

from worker.audio.windows import AudioLimits, open_audio
from worker.claims.claim import Claim
from worker.claims.lease import Lease
from worker.database import Database
from worker.media.sources import SourceFile
from worker.models import Recording
from worker.recognise.pool import Recogniser
from worker.recordings import learn
from worker.results import segments
from worker.results.segments import StoredSegment
from worker.spending.reserver import Reserver
from worker.split.channels import beginning_of, judge
from worker.states import Channels
from worker.streams import reuse
from worker.streams.audio_tail import AudioTail
from worker.streams.stream import ChannelStream, StreamTuning
from worker.streams.utterance_rows import ChannelRows

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class EarlierStream:
    """What earlier attempts have streamed: the utterances, how far, and the length if one channel came to its end.

    ``cut_ms`` is a `StreamProgress`'s.
    """

    stored: list[StoredSegment]
    cut_ms: int
    audio_ms: int | None

    def channels_done(self, channels: int) -> int:
        """How many of the channels were streamed to their end."""
        return self.cut_ms * channels // self.audio_ms if self.audio_ms else 0

    def end_of(self, channel: int, channels: int) -> int:
        """How far the channel was heard: where its last utterance ended, or further where nothing was said there."""
        said_ms = max((one.span.end_ms for one in self.stored if one.span.channel == channel), default=0)
        if channel != self.channels_done(channels):
            return said_ms  # only one is begun and not done
        streamed_ms = self.cut_ms * channels - (channels - 1)  # it was rounded up
        return max(said_ms, streamed_ms - channel * (self.audio_ms or 0))


@dataclass(kw_only=True)
class Streaming:
    """One attempt at streaming one recording."""

    database: Database
    lease: Lease
    source: SourceFile
    recording: Recording
    limits: AudioLimits
    reserver: Reserver
    tuning: StreamTuning
    _rows: list[ChannelRows] = field(default_factory=list)  # of the channels that were begun

    @property
    def claim(self) -> Claim:
        """What the lease is on."""
        return self.lease.claim

    @property
    def got_on(self) -> bool:
        """Whether an utterance was stored, or a stretch heard in which there was none."""
        return any(rows.got_on for rows in self._rows)

    def run(self, recogniser: Recogniser, before: EarlierStream) -> None:
        """Stream what is left, or take over what another job has streamed; then the cut is complete."""
        same = None if before.stored else reuse.find_same(self.database, self.claim, self.source.digest)
        if same is not None:
            log.info("another job has streamed this recording; its answers are reused", other=same.id)
            reuse.take_over(self.database, self.claim, same)
            return
        audio_ms = self._stream(recogniser, before)
        segments.complete_cut(self.database, self.claim, audio_ms)

    def _stream(self, recogniser: Recogniser, before: EarlierStream) -> int:
        mode, channels = self._look()
        audio_ms = before.audio_ms or 0
        for channel in range(before.channels_done(channels), channels):
            rows = self._begin(channel, channels, audio_ms)
            open_tail = partial(self._tail, mode, channel)
            stream = ChannelStream(recogniser, self.lease, rows, open_tail, self.reserver, tuning=self.tuning)
            audio_ms = stream.run(before.end_of(channel, channels))
            rows.end(audio_ms)
        return audio_ms

    def _begin(self, channel: int, channels: int, audio_ms: int) -> ChannelRows:
        rows = ChannelRows(
            database=self.database,
            claim=self.claim,
            digest=self.source.digest,
            channel=channel,
            channels=channels,
            audio_ms=audio_ms,
        )
        self._rows.append(rows)
        return rows

    @contextmanager
    def _tail(self, mode: Channels, channel: int, from_ms: int) -> Iterator[AudioTail]:
        with open_audio(self.source.path, self.limits, on_window=self.lease.got_on_sending) as decoding:
            yield AudioTail(decoding, mode, channel, from_ms, lease=self.lease)

    def _look(self) -> tuple[Channels, int]:
        """Whether channels are split or mixed, and how many are streamed."""
        with open_audio(self.source.path, self.limits, on_window=self.lease.got_on) as decoding:
            if self.recording.channels is None:
                learn(self.database, self.claim, channels=decoding.source_channels)
            if decoding.channels == 1:
                return Channels.MIX, 1
            mode = self._known_mode() or judge(beginning_of(decoding))
            if self._known_mode() is None:
                learn(self.database, self.claim, auto_channels=mode)
            return mode, decoding.channels if mode is Channels.SPLIT else 1

    def _known_mode(self) -> Channels | None:
        if self.claim.spec.channels is not Channels.AUTO:
            return self.claim.spec.channels
        return Channels(self.recording.auto_channels) if self.recording.auto_channels else None
