"""The Qwen real-time speech recognition protocol, both ends of it. Knows nothing of what it is used for.

`ROOMS` is its map: ``client`` and ``service`` both know what stands before them, and not each other.
"""

ROOMS = {
    "hosts": "by which names a server may be asked, and for which pages",
    "protocol": "what both ends share: events, the rules of a conversation, errors; no socket",
    "client": "our end as a client: connections and sessions, with our deadlines",
    "service": "the other end: a service that speaks the same protocol, with a recogniser behind it",
}
