"""`dry_run`: what an import would take, and what its jobs would cost."""

from collections.abc import Mapping
from typing import Any

from api.http.dependencies import Door
from worker.archive_rules import rules_of
from worker.imports.estimate import Expectation, expect
from worker.shapes.archives import ImportEstimate
from worker.views.archives import estimate_import


def expected(door: Door, archive: str, source: Mapping[str, Any], options: Mapping[str, Any] | None) -> ImportEstimate:
    """Look at the folder, for a while at most. Raises what the import would meet at its beginning."""
    return priced(door, archive, expect(source, door.settings, door.store), options)


def priced(door: Door, archive: str, seen: Expectation, options: Mapping[str, Any] | None) -> ImportEstimate:
    """What was seen, with what jobs with these options would cost."""
    with door.database.reading() as session:
        rules = rules_of(session, archive)
        spec = None if options is None else rules.requested(options, door.services).spec
        return estimate_import(session, door.services, archive, seen, spec)
