"""`longhand reprocess compare` and `vote`: a campaign's transcripts beside those from before, to be judged."""

import getpass
import json
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.output.formats import exact_clock, percent, times
from api.cli.output.printing import Output, note, put_text
from api.cli.target import with_client
from api.client import Client
from worker.plain_text import shown_line
from worker.shapes.reviews import CampaignComparison, ShownPassage, VotedPassage, Votes
from worker.whole_files import write_whole

Name = Annotated[str, typer.Argument(metavar="CAMPAIGN", help="A campaign's name, or its id.")]
CHOICES = {"a": "a", "b": "b", "n": "neither"}
QUIT = "q"


class Form(StrEnum):
    """What a comparison is written as."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"
    HTML = "html"


@with_client
def compare(
    client: Client,
    campaign: Name,
    *,
    form: Annotated[Form, typer.Option("--format", "-f", help="csv has a line for each recording.")] = Form.TEXT,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="A file; else stdout.", dir_okay=False)] = None,
    limit: Annotated[int, typer.Option(help="Show so many of the most different recordings.", min=1, max=500)] = 20,
    passages: Annotated[int, typer.Option(help="Of each so many passages.", min=0, max=50)] = 5,
    canary: Annotated[bool, typer.Option("--canary", help="Only the canary.")] = False,
) -> None:
    """Show how a campaign's transcripts differ from those before: error rates where a person has pinned a version.

    longhand reprocess compare june --canary

    longhand reprocess compare june --format html -o june.html
    """
    sent_form = Form.JSON if form is Form.TEXT else form
    query = {"format": sent_form, "limit": limit, "passages": passages, "canary": canary}
    content = client.comparison(campaign, query)
    if form is Form.TEXT:
        comparison = CampaignComparison.read(json.loads(content))
        content = "".join(f"{shown_line(line)}\n" for line in comparison_lines(comparison)).encode()
    if output is not None:
        write_whole(output, content)
        note(f"Written to {output}.")
    else:
        put_text(content.decode().rstrip("\r\n") + "\n")


@with_client
def vote(
    client: Client,
    campaign: Name,
    *,
    voter: Annotated[str, typer.Option(help="Whose votes they are; your login, where left out.")] = "",
    out: Output,
) -> None:
    """Judge passages without knowing which version is which: a, b, n for neither, q to stop. Then the votes, counted.

    The most different ones come first, each once. With --json, or where nobody can answer, only the count is shown.
    """
    if not out.as_json and sys.stdin.isatty():
        _ask(client, campaign, voter or getpass.getuser())
    counted = client.votes(campaign)
    out.item(counted, tally_line(counted))


def _ask(client: Client, campaign: str, voter: str) -> None:
    while ballot := (shown := client.next_vote(campaign, voter)).ballot:
        for line in ballot_lines(ballot, shown.voted):
            note(line)
        answer = _answer()
        if answer == QUIT:
            return
        client.vote(campaign, ballot, voter, CHOICES[answer])
    note(f"{voter} has judged every passage there is.")


def _answer() -> str:
    """One of a, b, n and q; the end of the input is q."""
    answer = ""
    while answer not in {*CHOICES, QUIT}:
        note("Which is better? a, b, n (neither), q (stop)")
        answer = (sys.stdin.readline() or QUIT).strip().lower()[:1]
    return answer


def ballot_lines(ballot: VotedPassage, voted: int) -> Iterator[str]:
    """A passage to be judged, with its place in the recording, so that one can listen to it."""
    where = exact_clock(ballot.start_ms, ballot.end_ms)
    yield ""
    yield f"{voted + 1}. {ballot.source}, {where}, channel {ballot.channel + 1}"
    for side, text in (("A", ballot.a), ("B", ballot.b)):
        yield f"  {side}: {text or '(nothing)'}"


def tally_line(votes: Votes) -> str:
    """The votes in one line."""
    counted = f"{votes.new} for the new version, {votes.old} for the old one, {votes.neither} for neither"
    if (share := votes.new_share) is None:
        return f"{counted}."
    likely = f"{share.rate:.0%} ({share.low:.0%} to {share.high:.0%}), sign test p = {votes.p_value:.2g}"
    return f"{counted}: the new one is preferred in {likely}."


def comparison_lines(comparison: CampaignComparison) -> Iterator[str]:
    """A comparison for a terminal: the sums, then the most different recordings."""
    yield from _sums(comparison.summary or {})
    for item in comparison.items:
        compared = item.comparison
        before = f", before {percent(compared['old_error']['rate'])}" if compared["old_error"] else ""
        name = item.external_id or item.source
        yield ""
        yield f"{name}: {compared['measure']} {percent(item.rate)}{before}  ({item.recording})"
        for passage in item.passages:
            yield from _passage(passage)
    if comparison.next:
        yield ""
        yield "There are more: --limit, or --format csv for all."


def _sums(sums: dict[str, Any]) -> Iterator[str]:
    recordings = sums["recordings"]
    yield f"{recordings['compared']} of {recordings['members']} recordings compared, {recordings['failed']} failed."
    if error := sums["error"]:
        yield f"Error rate: old {_interval(error['old'])}, new {_interval(error['new'])}, against a person's text;"
        yield f"  change {_interval(error['change'])}, over {error['recordings']} recordings."
    if difference := sums["difference"]:
        yield f"Difference, which is not error: {_interval(difference)}, over {difference['recordings']} recordings."
    for name in ("vanished", "appeared"):
        if sums[name]:
            yield f"{name.capitalize()}: {times(sums[name], 15)}"
    for change in sums["language_changes"]:
        yield f"Language {change['from']} became {change['to']} in {change['recordings']}."


def _passage(passage: ShownPassage) -> Iterator[str]:
    yield f"  {exact_clock(passage.start_ms, passage.end_ms)}"
    for mark, text in (("=", passage.reference), ("-", passage.old), ("+", passage.new)):
        if text is not None:
            yield f"    {mark} {text}"


def _interval(rate: dict[str, Any]) -> str:
    span = "" if rate["low"] is None else f" ({percent(rate['low'])} to {percent(rate['high'])})"
    return f"{percent(rate['rate'])}{span}"
