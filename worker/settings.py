"""All settings, in one typed object. Nothing else reads the environment.

Each is a variable ``LONGHAND_<NAME>``; docs/settings.md lists them and a test holds the two together.
"""

import os
import re
from collections.abc import Iterable
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any

import platformdirs
from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from realtime.hosts import open_host

YES = frozenset({"true", "yes", "on", "1", "y", "t"})
NO = frozenset({"false", "no", "off", "0", "n", "f", ""})
ALL_NETWORKS = (IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))


# Which variables hold a secret. A process that we start gets those that it has a use for.
SECRETS = {
    "service_key": ("LONGHAND_SERVICE_KEY", "DASHSCOPE_API_KEY"),
    "recognizer_key": ("LONGHAND_RECOGNIZER_KEY",),
    "gateway_key": ("LONGHAND_GATEWAY_KEY",),
    "api_key": ("LONGHAND_API_KEY",),
    "amazon": ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
}


def _data_home() -> Path:
    return Path(platformdirs.user_data_dir("longhand", appauthor=False))


def _listed(given: str) -> list[str]:
    return [part.strip() for part in given.split(",") if part.strip()]


def _yes_or_no(given: object) -> str:
    """``True`` or ``False`` for a word that says so; empty for what may be a list."""
    word = str(given).strip().lower()
    return str(word in YES) if word in YES | NO else ""


