"""Which recording a transcript's file belongs to, by its name. Pure but for listing a folder.

A file `NAME.srt` is the recording's whose external id is NAME; else the one's whose source is NAME, with its ending or
without. A name that two recordings have, or two files for one recording, is ambiguous: nothing is guessed.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from worker.imports.walking import ending_of, walk
from worker.results.export import Format
from worker.shapes.recordings import Recording


@dataclass(frozen=True)
class Matched:
    """A file with its recording's id, or with why it has none."""

    file: Path
    recording: str | None = None
    why: str = ""
    outcome: str = "matched"  # or unmatched, ambiguous


@dataclass
class Names:
    """Recordings by their external ids, and by their sources' names, as far as files have those names."""

    of_files: frozenset[str]
    external: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    sources: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, recording: Recording) -> None:
        if recording.external_id in self.of_files:
            self.external[recording.external_id].append(recording.id)
        name = _last_name(recording.source)
        for one in {name, Path(name).stem} & self.of_files:
            self.sources[one].append(recording.id)

    def of(self, name: str) -> list[str]:
        return self.external.get(name) or self.sources.get(name) or []


def transcripts_in(folder: Path, form: Format | None) -> list[Path]:
    """Transcripts under a folder, in order; of one form, or of every form there is."""
    endings = {f".{one}" for one in ([form] if form else Format)}
    return sorted(folder / name for name in walk(folder) if ending_of(name) in endings and not name.endswith("/"))


def match(files: Sequence[Path], recordings: Iterable[Recording]) -> list[Matched]:
    """Each file with the recording it belongs to, in the order of the files."""
    names = Names(frozenset(file.stem for file in files))
    for recording in recordings:
        names.add(recording)
    found = [_matched(file, names.of(file.stem)) for file in files]
    taken = Counter(one.recording for one in found if one.recording)
    return [_doubled(one) if one.recording and taken[one.recording] > 1 else one for one in found]


def _last_name(source: str) -> str:
    path = unquote(urlsplit(source).path) if "://" in source else source
    return path.rstrip("/").rsplit("/", 1)[-1]


def _matched(file: Path, ids: list[str]) -> Matched:
    if not ids:
        return Matched(file, None, "no recording of the archive has this external id or name", "unmatched")
    if len(ids) > 1:
        return Matched(file, None, f"{len(ids)} recordings have this name: {', '.join(ids[:3])}", "ambiguous")
    return Matched(file, ids[0])


def _doubled(one: Matched) -> Matched:
    why = f"another file is for the recording {one.recording} too; --format chooses"
    return Matched(one.file, None, why, "ambiguous")
