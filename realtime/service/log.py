"""The service's own record of what it received and answered, as JSON lines: what tests of loss and repetition read."""

import hashlib
import json
import time
from pathlib import Path


class RecognizerLog:
    """One line an event, written at once. Without a path nothing is computed and nothing written."""

    def __init__(self, path: Path | None) -> None:
        self._file = path.open("a", encoding="utf-8", buffering=1) if path else None

    def write(self, event: str, pcm: bytes | None = None, **fields: object) -> None:
        """``pcm`` becomes its length and its SHA-256; ``at_s`` is seconds since the epoch."""
        if self._file is None:
            return
        audio = {} if pcm is None else {"bytes": len(pcm), "sha256": hashlib.sha256(pcm).hexdigest()}
        self._file.write(json.dumps({"event": event, "at_s": round(time.time(), 3), **fields, **audio}) + "\n")

    def close(self) -> None:
        """No more is written."""
        if self._file is not None:
            self._file.close()
            self._file = None
