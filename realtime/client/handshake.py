"""What a refused handshake means. The reason may stand in the body, and the status alone in the first line."""

import json
import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from realtime.protocol.errors import (
    BillUnpaid,
    KeyRefused,
    ModelUnknown,
    RateLimited,
    RealtimeError,
    RequestRejected,
    ServiceFault,
    ServiceUnreachable,
)
from realtime.protocol.refusals import error_of, kind_of

_BY_STATUS: dict[int, type[RealtimeError]] = {
    401: KeyRefused,
    402: BillUnpaid,
    403: KeyRefused,
    404: ServiceUnreachable,
    429: RateLimited,
}
# Other digits than these are digits to Python, and no numbers; nobody means decades.
_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")


def refused(status: int, headers: Mapping[str, str], body: bytes, *, hide: str = "") -> RealtimeError:
    """The error that a handshake's HTTP answer means. ``headers`` by lower-case name; ``hide`` stays out of it."""
    code, message = _reason(body)
    kind = kind_of(code, message) or _by_status(status, code)
    return error_of(
        kind,
        message or f"HTTP status {status}",
        service_code=code or str(status),
        retry_after_s=_retry_after_s(headers.get("retry-after", "")),
        hide=hide,
    )


def _by_status(status: int, code: str | None) -> type[RealtimeError]:
    if status in {400, 404} and "model" in (code or "").lower():
        return ModelUnknown
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    return ServiceFault if status >= 500 else RequestRejected


def _reason(body: bytes) -> tuple[str | None, str]:
    """Code and message of an error body, ``{code, message}`` or ``{error: {code, message}}``."""
    try:
        raw = json.loads(body)
    except (ValueError, RecursionError):
        return None, body.decode(errors="replace") if body.isascii() and b"<" not in body else ""
    inner = raw.get("error", raw) if isinstance(raw, dict) else {}
    if not isinstance(inner, dict):
        return None, str(inner)
    code, message = inner.get("code"), inner.get("message")
    return None if code is None else str(code), str(message or "")


def _retry_after_s(value: str) -> float | None:
    """Seconds of a Retry-After header, which is a number or a date; None where it is neither."""
    if _SECONDS.fullmatch(value.strip()):
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError):  # OverflowError: a date of no calendar
        return None
