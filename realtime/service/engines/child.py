"""The process around the decoders: segments on standard input, hypotheses and texts on standard output.

A request is a line of JSON with its ``op`` and the number of bytes of PCM that follow it; it is answered with lines of
JSON, of which the last is ``final``. The end of standard input, which is also the parent's death, ends the process.
"""

import json
import signal
import sys
import time
from collections.abc import Iterator
from typing import Any, BinaryIO

from realtime.protocol.engine import Hypothesis
from realtime.service.engines.sphinx import SphinxListener, SphinxRecognizer

_PREVIEW_PAUSE_S = 0.4  # about two previews a second, as the hosted service gives


class Child:
    """Answers one request after the other."""

    def __init__(self, requests: BinaryIO, answers: BinaryIO) -> None:
        self._requests = requests
        self._answers = answers
        self._recognizer = SphinxRecognizer()
        self._listener: SphinxListener | None = None  # loaded when first wanted: it takes 90 MB

    def serve(self) -> None:
        """Until there are no more requests."""
        self._say({"final": True, "text": "", "stash": ""})
        for line in iter(self._requests.readline, b""):
            header = json.loads(line)
            self._answer(header, self._requests.read(header["bytes"]))

    def _answer(self, header: dict[str, Any], pcm: bytes) -> None:
        previews = self._hear(pcm, header) if header["op"] == "hear" else self._recognizer.recognise(pcm)
        last, said_s = Hypothesis("", ""), time.monotonic()
        for last in previews:
            if time.monotonic() - said_s >= _PREVIEW_PAUSE_S:
                said_s = time.monotonic()
                self._say({"final": False, "text": last.text, "stash": last.stash})
        self._say({"final": True, "text": last.text, "stash": last.stash})

    def _hear(self, pcm: bytes, header: dict[str, Any]) -> Iterator[Hypothesis]:
        self._listener = self._listener or SphinxListener()
        yield self._listener.hear(pcm, fresh=header["fresh"])

    def _say(self, answer: dict[str, object]) -> None:
        self._answers.write(json.dumps(answer).encode() + b"\n")
        self._answers.flush()


def main() -> None:
    """Serve the parent; Ctrl-C in its terminal is the parent's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        Child(sys.stdin.buffer, sys.stdout.buffer).serve()
    except BrokenPipeError:
        sys.stderr.close()  # the parent is gone in the middle of an answer: there is nobody to tell


if __name__ == "__main__":
    main()
