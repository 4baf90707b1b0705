"""`longhand transcribe`: recordings in, transcripts out."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.exits import Exit, UsageProblem, heed_interrupts
from api.cli.options import SubmissionOptions, grouped
from api.cli.output.printing import Output, put_json, put_text
from api.cli.output.progress import open_display
from api.cli.sources import Source, find_sources, plan_outputs
from api.cli.stack.recognizer import Engine
from api.cli.target import open_client
from api.cli.transcription import Outcome, Transcription
from api.client import Client
from worker.errors import SourceMissing
from worker.plain_text import shown_line
from worker.results.export import Format
from worker.states import JobState
from worker.whole_files import write_whole


@grouped
def transcribe(
    *,
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH…", help="Recordings, and folders of recordings.", show_default=False)
    ],
    form: Annotated[Format, typer.Option("-f", "--format", help="What is written.")] = Format.TXT,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Folder to write to; else to stdout.")] = None,
    options: SubmissionOptions,
    engine: Annotated[Engine, typer.Option(help="For a stack that is brought up for the while.")] = Engine.POCKETSPHINX,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON line for each recording, for machines.")] = False,
) -> int:
    """Transcribe recordings and wait for the transcripts.

    Uses LONGHAND_URL, else this home's running stack, else brings one up for the while. A folder's tree is mirrored
    in the output folder. A file that cannot be transcribed is reported, and the others go on.

        longhand transcribe talk.mp3

        longhand transcribe recordings/ -o transcripts/ -f srt --segmentation subtitles
    """
    sources, missing = find_sources(paths)
    targets = _targets(sources, form, output)
    if not targets and not as_json and len(sources) > 1 and form not in {Format.TXT, Format.JSON}:
        raise UsageProblem(f"Several {form} files do not fit on stdout: name a folder with -o.")
    out = Output(as_json=as_json)
    for one in missing:
        out.problem({"file": str(one.path), "status": JobState.FAILED}, SourceMissing.code, one.message)
    if not sources:
        return Exit.SOME_FAILED
    heed_interrupts()
    with open_client(engine) as client, open_display(len(sources), silent=as_json) as display:
        writer = Writer(client, sources, targets, form, out)
        ended = Transcription(client, sources, options, display, writer.deliver).run()
    return Exit.SOME_FAILED if missing else ended


@dataclass
class Writer:
    """Puts each outcome where it was asked for. To stdout it keeps the order of the sources."""

    client: Client
    sources: list[Source]
    targets: list[Path]
    form: Format
    out: Output
    _kept: dict[int, str] = field(default_factory=dict)
    _next: int = 0

    def deliver(self, number: int, outcome: Outcome) -> None:
        """Write or print one outcome; raises ApiProblem or OSError where that fails."""
        if self.targets and not outcome.problem:
            write_whole(self.targets[number], self._fetch(outcome))
        if self.out.as_json:
            put_json(self._view(number, outcome))
        elif not self.targets:
            self._kept[number] = self._shown(outcome)
            while self._next in self._kept:
                put_text(self._kept.pop(self._next))
                self._next += 1

    def _shown(self, outcome: Outcome) -> str:
        if outcome.problem:
            return ""
        text = self._fetch(outcome).decode()
        if len(self.sources) == 1:
            return text
        if self.form is Format.JSON:
            return json.dumps(json.loads(text), ensure_ascii=False) + "\n"
        return f"==> {shown_line(str(outcome.source.relative))} <==\n{text}\n"

    def _view(self, number: int, outcome: Outcome) -> dict[str, Any]:
        job = outcome.job
        status, job_id = (job.status, job.id) if job else (JobState.FAILED, None)
        view = {"file": str(outcome.source.path), "status": status, "job": job_id}
        if outcome.problem or job is None:
            return {**view, "error": {"code": outcome.code, "message": outcome.problem}}
        view |= job.model_dump(include={"needed_ms", "sent_ms", "reused_ms", "skipped_ms"})
        if self.targets:
            return {**view, "output": str(self.targets[number])}
        return {**view, "transcript": json.loads(self._fetch(outcome, Format.JSON))}

    def _fetch(self, outcome: Outcome, form: Format | None = None) -> bytes:
        return self.client.transcript(outcome.job.id, form or self.form) if outcome.job else b""


def _targets(sources: list[Source], form: Format, folder: Path | None) -> list[Path]:
    """The files to write; empty where stdout is meant. Raises UsageProblem where one would overwrite a recording."""
    if folder is None:
        return []
    targets = [folder / path for path in plan_outputs(sources, form)]
    recordings = {source.path.absolute() for source in sources}
    for target in targets:
        if target.absolute() in recordings:
            raise UsageProblem(f"{target} is a recording and would be overwritten: name another folder with -o.")
    return targets
