"""`longhand submit`: recordings in, job ids out; nobody waits."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from api.cli.budget import warn_of_budgets
from api.cli.configure import configured
from api.cli.exits import Exit, UsageProblem
from api.cli.manifest import submit_manifest
from api.cli.output.printing import note, put, put_json
from api.cli.sources import Source, find_sources
from api.cli.spec_options import (
    Archive,
    ChannelLabelsOption,
    ChannelsOption,
    Context,
    CutOption,
    DeadlineOption,
    Fresh,
    LaneOption,
    Language,
    Model,
    SegmentationOption,
    ServiceOption,
    VoiceOption,
    form_fields,
)
from api.cli.target import open_client
from api.cli.uploads import Sent, uploading
from api.client import ApiProblem, Client
from worker.errors import SourceMissing
from worker.states import Lane, Segmentation

SHORT_WAIT_S = 0.1


def submit(
    *,
    what: Annotated[
        list[str] | None, typer.Argument(metavar="PATH|DIR|URL…", help="What to submit.", show_default=False)
    ] = None,
    manifest: Annotated[
        str | None, typer.Option(metavar="FILE", help="JSON lines or CSV with a URL a line; - for stdin.")
    ] = None,
    language: Language = None,
    context: Context = "",
    channels: ChannelsOption = None,
    channel_labels: ChannelLabelsOption = None,
    segmentation: SegmentationOption = Segmentation.DOCUMENT,
    cut: CutOption = None,
    voice: VoiceOption = False,
    lane: LaneOption = Lane.NORMAL,
    service: ServiceOption = None,
    model: Model = None,
    archive: Archive = None,
    deadline: DeadlineOption = None,
    fresh: Fresh = False,
    batch: Annotated[str | None, typer.Option(help="Id of a batch to add to; left out: a new one.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would send and cost; send nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON line for each job, for machines.")] = False,
) -> int:
    """Submit recordings as one batch and return at once; `longhand watch --batch ID` follows them.

    A recording that was submitted before with the same options gives the job that exists.

        longhand submit recordings/ --archive radio

        longhand submit https://example.org/talk.mp3 --language en

        longhand submit --manifest calls.jsonl --lane bulk
    """
    options = form_fields(
        language=language,
        context=context,
        channels=channels,
        channel_labels=channel_labels,
        segmentation=segmentation,
        cut=cut,
        voice=voice,
        lane=lane,
        service=service,
        model=model,
        archive=archive,
        deadline=deadline,
        fresh=fresh,
    )
    if bool(what) == bool(manifest) or (manifest and batch):
        raise UsageProblem("Name what to submit, or one --manifest, which is a batch of its own.")
    if manifest:
        return submit_manifest(manifest, options, dry_run=dry_run, as_json=as_json)
    words = what or []
    urls = [word for word in words if is_url(word)]
    sources, missing = find_sources(Path(word) for word in words if not is_url(word))
    if dry_run:
        from api.cli.dry_run import Found, say_dry_run  # noqa: PLC0415  # it decodes: every other command would wait

        return say_dry_run(Found(sources, [shown_url(url) for url in urls], missing), options, as_json=as_json)
    report = Report(as_json=as_json)
    for one in missing:
        report.problem(str(one.path), SourceMissing.code, one.message)
    if sources or urls:
        with open_client(configured()) as client:
            options["batch"] = batch or client.new_batch()
            _send(client, sources, urls, options, report)
            warn_of_budgets(client, archive or "default")
        report.close(options["batch"])
    return Exit.SOME_FAILED if report.failed else Exit.OK


def is_url(word: str) -> bool:
    return word.startswith(("http://", "https://", "mount://"))


class Report:
    """A line for each thing submitted, on stdout; problems for people on stderr."""

    def __init__(self, *, as_json: bool) -> None:
        self.failed = 0
        self._as_json = as_json

    def sent(self, name: str, sent: Sent) -> None:
        if sent.job is None:
            self.problem(name, sent.code, sent.problem)
        elif self._as_json:
            put_json({"file": name, "existing": sent.job.existing, **sent.job.fields})
        else:
            put(f"{sent.job.id}  {'existing, ' if sent.job.existing else ''}{sent.job.status}  {name}")

    def problem(self, name: str, code: str, message: str) -> None:
        self.failed += 1
        if self._as_json:
            put_json({"file": name, "error": {"code": code, "message": message}})
        else:
            note(f"{name}: {message}")

    def close(self, batch: str) -> None:
        if not self._as_json:
            note(f"Batch {batch}: follow it with `longhand watch --batch {batch}`.")


def _send(client: Client, sources: list[Source], urls: list[str], options: Mapping[str, str], report: Report) -> None:
    for url in urls:
        report.sent(shown_url(url), _send_url(client, url, options))
    with uploading(client, sources, options) as uploads:
        while uploads.left:
            for sent in uploads.arrived(wait_s=SHORT_WAIT_S):
                report.sent(str(sources[sent.number].path), sent)


def _send_url(client: Client, url: str, options: Mapping[str, str]) -> Sent:
    try:
        return Sent(0, client.submit_url(url, options))
    except ApiProblem as problem:
        return Sent(0, problem=problem.message, code=problem.code)


def shown_url(url: str) -> str:
    """Without its query and its user: they may carry a signature or a password."""
    place = url.partition("?")[0].partition("#")[0]
    scheme, _, rest = place.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"
