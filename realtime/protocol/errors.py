"""What can go wrong between a client and a recognition service, by who must act.

CodedError                     anything that has a code, and knows whether trying again helps
└── RealtimeError
    ├── ServiceRefused         an operator must act: nothing will work until then
    │   ├── KeyRefused         the API key: KeyMalformed where it can be none
    │   ├── BillUnpaid         the account
    │   └── ModelUnknown       the model's name
    ├── ContentRefused         nobody can: this audio is refused for good, a gap
    ├── RequestRejected        we must: our event was wrong
    ├── ServiceLimited         wait, and come slower
    │   ├── RateLimited
    │   └── QuotaExceeded
    ├── ServiceFault           the service must: try again
    └── NetworkFault           the network must: try again
        ├── ServiceUnreachable
        ├── ConnectionLost
        └── ServiceTimeout

Decide on classes and codes, never on the text of a message.
"""

import re
from typing import ClassVar

LONGEST = 1000  # characters of what is said of one case: it is shown, kept in rows and sent on
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")  # no place in a database, no bytes in UTF-8


class CodedError(Exception):
    """An error with a stable code, a sentence for a person, and a hint of what to do.

    ``sentence`` speaks of this one case; where it is empty the hint says what there is to say. ``detail`` follows it.
    Either may quote what a stranger has sent: it is cut at LONGEST characters, and can be stored and sent.
    """

    code: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False
    hint: ClassVar[str] = ""

    def __init__(
        self,
        sentence: str = "",
        *,
        detail: str = "",
        service_code: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        self.sentence = presentable(sentence)
        self.detail = presentable(detail)
        self.service_code = None if service_code is None else presentable(service_code)
        self.retry_after_s = retry_after_s
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """What a person is to read."""
        return f"{self.sentence or self.hint} {self.detail}".strip()


def presentable(text: str) -> str:
    """At most LONGEST characters of it, with a sign in place of those that cannot be stored."""
    cut = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
    return _UNSTORABLE.sub("\ufffd", cut)


class RealtimeError(CodedError):
    """Anything that a recognition service, or the way to it, can do to a session."""


class ServiceRefused(RealtimeError):
    """Configuration or bill: every request will be refused until an operator acts."""

    code = "service_refused"
    retryable = True
    hint = "The service refuses every request: look at its message, the key, the account and the model."


class KeyRefused(ServiceRefused):
    code = "key_refused"
    hint = "The service refused the API key: look at it, and whether it belongs to this region."


class KeyMalformed(KeyRefused):
    """No service was asked: this can be nobody's key."""


class BillUnpaid(ServiceRefused):
    code = "bill_unpaid"
    hint = "The service says that the account is overdue: pay the bill."


class ModelUnknown(ServiceRefused):
    code = "model_unknown"
    hint = "The service does not know the model: look at its name."


class ContentRefused(RealtimeError):
    code = "content_refused"
    hint = "The service refused this part of the recording for good: it is reported as a gap."


class RequestRejected(RealtimeError):
    code = "request_rejected"
    hint = "The service did not accept what was sent: look at the session's options, or report it as a defect."


class ServiceLimited(RealtimeError):
    """The service asks for patience; ``retry_after_s`` where it said how long."""

    code = "service_limited"
    retryable = True
    hint = "The service asks for patience."


class RateLimited(ServiceLimited):
    code = "rate_limited"
    hint = "The service asks to come slower."


class QuotaExceeded(ServiceLimited):
    code = "quota_exceeded"
    hint = "The service's quota is used up: wait until the quota's window opens again."


class ServiceFault(RealtimeError):
    code = "service_fault"
    retryable = True
    hint = "The service failed."


class NetworkFault(RealtimeError):
    code = "network_fault"
    retryable = True
    hint = "The network on the way to the service failed."


class ServiceUnreachable(NetworkFault):
    code = "service_unreachable"
    hint = "The service cannot be reached: look at its URL and the network."


class ConnectionLost(NetworkFault):
    code = "connection_lost"
    hint = "The connection to the service broke."


class ServiceTimeout(NetworkFault):
    code = "service_timeout"
    hint = "The service did not answer in time."
