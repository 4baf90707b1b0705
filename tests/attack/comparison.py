"""A comparison's page with every text of it a stranger's."""

from collections.abc import Callable
from typing import Any

from worker.campaigns.review.page import comparison_page

RATE = {"rate": 0.1, "low": 0.05, "high": 0.2}


def comparison_of(said: Callable[[], str]) -> str:
    """The page, with each text as ``said`` gives it."""
    passage = {"start_ms": 0, "end_ms": 61_000, "channel": 1}
    passages = [
        {**passage, "reference": said(), "old": said() + " before", "new": said() + " behind"},
        {**passage, "reference": None, "old": said() + " before", "new": said() + " behind"},
        {**passage, "reference": None, "old": "", "new": said()},
    ]
    comparison = {"measure": "error", "unit": "words", "old_error": RATE}
    item = {"recording": said(), "source": said(), "rate": 0.5, "passages_different": 3, "passages": passages}
    items = [{**item, "external_id": name, "comparison": comparison} for name in (said(), None)]
    review: dict[str, Any] = {"name": said(), "status": "review", "summary": _summary(said), "items": items}
    return comparison_page(review, next_url="?cursor=x")


def _summary(said: Callable[[], str]) -> dict[str, Any]:
    side = {"words": 5, "without_words": 0, "empty": 0, "gaps": 0, "flags": {said(): 1}, "languages": {said(): 1}}
    return {
        "error": {"recordings": 2, "old": RATE, "new": RATE, "change": RATE},
        "new_error": None,
        "difference": {"recordings": 2, **RATE},
        "recordings": {"compared": 2, "members": 2, "failed": 0, "with_nothing_before": 0},
        "old": side,
        "new": side,
        "language_changes": [{"from": said(), "to": said(), "recordings": 1}],
        "vanished": {said(): 2},
        "appeared": {said(): 2},
    }
