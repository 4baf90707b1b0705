"""Options that several commands have, made of what declares them once."""

from typing import Annotated

from api.cli.option_groups import Declared, Given
from worker.shapes.options import Use, job_options

SubmissionOptions = Annotated[Given, Declared(job_options())]
RetryOptions = Annotated[Given, Declared(job_options(Use.RETRY), last=("lane", "deadline", "fresh"))]
CampaignSpec = Annotated[Given, Declared(job_options(Use.CAMPAIGN), first=("service", "model"))]
ArchiveDefaults = Annotated[Given, Declared(job_options(Use.ARCHIVE), first=("service",))]
