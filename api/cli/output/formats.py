"""Numbers in words: hours, places in a recording, money, sizes."""

from datetime import timedelta

HOUR_MS = 3_600_000


def hours(length_ms: float, form: str = ".2f") -> str:
    return f"{length_ms / HOUR_MS:{form}} h"


def clock(at_ms: int | None) -> str:
    """A length, or a place in a recording, as 1:02:03."""
    if at_ms is None:
        return "?"
    minutes, seconds = divmod(at_ms // 1000, 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"


def exact_clock(start_ms: int, end_ms: int) -> str:
    """A span of a recording, to the millisecond."""
    start, end = (str(timedelta(milliseconds=ms))[:11] for ms in (start_ms, end_ms))
    return f"{start} to {end}"


def duration(seconds: float | None) -> str:
    return "unknown" if seconds is None else str(timedelta(seconds=round(seconds)))


def money(usd: float | None, unknown: str, form: str = ".2f") -> str:
    """US dollars, or ``unknown`` where nobody knows."""
    return unknown if usd is None else f"{usd:{form}} USD"


def percent(rate: float | None, unknown: str = "", form: str = ".1%") -> str:
    return unknown if rate is None else f"{rate:{form}}"


def size(size_bytes: int) -> str:
    return f"{size_bytes / 1e9:.2f} GB" if size_bytes >= 1e8 else f"{size_bytes / 1e6:.2f} MB"


def times(counted: dict[str, int], most: int) -> str:
    """Words with how often each is there, the first ``most`` of them."""
    return ", ".join(f"{word} {number}" for word, number in list(counted.items())[:most])
