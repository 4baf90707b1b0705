"""What is asked of campaigns and their reviews, of budgets, and of what was spent."""

from collections.abc import Iterator, Mapping
from typing import Any

from api.client.transport import Query, Transport, path_of
from worker.shapes.campaigns import Campaign, CampaignRecording, CampaignSummary, DryRun
from worker.shapes.reviews import NextVote, VotedPassage, Votes
from worker.shapes.spending import Budget, Estimate, Usage


class CampaignCalls(Transport):
    """``of`` names an archive or a campaign whose budget is meant; empty, it is the deployment's."""

    def plan_campaign(self, request: Mapping[str, Any]) -> DryRun:
        """What it would do and cost; nothing is written."""
        return self.request(DryRun, "POST", "/v1/campaigns", {**request, "dry_run": True})

    def new_campaign(self, request: Mapping[str, Any]) -> Campaign:
        return self.request(Campaign, "POST", "/v1/campaigns", request)

    def campaigns(self) -> Iterator[CampaignSummary]:
        """All of them, newest first, without the counts of their recordings."""
        return self.pages(CampaignSummary, "/v1/campaigns")

    def campaign(self, id_or_name: str) -> Campaign:
        return self.read(Campaign, path_of("campaigns", id_or_name))

    def campaign_recordings(self, id_or_name: str, state: str = "") -> Iterator[CampaignRecording]:
        return self.pages(CampaignRecording, path_of("campaigns", id_or_name, "recordings"), {"state": state})

    def campaign_verb(self, id_or_name: str, verb: str, options: Mapping[str, Any]) -> Campaign:
        """start, pause, resume, cancel, promote or rollback; the campaign as it is then."""
        return self.request(Campaign, "POST", path_of("campaigns", id_or_name, verb), options)

    def comparison(self, campaign: str, query: Query) -> bytes:
        """Old and new side by side, as ``format``: json, csv or html; the other options as the API has them."""
        return self.get(path_of("campaigns", campaign, "comparison"), query).content

    def next_vote(self, campaign: str, voter: str) -> NextVote:
        """The next passage as A and B, and how many were judged."""
        return self.read(NextVote, path_of("campaigns", campaign, "votes", "next"), {"voter": voter})

    def vote(self, campaign: str, ballot: VotedPassage, voter: str, choice: str) -> None:
        """``choice`` is a, b or neither."""
        passage = {"recording": ballot.recording, "passage": ballot.passage}
        self.send("POST", path_of("campaigns", campaign, "votes"), {**passage, "voter": voter, "choice": choice})

    def votes(self, campaign: str) -> Votes:
        return self.read(Votes, path_of("campaigns", campaign, "votes"))

    def estimate(self, query: Query) -> Estimate:
        """What ``recordings`` of ``audio_ms`` would send, cost and take."""
        return self.read(Estimate, "/v1/estimate", query)

    def budgets(self, of: Query) -> list[Budget]:
        return self.items(Budget, "/v1/budgets", of)

    def set_budget(self, period: str, limits: Mapping[str, float | None], of: Query) -> Budget:
        """Set ``limit_usd`` and ``limit_ms`` for a day or in all; sent twice it is the same."""
        return self.request(Budget, "PUT", path_of("budgets", period), limits, params=dict(of))

    def remove_budget(self, period: str, of: Query) -> None:
        self.send("DELETE", path_of("budgets", period), params=dict(of))

    def usage(self, query: Query) -> list[Usage]:
        """By month, archive, campaign, service and model; ``since``, ``until``, ``archive`` and ``campaign`` choose."""
        return self.items(Usage, "/v1/usage", query)
