"""`longhand probe`: learn what a service does that its documents leave open."""

from typing import Annotated

import typer

from api.cli.configure import configured
from api.cli.exits import Exit, UsageProblem
from api.cli.output.printing import AsJson
from api.cli.stack.private_home import only_owner
from worker.errors import ConfigurationError, UnknownService
from worker.services.catalogue import BUILT_IN
from worker.services.lookup import Services
from worker.settings import Settings

MOST_SESSIONS = 50  # a second of speech each: more would not fit into the two minutes


def probe(
    *,
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="Its name.", show_default=False)],
    hours: Annotated[float, typer.Option(help="Size of the archive to say time and money for.", min=0)] = 1000.0,
    sessions: Annotated[
        int | None, typer.Option(help="Most sessions to try; left out: as many as now.", min=1, max=MOST_SESSIONS)
    ] = None,
    idle_s: Annotated[float, typer.Option(help="Longest idle time to try, in seconds.", min=0, max=600)] = 60.0,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> int:
    """Learn a service: its pace, depth and sessions, with at most two minutes of made-up speech.

    Asks first, as it may cost money. What is recommended goes into the services file, LONGHAND_SERVICES_FILE.

        longhand probe intl --hours 5000
    """
    from api.cli.probing import agree, learn  # noqa: PLC0415  # its libraries would cost every other command time
    from worker.probing.findings import paces_to_try  # noqa: PLC0415  # the same
    from worker.probing.subject import ProbePlan  # noqa: PLC0415  # the same

    settings = _for(service)
    try:
        found = Services(settings).find(service)
    except (UnknownService, ConfigurationError) as error:
        raise UsageProblem(error.message) from error
    sessions = sessions or min(found.sessions, MOST_SESSIONS)
    plan = ProbePlan(paces=paces_to_try(found.pace), sessions=sessions, idle_s=idle_s)
    agree(settings, found, plan, yes=yes)
    with only_owner():  # the services file may have to make the home
        learn(settings, found, plan, hours=hours, as_json=as_json)
    return Exit.OK


def _for(name: str) -> Settings:
    """With no other hosted service configured, the key in the environment is the built-in one's that is named."""
    settings = configured()
    hosted = {service.name for service in BUILT_IN if service.hosted}
    unused = settings.service == "local" and not settings.service_url
    return configured(service=name) if name in hosted and unused else settings