class Settings(BaseSettings):
    """What a process was told. Seconds end in ``_s``, bytes in ``_bytes``."""

    model_config = SettingsConfigDict(
        env_prefix="LONGHAND_", env_ignore_empty=True, populate_by_name=True, extra="ignore", frozen=True
    )

    home: Path = Field(default_factory=_data_home, description="Folder of the embedded database, media, Redis, logs.")
    database_url: str = Field("", description="SQLAlchemy URL; empty: SQLite in the home.")
    redis_url: str = Field(
        "", description="Redis URL of the queue, redis://, rediss:// or unix:///PATH?db=0; empty: the embedded one."
    )
    media_url: str = Field("", description="Folder of the media store; empty: `media` in the home.")
    media_roots: str = Field(
        "", description="Folders of recordings that stay where they are: name=/folder, comma-separated."
    )
    s3_endpoint: str = Field("", description="Where s3:// URLs are asked for; empty: Amazon, or AWS_ENDPOINT_URL_S3.")
    s3_buckets: str = Field(
        "", description="Buckets that sources may lie in: name or name/prefix, comma-separated; *: every one."
    )

    service: str = Field("local", description="Who recognises: local, intl, cn, or a name in the services file.")
    services_file: Path | None = Field(
        None, description="TOML file of further services, and of changes to the built-in ones; empty: in the home."
    )
    prices_file: Path | None = Field(
        None, description="TOML file of prices by service and model; empty: `prices.toml` in the home, if it is there."
    )
    service_url: str = Field("", description="ws:// or wss:// URL without query; overrides the service.")
    service_key: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("LONGHAND_SERVICE_KEY", "DASHSCOPE_API_KEY"),
        description="The service's API key; DASHSCOPE_API_KEY is read when this is unset.",
    )
    local_url: str = Field(
        "ws://127.0.0.1:8765/api-ws/v1/realtime", description="Where the service named `local` listens."
    )
    model: str = Field("", description="Model to ask for; empty: the service's own default.")

    jobs: int = Field(16, ge=1, description="Jobs a worker process works on at once.")
    sessions: int | None = Field(None, ge=1, description="Sessions a worker process keeps; unset: the service's own.")
    permits: int | None = Field(None, ge=1, description="Segments recognised at once by the whole fleet.")
    sessions_per_s: float = Field(20.0, gt=0, description="New sessions a second for the whole fleet.")
    pace: float | None = Field(None, ge=0, description="Multiple of real time at which audio is sent; 0: no limit.")

    lease_s: float = Field(50.0, gt=5, description="How long a claim holds without renewal.")
    renew_s: float = Field(2.0, gt=0, description="How often leases are renewed and cancels are read.")
    sweep_s: float = Field(5.0, gt=0, description="How often the dispatcher looks for expired leases.")

    max_upload_bytes: int = Field(2 * 1024**3, gt=0, description="Largest upload.")
    max_duration_s: float = Field(24 * 3600.0, gt=0, description="Longest recording.")
    max_gap_share: float = Field(
        0.05, ge=0, le=1, description="Share of the speech that may be gaps; above it the job fails."
    )
    allow_private_urls: str = Field(
        "False",
        description="Private networks that sources' URLs may lead into, comma-separated; True: all but link-local.",
    )

    worker_max_jobs: int = Field(10_000, ge=1, description="Jobs after which a worker process is started anew.")
    worker_max_bytes: int = Field(1024**3, gt=0, description="Memory above which a worker process is started anew.")

    allowed_hosts: str = Field(
        "", description="Names by which API and local service may be asked beside loopback's, comma-separated."
    )
    first_key_file: Path | None = Field(
        None, description="File with a key of the API that is let in, with every right, where there is none yet."
    )

    url: str = Field("", description="For the command line: the server's URL.")
    api_key: SecretStr | None = Field(None, description="For the command line: the server's key.")
    recognizer_key: SecretStr | None = Field(None, description="Keys that the local service accepts, comma-separated.")

    allow_plaintext_keys: str = Field(
        "False", description="Hosts that keys may be sent to without TLS, comma-separated; True: any."
    )

    gateway_url: str = Field("", description="Where a gateway engine sends segments; empty: Qwen's international host.")
    gateway_key: SecretStr | None = Field(None, description="The key of the recogniser behind a gateway engine.")
    gateway_model: str = Field("", description="Model asked for by a gateway engine; empty: the engine's own default.")
    gateway_language: str = Field("", description="Language a gateway engine asks for where a session names none.")
    gateway_itn: bool = Field(
        False, description="Inverse text normalisation by `qwen-http`, in Chinese and English: twenty becomes 20."
    )
    gateway_requests_per_minute: float = Field(100.0, gt=0, description="Requests a minute of a gateway engine.")
    gateway_timeout_s: float = Field(60.0, gt=0, description="Longest wait for one answer to a gateway engine.")

    @field_validator("redis_url")
    @classmethod
    def _socket_in_one_form(cls, given: str) -> str:
        """Celery's words for a socket are taken too."""
        if not given.startswith("redis+socket:"):
            return given
        return given.replace("redis+socket:", "unix:", 1).replace("virtual_host=", "db=", 1)

    @field_validator("media_roots")
    @classmethod
    def _named_folders(cls, given: str) -> str:
        for pair in _listed(given):
            if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*=/.*", pair):
                raise ValueError("give name=/folder, comma-separated; a name has small letters, digits, - and _")
        return given

    @field_validator("s3_buckets")
    @classmethod
    def _named_buckets(cls, given: str) -> str:
        for name in _listed(given):
            if not re.fullmatch(r"\*|[A-Za-z0-9][A-Za-z0-9._-]*(/.+)?", name):
                raise ValueError("give names of buckets, or name/prefix, comma-separated; * is every one")
        return given

    @field_validator("allow_private_urls", mode="before")
    @classmethod
    def _named_networks(cls, given: Any) -> str:  # noqa: ANN401  # checked here
        yes_or_no = _yes_or_no(given)
        for network in _listed("" if yes_or_no else str(given)):
            ip_network(network)
        return yes_or_no or str(given)

    @field_validator("allow_plaintext_keys", mode="before")
    @classmethod
    def _named_hosts(cls, given: Any) -> str:  # noqa: ANN401  # checked here
        yes_or_no = _yes_or_no(given)
        for host in _listed("" if yes_or_no else str(given)):
            if not re.fullmatch(r"[A-Za-z0-9_.:-]+", host):
                raise ValueError("give hosts without scheme or port, comma-separated")
        return yes_or_no or str(given)

    def may_send_key(self, url: str) -> bool:
        """Whether a key may go to this URL: over TLS, on this machine, or to a host of ``allow_plaintext_keys``."""
        host, allowed = open_host(url), self.allow_plaintext_keys
        return not host or allowed == "True" or host in {name.lower() for name in _listed(allowed)}

    @cached_property
    def buckets(self) -> tuple[str, ...]:
        """The buckets of ``s3_buckets``, each with its prefix."""
        return tuple(_listed(self.s3_buckets))

    @cached_property
    def private_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The networks of ``allow_private_urls``."""
        if self.allow_private_urls in {"True", "False"}:
            return ALL_NETWORKS if self.allow_private_urls == "True" else ()
        return tuple(map(ip_network, _listed(self.allow_private_urls)))

    @field_validator("allowed_hosts")
    @classmethod
    def _names_of_hosts(cls, given: str) -> str:
        for name in _listed(given):
            if not re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?", name):
                raise ValueError("give names as Host has them, comma-separated: no scheme, no path, no wildcard")
        return given

    @cached_property
    def hosts(self) -> tuple[str, ...]:
        """The names of ``allowed_hosts``, each perhaps with a port."""
        return tuple(_listed(self.allowed_hosts))

    @cached_property
    def resolved_database_url(self) -> str:
        """The database's URL with the embedded default filled in."""
        return self.database_url or f"sqlite:///{self.home / 'longhand.db'}"

    @cached_property
    def resolved_media_dir(self) -> Path:
        """The media store's folder with the embedded default filled in."""
        return Path(self.media_url.removeprefix("file://")) if self.media_url else self.home / "media"

    @cached_property
    def roots(self) -> dict[str, Path]:
        """The folders of ``media_roots`` by their names."""
        pairs = (pair.partition("=") for pair in _listed(self.media_roots))
        return {name.strip(): Path(folder.strip()) for name, _, folder in pairs}

    @cached_property
    def resolved_services_file(self) -> Path:
        """The services file with the default filled in, which need not exist."""
        return self.services_file or self.home / "services.toml"

    @cached_property
    def resolved_prices_file(self) -> Path:
        """The price file with the default filled in, which need not exist."""
        return self.prices_file or self.home / "prices.toml"


def load_settings(**options: Any) -> Settings:  # noqa: ANN401  # the fields' own types are checked by pydantic
    """Read the environment once, at a process's edge; ``options`` of a command line stand over it."""
    return Settings(**options)


def child_environment(settings: Settings, keeping: Iterable[str] = tuple(SECRETS), **changes: str) -> dict[str, str]:
    """This process's environment for a child, with the home and ``changes`` (names without prefix) set.

    Of the secrets, the settings' own and Amazon's, it has only those that are named in ``keeping``.
    """
    named = {f"LONGHAND_{name.upper()}": value for name, value in changes.items()}
    all_of_it = {**os.environ, "LONGHAND_HOME": str(settings.home), **named}
    unknown = {variable for name in set(SECRETS) - set(keeping) for variable in SECRETS[name]}
    return {name: value for name, value in all_of_it.items() if name not in unknown}
