"""Campaigns in words: a plan, how far one is, and following one until it waits for somebody."""

from collections.abc import Iterator
from functools import partial

from rich.progress import TimeElapsedColumn

from api.cli.output.formats import duration, hours, money
from api.cli.output.printing import note
from api.cli.output.progress import bars
from api.cli.polling import follow
from api.client import Client
from worker.shapes.campaigns import Campaign, CampaignSummary, Plan
from worker.states import CampaignState

ROUND_S = 1.0
_hours = partial(hours, form=",.2f")
_money = partial(money, unknown="no price is known", form=",.2f")
PATIENCE = 10  # a very large campaign takes a while to count: a tenth of the time at most
GOING_ON = {CampaignState.CANARY, CampaignState.RUNNING}
NEXT = {
    CampaignState.PLANNED: "start",
    CampaignState.REVIEW: "start",
    CampaignState.PAUSED: "resume",
    CampaignState.FINISHED: "promote",
    CampaignState.PROMOTED: "rollback",
}


def plan_lines(plan: Plan) -> Iterator[str]:
    """What it would do, take and cost."""
    yield f"{plan.recordings} of {plan.matched} recordings, {_hours(plan.audio_ms)}, with {plan.model}"
    if plan.length_unknown:
        yield f"{plan.length_unknown} of them nobody has decoded yet: taken to be as long as the others"
    yield f"To send: {_hours(plan.to_send_ms)} ({plan.send_ratio:.0%} of the audio, by {plan.ratio_from})"
    if plan.reused.recordings:
        yield f"Answered already: {_hours(plan.reused.audio_ms)} in {plan.reused.recordings} recordings"
    for reason, number in plan.skipped.items():
        yield f"Passed over: {number} ({reason})"
    yield f"Cost: {_money(plan.cost_usd)}{', over its limit' if plan.over_limit else ''}"
    yield f"Time: {duration(plan.time_s)}"
    yield f"Canary: {plan.canary} recordings, {plan.references} of them pinned"


def status_lines(campaign: Campaign) -> Iterator[str]:
    """How far it is, and what it took beside what was planned."""
    plan, actual = campaign.plan, campaign.actual
    yield campaign_line(campaign)
    if campaign.reason:
        yield campaign.reason.message
    yield f"Recordings: {_counts(campaign.counts)}"
    for title, counts in (("Failed", campaign.codes), ("Waiting", campaign.waiting)):
        if counts:
            yield f"{title}: {_counts(counts)}"
    sent = f"{_hours(actual.sent_ms)} of {_hours(plan.to_send_ms)} planned"
    yield f"Sent: {sent}; reused {_hours(actual.reused_ms)}"
    yield f"Cost: {_money(actual.cost_usd)} of {_money(plan.cost_usd)} planned"
    if campaign.promoted:
        yield f"Current transcripts of {campaign.promoted} recordings are its own"
    if (verb := NEXT.get(CampaignState(campaign.status))) and not campaign.step:
        yield f"Next: longhand reprocess {verb} {campaign.name}"


def campaign_line(campaign: CampaignSummary, *, with_eta: bool = True) -> str:
    """One line: its name, where it is, and what goes on within that."""
    doing = f" ({campaign.step.replace('_', ' ')})" if campaign.step else ""
    line = f"{campaign.name}  {campaign.status}{doing}"
    if not isinstance(campaign, Campaign):
        return f"{line}  {campaign.plan.recordings} recordings"
    progress = campaign.progress
    left = f", {duration(progress.eta_s)} to go" if progress.eta_s is not None and with_eta else ""
    return f"{line}  {progress.ended}/{progress.total}{left}"


def follow_campaign(client: Client, id_or_name: str, *, silent: bool) -> Campaign:
    """The campaign, as soon as nothing goes on by itself: under a bar, else with a line whenever there is a new one."""
    last = ""
    with bars(TimeElapsedColumn(), silent=silent) as progress:
        task = progress.add_task("", total=None)

        def look() -> Campaign:
            nonlocal last
            campaign = client.campaign(id_or_name)
            line, done = campaign_line(campaign, with_eta=not progress.disable), campaign.progress
            progress.update(task, description=line, completed=done.ended, total=done.total or None)
            if progress.disable and not silent and line != last:
                note(line)
            last = line
            return campaign

        return follow(
            look, lambda seen: seen.status not in GOING_ON and not seen.step, round_s=ROUND_S, patience=PATIENCE
        )


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{number} {name}" for name, number in counts.items())
