"""PocketSphinx with nothing around it: a process a core, each with a decoder, that takes one segment after another."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import get_context

import pocketsphinx

from realtime.service.engines.sphinx import SphinxRecognizer

Recognise = Callable[[bytes], str]
WARM_BYTES = 32_000
_recognise: Recognise | None = None  # of a child process


@dataclass(frozen=True)
class Recognised:
    """The texts in the order of the segments, and the seconds that they took once the models were loaded."""

    texts: list[str]
    took_s: float


def recognise_all(segments: Sequence[bytes], make: Callable[[], Recognise], processes: int) -> Recognised:
    """16 kHz s16le mono to texts. ``make`` is called once in each process."""
    with get_context("spawn").Pool(processes, initializer=_load, initargs=(make,)) as pool:
        pool.map(_hear, processes * [segments[0][:WARM_BYTES]], chunksize=1)
        began = time.monotonic()
        texts = pool.map(_hear, segments, chunksize=1)
        return Recognised(texts, time.monotonic() - began)


def alike() -> Recognise:
    """A decoder that is set up as the local service's."""
    recognizer = SphinxRecognizer()
    return lambda pcm: list(recognizer.recognise(pcm))[-1].text


def plain() -> Recognise:
    """PocketSphinx as it comes."""
    decoder = pocketsphinx.Decoder(loglevel="FATAL")

    def recognise(pcm: bytes) -> str:
        decoder.start_utt()
        decoder.process_raw(pcm, full_utt=True)
        decoder.end_utt()
        found = decoder.hyp()
        return found.hypstr if found else ""

    return recognise


def _load(make: Callable[[], Recognise]) -> None:
    global _recognise  # noqa: PLW0603  # a pool's process keeps what its initializer made
    _recognise = make()


def _hear(pcm: bytes) -> str:
    assert _recognise is not None  # noqa: S101  # the initializer came first
    return _recognise(pcm)
