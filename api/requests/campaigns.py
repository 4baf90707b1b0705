"""What a campaign may be asked with: selection, spec, limits and rules, checked field by field."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from worker.archive_rules import Rules
from worker.campaigns.choice.target import CANARY, MAX_FAILURE_SHARE, CampaignLimits, CampaignRules
from worker.campaigns.review.rules import checked_rule, checked_thresholds
from worker.services.lookup import Services
from worker.shapes.fields import Name
from worker.shapes.options import OptionSet, Use, takes
from worker.shapes.selection import SelectionFields
from worker.spec import RequestedSpec
from worker.states import Lane

Body = ConfigDict(extra="forbid", frozen=True)


@takes(Use.CAMPAIGN)
class SpecFields(OptionSet):
    """What is done with each recording: as with a submission, but always in the lane bulk."""

    def requested(self, services: Services, rules: Rules) -> RequestedSpec:
        """With the archive's word where nothing is said. Raises what a submission meets."""
        return rules.requested({**self.model_dump(), "lane": Lane.BULK}, services)


class LimitFields(BaseModel):
    """How much of the fleet, of a day and of money it may take."""

    model_config = Body

    parallel: int | None = Field(
        None, ge=1, le=10**6, description="Recordings at once; left out: twice the fleet's slots."
    )
    hours_a_day: float | None = Field(None, gt=0, le=10**9, description="Of audio that is sent.")
    usd: float | None = Field(None, gt=0, le=10**9, description="In all; needs a price for the model.")


class CampaignFields(BaseModel):
    """A campaign as it is asked for."""

    model_config = Body

    name: Annotated[Name, Field(min_length=1)] | None = Field(None, description="Its own; left out: one is made.")
    selection: SelectionFields = Field(default_factory=SelectionFields)
    spec: SpecFields = Field(default_factory=SpecFields)
    fresh: bool = Field(False, description="Send everything again, also what has been answered before.")
    limits: LimitFields = Field(default_factory=LimitFields)
    canary: int = Field(CANARY, ge=0, le=1000, description="Recordings that go first; 0: none.")
    thresholds: dict[str, Any] | None = Field(None, description="It goes on by itself where the canary is within them.")
    max_failure_share: float = Field(
        MAX_FAILURE_SHARE, gt=0, le=1, description="Of the recordings that have ended; above it is paused."
    )
    promote: dict[str, Any] | None = Field(None, description="The rule that a recording passes to be promoted.")
    dry_run: bool = Field(False, description="Only plan: nothing is written.")

    def limits_of(self) -> CampaignLimits:
        return CampaignLimits(**self.limits.model_dump())

    def rules_of(self) -> CampaignRules:
        """Raises InvalidRequest that names the field."""
        return CampaignRules(
            canary=self.canary,
            thresholds=None if self.thresholds is None else checked_thresholds(self.thresholds),
            max_failure_share=self.max_failure_share,
            promote=None if self.promote is None else checked_rule(self.promote),
        )


class StartFields(BaseModel):
    """How it is started."""

    model_config = Body

    canary: int | None = Field(None, ge=0, le=1000, description="In place of the planned size; 0: none.")


class PromoteFields(BaseModel):
    """What is promoted."""

    model_config = Body

    rule: dict[str, Any] | None = Field(None, description="In place of the planned one: what a comparison passes.")

    def checked(self) -> dict[str, Any] | None:
        """Raises InvalidRequest that names the field."""
        return None if self.rule is None else checked_rule(self.rule)


class NoFields(BaseModel):
    """Nothing is asked with it."""

    model_config = Body
