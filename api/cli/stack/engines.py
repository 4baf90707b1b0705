"""The engines of the local service, as the command line names them."""

from enum import StrEnum

from realtime.service.config import OPENAI_MODEL, QWEN_HTTP_MODEL, GatewayConfig
from realtime.service.engines import scripted
from worker.services.catalogue import LOCAL_MODEL
from worker.settings import Settings


class Engine(StrEnum):
    POCKETSPHINX = "pocketsphinx"
    SCRIPTED = "scripted"
    OPENAI = "openai"
    QWEN_HTTP = "qwen-http"


OWN_MODELS = {
    Engine.POCKETSPHINX: LOCAL_MODEL,
    Engine.SCRIPTED: scripted.MODEL,
    Engine.OPENAI: OPENAI_MODEL,
    Engine.QWEN_HTTP: QWEN_HTTP_MODEL,
}
GATEWAYS = {Engine.OPENAI, Engine.QWEN_HTTP}


def engine_model(engine: Engine, settings: Settings) -> str:
    """The model that the local service announces with this engine: answers of one are never taken for another's."""
    named = settings.gateway_model if engine in GATEWAYS else ""
    return named or OWN_MODELS[engine]


def gateway_config(settings: Settings) -> GatewayConfig:
    """The recogniser behind a gateway engine, as the settings name it."""
    return GatewayConfig(
        url=settings.gateway_url,
        key=settings.gateway_key.get_secret_value() if settings.gateway_key else "",
        model=settings.gateway_model,
        language=settings.gateway_language or None,
        inverse_text_normalisation=settings.gateway_itn,
        requests_per_minute=settings.gateway_requests_per_minute,
        timeout_s=settings.gateway_timeout_s,
    )
