"""A campaign's comparison, also as rows of a table: the most different recordings first, and their passages."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from worker.campaigns.review.comparing import different_passages, key_of, read_versions
from worker.campaigns.review.summary import summarise
from worker.campaigns.review.votes import Ballot
from worker.campaigns.running.life import get_campaign
from worker.database import Database
from worker.models import Member, Recording
from worker.plain_text import harmless_cell
from worker.shapes.base import Page
from worker.shapes.reviews import CampaignComparison, ComparedRecording, NextVote, ShownPassage, VotedPassage
from worker.views.pages import MAX_LIMIT, PageRequest, make_page

Compared = tuple[Member, Recording]  # and the member has a comparison
PASSAGES = 5
MOST_PASSAGES = 50
COLUMNS = (
    "recording external_id source canary measure unit rate length_ratio old_error_rate new_error_rate difference_rate"
).split()
SIDE = "model language words empty gaps flags".split()


def read_review(
    session: Session, id_or_name: str, page: PageRequest, *, canary_only: bool = False, passages: int = PASSAGES
) -> CampaignComparison:
    """The summary, and a page of recordings with their most different passages; raises UnknownCampaign.

    The summary is on the first page alone, since it reads every comparison.
    """
    campaign = get_campaign(session, id_or_name)
    rows = _compared(session, campaign.id, page, canary_only=canary_only)
    # One row more than the page has tells that there is another page; its passages are not looked for.
    items = [_recording(session, row, passages if number < page.limit else 0) for number, row in enumerate(rows)]
    shown = make_page(Page[ComparedRecording], items, page, key="recording")
    return CampaignComparison(
        campaign=campaign.id,
        name=campaign.name,
        status=campaign.status,
        summary=None if page.before else summarise(session, campaign.id, canary_only=canary_only),
        items=shown.items,
        next=shown.next,
    )


def csv_lines(database: Database, campaign_id: str, *, canary_only: bool = False) -> Iterator[str]:
    """One line a recording, in the same order; a page of them is read at a time, so a slow reader holds nothing."""
    sides = [f"{side}_{name}" for side in ("old", "new") for name in SIDE]
    yield _line([*COLUMNS, *sides])
    page: PageRequest | None = PageRequest(limit=MAX_LIMIT)
    while page is not None:
        with database.reading() as session:
            rows = _compared(session, campaign_id, page, canary_only=canary_only)
        for row in rows[: page.limit]:
            yield _line(_cells(row))
        page = replace(page, before=rows[page.limit - 1][0].recording_id) if len(rows) > page.limit else None


def ballot_view(ballot: Ballot | None, voted: int) -> NextVote:
    """What a voter is shown; nothing in it tells which version is which."""
    if ballot is None:
        return NextVote(voted=voted, ballot=None)
    recording, passage = ballot.recording, ballot.passage
    shown = VotedPassage(
        recording=recording.id,
        external_id=recording.external_id,
        source=recording.source,
        passage=key_of(passage),
        channel=passage.channel,
        start_ms=passage.start_ms,
        end_ms=passage.end_ms,
        a=ballot.texts[0],
        b=ballot.texts[1],
    )
    return NextVote(voted=voted, ballot=shown)


def _compared(session: Session, campaign_id: str, page: PageRequest, *, canary_only: bool) -> list[Compared]:
    """The recordings of a page that have a rate, the most different first, and one more where there are more."""
    own = (Member.campaign_id == campaign_id, Member.rate.is_not(None), *([Member.canary] if canary_only else []))
    rows = select(Member, Recording).join(Recording, Recording.id == Member.recording_id).where(*own)
    if page.before is not None:
        last_seen = (Member.campaign_id == campaign_id, Member.recording_id == page.before)
        rate = session.scalar(select(Member.rate).where(*last_seen))
        behind = and_(Member.rate == rate, Member.recording_id < page.before)
        rows = rows.where(or_(Member.rate < rate, behind))
    in_order = rows.order_by(Member.rate.desc(), Member.recording_id.desc()).limit(page.limit + 1)
    return [(member, recording) for member, recording in session.execute(in_order)]


def _recording(session: Session, row: Compared, most_passages: int) -> ComparedRecording:
    member, recording = row
    comparison = member.comparison or {}
    passages = different_passages(read_versions(session, comparison)) if most_passages else None
    return ComparedRecording(
        recording=member.recording_id,
        external_id=recording.external_id,
        source=recording.source,
        canary=member.canary,
        rate=member.rate or 0.0,  # there is one, by the query
        comparison=comparison,
        passages=[ShownPassage(**vars(passage)) for passage in (passages or [])[:most_passages]],
        passages_different=None if passages is None else len(passages),
    )


def _cells(row: Compared) -> list[Any]:
    member, recording = row
    compared = member.comparison or {}
    rates = [(compared[name] or {}).get("rate") for name in ("old_error", "new_error", "difference")]
    plain = [member.recording_id, recording.external_id, recording.source, member.canary]
    sides = [_side(compared[side] or {}, name) for side in ("old", "new") for name in SIDE]
    return [*plain, *(compared[name] for name in ("measure", "unit", "rate", "length_ratio")), *rates, *sides]


def _side(version: dict[str, Any], name: str) -> Any:  # noqa: ANN401  # a cell
    value = version.get(name)
    return " ".join(f"{flag}:{times}" for flag, times in value.items()) if isinstance(value, dict) else value


def _line(cells: list[Any]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(harmless_cell(cell) if isinstance(cell, str) else cell for cell in cells)
    return line.getvalue()
