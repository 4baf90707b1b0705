"""Whose budget is meant, and whether money can be counted for it."""

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from worker.archive_rules import rules_of
from worker.budgets import Scope
from worker.errors import InvalidRequest, PriceUnknown, UnknownCampaign
from worker.models import Campaign
from worker.services.lookup import Services


def scope_of(session: Session, archive: str | None, campaign: str | None) -> tuple[Scope, str]:
    """The archive's, the campaign's (by id or name), or else the deployment's; raises UnknownCampaign."""
    if archive and campaign:
        raise InvalidRequest("A budget is for an archive or for a campaign, not for both.")
    if campaign:
        return Scope.CAMPAIGN, campaign_id(session, campaign)
    return (Scope.ARCHIVE, archive) if archive else (Scope.DEPLOYMENT, "")


def campaign_id(session: Session, id_or_name: str) -> str:
    """Raises UnknownCampaign."""
    named = or_(Campaign.id == id_or_name, Campaign.name == id_or_name)
    found = session.scalar(select(Campaign.id).where(named))
    if found is None:
        raise UnknownCampaign(f"There is no campaign {id_or_name!r}.")
    return found


def check_price(session: Session, services: Services, scope: Scope, name: str) -> None:
    """Raises PriceUnknown where the service that jobs of this scope go to by default has no price for its model."""
    service_name, model = _default(session, scope, name)
    service = services.find(service_name)
    if services.price(service, model or service.model) is None:
        what = f"{service.name!r} has no price for {model or service.model!r}"
        raise PriceUnknown(f"limit_usd: {what}. {PriceUnknown.hint}")


def _default(session: Session, scope: Scope, name: str) -> tuple[str | None, str | None]:
    if scope is Scope.CAMPAIGN:
        spec = session.scalars(select(Campaign.spec).where(Campaign.id == name)).one()
        return spec.get("service"), spec.get("model")
    return (rules_of(session, name).service if scope is Scope.ARCHIVE else None), None
