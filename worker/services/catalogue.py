"""The services that answer, by name: built in, from a TOML file, or from a URL in the settings."""

import tomllib
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from pydantic import SecretStr

from worker.errors import ConfigurationError, UnknownService
from worker.services.entries import read_entry
from worker.services.languages import PROTOCOL_LANGUAGES
from worker.settings import Settings

HOSTED_MODEL = "qwen3-asr-flash-realtime"
LOCAL_MODEL = "pocketsphinx-en-us"
# A careful multiple of real time until a probe has measured more: ten times was once seen to come back whole.
HOSTED_PACE = 4.0


@dataclass(frozen=True, kw_only=True)
class Service:
    """One recogniser as this fleet uses it.

    ``identity`` is who it really is, whatever it is called here: a change of name, port or host changes no answer.
    """

    name: str
    url: str
    model: str
    key: SecretStr | None = None
    languages: frozenset[str] = PROTOCOL_LANGUAGES
    pace: float = 0.0
    depth: int = 1
    sessions: int = 16
    permits: int = 20
    segment_limit_ms: int = 60_000
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    proxy: str | None = field(default=None, repr=False)  # its URL may hold a password
    hosted: bool = True
    same_as: str = ""  # another name of the service that this one is

    @property
    def identity(self) -> str:
        """The service's name in a recognition key: hosts of one region of Qwen's are one service."""
        return self.same_as or region_of(urlsplit(self.url).hostname or "") or self.name


def region_of(host: str) -> str | None:
    """Which of Qwen's two services answers at the host, a workspace's too; None where it is somebody else's."""
    for region, (alias, workspaces) in QWEN_HOSTS.items():
        if host == alias or host.endswith(workspaces):
            return region
    return None


QWEN_HOSTS = {
    "intl": ("dashscope-intl.aliyuncs.com", ".ap-southeast-1.maas.aliyuncs.com"),
    "cn": ("dashscope.aliyuncs.com", ".cn-beijing.maas.aliyuncs.com"),
}

BUILT_IN = (
    Service(name="local", url="", model=LOCAL_MODEL, languages=frozenset({"en"}), sessions=4, permits=8, hosted=False),
    Service(
        name="intl",
        url="wss://dashscope-intl.aliyuncs.com/api-ws/v1/realtime",
        model=HOSTED_MODEL,
        pace=HOSTED_PACE,
    ),
    Service(
        name="cn",
        url="wss://dashscope.aliyuncs.com/api-ws/v1/realtime",
        model=HOSTED_MODEL,
        pace=HOSTED_PACE,
    ),
)


def find_service(settings: Settings, name: str | None = None) -> Service:
    """The service called ``name``, or the configured one; raises UnknownService."""
    if name is None or name == default_name(settings):
        return _with_settings(_default(settings), settings)
    return _placed(_named(settings, name), settings)


def default_name(settings: Settings) -> str:
    """The configured service's identity: its name, or the host of LONGHAND_SERVICE_URL."""
    return _host(settings.service_url) if settings.service_url else settings.service


def known_services(settings: Settings) -> dict[str, Service]:
    """All services by name: the built-in ones with what the file says of them, and the file's own."""
    services = {service.name: service for service in BUILT_IN}
    for name, table in _entries(settings).items():
        services[name] = _merged(services.get(name), name, table)
    return services


def _default(settings: Settings) -> Service:
    if not settings.service_url:
        return _named(settings, settings.service)
    host = _host(settings.service_url)
    plain = Service(name=host, url=settings.service_url, model=HOSTED_MODEL, pace=HOSTED_PACE)
    return replace(known_services(settings).get(host, plain), url=settings.service_url)


def _named(settings: Settings, name: str) -> Service:
    services = known_services(settings)
    if name not in services:
        raise UnknownService(f"There is no service named {name!r}; known are {', '.join(sorted(services))}.")
    return services[name]


def _with_settings(service: Service, settings: Settings) -> Service:
    """The settings speak of the configured service alone: another one's key or model would be wrong."""
    placed = _placed(service, settings)
    return replace(
        placed,
        model=settings.model or service.model,
        languages=_languages(service, settings),
        key=placed.key or (settings.service_key if service.hosted else None),
        pace=service.pace if settings.pace is None else settings.pace,
        sessions=settings.sessions or service.sessions,
        permits=settings.permits or service.permits,
    )


def _languages(service: Service, settings: Settings) -> frozenset[str]:
    """English is PocketSphinx's limit: with another engine's model the local service takes whatever that one does."""
    other_engine = service.name == "local" and settings.model not in {"", LOCAL_MODEL}
    return PROTOCOL_LANGUAGES if other_engine else service.languages


def _placed(service: Service, settings: Settings) -> Service:
    if service.name != "local":
        return service
    return replace(service, url=settings.local_url, key=_first_key(settings.recognizer_key))


def _first_key(keys: SecretStr | None) -> SecretStr | None:
    """The local service's keys stand in one setting at both its ends."""
    return SecretStr(keys.get_secret_value().split(",")[0].strip()) if keys else None


def _host(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"ws", "wss"} or not parts.hostname:
        raise ConfigurationError("LONGHAND_SERVICE_URL must be a ws:// or wss:// URL.")
    return parts.hostname


def _entries(settings: Settings) -> dict[str, object]:
    """The file's tables; none where the file in the home has not been written."""
    path = settings.resolved_services_file
    if settings.services_file is None and not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"LONGHAND_SERVICES_FILE cannot be used: {error}") from error


def _merged(known: Service | None, name: str, table: object) -> Service:
    """A service of its own, or a built-in one with what the table says otherwise."""
    fields = read_entry(name, table, needs_url=known is None)
    if known is not None:
        return replace(known, **fields)
    return Service(**{"model": HOSTED_MODEL, "pace": HOSTED_PACE, **fields, "name": name})
