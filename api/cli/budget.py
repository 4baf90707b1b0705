"""`longhand budget …`: how much may be spent, a day and in all."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from api.cli.configure import configured
from api.cli.exits import Exit, UsageProblem
from api.cli.filters import AsJson
from api.cli.output.printing import note, put, put_json
from api.cli.target import open_client
from api.client import ApiProblem, Client
from worker.budgets import Level, Period, Scope
from worker.errors import UnknownBudget

MS_IN_HOUR = 3_600_000

ForArchive = Annotated[str | None, typer.Option("--archive", help="For this archive alone.", show_default=False)]
ForCampaign = Annotated[str | None, typer.Option("--campaign", help="For this campaign alone.", show_default=False)]
DayUsd = Annotated[float | None, typer.Option(help="Money a day (UTC), in US dollars.", min=0, show_default=False)]
Usd = Annotated[float | None, typer.Option(help="Money in all.", min=0, show_default=False)]
DayHours = Annotated[float | None, typer.Option(help="Hours of audio sent a day.", min=0, show_default=False)]
Hours = Annotated[float | None, typer.Option(help="Hours of audio sent in all.", min=0, show_default=False)]

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def budget() -> None:
    """Limit what is sent to recognition services, in money or in hours of audio.

    \b
    longhand budget set --day-usd 20                    everything, a day
    longhand budget set --archive radio --hours 500     one archive, in all
    longhand budget list
    """


@app.command("set")
def set_budget(
    *,
    archive: ForArchive = None,
    campaign: ForCampaign = None,
    day_usd: DayUsd = None,
    usd: Usd = None,
    day_hours: DayHours = None,
    hours: Hours = None,
    as_json: AsJson = False,
) -> int:
    """Set a budget or change it; without --archive or --campaign for the whole deployment.

    Each second of audio is reserved before it is sent, so it is never passed; at its end jobs wait. What was spent
    before counts.

        longhand budget set --archive radio --day-usd 5 --usd 100
    """
    limits = {Period.DAY: _limits(day_usd, day_hours), Period.ALL: _limits(usd, hours)}
    if not any(limits.values()):
        raise UsageProblem("Give at least one of --day-usd, --usd, --day-hours and --hours.")
    with open_client(configured()) as client:
        for period, given in limits.items():
            if given:
                _show(client.set_budget(period, given, _of(archive, campaign)), as_json=as_json)
    return Exit.OK


@app.command("list")
def list_budgets(*, archive: ForArchive = None, campaign: ForCampaign = None, as_json: AsJson = False) -> int:
    """Show the budgets and what is gone of them; one that is nearly used up is warned of."""
    with open_client(configured()) as client:
        found = client.budgets(_of(archive, campaign))
    for one in found:
        _show(one, as_json=as_json)
    if not found and not as_json:
        note("No budget was set: `longhand budget set` does that.")
    return Exit.OK


@app.command()
def remove(
    *,
    archive: ForArchive = None,
    campaign: ForCampaign = None,
    period: Annotated[Period | None, typer.Option(help="Only this one; left out: both.", show_default=False)] = None,
) -> int:
    """Lift a budget: jobs that waited for it go on."""
    of = _of(archive, campaign)
    with open_client(configured()) as client:
        lifted = [one for one in ([period] if period else Period) if _removed(client, one, of, must=period is not None)]
    if not lifted:
        raise UsageProblem(UnknownBudget.hint)
    put(f"Lifted: {', '.join(f'{_whose(of)}, {_per(one)}' for one in lifted)}.")
    return Exit.OK


def warn_of_budgets(client: Client, archive: str) -> None:
    """A line for each budget of the deployment or the archive that is nearly used up, or is."""
    for one in client.budgets({}):
        if one["scope"] == Scope.DEPLOYMENT or one["archive"] == archive:
            _warn(one, whose=True)


def _removed(client: Client, period: Period, of: Mapping[str, str], *, must: bool) -> bool:
    try:
        client.remove_budget(period, of)
    except ApiProblem as problem:
        if must or problem.code != UnknownBudget.code:
            raise
        return False
    return True


def _of(archive: str | None, campaign: str | None) -> dict[str, str]:
    return {name: value for name, value in (("archive", archive), ("campaign", campaign)) if value}


def _limits(usd: float | None, hours: float | None) -> dict[str, float | None]:
    ms = None if hours is None else round(hours * MS_IN_HOUR)
    return {} if usd is None and ms is None else {"limit_usd": usd, "limit_ms": ms}


def _show(one: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        put_json(one)
        return
    put(_line(one))
    _warn(one)


def _warn(one: Mapping[str, Any], *, whose: bool = False) -> None:
    name = f"The budget of {_whose(_of(one['archive'], one['campaign']))}, {_per(one['period'])}: " if whose else ""
    if one["level"] == Level.WARNING:
        note(f"Warning: {name}{one['used']:.0%} are gone; at the end its jobs wait.")
    elif one["level"] == Level.SPENT:
        note(f"Warning: {name}it is used up; its jobs wait {_until(one['waits_until'])}.")


def _until(at: str | None) -> str:
    return f"until {at}, or until it is raised" if at else "until it is raised"


def _line(one: Mapping[str, Any]) -> str:
    of = _of(one["archive"], one["campaign"])
    gone = []
    if one["limit_usd"] is not None:
        gone.append(f"{one['spent_usd']:.4g} of {one['limit_usd']:g} USD")
    if one["limit_ms"] is not None:
        gone.append(f"{one['spent_ms'] / MS_IN_HOUR:.4g} of {one['limit_ms'] / MS_IN_HOUR:g} h")
    return f"{_whose(of)}, {_per(one['period'])}: {' and '.join(gone)} spent ({one['used']:.0%})"


def _whose(of: Mapping[str, str]) -> str:
    return next((f"{name} {value}" for name, value in of.items()), "deployment")


def _per(period: str) -> str:
    return "a day" if period == Period.DAY else "in all"
