"""`longhand reprocess …`: transcribing an archive again, from the plan over the canary to the promotion, and back."""

from collections.abc import Mapping
from itertools import islice
from typing import Annotated, Any

import typer

from api.cli.campaigns.lines import campaign_line, plan_lines, status_lines
from api.cli.campaigns.options import LimitOptions, RuleOptions, SelectionOptions, SpecOptions, given, judged
from api.cli.campaigns.review import compare, vote
from api.cli.campaigns.watch import follow
from api.cli.configure import configured
from api.cli.exits import Exit
from api.cli.filters import AsJson
from api.cli.option_groups import grouped
from api.cli.output.printing import note, put, put_json
from api.cli.target import open_client

Campaign = Annotated[str, typer.Argument(metavar="CAMPAIGN", help="A campaign's name, or its id.")]

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def reprocess() -> None:
    """Transcribe recordings again with another model or other options, beside daily work and within limits.

    \b
    longhand reprocess plan --archive calls --model new --dry-run      what it would do and cost
    longhand reprocess plan --archive calls --model new --name june    the same, and keep the plan
    longhand reprocess start june       a small sample goes first, and waits for a review
    longhand reprocess start june       go on with all
    longhand reprocess watch june
    longhand reprocess promote june     its transcripts are the current ones
    longhand reprocess rollback june    those from before are
    """


@app.command()
@grouped
def plan(
    *,
    chosen: SelectionOptions,
    spec: SpecOptions,
    limits: LimitOptions,
    rules: RuleOptions,
    name: Annotated[str | None, typer.Option(help="The campaign's name; left out: one is made.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count and price: nothing is written.")] = False,
    as_json: AsJson = False,
) -> int:
    """Count and price a campaign, and keep it: nothing is spent before it is started.

    longhand reprocess plan --archive calls --model-is old --model new --hours-a-day 100 --usd 250 --dry-run

    longhand reprocess plan --archive calls --gaps --name mend --canary 0
    """
    asked = given(name=name, selection=chosen.to_json(), spec=spec.to_json(), fresh=spec.fresh, limits=limits.to_json())
    asked |= rules.to_json()
    with open_client(configured()) as client:
        made = {"plan": client.plan_campaign(asked)} if dry_run else client.new_campaign(asked)
    if as_json:
        put_json(made)
        return Exit.OK
    for line in plan_lines(made["plan"]):
        put(line)
    note("Nothing was written." if dry_run else f"Kept as {made['name']}: `longhand reprocess start {made['name']}`.")
    return Exit.OK


@app.command()
def start(
    campaign: Campaign,
    *,
    canary: Annotated[int | None, typer.Option(help="In place of the planned size; 0: none.", min=0)] = None,
    as_json: AsJson = False,
) -> int:
    """Begin with the canary; after its review, go on with all."""
    return _verb(campaign, "start", {} if canary is None else {"canary": canary}, as_json=as_json)


@app.command()
def status(campaign: Campaign, *, as_json: AsJson = False) -> int:
    """Show how far a campaign is, and what it took beside what was planned."""
    with open_client(configured()) as client:
        _show(client.campaign(campaign), as_json=as_json)
    return Exit.OK


@app.command()
def watch(campaign: Campaign, *, as_json: AsJson = False) -> int:
    """Follow a campaign until it waits for somebody, or has come to its end; then show it.

    Exit code 1 where it was paused or cancelled, or recordings of it have failed.
    """
    with open_client(configured()) as client:
        found = follow(client, campaign, silent=as_json)
    _show(found, as_json=as_json)
    ended_well = found["status"] not in {"paused", "cancelled"} and not found["counts"]["failed"]
    return Exit.OK if ended_well else Exit.SOME_FAILED


@app.command()
def recordings(
    campaign: Campaign,
    *,
    state: Annotated[str, typer.Option(help="waiting, given, done or failed.")] = "",
    limit: Annotated[int, typer.Option(help="At most so many.", min=1)] = 20,
    as_json: AsJson = False,
) -> int:
    """Show a campaign's recordings, the newest first."""
    with open_client(configured()) as client:
        for one in islice(client.campaign_recordings(campaign, state), limit):
            put_json(one) if as_json else put(_recording_line(one))
    return Exit.OK


@app.command()
def pause(campaign: Campaign, *, as_json: AsJson = False) -> int:
    """Begin no further recording; those at work are finished, since half of one would be paid for twice."""
    return _verb(campaign, "pause", as_json=as_json)


@app.command()
def resume(campaign: Campaign, *, as_json: AsJson = False) -> int:
    """Go on where a campaign was paused."""
    return _verb(campaign, "resume", as_json=as_json)


@app.command()
def cancel(campaign: Campaign, *, as_json: AsJson = False) -> int:
    """Stop a campaign for good; what was transcribed stays readable, and what was answered is never sent again."""
    return _verb(campaign, "cancel", as_json=as_json)


@app.command()
def promote(
    campaign: Campaign,
    *,
    rule: Annotated[
        list[str] | None, typer.Option(metavar="NAME[=VALUE]", help="What a recording's comparison must pass.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Make a finished campaign's transcripts the current ones; pinned ones stay."""
    asked = judged("--rule", rule)
    return _verb(campaign, "promote", {"rule": asked} if asked else {}, as_json=as_json)


@app.command()
def rollback(campaign: Campaign, *, as_json: AsJson = False) -> int:
    """Make the transcripts from before a promoted campaign the current ones again."""
    return _verb(campaign, "rollback", as_json=as_json)


@app.command("list")
def list_campaigns(*, as_json: AsJson = False) -> int:
    """Show all campaigns, the newest first."""
    with open_client(configured()) as client:
        found = list(client.campaigns())
    for one in found:
        put_json(one) if as_json else put(campaign_line(one))
    if not found and not as_json:
        note("There is no campaign: `longhand reprocess plan` makes one.")
    return Exit.OK


app.command()(compare)
app.command()(vote)


def _verb(campaign: str, verb: str, asked: Mapping[str, Any] | None = None, *, as_json: bool) -> int:
    with open_client(configured()) as client:
        _show(client.campaign_verb(campaign, verb, asked), as_json=as_json)
    return Exit.OK


def _show(campaign: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        put_json(campaign)
        return
    for line in status_lines(campaign):
        put(line)


def _recording_line(one: dict[str, Any]) -> str:
    marks = [name for name in ("canary", "pinned", "promoted") if one[name]]
    rate = [] if one["rate"] is None else [f"{one['rate']:.1%}"]
    return "  ".join([one["id"], f"{one['state']:<8}", one["source"], *filter(None, [one["code"]]), *rate, *marks])
