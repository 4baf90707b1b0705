"""A client of our own HTTP API, for the command line and for scripts: a module for each subject."""

from api.client.archives import ArchiveCalls
from api.client.campaigns import CampaignCalls
from api.client.jobs import JobCalls


class Client(JobCalls, ArchiveCalls, CampaignCalls):
    """Everything that one server can be asked."""
