"""A client of our own HTTP API, for the command line and for scripts: a module for each subject."""

from api.client.archives import ArchiveCalls, RecordingCalls
from api.client.campaigns import CampaignCalls, SpendingCalls
from api.client.jobs import JobCalls


class Client(JobCalls, ArchiveCalls, RecordingCalls, CampaignCalls, SpendingCalls):
    """Everything that one server can be asked."""
