"""What to do about an error, in the product's words: the protocol's errors know neither our settings nor our jobs.

Whoever shows an error, or keeps it to be shown, asks here, and not the error itself.
"""

from realtime.protocol.errors import (
    BillUnpaid,
    CodedError,
    ConnectionLost,
    KeyMalformed,
    KeyRefused,
    ModelUnknown,
    NetworkFault,
    QuotaExceeded,
    RateLimited,
    RequestRejected,
    ServiceFault,
    ServiceLimited,
    ServiceTimeout,
    ServiceUnreachable,
)

HINTS: dict[type[CodedError], str] = {
    KeyRefused: (
        "The service refused the API key: look at LONGHAND_SERVICE_KEY, and whether it belongs to this region."
    ),
    BillUnpaid: "The service says that the account is overdue: pay the bill, the jobs go on by themselves.",
    ModelUnknown: "The service does not know the model: look at LONGHAND_MODEL.",
    RequestRejected: (
        "The service did not accept what was sent: look at the options of the job, or report it as a defect."
    ),
    ServiceLimited: "The service asks for patience: the job goes on by itself.",
    RateLimited: ("The service asks to come slower: the job goes on by itself; lower LONGHAND_PERMITS if it stays."),
    QuotaExceeded: "The service's quota is used up: the job goes on when the quota's window opens again.",
    ServiceFault: "The service failed: the job is tried again by itself.",
    NetworkFault: "The network on the way to the service failed: the job is tried again by itself.",
    ServiceUnreachable: (
        "The service cannot be reached: look at LONGHAND_SERVICE_URL and the network; the job goes on by itself."
    ),
    ConnectionLost: "The connection to the service broke: the job is tried again by itself.",
    ServiceTimeout: "The service did not answer in time: the job is tried again by itself.",
}
KEY_MALFORMED = "The API key has characters that no key has: look at LONGHAND_SERVICE_KEY."


def hint_of(kind: type[CodedError]) -> str:
    """What to do about an error of this class: in the product's words where it has any, else in the error's own."""
    return next((HINTS[known] for known in kind.__mro__ if known in HINTS), kind.hint)


def message_of(error: CodedError) -> str:
    """What to show of this error: what is said of the case, or else the hint; and what the service said."""
    sentence = KEY_MALFORMED if isinstance(error, KeyMalformed) else error.sentence
    return f"{sentence or hint_of(type(error))} {error.detail}".strip()
