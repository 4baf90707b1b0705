"""`longhand reprocess compare` and `vote`: a campaign's transcripts beside those from before, to be judged."""

import getpass
import json
import sys
from collections.abc import Iterator
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.configure import configured
from api.cli.exits import Exit
from api.cli.filters import AsJson
from api.cli.output.printing import note, put, put_json
from api.cli.target import open_client
from api.client import Client
from worker.whole_files import write_whole

Campaign = Annotated[str, typer.Argument(metavar="CAMPAIGN", help="A campaign's name, or its id.")]
CHOICES = {"a": "a", "b": "b", "n": "neither"}
QUIT = "q"


class Form(StrEnum):
    """What a comparison is written as."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"
    HTML = "html"


def compare(
    campaign: Campaign,
    *,
    form: Annotated[Form, typer.Option("--format", "-f", help="csv has a line for each recording.")] = Form.TEXT,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="A file; else stdout.", dir_okay=False)] = None,
    limit: Annotated[int, typer.Option(help="Show so many of the most different recordings.", min=1, max=500)] = 20,
    passages: Annotated[int, typer.Option(help="Of each so many passages.", min=0, max=50)] = 5,
    canary: Annotated[bool, typer.Option("--canary", help="Only the canary.")] = False,
) -> int:
    """Show how a campaign's transcripts differ from those before: error rates where a person has pinned a version.

    longhand reprocess compare june --canary

    longhand reprocess compare june --format html -o june.html
    """
    asked = {"limit": str(limit), "passages": str(passages), "canary": str(canary).lower()}
    with open_client(configured()) as client:
        wanted = Form.JSON if form is Form.TEXT else form
        content = client.comparison(campaign, format=wanted, **asked)
    if form is Form.TEXT:
        content = "".join(f"{line}\n" for line in lines_of(json.loads(content))).encode()
    if output is not None:
        write_whole(output, content)
        note(f"Written to {output}.")
    else:
        put(content.decode().rstrip("\r\n"))
    return Exit.OK


def vote(
    campaign: Campaign,
    *,
    voter: Annotated[str, typer.Option(help="Whose votes they are; your login, where left out.")] = "",
    as_json: AsJson = False,
) -> int:
    """Judge passages without knowing which version is which: a, b, n for neither, q to stop. Then the votes, counted.

    The most different ones come first, each once. With --json, or where nobody can answer, only the count is shown.
    """
    with open_client(configured()) as client:
        if not as_json and sys.stdin.isatty():
            _ask(client, campaign, voter or getpass.getuser())
        counted = client.votes(campaign)
    put_json(counted) if as_json else put(tally_line(counted))
    return Exit.OK


def _ask(client: Client, campaign: str, voter: str) -> None:
    while (shown := client.next_vote(campaign, voter))["ballot"] is not None:
        ballot = shown["ballot"]
        note("\n".join(ballot_lines(ballot, shown["voted"])))
        answer = _answer()
        if answer == QUIT:
            return
        client.vote(campaign, ballot, voter, CHOICES[answer])
    note(f"{voter} has judged every passage there is.")


def _answer() -> str:
    """One of a, b, n and q; the end of the input is q."""
    while True:
        note("Which is better? a, b, n (neither), q (stop)")
        given = sys.stdin.readline()
        if not given:
            return QUIT
        if (answer := given.strip().lower()[:1]) in {*CHOICES, QUIT}:
            return answer


def ballot_lines(ballot: dict[str, Any], voted: int) -> Iterator[str]:
    """A passage to be judged, with its place in the recording, so that one can listen to it."""
    where = f"{_clock(ballot['start_ms'])} to {_clock(ballot['end_ms'])}"
    yield f"\n{voted + 1}. {ballot['source']}, {where}, channel {ballot['channel'] + 1}"
    for side in ("a", "b"):
        yield f"  {side.upper()}: {ballot[side] or '(nothing)'}"


def tally_line(votes: dict[str, Any]) -> str:
    """The votes in one line."""
    counted = f"{votes['new']} for the new version, {votes['old']} for the old one, {votes['neither']} for neither"
    if votes["new_share"] is None:
        return f"{counted}."
    share = votes["new_share"]
    return (
        f"{counted}: the new one is preferred in {share['rate']:.0%} "
        f"({share['low']:.0%} to {share['high']:.0%}), sign test p = {votes['p_value']:.2g}."
    )


def lines_of(review: dict[str, Any]) -> Iterator[str]:
    """A comparison for a terminal: the sums, then the most different recordings."""
    yield from _sums(review["summary"])
    for item in review["items"]:
        compared = item["comparison"]
        before = "" if compared["old_error"] is None else f", before {_percent(compared['old_error']['rate'])}"
        name = item["external_id"] or item["source"]
        yield f"\n{name}: {compared['measure']} {_percent(item['rate'])}{before}  ({item['recording']})"
        for passage in item["passages"]:
            yield from _passage(passage)
    if review["next"]:
        yield "\nThere are more: --limit, or --format csv for all."


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
            words = ", ".join(f"{word} {times}" for word, times in list(sums[name].items())[:15])
            yield f"{name.capitalize()}: {words}"
    for change in sums["language_changes"]:
        yield f"Language {change['from']} became {change['to']} in {change['recordings']}."


def _passage(passage: dict[str, Any]) -> Iterator[str]:
    yield f"  {_clock(passage['start_ms'])} to {_clock(passage['end_ms'])}"
    for mark, name in (("=", "reference"), ("-", "old"), ("+", "new")):
        if passage[name] is not None:
            yield f"    {mark} {passage[name]}"


def _interval(rate: dict[str, Any]) -> str:
    if rate["low"] is None:
        return _percent(rate["rate"])
    return f"{_percent(rate['rate'])} ({_percent(rate['low'])} to {_percent(rate['high'])})"


def _percent(rate: float) -> str:
    return f"{rate:.1%}"


def _clock(ms: int) -> str:
    return str(timedelta(milliseconds=ms))[:11]
