"""The log file of a child: kept at a bounded size, and read on for the lines that somebody must see."""

import json
import re
import shutil
from pathlib import Path

LARGEST_BYTES = 20 * 1024**2
ALARM = re.compile(r'"level":\s*"(error|critical)"|\b(ERROR|CRITICAL)\b|\[(error|critical)\s*\]|^# .*(error|WARNING)')

NOT_SHOWN = frozenset({"level", "timestamp", "logger", "exception"})


class LogTail:
    """Reads what was appended since the last look."""

    def __init__(self, path: Path, largest_bytes: int = LARGEST_BYTES) -> None:
        self.path = path
        self._largest_bytes = largest_bytes
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        self._read_bytes = path.stat().st_size

    def alarms(self) -> list[str]:
        """New lines of level error or above; a line that is still being written is left for the next look."""
        new = self._from(self._read_bytes)
        whole = new[: new.rfind(b"\n") + 1]
        self._read_bytes += len(whole)
        # Copied and emptied: the child appends to the open file, undisturbed.
        if self._read_bytes > self._largest_bytes:
            shutil.copyfile(self.path, self.path.with_suffix(".log.1"))
            self.path.write_bytes(b"")
            self._read_bytes = 0
        return [_readable(line) for line in whole.decode("utf-8", "surrogateescape").splitlines() if ALARM.search(line)]

    def last_line(self) -> str:
        """The last line with anything in it: most often why the process ended."""
        end = self._from(max(0, self.path.stat().st_size - 4096)).decode("utf-8", "surrogateescape")
        return next((line.strip() for line in reversed(end.splitlines()) if line.strip()), "")

    def _from(self, offset: int) -> bytes:
        with self.path.open("rb") as log:
            log.seek(offset)
            return log.read()


def _readable(line: str) -> str:
    """A structured line as a sentence with its fields; any other as it is."""
    try:
        fields = json.loads(line)
    except ValueError:
        return line
    event = str(fields.pop("event", ""))
    rest = ", ".join(f"{name}={value}" for name, value in fields.items() if name not in NOT_SHOWN)
    return f"{event} ({rest})" if rest else event
