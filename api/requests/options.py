"""What is asked for beside a recording, read alike from forms, JSON and manifests, and the spec that comes of it."""

from typing import Any, TypeVar

from pydantic import ValidationError

from worker.archive_rules import Rules
from worker.errors import InvalidRequest
from worker.queue.spec_request import own_languages, spec_asked
from worker.settings import Settings
from worker.shapes.fields import sentence
from worker.shapes.options import JobOptions, UrlOptions
from worker.spec import Spec

Kind = TypeVar("Kind", bound=JobOptions)


def read_options(fields: dict[str, Any]) -> JobOptions:
    """Raises InvalidRequest that names the fields."""
    return _read(JobOptions, fields)


def read_url_options(fields: object) -> UrlOptions:
    """Raises InvalidRequest that names the fields."""
    if not isinstance(fields, dict):
        raise InvalidRequest("Each submission must be a JSON object with a url.")
    return _read(UrlOptions, fields)


def _read(kind: type[Kind], fields: dict[str, Any]) -> Kind:
    try:
        return kind.model_validate({name: value for name, value in fields.items() if value not in ("", None)})
    except ValidationError as error:
        raise InvalidRequest(sentence(error.errors())) from error


def spec_of(options: JobOptions, settings: Settings, rules: Rules) -> Spec:
    """The frozen spec, with the archive's word where nothing was asked for. Raises as `spec_asked` does."""
    return spec_asked(options.of_spec(), settings, rules)


def own_languages_of(options: JobOptions, settings: Settings, rules: Rules) -> frozenset[str]:
    """The languages in which a recording's own may be used for these options; none where one was asked for."""
    return own_languages(options.of_spec(), settings, rules)
