"""What a probe found, in words: a table for a person, lines of JSON for a machine."""

import sys
from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console
from rich.table import Table
from rich.text import Text

from api.cli.output.printing import printable
from worker.probing.findings import UNLIMITED, ArchiveEstimate, Finding, Question, Recommendation

VERDICTS = {True: "yes", False: "no", None: "not tried"}


def print_table(findings: Sequence[Finding]) -> None:
    """To stdout, as wide as the terminal."""
    table = Table("", "", "what was seen", box=None, pad_edge=False)
    for finding in findings:
        # Text, not markup: a service's own words stand in the details.
        cells = (_label(finding), VERDICTS[finding.holds], _detail(finding))
        table.add_row(*(Text(printable(cell)) for cell in cells))
    Console(file=sys.stdout, highlight=False).print(table)


def as_fields(finding: Finding) -> dict[str, object]:
    """A finding for a machine."""
    return {**asdict(finding), "question": finding.question.name.lower()}


def recommended(values: Recommendation) -> str:
    """In the words of the services file."""
    return f"pace = {values.pace:g}, depth = {values.depth}, sessions = {values.sessions}"


def archive_line(taken: ArchiveEstimate | None) -> str:
    """What an archive would take."""
    if taken is None:
        return "No pace was measured: how long an archive takes cannot be said."
    money = "at a price that is not known here" if taken.usd is None else money_words(taken.usd)
    return f"{taken.archive_hours:g} hours of speech: about {_time(taken.hours)}, {money}. Silence is not sent."


def money_words(usd: float) -> str:
    """USD with as many digits as matter."""
    if usd == 0:
        return "free of charge"
    return f"at most {usd:,.2f} USD" if usd >= 1 else f"at most {usd:.4f} USD"


def _label(finding: Finding) -> str:
    match finding:
        case Finding(question=Question.PACE, asked=float() | int() as pace):
            return "no limit of pace" if pace == UNLIMITED else f"{pace:g} times real time"
        case Finding(question=Question.IDLE, asked=float() | int() as seconds):
            return f"idle for {seconds:g} s"
        case Finding(question=Question.SESSIONS, asked=float() | int() as sessions):
            return f"{sessions:g} sessions at once"
        case _:
            return finding.question.value


def _detail(finding: Finding) -> str:
    if finding.question is Question.IDLE and finding.holds is False and finding.found is not None:
        return f"open for {finding.found:.0f} s, then {finding.detail}"
    if finding.question is Question.SESSIONS and finding.holds is False and finding.found is not None:
        return f"{finding.found:g} answered, {finding.detail}"
    return finding.detail


def _time(hours: float) -> str:
    if hours < 1:
        return f"{hours * 60:.0f} minutes"
    return f"{hours:.1f} hours" if hours < 48 else f"{hours / 24:.1f} days"
