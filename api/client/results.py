"""What is asked of the results of many recordings."""

from collections.abc import Iterator, Sequence
from typing import Any

from api.client.transport import Transport

JOBS = 50  # named in one request: a URL takes no more than some thousand characters


class ResultCalls(Transport):
    """Rows for exports."""

    def results(self, of: str, name: str) -> Iterator[dict[str, Any]]:
        """All rows; ``of`` is archive, batch or campaign."""
        return self.pages("/v1/results", {of: name})

    def results_of_jobs(self, job_ids: Sequence[str]) -> Iterator[dict[str, Any]]:
        """The rows of named jobs; raises ApiProblem for an id that names nothing."""
        named = list(dict.fromkeys(job_ids))
        for first in range(0, len(named), JOBS):
            yield from self._named(named[first : first + JOBS])

    def _named(self, job_ids: Sequence[str]) -> list[dict[str, Any]]:
        query = {"limit": str(JOBS), "job": list(job_ids)}
        items: list[dict[str, Any]] = self.answer(lambda: self.http.get("/v1/results", params=query)).json()["items"]
        return items
