#!/usr/bin/env python3
"""Look at the files of a commit: text ends with one newline and has no blanks at ends of lines; nothing is large."""

import sys
from pathlib import Path

LARGE_BYTES = 500_000


def main(names: list[str]) -> int:
    """Print a line for each fault; 1 where there is one."""
    faults = [f"{name}: {fault}" for name in names for fault in faults_of(Path(name).read_bytes())]
    sys.stdout.writelines(f"{fault}\n" for fault in faults)
    return 1 if faults else 0


def faults_of(content: bytes) -> list[str]:
    """What is wrong with a file; a zero byte tells that it is no text."""
    faults = [f"is larger than {LARGE_BYTES:,} bytes"] if len(content) > LARGE_BYTES else []
    if not content or b"\0" in content:
        return faults
    if not content.endswith(b"\n") or content.endswith(b"\n\n"):
        faults.append("does not end with one newline")
    if any(line != line.rstrip() for line in content.decode(errors="replace").split("\n")):
        faults.append("has blanks at the end of a line")
    return faults


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
