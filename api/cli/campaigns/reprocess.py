"""`longhand reprocess …`: transcribing an archive again, from the plan over the canary to the promotion, and back."""

from itertools import islice
from typing import Annotated

import typer

from api.cli.campaigns.lines import campaign_line, follow_campaign, plan_lines, status_lines
from api.cli.campaigns.options import JUDGED, CampaignSpec, CourseOptions, Judged, Selection, judged
from api.cli.campaigns.review import Name
from api.cli.exits import Exit
from api.cli.options import Command, given, grouped
from api.cli.output.formats import percent
from api.cli.output.printing import Output
from api.cli.target import open_client, with_client
from api.client import Client
from worker.shapes.campaigns import Campaign
from worker.states import CampaignState

STOPPED = {CampaignState.PAUSED, CampaignState.CANCELLED}


@grouped
def plan(
    *,
    chosen: Selection,
    spec: CampaignSpec,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Recognise again, also what has been answered before.")
    ] = False,
    course: CourseOptions,
    name: Annotated[str | None, typer.Option(help="The campaign's name; left out: one is made.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count and price: nothing is written.")] = False,
    out: Output,
) -> None:
    """Count and price a campaign, and keep it: nothing is spent before it is started.

    longhand reprocess plan --archive calls --model-is old --model new --hours-a-day 100 --usd 250 --dry-run

    longhand reprocess plan --archive calls --gaps --name mend --canary 0
    """
    request = given({"name": name, "selection": chosen, "spec": spec, "fresh": fresh}) | course.to_json()
    with open_client() as client:
        made = client.plan_campaign(request) if dry_run else client.new_campaign(request)
    out.item(made, plan_lines(made.plan))
    kept = made.name if isinstance(made, Campaign) else ""
    out.note(f"Kept as {kept}: `longhand reprocess start {kept}`." if kept else "Nothing was written.")


@with_client
def start(
    client: Client,
    campaign: Name,
    *,
    canary: Annotated[int | None, typer.Option(help="In place of the planned size; 0: none.", min=0)] = None,
    out: Output,
) -> None:
    """Begin with the canary; after its review, go on with all."""
    _show(client.campaign_verb(campaign, "start", given({"canary": canary})), out)


@with_client
def status(client: Client, campaign: Name, *, out: Output) -> None:
    """Show how far a campaign is, and what it took beside what was planned."""
    _show(client.campaign(campaign), out)


@with_client
def watch(client: Client, campaign: Name, *, out: Output) -> int:
    """Follow a campaign until it waits for somebody, or has come to its end; then show it.

    Exit code 1 where it was paused or cancelled, or recordings of it have failed.
    """
    seen = follow_campaign(client, campaign, silent=out.as_json)
    _show(seen, out)
    return Exit.SOME_FAILED if seen.status in STOPPED or seen.counts["failed"] else Exit.OK


@with_client
def recordings(
    client: Client,
    campaign: Name,
    *,
    state: Annotated[str, typer.Option(help="waiting, given, done or failed.")] = "",
    limit: Annotated[int, typer.Option(help="At most so many.", min=1)] = 20,
    out: Output,
) -> None:
    """Show a campaign's recordings, the newest first."""
    for one in islice(client.campaign_recordings(campaign, state), limit):
        marks = [name for name in ("canary", "pinned", "promoted") if getattr(one, name)]
        details = filter(None, [one.code, percent(one.rate), *marks])
        out.item(one, "  ".join([one.id, f"{one.state:<8}", one.source, *details]))


PLAIN_VERBS = {
    "pause": "Begin no further recording; those at work are finished, since half of one would be paid for twice.",
    "resume": "Go on where a campaign was paused.",
    "cancel": (
        "Stop a campaign for good; what was transcribed stays readable, and what was answered is never sent again."
    ),
    "rollback": "Make the transcripts from before a promoted campaign the current ones again.",
}


def plain_verb(verb: str) -> Command:
    """The command of a verb that takes no options."""

    def run(client: Client, campaign: Name, *, out: Output) -> None:
        _show(client.campaign_verb(campaign, verb, {}), out)

    run.__doc__ = PLAIN_VERBS[verb]
    return with_client(run)


@grouped
def promote(
    campaign: Name,
    *,
    rule: Annotated[Judged, typer.Option(metavar=JUDGED, help="What a recording's comparison must pass.")] = None,
    out: Output,
) -> None:
    """Make a finished campaign's transcripts the current ones; pinned ones stay."""
    options = given({"rule": judged("--rule", rule)})
    with open_client() as client:
        _show(client.campaign_verb(campaign, "promote", options), out)


@with_client
def list_campaigns(*, client: Client, out: Output) -> None:
    """Show all campaigns, the newest first."""
    campaigns = list(client.campaigns())
    for one in campaigns:
        out.item(one, campaign_line(one))
    if not campaigns:
        out.note("There is no campaign: `longhand reprocess plan` makes one.")


def _show(campaign: Campaign, out: Output) -> None:
    out.item(campaign, status_lines(campaign))
