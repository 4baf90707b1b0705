"""The local service as a process of its own, for what is to be measured or killed."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from realtime.service.server import PATH

_PROGRAM = """
import json, pathlib, sys
from realtime.service.server import RecognizerConfig, run
told = json.loads(sys.argv[1])
log = told.pop("log", None)
config = RecognizerConfig(**told, log=pathlib.Path(log) if log else None)
run(config, on_ready=lambda port: print(port, flush=True))
"""


@contextmanager
def recognizer_process(**options: object) -> Iterator[tuple[str, psutil.Process]]:
    """Its URL and process, with these fields of RecognizerConfig; the scripted engine unless told otherwise."""
    config = {"port": 0, "engine": "scripted", **options}
    command = [sys.executable, "-c", _PROGRAM, json.dumps(config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield f"ws://127.0.0.1:{process.stdout.readline().strip()}{PATH}", psutil.Process(process.pid)
        finally:
            process.terminate()
