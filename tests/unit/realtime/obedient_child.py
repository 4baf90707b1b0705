"""A child of the pool that does what the PCM tells it: for tests of the pool with real processes."""

import json
import os
import sys
import time
from pathlib import Path


def main() -> None:
    _say(final=True)
    for line in iter(sys.stdin.buffer.readline, b""):
        header = json.loads(line)
        order, _, argument = sys.stdin.buffer.read(header["bytes"]).decode().partition(" ")
        if order == "die":
            os._exit(1)
        if order == "die-once" and not Path(argument).exists():
            Path(argument).touch()
            os._exit(1)
        if order == "sleep":
            time.sleep(float(argument))
        if order == "preview":
            _say(final=False, stash=argument)
        _say(final=True, text=f"{order} {os.getpid()}")


def _say(*, final: bool, text: str = "", stash: str = "") -> None:
    sys.stdout.write(json.dumps({"final": final, "text": text, "stash": stash}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
