"""What a campaign is planned with on the command line: which recordings, what is done with them, and how much of it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from api.cli.exits import UsageProblem
from api.client.transport import without_empty

WHICH, HOW = "Which recordings", "How much, and how it goes on"


def option(*names: str, help: str, panel: str, **more: Any) -> Any:  # noqa: ANN401, A002  # as Typer has it
    return typer.Option(*names, help=help, rich_help_panel=panel, **more)


Pairs = list[str] | None


@dataclass(frozen=True, kw_only=True)
class SelectionOptions:
    """Recordings that are all of what is given."""

    archive: Annotated[str | None, option(help="Of this archive.", panel=WHICH)] = None
    label: Annotated[Pairs, option(metavar="NAME=VALUE", help="With this label; several: all.", panel=WHICH)] = None
    recorded_from: Annotated[str | None, option(help="A day or a time, included.", panel=WHICH)] = None
    recorded_until: Annotated[str | None, option(help="Excluded.", panel=WHICH)] = None
    language_is: Annotated[str | None, option(help="In this language, as far as known.", panel=WHICH)] = None
    duration_from: Annotated[float | None, option(help="Seconds, included.", panel=WHICH)] = None
    duration_until: Annotated[float | None, option(help="Seconds, excluded.", panel=WHICH)] = None
    model_is: Annotated[str | None, option(help="Whose current transcript this model made.", panel=WHICH)] = None
    failed: Annotated[bool, option("--failed", help="Whose latest job has failed.", panel=WHICH)] = False
    flagged: Annotated[bool, option("--flagged", help="Whose transcript has doubted segments.", panel=WHICH)] = False
    gaps: Annotated[bool, option("--gaps", help="Whose transcript has gaps.", panel=WHICH)] = False
    limit: Annotated[int | None, option(help="At most so many, the oldest first.", panel=WHICH)] = None
    sample: Annotated[int | None, option(help="So many at random.", panel=WHICH)] = None
    share: Annotated[float | None, option(help="Such a share at random, as 0.05.", panel=WHICH)] = None
    seed: Annotated[int, option(help="The same seed draws the same recordings.", panel=WHICH)] = 0

    def to_json(self) -> dict[str, Any]:
        """As the API takes them; raises UsageProblem."""
        plain = {name: value for name, value in vars(self).items() if name not in {"label", "language_is", "model_is"}}
        labels = pairs("--label", self.label)
        return given({**plain, "labels": labels, "language": self.language_is, "model": self.model_is})


@dataclass(frozen=True, kw_only=True)
class LimitOptions:
    """How much of the fleet, a day and money."""

    parallel: Annotated[int | None, option(help="Recordings at once.", panel=HOW)] = None
    hours_a_day: Annotated[float | None, option(help="Hours of audio sent a day.", panel=HOW)] = None
    usd: Annotated[float | None, option(help="Money in all.", panel=HOW)] = None

    def to_json(self) -> dict[str, Any]:
        return given(vars(self))


@dataclass(frozen=True, kw_only=True)
class RuleOptions:
    """How it goes on."""

    canary: Annotated[int | None, option(help="Recordings that go first (30); 0: none.", panel=HOW)] = None
    threshold: Annotated[
        Pairs, option(metavar="NAME[=VALUE]", help="Go on by itself where the canary is within it.", panel=HOW)
    ] = None
    max_failure_share: Annotated[float | None, option(help="Above it the campaign is paused (0.2).", panel=HOW)] = None
    rule: Annotated[
        Pairs, option(metavar="NAME[=VALUE]", help="What a recording's comparison passes to be promoted.", panel=HOW)
    ] = None

    def to_json(self) -> dict[str, Any]:
        """As the API takes them; raises UsageProblem."""
        share = {"canary": self.canary, "max_failure_share": self.max_failure_share}
        return given(
            {**share, "thresholds": judged("--threshold", self.threshold), "promote": judged("--rule", self.rule)}
        )


def given(options: Mapping[str, Any]) -> dict[str, Any]:
    """Those that were not left out; a number that is 0 was not."""
    return {name: value for name, value in without_empty(options).items() if value is not False}


def pairs(name: str, texts: Iterable[str] | None) -> dict[str, str]:
    """From ``NAME=VALUE``; raises UsageProblem."""
    split = [text.partition("=") for text in texts or ()]
    if not all(left and middle for left, middle, _ in split):
        raise UsageProblem(f"{name} wants NAME=VALUE, once for each.")
    return {left: right for left, _, right in split}


def judged(name: str, texts: Iterable[str] | None) -> dict[str, Any]:
    """From ``NAME=VALUE`` with a number, true or false, or ``NAME`` alone for true; raises UsageProblem."""
    try:
        return {left: json.loads(right) for left, right in pairs(name, map(_switched_on, texts or ())).items()}
    except ValueError as error:
        raise UsageProblem(f"{name} wants NAME, or NAME=VALUE with a number, true or false.") from error


def _switched_on(text: str) -> str:
    return text if "=" in text else f"{text}=true"
