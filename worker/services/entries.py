"""The tables of the services file, checked field by field. No error quotes a value: one of them is a key."""

from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    ValidationError,
)

from worker.errors import ConfigurationError
from worker.services.catalogue import PROTOCOL_LANGUAGES


def _socket_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"ws", "wss"} or not parts.hostname:
        raise ValueError("must be a ws:// or wss:// URL")
    return url


def _proxy_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        raise ValueError("must be the http:// URL of a proxy")
    return url


def _language(code: str) -> str:
    if code not in PROTOCOL_LANGUAGES:
        raise ValueError("is no language of the protocol")
    return code


def _header_text(text: str) -> str:
    if not (text.isprintable() and text.isascii()):
        raise ValueError("has characters that no header can have")
    return text


def _header_name(name: str) -> str:
    if not name or ":" in name or " " in name:
        raise ValueError("is no name of a header")
    return _header_text(name)


AtLeastOne = Annotated[StrictInt, Field(ge=1)]
HeaderName = Annotated[StrictStr, AfterValidator(_header_name)]
HeaderText = Annotated[StrictStr, AfterValidator(_header_text)]


class Entry(BaseModel):
    """What a table may say of a service. Each field that is left out has the built-in service's, or a default."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    url: Annotated[StrictStr, AfterValidator(_socket_url)] = ""
    model: Annotated[StrictStr, Field(min_length=1)] = ""
    key: SecretStr | None = None
    languages: list[Annotated[StrictStr, AfterValidator(_language)]] = []
    pace: Annotated[StrictFloat | StrictInt, Field(ge=0)] = 0
    depth: AtLeastOne = 1
    sessions: AtLeastOne = 1
    permits: AtLeastOne = 1
    segment_limit_ms: Annotated[StrictInt, Field(ge=5_000, le=60_000)] = 60_000
    headers: dict[HeaderName, HeaderText] = {}
    proxy: Annotated[StrictStr, AfterValidator(_proxy_url)] | None = None
    hosted: StrictBool = True
    same_as: Annotated[StrictStr, Field(min_length=1)] = ""


def read_entry(name: str, table: object, *, needs_url: bool) -> dict[str, Any]:
    """The fields that the table gives, as `worker.services.catalogue.Service` has them; raises ConfigurationError."""
    if not isinstance(table, dict):
        raise _unusable(name, "is a value, not a table")
    if needs_url and "url" not in table:
        raise _unusable(name, "url: is missing")
    try:
        entry = Entry.model_validate(table)
    except ValidationError as error:
        raise _unusable(name, "; ".join(_sentence(dict(detail)) for detail in error.errors())) from None
    given = {field: getattr(entry, field) for field in entry.model_fields_set}
    return given | ({"languages": frozenset(entry.languages)} if "languages" in given else {})


def _sentence(detail: dict[str, Any]) -> str:
    """What is wrong with which field, without the value."""
    place = ".".join(str(part) for part in detail["loc"] if part != "[key]")
    if detail["type"] == "extra_forbidden":
        return f"{place}: there is no such field; known are {', '.join(sorted(Entry.model_fields))}"
    return f"{place}: {detail['msg'].removeprefix('Value error, ')}"


def _unusable(name: str, why: str) -> ConfigurationError:
    return ConfigurationError(f"LONGHAND_SERVICES_FILE cannot be used: [{name}] {why}.")
