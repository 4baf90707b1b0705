"""A campaign's comparison, in three forms, and blind votes on its passages."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, StringConstraints
from sqlalchemy.orm import Session

from api.http.authentication import CORRECT, READ
from api.http.bodies import json_body
from api.http.dependencies import Deps
from api.http.idempotent_writes import Answer, Once
from api.http.queries import PageQuery
from api.requests.docs import json_request, problems
from worker.campaigns.review import votes
from worker.campaigns.review.page import comparison_page
from worker.campaigns.running.life import get_campaign
from worker.errors import InvalidRequest
from worker.shapes.fields import Name
from worker.shapes.reviews import CampaignComparison, CastVote, NextVote, Votes
from worker.views.reviews import MOST_PASSAGES, PASSAGES, ballot_view, csv_lines, read_review

router = APIRouter(tags=["campaigns"])
Voter = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$")]
# The page runs, loads, sends and is embedded in nothing, whatever a transcript says.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
SEALED = {"Content-Security-Policy": POLICY}


class Form(StrEnum):
    """What a comparison is shown as."""

    JSON = "json"
    CSV = "csv"
    HTML = "html"


class VoteFields(BaseModel):
    """What a voter says of a passage."""

    model_config = ConfigDict(extra="forbid")

    voter: Voter
    recording: Name
    passage: Name
    choice: votes.Choice


@dataclass(frozen=True)
class ComparisonOptions:
    """What of a comparison is shown, and how."""

    form: Form
    passages: int
    canary: bool


def _look(
    form: Annotated[str, Query(alias="format", description="json, csv (a line a recording) or html.")] = Form.JSON,
    passages: Annotated[int, Query(description=f"Of each recording so many at most, 0 to {MOST_PASSAGES}.")] = PASSAGES,
    *,
    canary: Annotated[bool, Query(description="Only the canary.")] = False,
) -> ComparisonOptions:
    if form not in set(Form):
        raise InvalidRequest(f"format must be one of {', '.join(Form)}; got {form[:20]!r}.")
    if not 0 <= passages <= MOST_PASSAGES:
        raise InvalidRequest(f"passages must lie between 0 and {MOST_PASSAGES}; got {passages}.")
    return ComparisonOptions(Form(form), passages, canary)


@router.get(
    "/v1/campaigns/{campaign}/comparison",
    dependencies=[READ],
    response_model=CampaignComparison,
    responses={200: {"content": {"text/csv": {}, "text/html": {}}}, **problems(400, 404)},
)
def get_comparison(
    request: Request,
    campaign: str,
    deps: Deps,
    page: PageQuery,
    look: Annotated[ComparisonOptions, Depends(_look)],
) -> CampaignComparison | Response:
    """Old and new transcripts side by side: sums with intervals, then the most different recordings and passages."""
    with deps.database.reading() as session:
        if look.form is Form.CSV:
            lines = csv_lines(deps.database, get_campaign(session, campaign).id, canary_only=look.canary)
            return StreamingResponse(lines, media_type="text/csv; charset=utf-8")
        review = read_review(session, campaign, page, canary_only=look.canary, passages=look.passages)
    if look.form is Form.JSON:
        return review
    following = {**request.query_params, "cursor": review.next}
    shown = comparison_page(review.as_json(), next_url=f"?{urlencode(following)}" if review.next else None)
    return HTMLResponse(shown, headers=SEALED)


@router.get("/v1/campaigns/{campaign}/votes", dependencies=[READ], responses=problems(404))
def get_votes(campaign: str, deps: Deps) -> Votes:
    """How people voted: for the old version, the new one, or neither."""
    with deps.database.reading() as session:
        return Votes(**votes.tally(session, get_campaign(session, campaign).id))


@router.get("/v1/campaigns/{campaign}/votes/next", dependencies=[READ], responses=problems(400, 404))
def get_next_vote(
    campaign: str, deps: Deps, voter: Annotated[Voter, Query(description="Who votes: any name.")]
) -> NextVote:
    """The most different passage that the voter has not judged, as A and B; null where there is no further one."""
    with deps.database.reading() as session:
        row = get_campaign(session, campaign)
        ballot = votes.next_ballot(session, row, voter)
        return ballot_view(ballot, votes.votes_of(session, row.id, voter))


@router.post(
    "/v1/campaigns/{campaign}/votes",
    dependencies=[CORRECT],
    status_code=201,
    responses=problems(400, 404, 409, 422),
    openapi_extra=json_request(VoteFields),
)
def post_vote(
    campaign: str, vote: Annotated[VoteFields, Depends(json_body(VoteFields.model_validate))], once: Once
) -> CastVote:
    """Say which of a passage's two versions is better: `a`, `b` or `neither`. A voter judges a passage once."""

    def work(session: Session) -> Answer[CastVote]:
        votes.cast(session, get_campaign(session, campaign), **vote.model_dump())
        return Answer(CastVote(**vars(vote)), 201)

    return once(work, vote.model_dump(mode="json"))
