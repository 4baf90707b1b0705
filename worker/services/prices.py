"""What a service's model costs: for each second of audio that is sent, or for each token that it says it took.

Money is whole billionths of a US dollar (nusd), always rounded up, so that no sum of parts is below its whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from worker.services.catalogue import HOSTED_MODEL, Service

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
