"""What a retry may ask for: any option of a submission that says what is to be done, in place of the job's own."""

from dataclasses import replace

from pydantic import ValidationError

from worker.errors import InvalidRequest
from worker.services.catalogue import find_service
from worker.settings import Settings
from worker.shapes.fields import sentence
from worker.shapes.options import OptionSet, SpecOptions, Use, takes
from worker.spec import Spec, make_spec

# Text that is empty is as good as left out, but where it is the option's default.
MAY_BE_EMPTY = {name for name, field in SpecOptions.model_fields.items() if field.default == ""}


@takes(Use.RETRY)
class RetryOptions(OptionSet):
    """What is left out stays as the job has it."""


def read_retry(fields: object) -> RetryOptions:
    """Raises InvalidRequest that names the fields."""
    if not isinstance(fields, dict):
        raise InvalidRequest("The options must be a JSON object.")
    try:
        return RetryOptions.model_validate({name: value for name, value in fields.items() if value is not None})
    except ValidationError as error:
        raise InvalidRequest(sentence(error.errors())) from error


def changed(spec: Spec, asked: RetryOptions, settings: Settings) -> Spec:
    """The job's spec with what was asked for. Raises UnknownService, UnknownLanguage, LanguageNotSupported."""
    given = asked.of_spec()
    if not given:
        return spec  # its service may not be known any more: that is for the worker to say
    own = spec.options()
    if given.get("service", spec.service) != spec.service:
        del own["model"]  # another service has its own
    meant = {name: value for name, value in given.items() if value != "" or name in MAY_BE_EMPTY}
    service = find_service(settings, meant.pop("service", spec.service))
    return replace(make_spec(service, **{**own, **meant}), revision=spec.revision)
