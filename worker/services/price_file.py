"""The price file: TOML with a table for each service and model, written by a person. Read anew when it has changed."""

import tomllib
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from worker.errors import ConfigurationError
from worker.settings import Settings

Fields = dict[str, Decimal]
Table = dict[str, dict[str, Fields]]


def _number(given: object) -> object:
    """TOML's numbers, not texts or booleans; floats were read as decimals already."""
    if isinstance(given, bool) or not isinstance(given, int | Decimal):
        raise ValueError("must be a number")  # noqa: TRY004  # pydantic takes it for what is wrong with the field
    return given


Amount = Annotated[Decimal, BeforeValidator(_number), Field(ge=0, le=1_000_000, allow_inf_nan=False)]


class Entry(BaseModel):
    """What a table says of a model: a price for each second of audio, or for each token with how many there can be."""

    model_config = ConfigDict(extra="forbid")

    usd_per_s: Amount | None = None
    usd_per_token: Amount | None = None
    tokens_per_s: Amount | None = None

    @model_validator(mode="after")
    def _one_price(self) -> Self:
        if (self.usd_per_s is None) == (self.usd_per_token is None):
            raise ValueError("give usd_per_s, or usd_per_token with tokens_per_s")
        if (self.usd_per_token is None) != (self.tokens_per_s is None):
            raise ValueError("usd_per_token needs tokens_per_s, the most tokens that a second of audio takes")
        return self


def read_prices(settings: Settings) -> Table:
    """What the file says, by service and model; nothing where the file in the home has not been written.

    Raises ConfigurationError that names table and field.
    """
    path = settings.resolved_prices_file
    try:
        stat = path.stat()
    except FileNotFoundError:
        if settings.prices_file is None:
            return {}
        raise ConfigurationError(f"LONGHAND_PRICES_FILE cannot be used: there is no file {path}.") from None
    except OSError as error:
        raise ConfigurationError(f"LONGHAND_PRICES_FILE cannot be used: {error}") from error
    return _read(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(8)
def _read(path: Path, _mtime_ns: int, _size: int) -> Table:
    try:
        document = tomllib.loads(path.read_text(), parse_float=Decimal)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"LONGHAND_PRICES_FILE cannot be used: {error}") from error
    return {service: _models(service, table) for service, table in document.items()}


def _models(service: str, table: object) -> dict[str, Fields]:
    if not isinstance(table, dict):
        raise _unusable(service, "is a value, not a table of models")
    return {model: _fields(f'{service}."{model}"', entry) for model, entry in table.items()}


def _fields(name: str, table: object) -> Fields:
    if not isinstance(table, dict):
        raise _unusable(name, "is a value, not a table with a price")
    try:
        return Entry.model_validate(table).model_dump(exclude_none=True)
    except ValidationError as error:
        raise _unusable(name, "; ".join(_sentence(dict(detail)) for detail in error.errors())) from None


def _sentence(detail: dict[str, object]) -> str:
    """What is wrong with which field."""
    place = ".".join(map(str, detail["loc"])) if isinstance(detail["loc"], tuple) else ""
    if detail["type"] == "extra_forbidden":
        return f"{place}: there is no such field; known are {', '.join(sorted(Entry.model_fields))}"
    what = str(detail["msg"]).removeprefix("Value error, ")
    return f"{place}: {what}" if place else what


def _unusable(name: str, why: str) -> ConfigurationError:
    return ConfigurationError(f"LONGHAND_PRICES_FILE cannot be used: [{name}] {why}.")
