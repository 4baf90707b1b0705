"""What a campaign is planned with on the command line: which recordings, what is done with them, and how much of it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

import typer

from api.cli.exits import UsageProblem
from api.cli.options import DeclaredOptions, Given, given, pairs
from worker.shapes.declarations import command_options
from worker.shapes.options import Use, job_options
from worker.shapes.selection import SelectionFields

option = partial(typer.Option, rich_help_panel="How much, and how it goes on")
Judged = list[str] | None
JUDGED = "NAME[=VALUE]"
Selection = Annotated[Given, DeclaredOptions(command_options(SelectionFields), panel="Which recordings")]
CampaignSpec = Annotated[Given, DeclaredOptions(job_options(Use.CAMPAIGN), first=("service", "model"))]


@dataclass(frozen=True, kw_only=True)
class CourseOptions:
    """How much of the fleet, a day and money, and how it goes on."""

    parallel: Annotated[int | None, option(help="Recordings at once.")] = None
    hours_a_day: Annotated[float | None, option(help="Hours of audio sent a day.")] = None
    usd: Annotated[float | None, option(help="Money in all.")] = None
    canary: Annotated[int | None, option(help="Recordings that go first (30); 0: none.")] = None
    threshold: Annotated[Judged, option(metavar=JUDGED, help="Go on by itself where the canary is within it.")] = None
    max_failure_share: Annotated[float | None, option(help="Above it the campaign is paused (0.2).")] = None
    rule: Annotated[Judged, option(metavar=JUDGED, help="What a recording's comparison passes to be promoted.")] = None

    def to_json(self) -> dict[str, Any]:
        """As the API takes them; raises UsageProblem."""
        limits = given({"parallel": self.parallel, "hours_a_day": self.hours_a_day, "usd": self.usd})
        rules = {"thresholds": judged("--threshold", self.threshold), "promote": judged("--rule", self.rule)}
        shares = {"canary": self.canary, "max_failure_share": self.max_failure_share}
        return given({"limits": limits, **shares, **rules})


def judged(name: str, texts: Iterable[str] | None) -> dict[str, Any]:
    """From ``NAME=VALUE`` with a number, true or false, or ``NAME`` alone for true; raises UsageProblem."""
    try:
        switched = (text if "=" in text else f"{text}=true" for text in texts or ())
        return {left: json.loads(right) for left, right in pairs(name, switched).items()}
    except ValueError as error:
        raise UsageProblem(f"{name} wants NAME, or NAME=VALUE with a number, true or false.") from error
