"""PocketSphinx with the English model of its own package. It holds the GIL while it works: for a process of its own.

How it is set was measured (docs/local-service.md). Two things matter most: the cepstral mean of the whole segment is
found before a word is decoded, and the search is held to fewer states than by default. A segment is decoded phrase by
phrase, so that what was said before a pause is certain while the rest is still at work.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pocketsphinx

from realtime.protocol.engine import Hypothesis
from realtime.protocol.vad import SpeechStarted, SpeechStopped, VadSettings, VoiceDetector

SAMPLE_RATE = 16_000
_STEP_BYTES = SAMPLE_RATE * 2  # a hypothesis for each second of audio
_MAX_STATES = 3_000  # a frame, a tenth of the default: a third less time, and no more errors

# Only a pause that nobody could mistake parts phrases: words at a cut are lost.
_PHRASES = VadSettings(threshold=0.0, silence_duration_ms=400)

_VARIANT = re.compile(r"\(\d+\)")  # the dictionary's second pronunciation of a word: "the(2)"
_SHORTEST_MS = 100  # less than a handful of frames makes the decoder complain, and holds no word
_QUIETEST = 8  # of 32768: below it there is nothing but the noise of a converter

_MEAN_SEARCH = "mean"
_MEAN_WORD = "forward"  # any word of the dictionary: the search for one word is the cheapest


class SphinxRecognizer:
    """One decoder. Its answer is a function of the PCM alone, whatever it decoded before."""

    def __init__(self) -> None:
        self._decoder = _decoder()
        self._decoder.add_keyphrase(_MEAN_SEARCH, _MEAN_WORD)

    def recognise(self, pcm: bytes) -> Iterator[Hypothesis]:
        """Hypotheses about 16 kHz s16le mono; the last one is all confirmed, and empty for silence."""
        said: list[str] = []
        if not _holds_no_speech(pcm):
            self._decoder.reinit_feat()  # forgets the noise that it had learnt from another segment
            mean = self._mean(pcm)
            for phrase in phrases(pcm):
                for words in self._decode(phrase, mean):
                    yield Hypothesis(" ".join(said), words)
                said.extend(filter(None, [_words(self._decoder)]))
        yield Hypothesis(" ".join(said), "")

    def _mean(self, pcm: bytes) -> str:
        """The cepstral mean of all of it: what makes one voice and one microphone like another."""
        self._decoder.activate_search(_MEAN_SEARCH)
        self._decoder.start_utt()
        self._decoder.process_raw(pcm, False, True)  # no_search, full_utt: positional in C
        self._decoder.end_utt()
        self._decoder.activate_search()
        return str(self._decoder.get_cmn(False))  # do not fold it into what comes next

    def _decode(self, pcm: bytes, mean: str) -> Iterator[str]:
        self._decoder.set_cmn(mean)
        self._decoder.start_utt()
        for start in range(0, len(pcm), _STEP_BYTES):
            self._decoder.process_raw(pcm[start : start + _STEP_BYTES], False, False)  # as above
            yield _words(self._decoder)
        self._decoder.end_utt()


class SphinxListener:
    """A decoder for speech that is still coming in: its words are a draft until the whole is recognised."""

    def __init__(self) -> None:
        self._decoder = _decoder()
        self._mean = str(self._decoder.get_cmn(False))  # the model's own, to begin anew with
        self._open = False

    def hear(self, pcm: bytes, *, fresh: bool) -> Hypothesis:
        """The words so far; ``fresh`` begins a new utterance."""
        if fresh or not self._open:
            self._begin()
        self._decoder.process_raw(pcm, False, False)  # no_search, full_utt: positional in C
        return Hypothesis("", _words(self._decoder))

    def _begin(self) -> None:
        if self._open:
            self._decoder.end_utt()
        self._decoder.set_cmn(self._mean)
        self._decoder.start_utt()
        self._open = True


def phrases(pcm: bytes) -> Iterator[bytes]:
    """The audio, all of it, cut in the middle of its pauses."""
    detector = VoiceDetector(_PHRASES)
    start_ms, stopped_ms = 0, None
    for turn in [*detector.feed(pcm), *detector.finish()]:
        if isinstance(turn, SpeechStopped):
            stopped_ms = turn.at_ms
        elif isinstance(turn, SpeechStarted) and stopped_ms is not None:
            cut_ms = (stopped_ms + turn.at_ms) // 2
            yield pcm[start_ms * 32 : cut_ms * 32]
            start_ms = cut_ms
    yield pcm[start_ms * 32 :]


def _decoder() -> Any:  # noqa: ANN401  # a C extension without types
    return pocketsphinx.Decoder(
        samprate=SAMPLE_RATE,
        hmm=_model("en-us"),
        lm=_model("en-us.lm.bin"),
        dict=_model("cmudict-en-us.dict"),
        loglevel="FATAL",
        maxhmmpf=_MAX_STATES,
    )


def _words(decoder: Any) -> str:  # noqa: ANN401  # as above
    hypothesis = decoder.hyp()
    return " ".join(_VARIANT.sub("", hypothesis.hypstr).split()) if hypothesis else ""


def _model(name: str) -> str:
    """A part of the package's model; an environment variable of PocketSphinx must not put another in its place."""
    return str(Path(pocketsphinx.__file__).parent / "model" / "en-us" / name)


def _holds_no_speech(pcm: bytes) -> bool:
    samples = np.frombuffer(pcm, dtype="<i2")
    return len(samples) < SAMPLE_RATE * _SHORTEST_MS // 1000 or int(np.abs(samples.astype(np.int32)).max()) < _QUIETEST
