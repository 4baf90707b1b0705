"""`longhand versions …`: a recording's transcripts, one of which is the current one."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from api.cli.exits import UsageProblem
from api.cli.options import grouped
from api.cli.output.formats import exact_clock, percent, times
from api.cli.output.printing import Output, note, put_text
from api.cli.target import open_client, with_client
from api.cli.version_import import import_versions
from api.client import Client
from worker.results.export import Format
from worker.shapes.transcripts import Comparison, Version

STDIN = "-"
RecordingId = Annotated[str, typer.Argument(metavar="RECORDING", help="The recording's id; a job's `recording`.")]
VersionId = Annotated[str, typer.Argument(metavar="VERSION", help="The transcript's id.")]
Pin = Annotated[bool, typer.Option("--pin", help="No job and no campaign moves it; `use` without --pin lets them.")]

app = typer.Typer(
    no_args_is_help=True,
    help="""Read a recording's transcripts, bring one from elsewhere, choose the current one.

    \b
    longhand versions list 0198c0f3a5b27d31
    longhand versions add 0198c0f3a5b27d31 corrected.srt --pin
    longhand versions import calls old-transcripts/ --dry-run
    """,
)


@app.command("list")
@with_client
def list_versions(client: Client, recording: RecordingId, *, out: Output) -> None:
    """Show a recording's transcripts, the newest first; `*` marks the current one, `!` a pinned one."""
    for version in client.versions(recording):
        out.item(version, _line(version))


@app.command()
@with_client
def show(
    client: Client,
    version: VersionId,
    *,
    form: Annotated[Format, typer.Option("-f", "--format", help="What is printed.")] = Format.TXT,
) -> None:
    """Print one of them, current or not."""
    put_text(client.version(version, form).decode())


@app.command()
@grouped
def add(
    recording: RecordingId,
    file: Annotated[str, typer.Argument(help="A transcript: .txt, .srt, .vtt, .tsv or .json; - for stdin.")],
    *,
    form: Annotated[Format | None, typer.Option("-f", "--format", help="What the file is; else by its ending.")] = None,
    language: Annotated[str, typer.Option(help="Its language, where the file does not say it.")] = "",
    pin: Pin = False,
    out: Output,
) -> None:
    """Bring a transcript that a person or another program has made."""
    content = sys.stdin.buffer.read() if file == STDIN else Path(file).read_bytes()
    with open_client() as client:
        made, _ = client.add_version(recording, content, form or _form_of(file), language=language, pin=pin)
    out.item(made, _line(made))


app.command("import")(import_versions)


@app.command()
@with_client
def compare(
    client: Client,
    old: VersionId,
    new: VersionId,
    *,
    passages: Annotated[int, typer.Option(help="Show so many of the most different passages.", min=0)] = 10,
    out: Output,
) -> None:
    """Show how two of them differ: in how many words, in which, and where most."""
    comparison = client.compare_versions(old, new)
    out.item(comparison, _comparison_lines(comparison, passages))


@app.command()
@with_client
def use(client: Client, recording: RecordingId, version: VersionId, *, pin: Pin = False) -> None:
    """Make one of them the current one."""
    client.use_version(recording, version, pin=pin)
    note(f"{version} is the current transcript{', and stays it' if pin else ''}.")


def _form_of(file: str) -> Format:
    ending = Path(file).suffix.removeprefix(".").lower()
    if ending not in set(Format):
        raise UsageProblem(f"{file}: say with --format what it is; its ending does not.")
    return Format(ending)


def _comparison_lines(comparison: Comparison, passages: int) -> Iterator[str]:
    rate = percent(comparison.rate, "no words")
    yield f"{comparison.measure.capitalize()} {rate}: {comparison.edits} edits on {comparison.words} {comparison.unit}"
    edits = f"{comparison.substituted} substituted, {comparison.deleted} deleted, {comparison.inserted} inserted"
    yield f"{edits}; {comparison.new.words} in the new version"
    for name, words in (("Vanished", comparison.vanished), ("Appeared", comparison.appeared)):
        if words:
            yield f"{name}: {times(words, 20)}"
    yield f"{comparison.passages_different} of {comparison.passages_total} passages differ."
    for passage in comparison.passages[:passages]:
        yield ""
        yield f"{exact_clock(passage.start_ms, passage.end_ms)}, {passage.edits} edits"
        yield f"  - {passage.old}"
        yield f"  + {passage.new}"


def _line(version: Version) -> str:
    mark = "!" if version.pinned else "*" if version.current else " "
    made_by = " ".join(filter(None, (version.service, version.model))) or "brought from elsewhere"
    return f"{version.id} {mark} {version.created_at[:19]}  {made_by}  {len(version.text.split())} words"
