"""A campaign's comparison as JSON and as rows: the most different recordings first, and their passages."""

import csv
import io
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from worker.campaigns.review.comparing import different_passages, key_of, read_versions
from worker.campaigns.review.summary import summarise
from worker.campaigns.review.votes import Ballot
from worker.campaigns.running.life import get_campaign
from worker.database import Database
from worker.models import Member, Recording
from worker.views.pages import MAX_LIMIT, Page, Window, paged

View = dict[str, Any]
PASSAGES = 5
MOST_PASSAGES = 50
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would run what begins so
COLUMNS = (
    "recording external_id source canary measure unit rate length_ratio old_error_rate new_error_rate difference_rate"
).split()
SIDE = "model language words empty gaps flags".split()


def read_review(
    session: Session, id_or_name: str, window: Window, *, canary_only: bool = False, passages: int = PASSAGES
) -> View:
    """The summary, and a page of recordings with their most different passages; raises UnknownCampaign.

    The summary is on the first page alone, since it reads every comparison.
    """
    campaign = get_campaign(session, id_or_name)
    page = list_compared(session, campaign.id, window, canary_only=canary_only)
    page["items"] = [{**item, **_passages(session, item["comparison"], passages)} for item in page["items"]]
    summary = None if window.before else summarise(session, campaign.id, canary_only=canary_only)
    return {"campaign": campaign.id, "name": campaign.name, "status": campaign.status, "summary": summary, **page}


def list_compared(session: Session, campaign_id: str, window: Window, *, canary_only: bool = False) -> Page:
    """A page of the recordings that have a rate, the most different first."""
    own = (Member.campaign_id == campaign_id, Member.rate.is_not(None), *([Member.canary] if canary_only else []))
    wanted = select(Member, Recording).join(Recording, Recording.id == Member.recording_id).where(*own)
    if window.before is not None:
        at = (Member.campaign_id == campaign_id, Member.recording_id == window.before)
        rate = session.scalar(select(Member.rate).where(*at))
        behind = and_(Member.rate == rate, Member.recording_id < window.before)
        wanted = wanted.where(or_(Member.rate < rate, behind))
    in_order = wanted.order_by(Member.rate.desc(), Member.recording_id.desc()).limit(window.limit + 1)
    views = [_item(member, recording) for member, recording in session.execute(in_order)]
    return paged(views, window, key="recording")


def csv_lines(database: Database, campaign_id: str, *, canary_only: bool = False) -> Iterator[str]:
    """One line a recording, in the same order; a page of them is read at a time, so a slow reader holds nothing."""
    sides = [f"{side}_{name}" for side in ("old", "new") for name in SIDE]
    yield _line([*COLUMNS, *sides])
    window: Window | None = Window(limit=MAX_LIMIT)
    while window is not None:
        with database.reading() as session:
            page = list_compared(session, campaign_id, window, canary_only=canary_only)
        for item in page["items"]:
            yield _line(_cells(item))
        window = replace(window, before=page["items"][-1]["recording"]) if page["next"] else None


def ballot_view(ballot: Ballot | None, voted: int) -> View:
    """What a voter is shown; nothing in it tells which version is which."""
    if ballot is None:
        return {"voted": voted, "ballot": None}
    recording, passage = ballot.recording, ballot.passage
    shown = {
        "recording": recording.id,
        "external_id": recording.external_id,
        "source": recording.source,
        "passage": key_of(passage),
        "channel": passage.channel,
        "start_ms": passage.start_ms,
        "end_ms": passage.end_ms,
        "a": ballot.texts[0],
        "b": ballot.texts[1],
    }
    return {"voted": voted, "ballot": shown}


def _item(member: Member, recording: Recording) -> View:
    return {
        "recording": member.recording_id,
        "external_id": recording.external_id,
        "source": recording.source,
        "canary": member.canary,
        "rate": member.rate,
        "comparison": member.comparison,
    }


def _passages(session: Session, comparison: View, most: int) -> View:
    if not most:
        return {"passages": [], "passages_different": None}
    found = different_passages(read_versions(session, comparison))
    return {"passages": [asdict(one) for one in found[:most]], "passages_different": len(found)}


def _cells(item: View) -> list[Any]:
    compared = item["comparison"]
    rates = [(compared[name] or {}).get("rate") for name in ("old_error", "new_error", "difference")]
    plain = [item[name] for name in ("recording", "external_id", "source", "canary")]
    sides = [_side(compared[side] or {}, name) for side in ("old", "new") for name in SIDE]
    return [*plain, *(compared[name] for name in ("measure", "unit", "rate", "length_ratio")), *rates, *sides]


def _side(version: View, name: str) -> Any:  # noqa: ANN401  # a cell
    found = version.get(name)
    return " ".join(f"{flag}:{times}" for flag, times in found.items()) if isinstance(found, dict) else found


def _line(cells: list[Any]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(map(_harmless, cells))
    return line.getvalue()


def _harmless(cell: Any) -> Any:  # noqa: ANN401  # a cell
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
