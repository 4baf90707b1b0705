"""What a service's error means: its codes to the classes of ``realtime.protocol.errors``.

The same codes come in ``error`` events, in ``….failed`` events and in the bodies of refused handshakes. The service's
own words are passed on to the person who reads the error, without the API key if they quote it.
"""

from realtime.protocol.errors import (
    BillUnpaid,
    ContentRefused,
    KeyRefused,
    ModelUnknown,
    QuotaExceeded,
    RateLimited,
    RealtimeError,
    RequestRejected,
    ServiceFault,
)
from realtime.protocol.events import ErrorDetail

_MESSAGE_LIMIT = 400

# By the part of the code before its first dot, in lower case: Throttling.RateQuota is a Throttling.
_BY_FAMILY: dict[str, type[RealtimeError]] = {
    "accessdenied": KeyRefused,
    "invalidapikey": KeyRefused,
    "invalid_api_key": KeyRefused,
    "401": KeyRefused,
    "403": KeyRefused,
    "arrearage": BillUnpaid,
    "modelnotfound": ModelUnknown,
    "model_not_found": ModelUnknown,
    "datainspectionfailed": ContentRefused,
    "data_inspection_failed": ContentRefused,
    "throttling": RateLimited,
    "429": RateLimited,
    "allocationquota": QuotaExceeded,
    "invalidparameter": RequestRejected,
    "invalid_value": RequestRejected,
    "400": RequestRejected,
    "internalerror": ServiceFault,
    "requesttimeout": ServiceFault,
}
_BY_CODE: dict[str, type[RealtimeError]] = {"throttling.allocationquota": QuotaExceeded}
_BY_TYPE: dict[str, type[RealtimeError]] = {
    "invalid_request_error": RequestRejected,
    "server_error": ServiceFault,
}
# The documentation names these three sentences and no code as the sign of their limit, so here alone a text decides.
_BY_SENTENCE: tuple[tuple[str, type[RealtimeError]], ...] = (
    ("Requests rate limit exceeded", RateLimited),
    ("Request rate increased too quickly", RateLimited),
    ("Allocated quota exceeded", QuotaExceeded),
)


def refusal(detail: ErrorDetail, *, hide: str = "") -> RealtimeError:
    """The error that a service means. ``hide`` is a secret that must not be in its message."""
    code = str(detail.code) if detail.code is not None else None
    kind = kind_of(code, detail.message) or _BY_TYPE.get(detail.type or "", ServiceFault)
    return error_of(kind, detail.message, service_code=code or detail.type, hide=hide)


def kind_of(code: str | None, message: str) -> type[RealtimeError] | None:
    """The class that a code or a documented sentence stands for, or None where neither is known."""
    for sentence, kind in _BY_SENTENCE:
        if message.startswith(sentence) or code == sentence:
            return kind
    lower = (code or "").lower()
    return _BY_CODE.get(lower) or _BY_FAMILY.get(lower.partition(".")[0])


def error_of(
    kind: type[RealtimeError],
    message: str,
    *,
    service_code: str | None = None,
    retry_after_s: float | None = None,
    hide: str = "",
) -> RealtimeError:
    """An error of ``kind`` with its own hint, followed by what the service said."""
    words = " ".join(_without(hide, message).split())[:_MESSAGE_LIMIT]
    detail = f"The service said: {words}" if words else ""
    code = _without(hide, service_code)[:_MESSAGE_LIMIT] if service_code else None
    return kind(detail=detail, service_code=code, retry_after_s=retry_after_s)


def _without(secret: str, text: str) -> str:
    return text.replace(secret, "***") if secret else text
