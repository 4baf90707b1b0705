"""Frames of our own making are those that websocket-client would send."""

import pytest
from websocket import ABNF

from realtime.client.wire import masked_text

KEY = b"\x01\x80\xff\x7a"


def made_by_the_library(payload: bytes) -> bytes:
    frame = ABNF.create_frame(payload.decode(), ABNF.OPCODE_TEXT)
    frame.get_mask_key = lambda _size: KEY
    made: bytes = frame.format()
    return made


@pytest.mark.parametrize("length", [0, 1, 2, 3, 4, 5, 125, 126, 127, 65_535, 65_536, 65_539])
def test_a_frame_of_any_length_is_that_of_the_library_byte_by_byte(length: int) -> None:
    payload = bytes(32 + number % 90 for number in range(length))

    assert masked_text(payload, KEY) == made_by_the_library(payload)


def test_letters_beyond_ascii_are_masked_byte_by_byte() -> None:
    payload = "Gruß, 你好".encode()

    assert masked_text(payload, KEY) == made_by_the_library(payload)
