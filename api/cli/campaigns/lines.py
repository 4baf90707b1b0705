"""Campaigns in words: a plan, and how far one is."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

MS_IN_HOUR = 3_600_000
NEXT = {
    "planned": "start",
    "review": "start",
    "paused": "resume",
    "finished": "promote",
    "promoted": "rollback",
}


def plan_lines(plan: dict[str, Any]) -> Iterator[str]:
    """What it would do, take and cost."""
    yield f"{plan['recordings']} of {plan['matched']} recordings, {hours(plan['audio_ms'])}, with {plan['model']}"
    if plan["length_unknown"]:
        yield f"{plan['length_unknown']} of them nobody has decoded yet: taken to be as long as the others"
    yield f"To send: {hours(plan['to_send_ms'])} ({plan['send_ratio']:.0%} of the audio, by {plan['ratio_from']})"
    reused = plan["reused"]
    if reused["recordings"]:
        yield f"Answered already: {hours(reused['audio_ms'])} in {reused['recordings']} recordings"
    for reason, number in plan["skipped"].items():
        yield f"Passed over: {number} ({reason})"
    yield f"Cost: {money(plan['cost_usd'])}{', over its limit' if plan['over_limit'] else ''}"
    yield f"Time: {duration(plan['time_s'])}"
    yield f"Canary: {plan['canary']} recordings, {plan['references']} of them pinned"


def status_lines(campaign: dict[str, Any]) -> Iterator[str]:
    """How far it is, and what it took beside what was planned."""
    plan, actual = campaign["plan"], campaign["actual"]
    yield campaign_line(campaign)
    if campaign["reason"]:
        yield campaign["reason"]["message"]
    yield "Recordings: " + ", ".join(f"{number} {state}" for state, number in campaign["counts"].items())
    for title in ("codes", "waiting"):
        if campaign[title]:
            name = {"codes": "Failed", "waiting": "Waiting"}[title]
            yield f"{name}: " + ", ".join(f"{number} {code}" for code, number in campaign[title].items())
    sent, planned, reused = actual["sent_ms"], plan["to_send_ms"], actual["reused_ms"]
    yield f"Sent: {hours(sent)} of {hours(planned)} planned; reused {hours(reused)}"
    yield f"Cost: {money(actual['cost_usd'])} of {money(plan['cost_usd'])} planned"
    if campaign["promoted"]:
        yield f"Current transcripts of {campaign['promoted']} recordings are its own"
    if (verb := NEXT.get(campaign["status"])) and not campaign["step"]:
        yield f"Next: longhand reprocess {verb} {campaign['name']}"


def campaign_line(campaign: dict[str, Any]) -> str:
    """One line: its name, where it is, and what goes on within that."""
    doing = f" ({campaign['step'].replace('_', ' ')})" if campaign["step"] else ""
    progress = campaign.get("progress")
    far = f"  {progress['ended']}/{progress['total']}" if progress else f"  {campaign['plan']['recordings']} recordings"
    left = f", {duration(progress['eta_s'])} to go" if progress and progress["eta_s"] is not None else ""
    return f"{campaign['name']}  {campaign['status']}{doing}{far}{left}"


def hours(ms: int) -> str:
    return f"{ms / MS_IN_HOUR:,.2f} h"


def money(usd: float | None) -> str:
    return "no price is known" if usd is None else f"{usd:,.2f} USD"


def duration(seconds: float | None) -> str:
    return "unknown" if seconds is None else str(timedelta(seconds=round(seconds)))
