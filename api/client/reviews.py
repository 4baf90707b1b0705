"""What is asked of a campaign's comparison, and votes."""

from typing import Any
from urllib.parse import quote

from api.client.transport import Transport


class ReviewCalls(Transport):
    """Old and new side by side, and what people prefer."""

    def comparison(self, campaign: str, **asked: str) -> bytes:
        """In the form of ``format``: json, csv or html; ``limit``, ``passages`` and ``canary`` as the API has them."""
        return self.get(f"{_place(campaign)}/comparison", asked).content

    def next_vote(self, campaign: str, voter: str) -> dict[str, Any]:
        """The next passage as A and B in ``ballot``, None where there is no further one; and how many were judged."""
        found: dict[str, Any] = self.get(f"{_place(campaign)}/votes/next", {"voter": voter}).json()
        return found

    def vote(self, campaign: str, ballot: dict[str, Any], voter: str, choice: str) -> None:
        """``choice`` is a, b or neither."""
        place = {name: ballot[name] for name in ("recording", "passage")}
        self.post(f"{_place(campaign)}/votes", {**place, "voter": voter, "choice": choice})

    def votes(self, campaign: str) -> dict[str, Any]:
        """The votes counted."""
        found: dict[str, Any] = self.get(f"{_place(campaign)}/votes").json()
        return found


def _place(campaign: str) -> str:
    return f"/v1/campaigns/{quote(campaign, safe='')}"
