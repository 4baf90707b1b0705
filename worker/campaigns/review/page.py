"""A campaign's comparison as one readable page: self-contained, without scripts, every text escaped. Pure."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from worker.results.word_errors import Run, marked

_PAGES = Environment(
    loader=PackageLoader("worker.campaigns.review", "pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def clock(ms: int) -> str:
    """Hours, minutes and seconds: 0:01:02."""
    return str(timedelta(seconds=ms // 1000))


def percent(rate: float | None) -> str:
    return "–" if rate is None else f"{100 * rate:.1f} %"


def signed(rate: float) -> str:
    """Percentage points."""
    return f"{100 * rate:+.1f}".replace("-", "−") + " points"


_PAGES.filters |= {"clock": clock, "percent": percent, "signed": signed}


def comparison_page(review: Mapping[str, Any], *, next_url: str | None = None) -> str:
    """HTML of what `worker.views.reviews.read_review` gives; ``next_url`` is of the page that follows."""
    items = [{**item, "rows": [_row(passage) for passage in item["passages"]]} for item in review["items"]]
    return _PAGES.get_template("comparison.html").render(review=review, items=items, next_url=next_url)


def _row(passage: Mapping[str, Any]) -> dict[str, Any]:
    """Old and new in runs, each marked against the reference where there is one, else against one another."""
    said, old, new = passage["reference"], passage["old"], passage["new"]
    before: list[Run] | None
    if said is None:
        before, after = marked(old, new)
    else:
        before, after = None if old is None else marked(said, old)[1], marked(said, new)[1]
    return {"place": passage, "reference": said, "old": before, "new": after}
