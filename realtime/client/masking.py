"""A client's text frame as the WebSocket protocol wants it (RFC 6455, 5.2): its head, and its payload masked."""

import numpy as np

FINAL_TEXT, MASKED = 0x81, 0x80
TWO_BYTES, EIGHT_BYTES = 126, 127  # how a length is told that does not fit into seven bits


def masked_text(payload: bytes, key: bytes) -> bytes:
    """The whole frame, masked with ``key`` of 4 bytes; a text is not cut into several frames."""
    words = np.frombuffer(payload + bytes(-len(payload) % 4), np.uint32) ^ np.frombuffer(key, np.uint32)
    return b"".join((_head(len(payload)), key, words.view(np.uint8)[: len(payload)].data))


def _head(length: int) -> bytes:
    if length < TWO_BYTES:
        return bytes((FINAL_TEXT, MASKED | length))
    if length < 1 << 16:
        return bytes((FINAL_TEXT, MASKED | TWO_BYTES)) + length.to_bytes(2, "big")
    return bytes((FINAL_TEXT, MASKED | EIGHT_BYTES)) + length.to_bytes(8, "big")
