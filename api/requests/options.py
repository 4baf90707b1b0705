"""Options of a submission, read alike from forms, JSON and manifests, or of a retry; and the specs they ask for."""

from dataclasses import replace
from functools import lru_cache
from typing import Any

from api.http.bodies import checked
from worker.archive_rules import Rules, rules_of
from worker.database import Database
from worker.errors import InvalidRequest
from worker.services.lookup import Services
from worker.shapes.fields import Url
from worker.shapes.options import JobOptions, OptionSet, SpecOptions, UrlOptions, Use, takes
from worker.spec import RequestedSpec, Spec, make_spec

MOST_KEPT = 1000  # of one request: a manifest whose rows all have a context of their own must not fill the memory
# Text that is empty is as good as left out, but where it is the option's default.
MAY_BE_EMPTY = {name for name, field in SpecOptions.model_fields.items() if field.default == ""}


def read_options(fields: dict[str, Any]) -> JobOptions:
    """Raises InvalidRequest that names the fields."""
    return checked(JobOptions.model_validate, _without_empty(fields))


def read_url_options(fields: object) -> UrlOptions:
    """Raises InvalidRequest that names the fields."""
    if not isinstance(fields, dict):
        raise InvalidRequest("Each submission must be a JSON object with a url.")
    return checked(UrlOptions.model_validate, _without_empty(fields))


def read_shared_options(fields: dict[str, Any]) -> JobOptions:
    """What the items of a batch share, which may be all but a whole submission. Raises InvalidRequest."""
    return checked(_SharedOptions.model_validate, _without_empty(fields))


class _SharedOptions(JobOptions):
    url: Url | None = None


class Specs:
    """The specs of one request: its thousand items are not a thousand queries.

    An archive's rules are as they were first seen, and what is asked for alike is made once.
    """

    def __init__(self, database: Database, services: Services) -> None:
        self._database = database
        self._services = services
        self._rules = lru_cache(MOST_KEPT)(self._read_rules)
        self._made: dict[tuple[str, str], RequestedSpec] = {}

    def of(self, options: JobOptions) -> RequestedSpec:
        """Raises as `Rules.requested` does."""
        given = options.of_spec()
        key = options.archive, str(given)
        if key not in self._made:
            if len(self._made) >= MOST_KEPT:
                self._made.clear()
            self._made[key] = self._rules(options.archive).requested(given, self._services)
        return self._made[key]

    def _read_rules(self, archive: str) -> Rules:
        with self._database.reading() as session:
            return rules_of(session, archive)


@takes(Use.RETRY)
class RetryOptions(OptionSet):
    """What is left out stays as the job has it."""


def read_retry(fields: object) -> RetryOptions:
    """Raises InvalidRequest that names the fields."""
    if not isinstance(fields, dict):
        raise InvalidRequest("The options must be a JSON object.")
    given = {name: value for name, value in fields.items() if value is not None}
    return checked(RetryOptions.model_validate, given)


def spec_of_retry(spec: Spec, options: RetryOptions, services: Services) -> Spec:
    """The job's spec with what was asked for. Raises UnknownService, UnknownLanguage, LanguageNotSupported."""
    given = options.of_spec()
    if not given:
        return spec  # its service may not be known any more: that is for the worker to say
    own = spec.options()
    if given.get("service", spec.service) != spec.service:
        del own["model"]  # another service has its own
    meant = {name: value for name, value in given.items() if value != "" or name in MAY_BE_EMPTY}
    service = services.find(meant.pop("service", spec.service))
    return replace(make_spec(service, **{**own, **meant}), revision=spec.revision)


def _without_empty(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in ("", None)}
