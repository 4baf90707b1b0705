"""What all jobs of one worker process work with, opened once in the process."""

from dataclasses import dataclass, field
from functools import partial

from worker import workers
from worker.attempt.keeper import Keeper
from worker.attempt.sources import Sources
from worker.claims.claim import Claim
from worker.claims.lease import Stop
from worker.database import Database
from worker.limits.permits import FleetLimits
from worker.media.store import MediaStore
from worker.recognise.breaker import Breaker
from worker.recognise.pool import Recogniser, Recognisers
from worker.recognise.transport import SegmentTransport
from worker.services.lookup import Services
from worker.settings import Settings
from worker.spending.reserver import Budgets, Reserver
from worker.streams.stream import StreamTuning

PERMITS_FREE_AFTER = 0.6  # of a job's lease: when a killed worker's jobs go on, its permits are there for them


@dataclass(frozen=True, kw_only=True)
class WorkerResources:
    """The leases are renewed over a database connection of their own, so that no crowd of jobs can hold them up."""

    settings: Settings
    database: Database
    lease_database: Database
    media: MediaStore
    sources: Sources
    keeper: Keeper
    limits: FleetLimits
    recognisers: Recognisers
    budgets: Budgets
    services: Services
    stream_tuning: StreamTuning = field(default_factory=StreamTuning)

    def reserver(self, claim: Claim) -> Reserver:
        """What the claim's attempt may spend."""
        return self.budgets.reserver(claim, self.services.find(claim.spec.service))

    def set_share(self, own_slots: int) -> None:
        """Keep in mind which part of the fleet this process is, for the time when Redis cannot be asked."""
        self.limits.share = own_slots / max(1, own_slots, workers.slots(self.database))

    def close(self) -> None:
        self.keeper.close()
        self.recognisers.close()
        self.limits.close()
        self.lease_database.close()
        self.database.close()


def open_resources(settings: Settings, stop: Stop) -> WorkerResources:
    """Open everything; to be called in the process that works, after any fork.

    Raises ConfigurationError where the configured service cannot be used: before a job is taken, not with it.
    """
    services = Services(settings)
    services.find()
    database = Database(settings.resolved_database_url, pool_size=settings.jobs + 4)
    lease_database = Database(settings.resolved_database_url, pool_size=1)
    limits = FleetLimits(settings.redis_url, lease_s=PERMITS_FREE_AFTER * settings.lease_s)

    def make_recogniser(name: str) -> Recogniser:
        service = services.find(name)
        breaker = Breaker(database, service.name, slow_down=partial(limits.slow_down, service.name))
        transport = SegmentTransport(service, sessions_per_s=settings.sessions_per_s, limits=limits, breaker=breaker)
        return Recogniser(transport, sessions=service.sessions, depth=service.depth)

    media = MediaStore(settings.resolved_media_dir)
    return WorkerResources(
        settings=settings,
        database=database,
        lease_database=lease_database,
        media=media,
        sources=Sources(database, media, settings),
        keeper=Keeper(lease_database, lease_s=settings.lease_s, renew_s=settings.renew_s, stop=stop),
        limits=limits,
        recognisers=Recognisers(make_recogniser),
        budgets=Budgets(database, services),
        services=services,
    )
