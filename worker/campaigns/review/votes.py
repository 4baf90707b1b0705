"""Blind votes: a passage as A and B, the most different first, and what people preferred.

Which version is A is drawn from the campaign's key, the passage and the voter: the same at each look, another for the
next voter, and nothing that leaves the house tells it.
"""

import hashlib
import hmac
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from worker.campaigns.review.comparing import key_of, read_versions, votable
from worker.campaigns.review.intervals import sign_test, wilson
from worker.database import clock, upsert
from worker.errors import AlreadyVoted, InvalidRequest
from worker.models import Campaign, Member, Recording, Vote
from worker.results.comparison import Passage, counted_passages

MOST_RECORDINGS = 100  # the most different ones; a few passages of each


class Choice(StrEnum):
    """What a voter says; A and B are the voter's own."""

    A = "a"
    B = "b"
    NEITHER = "neither"


@dataclass(frozen=True, kw_only=True)
class Ballot:
    """A passage as one voter sees it."""

    recording: Recording
    passage: Passage
    texts: tuple[str, str]  # A and B


def next_ballot(session: Session, campaign: Campaign, voter: str) -> Ballot | None:
    """The most different passage that this voter has not judged; None where all are judged."""
    judged = _judged(session, campaign.id, voter)
    for recording, comparison in _recordings(session, campaign.id):
        if len(judged[recording.id]) >= comparison["votable"]:
            continue
        for passage in _passages(session, comparison):
            if key_of(passage) not in judged[recording.id]:
                return _ballot(campaign, recording, passage, voter)
    return None


def cast(session: Session, campaign: Campaign, *, recording: str, passage: str, voter: str, choice: Choice) -> None:
    """Keep a vote; the same vote again changes nothing. Raises InvalidRequest, AlreadyVoted."""
    of_member = (Member.campaign_id == campaign.id, Member.recording_id == recording, Member.comparison.is_not(None))
    comparison = session.scalar(select(Member.comparison).where(*of_member))
    if comparison is None:
        raise InvalidRequest("recording: the campaign has compared no such recording.")
    if passage not in map(key_of, _passages(session, comparison)):
        raise InvalidRequest("passage: none of the recording that is voted on; ask for the next one.")
    meant = _meant(choice, new_first=_new_first(campaign, recording, passage, voter))
    row = {"campaign_id": campaign.id, "recording_id": recording, "passage": passage, "voter": voter}
    adding = upsert(session, Vote).values(**row, choice=meant, created_ms=clock(session))
    session.execute(adding.on_conflict_do_nothing())
    own = (getattr(Vote, name) == value for name, value in row.items())
    if session.scalars(select(Vote.choice).where(*own)).one() != meant:
        raise AlreadyVoted(f"{voter} has judged this passage before.")


def tally(session: Session, campaign_id: str) -> dict[str, Any]:
    """The votes counted: for the old version, the new one and neither, and what is to be thought of the split.

    ``new_share`` is of those that chose, with Wilson's interval at 95 %; ``p_value`` is the two-sided sign test's.
    """
    own = Vote.campaign_id == campaign_id
    rows = session.execute(select(Vote.choice, func.count()).where(own).group_by(Vote.choice))
    counted = {str(choice): number for choice, number in rows}
    old, new, neither = (counted.get(name, 0) for name in ("old", "new", "neither"))
    passages = select(Vote.recording_id, Vote.passage).where(own).distinct().subquery()
    share = wilson(new, old + new)
    return {
        "old": old,
        "new": new,
        "neither": neither,
        "votes": old + new + neither,
        "voters": session.scalar(select(func.count(Vote.voter.distinct())).where(own)) or 0,
        "passages": session.scalar(select(func.count()).select_from(passages)) or 0,
        "new_share": share and {"rate": share.rate, "low": share.low, "high": share.high},
        "p_value": sign_test(old, new) if old + new else None,
    }


def votes_of(session: Session, campaign_id: str, voter: str) -> int:
    """How many passages the voter has judged."""
    own = (Vote.campaign_id == campaign_id, Vote.voter == voter)
    return session.scalar(select(func.count()).where(*own)) or 0


def _judged(session: Session, campaign_id: str, voter: str) -> dict[str, set[str]]:
    own = (Vote.campaign_id == campaign_id, Vote.voter == voter)
    judged: dict[str, set[str]] = defaultdict(set)
    for recording_id, passage in session.execute(select(Vote.recording_id, Vote.passage).where(*own)):
        judged[recording_id].add(passage)
    return judged


def _recordings(session: Session, campaign_id: str) -> Iterator[tuple[Recording, dict[str, Any]]]:
    own = (Member.campaign_id == campaign_id, Member.rate.is_not(None))
    query = select(Recording, Member.comparison).join(Member, Member.recording_id == Recording.id).where(*own)
    rows = session.execute(query.order_by(Member.rate.desc(), Member.recording_id).limit(MOST_RECORDINGS))
    yield from ((recording, comparison) for recording, comparison in rows if comparison)


def _passages(session: Session, comparison: dict[str, Any]) -> list[Passage]:
    versions = read_versions(session, comparison)
    return votable(counted_passages(versions.old, versions.new)) if versions.old else []


def _ballot(campaign: Campaign, recording: Recording, passage: Passage, voter: str) -> Ballot:
    old, new = passage.texts
    new_first = _new_first(campaign, recording.id, key_of(passage), voter)
    return Ballot(recording=recording, passage=passage, texts=(new, old) if new_first else (old, new))


def _new_first(campaign: Campaign, recording_id: str, passage: str, voter: str) -> bool:
    place = "\n".join((recording_id, passage, voter)).encode()
    return bool(hmac.digest(campaign.blind_key.encode(), place, hashlib.sha256)[0] & 1)


def _meant(choice: Choice, *, new_first: bool) -> str:
    if choice is Choice.NEITHER:
        return choice.value
    return "new" if (choice is Choice.A) == new_first else "old"
