"""`longhand versions import`: a folder of transcripts that something else has made, as versions."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from api.cli.exits import Exit, UsageProblem
from api.cli.option_groups import grouped
from api.cli.output.printing import Output, note
from api.cli.target import open_client
from api.cli.version_files import match, transcripts_in
from api.client import Client
from api.client.transport import ApiProblem
from worker.results.export import Format

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
