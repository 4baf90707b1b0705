"""`longhand recognizer`: the local service as a process."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from api.cli.configure import configured
from api.cli.exits import CommandError, UsageProblem
from api.cli.options import grouped
from api.cli.output.printing import put
from api.cli.stack.ports import LOOPBACK
from realtime.protocol.engine import EngineMisconfigured, EngineUnavailable, KeyExposed
from realtime.service import config as service
from realtime.service.engines import scripted_engine
from realtime.service.faults import Faults, UnknownFault
from worker.logs import configure_logging
from worker.services.catalogue import LOCAL_MODEL
from worker.settings import Settings


class Engine(StrEnum):
    POCKETSPHINX = "pocketsphinx"
    SCRIPTED = "scripted"
    OPENAI = "openai"
    QWEN_HTTP = "qwen-http"


def engine_model(engine: Engine, settings: Settings) -> str:
    """The model that the local service announces with this engine: answers of one are never taken for another's."""
    models = {
        Engine.POCKETSPHINX: LOCAL_MODEL,
        Engine.SCRIPTED: scripted_engine.MODEL,
        Engine.OPENAI: settings.gateway_model or service.OPENAI_MODEL,
        Engine.QWEN_HTTP: settings.gateway_model or service.QWEN_HTTP_MODEL,
    }
    return models[engine]


def gateway_config(settings: Settings) -> service.GatewayConfig:
    """The recogniser behind a gateway engine, as the settings name it."""
    return service.GatewayConfig(
        url=settings.gateway_url,
        key=settings.gateway_key.get_secret_value() if settings.gateway_key else "",
        plaintext_key=settings.may_send_key(settings.gateway_url),
        model=settings.gateway_model,
        language=settings.gateway_language or None,
        inverse_text_normalisation=settings.gateway_itn,
        requests_per_minute=settings.gateway_requests_per_minute,
        timeout_s=settings.gateway_timeout_s,
    )


LIMITS = service.RecognizerConfig()  # the defaults


@dataclass(frozen=True, kw_only=True)
class ServiceOptions:
    """As RecognizerConfig has them."""

    host: Annotated[str, typer.Option(help="Address to listen on; keys are needed off loopback.")] = LOOPBACK
    port: Annotated[int, typer.Option(help="Port to listen on; 0 for any free one.", min=0, max=65535)] = 8765
    engine: Annotated[Engine, typer.Option(help="What answers.")] = Engine.POCKETSPHINX
    processes: Annotated[int | None, typer.Option(help="Of PocketSphinx; left out: one a core.", min=1)] = None
    model: Annotated[
        str, typer.Option(help="Scripted engine: its model's name; another one hears some words otherwise.")
    ] = LIMITS.model
    latency_ms: Annotated[float, typer.Option(help="Scripted engine: delay of each answer.", min=0)] = 0.0
    speed: Annotated[float, typer.Option(help="Scripted engine: times real time; 0: at once.", min=0)] = 0.0
    fault: Annotated[str, typer.Option(help="Faults to show, as in fail:0.1,reset:0.05", show_default=False)] = ""
    fault_seed: Annotated[int, typer.Option(help="Seed of the dice for faults.")] = 0
    log: Annotated[Path | None, typer.Option(help="File of JSON lines: what was received.", show_default=False)] = None
    max_sessions: Annotated[int, typer.Option(help="Open at once; one more is a 429.", min=1)] = LIMITS.max_sessions
    sessions_per_s: Annotated[float, typer.Option(help="New ones a second.", min=0.1)] = LIMITS.sessions_per_s
    idle_s: Annotated[float, typer.Option(help="Without a frame, until a session ends.", min=1)] = LIMITS.idle_s
    buffer_bytes: Annotated[int, typer.Option(help="Committed audio of a session that waits.", min=65536)] = (
        LIMITS.buffer_bytes
    )


@grouped
def recognizer(*, options: ServiceOptions) -> None:
    """Run the local recognition service: it speaks Qwen's real-time protocol.

    The keys that it accepts stand in LONGHAND_RECOGNIZER_KEY; on loopback it needs none. The engines openai and
    qwen-http send each segment on to an HTTP recogniser, which the settings LONGHAND_GATEWAY_… name.

        longhand recognizer --port 8765

        LONGHAND_GATEWAY_URL=http://127.0.0.1:8000/v1 longhand recognizer --engine openai
    """
    from realtime.service.server import run  # noqa: PLC0415  # its libraries would cost every other command time

    settings = configured()
    try:
        Faults.parse(options.fault)
        given = {name: value for name, value in vars(options).items() if value is not None}
        config = service.RecognizerConfig(
            **given, keys=accepted_keys(settings), hosts=settings.hosts, gateway=gateway_config(settings)
        )
        configure_logging()
        run(config, lambda bound: put(f"Listening at ws://{config.host}:{bound}{service.PATH}"))
    except service.RecognizerMisconfigured as error:
        raise UsageProblem(f"{error} Put them in LONGHAND_RECOGNIZER_KEY.") from error
    except UnknownFault as error:
        raise UsageProblem(f"--fault: {error}") from error
    except KeyExposed as error:
        raise UsageProblem(
            f"{error} Give an https:// URL in LONGHAND_GATEWAY_URL, or name its host in LONGHAND_ALLOW_PLAINTEXT_KEYS."
        ) from error
    except EngineMisconfigured as error:
        raise UsageProblem(f"{error} Put it in LONGHAND_GATEWAY_URL.") from error
    except EngineUnavailable as error:
        raise CommandError(str(error)) from error


def accepted_keys(settings: Settings) -> frozenset[str]:
    """The keys of LONGHAND_RECOGNIZER_KEY, which are separated by commas."""
    given = settings.recognizer_key.get_secret_value() if settings.recognizer_key else ""
    return frozenset(key.strip() for key in given.split(",") if key.strip())
