"""What an HTTP recogniser's refusal means, in the codes of the real-time protocol. Pure.

The reason stands in the body, not in the status line: 403 can be a wrong key, a used-up quota or refused content.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from realtime.protocol.errors import QuotaExceeded, RateLimited, RealtimeError, ServiceFault, ServiceLimited
from realtime.protocol.refusals import kind_of

_MESSAGE_LIMIT = 300

# Codes of OpenAI and of servers like it, as this protocol says them.
_SAME_AS = {
    "invalid_api_key": "InvalidApiKey",
    "insufficient_quota": "Arrearage",
    "rate_limit_exceeded": "Throttling",
    "model_not_found": "ModelNotFound",
    "content_policy_violation": "DataInspectionFailed",
    "content_filter": "DataInspectionFailed",
}
_BY_STATUS = {
    401: "InvalidApiKey",
    402: "Arrearage",
    403: "AccessDenied",
    404: "ModelNotFound",
    408: "RequestTimeOut",
    429: "Throttling",
}
# Limits that are told by a documented sentence alone.
_LIMITS: dict[type[RealtimeError], str] = {
    RateLimited: "Throttling.RateQuota",
    QuotaExceeded: "Throttling.AllocationQuota",
}


@dataclass(frozen=True)
class GatewayRefusal:
    """``code`` is one of the protocol's; ``temporary``: the same request may be taken later."""

    code: str
    message: str
    temporary: bool


def read_refusal(status: int, body: bytes) -> GatewayRefusal:
    """The meaning of an HTTP answer that is not 200."""
    told = _told(body)
    message = str(told.get("message") or f"HTTP {status}")[:_MESSAGE_LIMIT]
    code = _code(str(told.get("code") or ""), str(told.get("type") or ""), message, status)
    kind = kind_of(code, message)
    temporary = issubclass(kind, ServiceLimited | ServiceFault) if kind else status >= 500
    return GatewayRefusal(code, message, temporary)


def _told(body: bytes) -> Mapping[str, object]:
    """``{"error": {"code", "message"}}``, or the same without its envelope, or nothing."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):  # RecursionError: brackets nested without end
        return {}
    inner = told.get("error", told) if isinstance(told, dict) else told
    return inner if isinstance(inner, dict) else {"message": inner}


def _code(code: str, kind: str, message: str, status: int) -> str:
    for name in (code, kind):
        if name in _SAME_AS:
            return _SAME_AS[name]
        if kind_of(name, "") is not None:
            return name
    limit = kind_of(None, message)
    if limit in _LIMITS:
        return _LIMITS[limit]
    return _BY_STATUS.get(status, "InternalError" if status >= 500 else "InvalidParameter")
