"""What a service's model costs: for each second of audio that is sent, or for each token that it says it took.

Money is whole billionths of a US dollar (nusd), always rounded up, so that no sum of parts is below its whole.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from worker.errors import ConfigurationError
from worker.services.catalogue import HOSTED_MODEL, Service
from worker.settings import Settings

NUSD = Decimal(10**9)

# As the vendor's pages say: for each second of audio sent, output is free.
BUILT_IN = {"intl": Decimal("0.00009"), "cn": Decimal("0.000047")}


@dataclass(frozen=True, kw_only=True)
class Price:
    """One model's price. With ``usd_per_token``, ``tokens_per_s`` is the most that a second of audio can take."""

    usd_per_s: Decimal = Decimal(0)
    usd_per_token: Decimal | None = None
    tokens_per_s: Decimal = Decimal(0)

    @property
    def usd_per_second(self) -> float:
        """The most that a second of audio can cost."""
        return usd(self.cost_nusd(1000))

    def cost_nusd(self, audio_ms: int, usage: object = None) -> int:
        """Of so much audio; by the tokens of its answer's ``usage`` where it names them, else the most it can be."""
        if self.usd_per_token is None:
            return _up(self.usd_per_s * audio_ms / 1000)
        tokens = tokens_of(usage)
        return _up(self.usd_per_token * (self.tokens_per_s * audio_ms / 1000 if tokens is None else tokens))


def tokens_of(usage: object) -> int | None:
    """The tokens that an answer names; None where it names none. Its shape is not documented, so it may be anything."""
    named: Mapping[str, object] = usage if isinstance(usage, Mapping) else {}
    if isinstance(total := named.get("total_tokens"), int):
        return max(0, total)
    parts = [named.get("input_tokens"), named.get("output_tokens")]
    counts = [count for count in parts if isinstance(count, int)]
    return max(0, sum(counts)) if counts else None


def built_in_price(service: Service, model: str) -> Price | None:
    """What the vendor's pages say; nothing where the service is somebody's own; None where nobody knows."""
    if not service.hosted:
        return Price()
    usd_per_s = BUILT_IN.get(service.identity) if model == HOSTED_MODEL else None
    return None if usd_per_s is None else Price(usd_per_s=usd_per_s)


def usd(nusd: int) -> float:
    """For people and JSON."""
    return float(Decimal(nusd) / NUSD)


def nusd(usd: float) -> int:
    """As a person gives it, to the nearest billionth."""
    return round(Decimal(str(usd)) * NUSD)


def _up(usd: Decimal) -> int:
    return int((usd * NUSD).to_integral_value(ROUND_CEILING))


# ---- the price file: TOML with a table for each service and model, written by a person, read anew when it has changed

PriceFields = dict[str, Decimal]
PriceTable = dict[str, dict[str, PriceFields]]


def _number(given: object) -> object:
    """TOML's numbers, not texts or booleans; floats were read as decimals already."""
    if isinstance(given, bool) or not isinstance(given, int | Decimal):
        raise ValueError("must be a number")  # noqa: TRY004  # pydantic takes it for what is wrong with the field
    return given


PriceNumber = Annotated[Decimal, BeforeValidator(_number), Field(ge=0, le=1_000_000, allow_inf_nan=False)]


class PriceEntry(BaseModel):
    """What a table says of a model: a price for each second of audio, or for each token with how many there can be."""

    model_config = ConfigDict(extra="forbid")

    usd_per_s: PriceNumber | None = None
    usd_per_token: PriceNumber | None = None
    tokens_per_s: PriceNumber | None = None

    @model_validator(mode="after")
    def _one_price(self) -> Self:
        if (self.usd_per_s is None) == (self.usd_per_token is None):
            raise ValueError("give usd_per_s, or usd_per_token with tokens_per_s")
        if (self.usd_per_token is None) != (self.tokens_per_s is None):
            raise ValueError("usd_per_token needs tokens_per_s, the most tokens that a second of audio takes")
        return self


def read_prices(settings: Settings) -> PriceTable:
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
def _read(path: Path, _mtime_ns: int, _size: int) -> PriceTable:
    try:
        document = tomllib.loads(path.read_text(), parse_float=Decimal)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"LONGHAND_PRICES_FILE cannot be used: {error}") from error
    return {service: _models(service, table) for service, table in document.items()}


def _models(service: str, table: object) -> dict[str, PriceFields]:
    if not isinstance(table, dict):
        raise _unusable(service, "is a value, not a table of models")
    return {model: _fields(f'{service}."{model}"', entry) for model, entry in table.items()}


def _fields(name: str, table: object) -> PriceFields:
    if not isinstance(table, dict):
        raise _unusable(name, "is a value, not a table with a price")
    try:
        return PriceEntry.model_validate(table).model_dump(exclude_none=True)
    except ValidationError as error:
        raise _unusable(name, "; ".join(_sentence(dict(detail)) for detail in error.errors())) from None


def _sentence(detail: dict[str, object]) -> str:
    """What is wrong with which field."""
    place = ".".join(map(str, detail["loc"])) if isinstance(detail["loc"], tuple) else ""
    if detail["type"] == "extra_forbidden":
        return f"{place}: there is no such field; known are {', '.join(sorted(PriceEntry.model_fields))}"
    what = str(detail["msg"]).removeprefix("Value error, ")
    return f"{place}: {what}" if place else what


def _unusable(name: str, why: str) -> ConfigurationError:
    return ConfigurationError(f"LONGHAND_PRICES_FILE cannot be used: [{name}] {why}.")
