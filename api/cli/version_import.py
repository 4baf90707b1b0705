"""`longhand versions import`: a folder of transcripts that something else has made, as versions."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote, urlsplit

import typer

from api.cli.exits import Exit, UsageProblem
from api.cli.options import grouped
from api.cli.output.printing import Output, note
from api.cli.target import open_client
from api.client import Client
from api.client.transport import ApiProblem
from worker.imports.walking import ending_of, walk
from worker.results.export import Format
from worker.shapes.recordings import Recording

GOOD = frozenset({"added", "existing", "matched"})


@grouped
def import_versions(
    archive: Annotated[str, typer.Argument(metavar="ARCHIVE", help="The archive that has the recordings.")],
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Transcripts, in folders too.", file_okay=False)],
    *,
    form: Annotated[Format | None, typer.Option("-f", "--format", help="Only files of this ending.")] = None,
    language: Annotated[str, typer.Option(help="Their language, where the files do not say it.")] = "",
    pin: Annotated[bool, typer.Option("--pin", help="Make them current; no job and no campaign moves them.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say which file belongs to which recording.")] = False,
    out: Output,
) -> int:
    """Bring a folder of transcripts: .txt, .srt, .vtt, .tsv and .json, each for the recording of its name.

    NAME.srt is for the recording with the external id NAME, else for the one whose source is NAME, with or without its
    ending. Files without a recording, and names that fit several, are told and stop no other. The same again adds
    nothing, so a run that broke off is simply run again.

    longhand versions import calls old-transcripts/ --dry-run
    """
    if not folder.is_dir():
        raise UsageProblem(f"{folder}: there is no such folder.")
    counted: Counter[str] = Counter()
    with open_client() as client:
        for one in match(transcripts_in(folder, form), client.recordings(archive)):
            outcome, why = one.outcome, one.why
            if one.recording and not dry_run:
                outcome, why = _bring(client, one.recording, one.file, language, pin=pin)
            counted[outcome] += 1
            view = {"file": str(one.file), "outcome": outcome, "recording": one.recording, "reason": why or None}
            out.item(view, f"{outcome:<9}  {one.file}  {why or one.recording}")
    sums = ", ".join(f"{number} {outcome}" for outcome, number in sorted(counted.items()))
    note(sums or f"There is no transcript in {folder}.")
    return Exit.OK if counted.keys() <= GOOD else Exit.SOME_FAILED


def _bring(client: Client, recording: str, file: Path, language: str, *, pin: bool) -> tuple[str, str]:
    """What became of a file, and why where it is not what was wanted."""
    form = Format(file.suffix.lower().removeprefix("."))
    try:
        _, existing = client.add_version(recording, file.read_bytes(), form, language=language, pin=pin)
    except ApiProblem as problem:
        return "refused", problem.message
    except OSError as error:
        return "refused", error.strerror or str(error)
    return ("existing" if existing else "added"), ""


@dataclass(frozen=True)
class MatchedFile:
    """A file with its recording's id, or with why it has none."""

    file: Path
    recording: str | None = None
    why: str = ""
    outcome: str = "matched"  # or unmatched, ambiguous


def transcripts_in(folder: Path, form: Format | None) -> list[Path]:
    """Transcripts under a folder, in order; of one form, or of every form there is."""
    endings = {f".{one}" for one in ([form] if form else Format)}
    return sorted(folder / name for name in walk(folder) if ending_of(name) in endings and not name.endswith("/"))


def match(files: Sequence[Path], recordings: Iterable[Recording]) -> list[MatchedFile]:
    """Each file with the recording it belongs to, in the order of the files.

    A name that two recordings have, or two files for one recording, is ambiguous: nothing is guessed.
    """
    names = {file.stem for file in files}
    external: dict[str | None, list[str]] = defaultdict(list)
    sources: dict[str, list[str]] = defaultdict(list)
    for recording in recordings:
        if recording.external_id in names:
            external[recording.external_id].append(recording.id)
        name = _last_name(recording.source)
        for one in {name, Path(name).stem} & names:
            sources[one].append(recording.id)
    found = [_matched(file, external.get(file.stem) or sources[file.stem]) for file in files]
    taken = Counter(one.recording for one in found)
    return [_doubled(one) if one.recording and taken[one.recording] > 1 else one for one in found]


def _last_name(source: str) -> str:
    path = unquote(urlsplit(source).path) if "://" in source else source
    return path.rstrip("/").rsplit("/", 1)[-1]


def _matched(file: Path, ids: list[str]) -> MatchedFile:
    if not ids:
        return MatchedFile(file, None, "no recording of the archive has this external id or name", "unmatched")
    if len(ids) > 1:
        return MatchedFile(file, None, f"{len(ids)} recordings have this name: {', '.join(ids[:3])}", "ambiguous")
    return MatchedFile(file, ids[0])


def _doubled(one: MatchedFile) -> MatchedFile:
    why = f"another file is for the recording {one.recording} too; --format chooses"
    return MatchedFile(one.file, None, why, "ambiguous")
