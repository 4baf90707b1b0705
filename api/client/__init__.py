"""A client of our own HTTP API, for the command line and for scripts: a module for each subject."""

from api.client.archives import ArchiveCalls
from api.client.budgets import BudgetCalls
from api.client.campaigns import CampaignCalls
from api.client.imports import ImportCalls
from api.client.jobs import REFUSALS, JobCalls, RemoteJob
from api.client.results import ResultCalls
from api.client.reviews import ReviewCalls
from api.client.search import SearchCalls
from api.client.transport import ApiProblem, ApiUnreachable

__all__ = ["REFUSALS", "ApiProblem", "ApiUnreachable", "Client", "RemoteJob"]


class Client(JobCalls, ArchiveCalls, BudgetCalls, CampaignCalls, ResultCalls, SearchCalls, ImportCalls, ReviewCalls):
    """Everything that one server can be asked."""
