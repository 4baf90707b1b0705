"""`longhand usage`: what was sent, reused and skipped, and what it cost."""

from typing import Annotated, Any

import typer

from api.cli.configure import configured
from api.cli.exits import Exit
from api.cli.filters import AsJson
from api.cli.output.printing import note, put, put_json
from api.cli.target import open_client

HOURS = ("audio", "sent", "reused", "skipped")
MS_IN_HOUR = 3_600_000


def usage(
    *,
    since: Annotated[str, typer.Option(help="First month, as 2026-01; left out: this one.")] = "",
    until: Annotated[str, typer.Option(help="Last month; left out: this one.")] = "",
    archive: Annotated[str, typer.Option(help="Only this archive.")] = "",
    campaign: Annotated[str, typer.Option(help="Only this campaign, by id or name.")] = "",
    as_json: AsJson = False,
) -> int:
    """Show what was sent, reused and left out as silence, by month, archive, campaign and service, and what it cost.

    longhand usage --since 2026-01
    """
    with open_client(configured()) as client:
        found = client.usage(since=since, until=until, archive=archive, campaign=campaign)
    if found and not as_json:
        put(_row("month", "archive", "campaign", "service", "jobs", *(f"{name} h" for name in HOURS), "USD"))
    for one in found:
        put_json(one) if as_json else put(_line(one))
    if not found:
        note("No job was submitted then.")
    return Exit.OK


def _line(one: dict[str, Any]) -> str:
    hours = (f"{one[f'{name}_ms'] / MS_IN_HOUR:.2f}" for name in HOURS)
    cost = "?" if one["cost_usd"] is None else f"{one['cost_usd']:.2f}"
    campaign = one["campaign_name"] or "-"
    return _row(one["month"], one["archive"], campaign, one["service"], str(one["jobs"]), *hours, cost)


def _row(month: str, archive: str, campaign: str, service: str, *numbers: str) -> str:
    return f"{month:<8} {archive:<20} {campaign:<16} {service:<10}" + "".join(f"{number:>10}" for number in numbers)
