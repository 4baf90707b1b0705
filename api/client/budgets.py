"""What is asked of budgets, and before anything is spent."""

from collections.abc import Mapping
from typing import Any

from api.client.transport import Transport


class BudgetCalls(Transport):
    """Budgets of the deployment, of archives and of campaigns; ``of`` names an archive or a campaign, or neither."""

    def estimate(self, asked: Mapping[str, str]) -> dict[str, Any]:
        """What ``recordings`` of ``audio_ms`` would send, cost and take."""
        found: dict[str, Any] = self.get("/v1/estimate", asked).json()
        return found

    def budgets(self, of: Mapping[str, str]) -> list[dict[str, Any]]:
        """All, or those of one archive or campaign."""
        items: list[dict[str, Any]] = self.get("/v1/budgets", of).json()["items"]
        return items

    def set_budget(self, period: str, limits: Mapping[str, float | None], of: Mapping[str, str]) -> dict[str, Any]:
        """Set ``limit_usd`` and ``limit_ms`` for a day or in all; sent twice it is the same."""
        url = f"/v1/budgets/{period}"
        saved: dict[str, Any] = self.answer(lambda: self.http.put(url, json=dict(limits), params=dict(of))).json()
        return saved

    def remove_budget(self, period: str, of: Mapping[str, str]) -> None:
        """Lift one."""
        self.answer(lambda: self.http.delete(f"/v1/budgets/{period}", params=dict(of)))
