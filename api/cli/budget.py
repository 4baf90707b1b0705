"""`longhand budget …`: how much may be spent, a day and in all."""

from dataclasses import asdict, dataclass
from functools import partial
from typing import Annotated

import typer

from api.cli.exits import UsageProblem
from api.cli.options import grouped
from api.cli.output.formats import HOUR_MS
from api.cli.output.printing import Output, note, put
from api.cli.target import open_client, with_client
from api.client import Client
from api.client.transport import ApiProblem, without_empty
from worker.budgets import Level, Period, Scope
from worker.errors import UnknownBudget
from worker.shapes.spending import Budget

limit = partial(typer.Option, min=0)
app = typer.Typer(
    no_args_is_help=True,
    help="""Limit what is sent to recognition services, in money or in hours of audio.

    \b
    longhand budget set --day-usd 20                    everything, a day
    longhand budget set --archive radio --hours 500     one archive, in all
    longhand budget list
    """,
)


@dataclass(frozen=True, kw_only=True)
class BudgetScope:
    """Of an archive, a campaign, or where neither is named of the whole deployment."""

    archive: Annotated[str | None, typer.Option(help="For this archive alone.")] = None
    campaign: Annotated[str | None, typer.Option(help="For this campaign alone.")] = None

    def query(self) -> dict[str, str]:
        return without_empty(asdict(self))

    def __str__(self) -> str:
        return next((f"{name} {value}" for name, value in self.query().items()), "deployment")


@app.command("set")
@grouped
def set_budget(
    *,
    scope: BudgetScope,
    day_usd: Annotated[float | None, limit(help="Money a day (UTC), in US dollars.")] = None,
    usd: Annotated[float | None, limit(help="Money in all.")] = None,
    day_hours: Annotated[float | None, limit(help="Hours of audio sent a day.")] = None,
    hours: Annotated[float | None, limit(help="Hours of audio sent in all.")] = None,
    out: Output,
) -> None:
    """Set a budget or change it; without --archive or --campaign for the whole deployment.

    Each second of audio is reserved before it is sent, so it is never passed; at its end jobs wait. What was spent
    before counts.

        longhand budget set --archive radio --day-usd 5 --usd 100
    """
    limits = {Period.DAY: _limits(day_usd, day_hours), Period.ALL: _limits(usd, hours)}
    if not any(limits.values()):
        raise UsageProblem("Give at least one of --day-usd, --usd, --day-hours and --hours.")
    with open_client() as client:
        for period, given in limits.items():
            if given:
                _show(client.set_budget(period, given, scope.query()), out)


@app.command("list")
@with_client
def list_budgets(*, client: Client, scope: BudgetScope, out: Output) -> None:
    """Show the budgets and what is gone of them; one that is nearly used up is warned of."""
    budgets = client.budgets(scope.query())
    for one in budgets:
        _show(one, out)
    if not budgets:
        out.note("No budget was set: `longhand budget set` does that.")


@app.command()
@with_client
def remove(
    *,
    client: Client,
    scope: BudgetScope,
    period: Annotated[Period | None, typer.Option(help="Only this one; left out: both.")] = None,
) -> None:
    """Lift a budget: jobs that waited for it go on."""
    lifted = []
    for one in [period] if period else Period:
        try:
            client.remove_budget(one, scope.query())
        except ApiProblem as problem:
            if period or problem.code != UnknownBudget.code:
                raise
        else:
            lifted.append(f"{scope}, {_per(one)}")
    if not lifted:
        raise UsageProblem(UnknownBudget.hint)
    put(f"Lifted: {', '.join(lifted)}.")


def warn_of_budgets(client: Client, archive: str) -> None:
    """A line for each budget of the deployment or the archive that is nearly used up, or is."""
    for one in client.budgets({}):
        if one.scope == Scope.DEPLOYMENT or one.archive == archive:
            _warn(one, f"The budget of {_name(one)}: ")


def _limits(usd: float | None, hours: float | None) -> dict[str, float | None]:
    ms = None if hours is None else round(hours * HOUR_MS)
    return {} if usd is None and ms is None else {"limit_usd": usd, "limit_ms": ms}


def _show(one: Budget, out: Output) -> None:
    out.item(one, _line(one))
    if not out.as_json:
        _warn(one)


def _warn(one: Budget, name: str = "") -> None:
    if one.level == Level.WARNING:
        note(f"Warning: {name}{one.used:.0%} are gone; at the end its jobs wait.")
    elif one.level == Level.SPENT:
        until = f"until {one.waits_until}, or until it is raised" if one.waits_until else "until it is raised"
        note(f"Warning: {name}it is used up; its jobs wait {until}.")


def _line(one: Budget) -> str:
    gone = [] if one.limit_usd is None else [f"{one.spent_usd:.4g} of {one.limit_usd:g} USD"]
    gone += [] if one.limit_ms is None else [f"{one.spent_ms / HOUR_MS:.4g} of {one.limit_ms / HOUR_MS:g} h"]
    return f"{_name(one)}: {' and '.join(gone)} spent ({one.used:.0%})"


def _name(one: Budget) -> str:
    return f"{BudgetScope(archive=one.archive, campaign=one.campaign)}, {_per(one.period)}"


def _per(period: str) -> str:
    return "a day" if period == Period.DAY else "in all"
