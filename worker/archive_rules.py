"""Archives: named collections of recordings, with what their jobs are given where nobody asks for anything else."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import null, select
from sqlalchemy.orm import Session

from worker.database import Database, clock, upsert
from worker.errors import ServiceNotAllowed, UnknownArchive
from worker.ids import new_id
from worker.models import Archive, Job, Recording
from worker.services.lookup import Services
from worker.shapes.options import DEFAULT_ARCHIVE
from worker.spec import RequestedSpec, make_spec

RULES = ("service", "language", "channels", "channel_labels", "services")


@dataclass(frozen=True, kw_only=True)
class Rules:
    """An archive's defaults, and the services that its recordings may go to; none named: all."""

    name: str
    service: str | None = None
    language: str | None = None
    channels: str | None = None
    channel_labels: dict[str, str] = field(default_factory=dict)
    services: tuple[str, ...] = ()

    def check(self, service: str) -> None:
        """Raises ServiceNotAllowed where the archive's recordings must not go to the service."""
        if self.services and service not in self.services:
            allowed = ", ".join(self.services)
            raise ServiceNotAllowed(f"Recordings of {self.name!r} may go to {allowed}, not to {service!r}.")

    def requested(self, options: Mapping[str, Any], services: Services) -> RequestedSpec:
        """The spec of these options, by their names, with the archive's word where they say nothing.

        Raises UnknownService, UnknownLanguage, LanguageNotSupported, ServiceNotAllowed, InvalidRequest.
        """
        given = {name: value for name, value in options.items() if value}
        service = services.find(given.pop("service", self.service))
        self.check(service.name)
        spec = make_spec(service, **{**self._defaults(), **given})
        named = given.get("language") or self.language
        return RequestedSpec(spec, frozenset() if named else frozenset(service.languages))

    def _defaults(self) -> dict[str, Any]:
        defaults = {"language": self.language, "channels": self.channels, "channel_labels": self.channel_labels}
        return {name: value for name, value in defaults.items() if value}


def rules_of(session: Session, name: str) -> Rules:
    """The archive's rules; an archive that nobody has set up has none."""
    row = session.scalar(select(Archive).where(Archive.name == name))
    return _rules(row) if row else Rules(name=name)


def rules_of_job(session: Session, job_id: str) -> Rules:
    """Those of the archive that the job is in."""
    row = session.scalar(select(Archive).join(Job, Job.archive == Archive.name).where(Job.id == job_id))
    return _rules(row) if row else Rules(name="")


def save_archive(session: Session, rules: Rules) -> None:
    """Set an archive up, or change all of its rules. Jobs that exist keep their spec."""
    now = clock(session)
    values = {"id": new_id(), "created_ms": now, **vars(rules), "services": list(rules.services)}
    changed = {name: values[name] for name in RULES}
    adding = upsert(session, Archive).values(values)
    session.execute(adding.on_conflict_do_update(index_elements=["name"], set_=changed))


def save_source(session: Session, name: str, source: dict[str, Any] | None) -> None:
    """Name the folder that the archive is filled from, or none; an archive that nobody has set up is, without rules."""
    values = {"id": new_id(), "name": name, "created_ms": clock(session), "channel_labels": {}, "services": []}
    kept = null() if source is None else source
    adding = upsert(session, Archive).values({**values, "sync": kept})
    session.execute(adding.on_conflict_do_update(index_elements=["name"], set_={"sync": kept}))


def get_archive(session: Session, name: str) -> Archive:
    """The archive's row; raises UnknownArchive."""
    row = session.scalar(select(Archive).where(Archive.name == name))
    if row is None:
        raise UnknownArchive(f"There is no archive {name!r}.")
    return row


def locked_archive(session: Session, name: str) -> Archive:
    """The archive's row, which nobody else is given by this before the transaction ends; raises UnknownArchive."""
    session.execute(select(Archive.id).where(Archive.name == name).with_for_update())
    return get_archive(session, name)


def check_known(session: Session, name: str, field: str) -> None:
    """Whether it is an archive: one that was set up, or that recordings are in, or the one of those that name none.

    Raises UnknownArchive, which names the ``field``.
    """
    if name == DEFAULT_ARCHIVE or session.scalar(select(Archive.id).where(Archive.name == name)) is not None:
        return
    if session.scalar(select(Recording.id).where(Recording.archive == name).limit(1)) is None:
        raise UnknownArchive(f"{field}: there is no archive {name!r}.")


def check_allowed(database: Database, job_id: str, service: str) -> None:
    """The last look before audio is sent: rules may be stricter than when the job came. Raises ServiceNotAllowed."""
    with database.reading() as session:
        rules = rules_of_job(session, job_id)
    rules.check(service)


def _rules(row: Archive) -> Rules:
    fields: dict[str, Any] = {name: getattr(row, name) for name in ("name", *RULES)}
    return Rules(**{**fields, "services": tuple(row.services)})
