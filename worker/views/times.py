"""Times as they leave the house."""

from datetime import UTC, datetime


def iso(stamp_ms: int | None) -> str | None:
    """ISO 8601 in UTC, to the millisecond; null stays null."""
    if stamp_ms is None:
        return None
    return datetime.fromtimestamp(stamp_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
