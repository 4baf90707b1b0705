"""What an import would take, and what its jobs would cost, as JSON."""

from typing import Any

from sqlalchemy.orm import Session

from worker.imports.estimate import COSTS, Expectation
from worker.services.lookup import Services
from worker.spec import Spec
from worker.spending.estimates import Asked, estimate_for

View = dict[str, Any]


def expectation_view(session: Session, services: Services, archive: str, seen: Expectation, spec: Spec | None) -> View:
    """``spec``: of the jobs; None where there will be none."""
    view = seen.view()
    if spec is None or seen.audio_ms is None:
        return view
    asked = Asked(
        recordings=seen.recordings,
        audio_ms=seen.audio_ms,
        archive=archive,
        service=spec.service,
        model=spec.model,
        segmentation=spec.segmentation,
    )
    service, model, made = estimate_for(session, services, asked)
    if made.cost_usd is None:
        view["unknown"] = f"No price is known for {model!r} of {service.name!r}: so the money is not known."
    return view | {name: getattr(made, name) for name in COSTS}
