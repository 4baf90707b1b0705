"""`longhand usage`: what was sent, reused and skipped, and what it cost."""

from typing import Annotated

import typer

from api.cli.output.formats import HOUR_MS
from api.cli.output.printing import Output, note, put
from api.cli.target import with_client
from api.client import Client
from worker.shapes.spending import Usage


@with_client
def usage(
    *,
    client: Client,
    since: Annotated[str, typer.Option(help="First month, as 2026-01; left out: this one.")] = "",
    until: Annotated[str, typer.Option(help="Last month; left out: this one.")] = "",
    archive: Annotated[str, typer.Option(help="Only this archive.")] = "",
    campaign: Annotated[str, typer.Option(help="Only this campaign, by id or name.")] = "",
    out: Output,
) -> None:
    """Show what was sent, reused and left out as silence, by month, archive, campaign and service, and what it cost.

    longhand usage --since 2026-01
    """
    rows = client.usage({"since": since, "until": until, "archive": archive, "campaign": campaign})
    if rows and not out.as_json:
        names = ("audio", "sent", "reused", "skipped")
        put(_columns("month", "archive", "campaign", "service", "jobs", *(f"{name} h" for name in names), "USD"))
    for row in rows:
        out.item(row, _line(row))
    if not rows:
        note("No job was submitted then.")


def _line(row: Usage) -> str:
    hours = (f"{ms / HOUR_MS:.2f}" for ms in (row.audio_ms, row.sent_ms, row.reused_ms, row.skipped_ms))
    cost = "?" if row.cost_usd is None else f"{row.cost_usd:.2f}"
    return _columns(row.month, row.archive, row.campaign_name or "-", row.service, str(row.jobs), *hours, cost)


def _columns(month: str, archive: str, campaign: str, service: str, *numbers: str) -> str:
    """Not a table of Rich's, which cuts what is wider than 80 signs where nobody sees how wide it is."""
    return f"{month:<8} {archive:<20} {campaign:<16} {service:<10}" + "".join(f"{number:>10}" for number in numbers)
