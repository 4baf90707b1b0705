"""Settings for one command: the environment, and over it the options that were given."""

from pydantic import ValidationError

from api.cli.exits import UsageProblem
from worker.settings import Settings, load_settings


def configured(**options: object) -> Settings:
    """Read the environment with ``options`` over it (None: not given); raises UsageProblem that names the setting."""
    given = {name: value for name, value in options.items() if value is not None}
    try:
        return load_settings(**given)
    except ValidationError as error:
        raise UsageProblem(_first(error)) from error


def _first(error: ValidationError) -> str:
    """Without the value: it may be a secret."""
    problem = error.errors(include_input=False, include_url=False)[0]
    name = str(problem["loc"][0]) if problem["loc"] else "a setting"
    variable = name if name.startswith("LONGHAND_") else f"LONGHAND_{name.upper()}"
    return f"{variable}: {problem['msg']}. docs/settings.md lists what each setting takes."


def unused_key(settings: Settings) -> str | None:
    """A line for who gave a key to a service that needs none."""
    if settings.service == "local" and not settings.service_url and settings.service_key is not None:
        return "The service's key in the environment is not used: LONGHAND_SERVICE is local (set it to intl or cn)."
    return None
