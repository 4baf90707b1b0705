"""`longhand demo`: the whole way once, on recordings whose texts are known, and once more to show what is not sent."""

import json
import shutil
import textwrap
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.configure import configured
from api.cli.exits import CommandError, Exit
from api.cli.output.printing import note, put
from api.cli.output.progress import open_display
from api.cli.sources import Source, find_sources, plan_outputs
from api.cli.stack.home import is_taken
from api.cli.stack.recognizer import Engine
from api.cli.target import client_of, own_stack
from api.cli.transcription import Outcome, Transcription
from api.client import Client
from worker.whole_files import write_whole

if TYPE_CHECKING:
    from worker.results.word_errors import Edits

SAMPLES = Path(__file__).parents[2] / "samples"
OUTPUT = Path("build", "demo")
WRITTEN = ("txt", "srt", "json")
MOST_WRONG = 0.15  # the word error rate that samples/ are held to: above it something is broken
SAMPLES_WRONG = "samples/ stay below it: the engine or what leads to it is broken."
OWN_WRONG = "samples/ stay below it: the engine may not suit the recordings, or the texts are of others."
OWN = {"database_url": "", "redis_url": "", "media_url": "", "url": ""}  # a stack apart from any that is configured


@dataclass(frozen=True)
class Result:
    """A source's outcome with its transcript; ``text`` is empty where there is none."""

    outcome: Outcome
    text: str = ""

    def ms(self, name: str) -> int:
        """A sum of the job in milliseconds: sent_ms, reused_ms or skipped_ms."""
        return int(getattr(self.outcome.job, name)) if self.outcome.job else 0


def demo(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[PATH…]", help="Your own; else samples/.", show_default=False)
    ] = None,
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for transcripts, data and logs.")] = OUTPUT,
    engine: Annotated[Engine, typer.Option(help="What the local service answers with.")] = Engine.POCKETSPHINX,
) -> int:
    """Bring up a stack, transcribe the samples or your own files, and take it down.

    Where a text lies beside a recording (talk.mp3, talk.txt) the word error rate against it is shown; over the samples
    one above 15 % is a failure. Then the same is submitted to a second archive, to show that nothing is sent twice.

        longhand demo

        longhand demo interview.mp3 call.wav
    """
    sources, missing = find_sources(files or [SAMPLES])
    for one in missing:
        note(f"{one.path}: {one.message}")
    if not sources:
        return Exit.SOME_FAILED
    home = output / "home"
    if is_taken(home):
        raise CommandError(f"Another demo runs in {home}: wait for it, or name another folder with -o.")
    shutil.rmtree(home, ignore_errors=True)
    settings = configured(home=home.absolute(), **OWN)
    with own_stack(settings, engine, OWN) as server, client_of(settings, server.url) as client:
        first = _run(client, sources, "demo")
        edits = _show(client, first, output)
        again = _run(client, sources, "demo-again")
    _compare_runs(first, again)
    put(f"Everything is down again. Transcripts: {output}; data and logs: {home}")
    wrong = is_too_wrong(edits, engine)
    if wrong:
        note(f"The word error rate is above {MOST_WRONG:.0%}. {OWN_WRONG if files else SAMPLES_WRONG}")
    failed = missing or any(result.outcome.problem for result in (*first, *again)) or (wrong and not files)
    return Exit.SOME_FAILED if failed else Exit.OK


def _run(client: Client, sources: Sequence[Source], archive: str) -> list[Result]:
    outcomes: dict[int, Outcome] = {}
    began = time.monotonic()
    with open_display(len(sources)) as display:
        Transcription(client, sources, {"archive": archive}, display, outcomes.__setitem__).run()
    results = [Result(outcomes[number], _text(client, outcomes[number])) for number in range(len(sources))]
    for line in ("", f"{len(results)} recordings in {time.monotonic() - began:.1f} s.", ""):
        put(line)
    return results


def _text(client: Client, outcome: Outcome) -> str:
    done = outcome.job if not outcome.problem else None
    return json.loads(client.transcript(done.id, "json"))["text"] if done else ""


def is_too_wrong(edits: "Edits", engine: Engine) -> bool:
    """Whether the texts are further from what was said than an engine may be that hears words."""
    return engine is not Engine.SCRIPTED and edits.rate is not None and edits.rate > MOST_WRONG


def _show(client: Client, results: list[Result], folder: Path) -> "Edits":
    from worker.results.word_errors import Edits, edits_between  # noqa: PLC0415  # its library would cost other commands time

    total = Edits()
    for result in results:
        put(f"{result.outcome.source.relative}{f': {result.outcome.problem}' if result.outcome.problem else ''}")
        for line in textwrap.wrap(result.text, 100, initial_indent="  ", subsequent_indent="  ") or [""]:
            put(line)
        reference = _reference(result.outcome.source.path)
        if reference and not result.outcome.problem:
            errors = edits_between(reference, result.text)
            total += errors
            put(f"  word error rate {_rate(errors)}")
        put(f"  {_paid([result])}")
        put("")
    if total.words:
        put(f"Word error rate over all: {_rate(total)}")
    _write(client, results, folder)
    return total


def _rate(errors: "Edits") -> str:
    return f"{errors.rate or 0.0:.1%} ({errors.count} of {errors.words} words)"


def _reference(recording: Path) -> str:
    """What is said in it, where that lies beside it."""
    beside = recording.with_suffix(".txt")
    return beside.read_text().strip() if beside != recording and beside.is_file() else ""


def _paid(results: list[Result]) -> str:
    sums = {name: sum(result.ms(f"{name}_ms") for result in results) / 1000 for name in ("sent", "reused", "skipped")}
    return f"sent {sums['sent']:.1f} s, reused {sums['reused']:.1f} s, skipped {sums['skipped']:.1f} s of silence"


def _write(client: Client, results: list[Result], folder: Path) -> None:
    done = [result for result in results if not result.outcome.problem]
    for form in WRITTEN:
        for result, path in zip(done, plan_outputs([one.outcome.source for one in done], form), strict=True):
            if result.outcome.job:
                write_whole(folder / path, client.transcript(result.outcome.job.id, form))


def _compare_runs(first: list[Result], again: list[Result]) -> None:
    put(f"First:       {_paid(first)}.")
    put(f"Once more:   {_paid(again)}.")
    if not sum(result.ms("sent_ms") for result in again):
        put("The second time nothing was sent: every answer was looked up.")
