"""`longhand versions …`: a recording's transcripts, one of which is the current one."""

import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.configure import configured
from api.cli.exits import Exit, UsageProblem
from api.cli.filters import AsJson
from api.cli.output.printing import note, put, put_json
from api.cli.target import open_client
from api.cli.version_import import import_versions
from worker.results.export import Format

STDIN = "-"
Recording = Annotated[str, typer.Argument(metavar="RECORDING", help="The recording's id; a job's `recording`.")]
Version = Annotated[str, typer.Argument(metavar="VERSION", help="The transcript's id.")]
Pin = Annotated[bool, typer.Option("--pin", help="No job and no campaign moves it; `use` without --pin lets them.")]

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def versions() -> None:
    """Read a recording's transcripts, bring one from elsewhere, choose the current one.

    \b
    longhand versions list 0198c0f3a5b27d31
    longhand versions add 0198c0f3a5b27d31 corrected.srt --pin
    longhand versions import calls old-transcripts/ --dry-run
    """


@app.command("list")
def list_versions(recording: Recording, *, as_json: AsJson = False) -> int:
    """Show a recording's transcripts, the newest first; `*` marks the current one, `!` a pinned one."""
    with open_client(configured()) as client:
        for version in client.versions(recording):
            put_json(version) if as_json else put(_line(version))
    return Exit.OK


@app.command()
def show(
    version: Version, *, form: Annotated[Format, typer.Option("-f", "--format", help="What is printed.")] = Format.TXT
) -> int:
    """Print one of them, current or not."""
    with open_client(configured()) as client:
        sys.stdout.write(client.version(version, form).decode())
    return Exit.OK


@app.command()
def add(
    recording: Recording,
    file: Annotated[str, typer.Argument(help="A transcript: .txt, .srt, .vtt, .tsv or .json; - for stdin.")],
    *,
    form: Annotated[Format | None, typer.Option("-f", "--format", help="What the file is; else by its ending.")] = None,
    language: Annotated[str, typer.Option(help="Its language, where the file does not say it.")] = "",
    pin: Pin = False,
    as_json: AsJson = False,
) -> int:
    """Bring a transcript that a person or another program has made."""
    content = sys.stdin.buffer.read() if file == STDIN else Path(file).read_bytes()
    with open_client(configured()) as client:
        made = client.add_version(recording, content, form or _form_of(file), language=language, pin=pin).fields
    put_json(made) if as_json else put(_line(made))
    return Exit.OK


app.command("import")(import_versions)


@app.command()
def compare(
    old: Version,
    new: Version,
    *,
    passages: Annotated[int, typer.Option(help="Show so many of the most different passages.", min=0)] = 10,
    as_json: AsJson = False,
) -> int:
    """Show how two of them differ: in how many words, in which, and where most."""
    with open_client(configured()) as client:
        found = client.compare_versions(old, new)
    if as_json:
        put_json(found)
        return Exit.OK
    for line in [*_figures(found), *_passages(found["passages"][:passages])]:
        put(line)
    return Exit.OK


@app.command()
def use(recording: Recording, version: Version, *, pin: Pin = False) -> int:
    """Make one of them the current one."""
    with open_client(configured()) as client:
        client.use_version(recording, version, pin=pin)
    note(f"{version} is the current transcript{', and stays it' if pin else ''}.")
    return Exit.OK


def _form_of(file: str) -> Format:
    ending = Path(file).suffix.removeprefix(".").lower()
    if ending not in set(Format):
        raise UsageProblem(f"{file}: say with --format what it is; its ending does not.")
    return Format(ending)


def _figures(found: dict[str, Any]) -> Iterator[str]:
    rate = "no words" if found["rate"] is None else f"{found['rate']:.1%}"
    yield f"{found['measure'].capitalize()} {rate}: {found['edits']} edits on {found['words']} {found['unit']}"
    parts = ("substituted", "deleted", "inserted")
    yield ", ".join(f"{found[part]} {part}" for part in parts) + f"; {found['new']['words']} in the new version"
    for name in ("vanished", "appeared"):
        if found[name]:
            yield f"{name.capitalize()}: " + ", ".join(
                f"{word} {times}" for word, times in list(found[name].items())[:20]
            )
    yield f"{found['passages_different']} of {found['passages_total']} passages differ."


def _passages(passages: list[dict[str, Any]]) -> Iterator[str]:
    for passage in passages:
        yield f"\n{_clock(passage['start_ms'])} to {_clock(passage['end_ms'])}, {passage['edits']} edits"
        yield f"  - {passage['old']}"
        yield f"  + {passage['new']}"


def _clock(ms: int) -> str:
    return str(timedelta(milliseconds=ms))[:11]


def _line(version: dict[str, Any]) -> str:
    mark = "!" if version["pinned"] else "*" if version["current"] else " "
    made_by = " ".join(filter(None, (version["service"], version["model"]))) or "brought from elsewhere"
    return f"{version['id']} {mark} {version['created_at'][:19]}  {made_by}  {len(version['text'].split())} words"
