"""What is asked of campaigns."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from api.client.transport import Transport

Campaign = dict[str, Any]


class CampaignCalls(Transport):
    """Planning, looking, and the verbs of a campaign's life."""

    def plan_campaign(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """What it would do and cost; nothing is written."""
        plan: dict[str, Any] = self.post("/v1/campaigns", {**asked, "dry_run": True}).json()["plan"]
        return plan

    def new_campaign(self, asked: Mapping[str, Any]) -> Campaign:
        """A planned one, that spends nothing until it is started."""
        made: Campaign = self.post("/v1/campaigns", asked).json()
        return made

    def campaigns(self) -> Iterator[Campaign]:
        """All of them, newest first, without the counts of their recordings."""
        return self.pages("/v1/campaigns", {})

    def campaign(self, id_or_name: str) -> Campaign:
        found: Campaign = self.get(_place(id_or_name)).json()
        return found

    def campaign_recordings(self, id_or_name: str, state: str = "") -> Iterator[dict[str, Any]]:
        """Its recordings, of one state or all."""
        return self.pages(f"{_place(id_or_name)}/recordings", {"state": state} if state else {})

    def campaign_verb(self, id_or_name: str, verb: str, asked: Mapping[str, Any] | None = None) -> Campaign:
        """start, pause, resume, cancel, promote or rollback; the campaign as it is then."""
        changed: Campaign = self.post(f"{_place(id_or_name)}/{verb}", asked or {}).json()
        return changed


def _place(id_or_name: str) -> str:
    return f"/v1/campaigns/{quote(id_or_name, safe='')}"
