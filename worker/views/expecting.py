"""What an import would take, and what its jobs would cost, as JSON."""

from typing import Any

from sqlalchemy.orm import Session

from worker.archives.expecting import Expectation
from worker.services.catalogue import find_service
from worker.settings import Settings
from worker.spec import Spec
from worker.spending.estimates import EARLIER_JOBS, WHOLE, estimate, send_ratio_of_jobs
from worker.spending.prices import find_price

View = dict[str, Any]
COSTS = ("to_send_ms", "ratio_from", "cost_usd", "time_s")


def expectation_view(session: Session, settings: Settings, archive: str, seen: Expectation, spec: Spec | None) -> View:
    """``spec``: of the jobs; None where there will be none."""
    view = {**vars(seen), **dict.fromkeys(COSTS)}
    if spec is None:
        return view
    service = find_service(settings, spec.service)
    ratio = send_ratio_of_jobs(session, archive) or send_ratio_of_jobs(session, None)
    expected = estimate(
        recordings=seen.recordings,
        audio_ms=seen.audio_ms,
        send_ratio=1.0 if ratio is None else ratio,
        ratio_from=WHOLE if ratio is None else EARLIER_JOBS,
        service=service,
        price=find_price(settings, service, spec.model),
    )
    return view | {name: getattr(expected, name) for name in COSTS}
