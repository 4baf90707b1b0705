"""Where the transcripts of a command line's recordings are written."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from api.cli.exits import UsageProblem
from api.cli.sources import Source

FORMATS = ("txt", "srt", "vtt", "json", "tsv")


def plan_outputs(sources: Sequence[Source], ending: str) -> list[Path]:
    """A relative path for each source, all different, whatever the file system makes of upper and lower case.

    The plainest name wins: without the recording's ending, with it where two would collide, then under the named
    folder's own name. Raises UsageProblem where that is not enough.
    """
    names = [_names(source, ending) for source in sources]
    level = [0] * len(names)
    while taken := _collisions([names[i][level[i]] for i in range(len(names))]):
        if all(level[i] + 1 == len(names[i]) for i in taken):
            one, other = (sources[i].path for i in taken[:2])
            raise UsageProblem(f"{one} and {other} would be written to one file: transcribe them one after the other.")
        level = [min(at + 1, len(names[i]) - 1) if i in taken else at for i, at in enumerate(level)]
    return [names[i][level[i]] for i in range(len(names))]


def _names(source: Source, ending: str) -> list[Path]:
    plain = source.relative.with_suffix(f".{ending}")
    kept = source.relative.with_name(f"{source.relative.name}.{ending}")
    return [plain, kept, Path(source.folder, kept)] if source.folder else [plain, kept]


def _collisions(paths: list[Path]) -> list[int]:
    keys = [str(path).casefold() for path in paths]
    seen = Counter(keys)
    return [i for i, key in enumerate(keys) if seen[key] > 1]
