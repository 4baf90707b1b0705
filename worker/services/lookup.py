"""Services and their prices by name, as the settings and two files say: the services file and the price file."""

import tomllib
from dataclasses import replace
from urllib.parse import urlsplit

from pydantic import SecretStr

from realtime.hosts import open_host
from worker.errors import ConfigurationError, UnknownService
from worker.services.catalogue import BUILT_IN, HOSTED_MODEL, HOSTED_PACE, LOCAL_MODEL, PROTOCOL_LANGUAGES, Service
from worker.services.entries import read_entry
from worker.services.prices import Price, built_in_price, read_prices
from worker.settings import Settings

SECRET_HEADERS = frozenset({"authorization", "api-key", "x-api-key", "cookie"})


class Services:
    """Made once with the settings. The files are read at each question: what is written meanwhile holds from then on.

    Each method raises ConfigurationError where a file that it needs cannot be used.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def default_name(self) -> str:
        """The configured service's identity: its name, or the host of LONGHAND_SERVICE_URL."""
        return _host(self._settings.service_url) if self._settings.service_url else self._settings.service

    def find(self, name: str | None = None) -> Service:
        """The service called ``name``, or the configured one.

        Raises UnknownService, and ConfigurationError where its key would be sent for others to read.
        """
        service = self._found(name)
        if _has_secrets(service) and not self._settings.may_send_key(service.url):
            host = open_host(service.url)
            raise ConfigurationError(
                f"The key of the service {service.name!r} would be sent to {host} without TLS: give a wss:// URL, "
                f"or name {host} in LONGHAND_ALLOW_PLAINTEXT_KEYS."
            )
        return service

    def by_name(self) -> dict[str, Service]:
        """All services: the built-in ones with what the file says of them, and the file's own."""
        services = {service.name: service for service in BUILT_IN}
        for name, table in _tables(self._settings).items():
            services[name] = _merged(services.get(name), name, table)
        return services

    def price(self, service: Service, model: str) -> Price | None:
        """The price file's, by the service's name or by who it really is; else the built-in one, or None."""
        table = read_prices(self._settings)
        for name in (service.name, service.identity):
            if entry := table.get(name, {}).get(model):
                return Price(**entry)
        return built_in_price(service, model)

    def price_of(self, name: str, model: str) -> Price | None:
        """The price of what was asked of a service; None too where it is not in the services file any more."""
        try:
            return self.price(self._found(name), model)
        except UnknownService:
            return None

    def _found(self, name: str | None) -> Service:
        if name is None or name == self.default_name:
            return _with_settings(self._default(), self._settings)
        return _placed(self._named(name), self._settings)

    def _default(self) -> Service:
        url = self._settings.service_url
        if not url:
            return self._named(self._settings.service)
        host = _host(url)
        plain = Service(name=host, url=url, model=HOSTED_MODEL, pace=HOSTED_PACE)
        return replace(self.by_name().get(host, plain), url=url)

    def _named(self, name: str) -> Service:
        services = self.by_name()
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


def _has_secrets(service: Service) -> bool:
    return service.key is not None or any(name.lower() in SECRET_HEADERS for name in service.headers)


def _first_key(keys: SecretStr | None) -> SecretStr | None:
    """The local service's keys stand in one setting at both its ends."""
    return SecretStr(keys.get_secret_value().split(",")[0].strip()) if keys else None


def _host(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"ws", "wss"} or not parts.hostname:
        raise ConfigurationError("LONGHAND_SERVICE_URL must be a ws:// or wss:// URL.")
    return parts.hostname


def _tables(settings: Settings) -> dict[str, object]:
    """The file's tables; none where the file in the home has not been written."""
    path = settings.resolved_services_file
    if settings.services_file is None and not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"LONGHAND_SERVICES_FILE cannot be used: {error}") from error


def _merged(built_in: Service | None, name: str, table: object) -> Service:
    """A service of its own, or a built-in one with what the table says otherwise."""
    fields = read_entry(name, table, needs_url=built_in is None)
    if built_in is not None:
        return replace(built_in, **fields)
    return Service(**{"model": HOSTED_MODEL, "pace": HOSTED_PACE, **fields, "name": name})
