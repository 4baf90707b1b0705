"""The head of a WAV, from whatever bytes."""

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.audio.wav import MAX_CHUNK_BYTES, NoWav, WavHead, read_head

FORMAT = struct.pack("<HHIIHH", 1, 2, 8000, 32_000, 4, 16)


def chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def head(*chunks: bytes, magic: bytes = b"RIFF") -> WavHead:
    return read_head(io.BytesIO(magic + bytes(4) + b"WAVE" + b"".join(chunks)).read)


def test_a_head_says_what_its_format_chunk_says() -> None:
    found = head(chunk(b"fmt ", FORMAT), chunk(b"data", bytes(64)))
    assert found == WavHead(1, 2, 8000, 16, 44, 64)
    assert found.frame_bytes == 4


def test_chunks_of_odd_length_are_padded() -> None:
    assert head(chunk(b"junk", b"x"), chunk(b"fmt ", FORMAT), chunk(b"data", b"ab")).data_offset == 54


def test_the_extensible_format_names_its_codec_further_back() -> None:
    extensible = (
        struct.pack("<H", 0xFFFE) + FORMAT[2:] + struct.pack("<HHI", 22, 16, 3) + struct.pack("<H", 1) + bytes(14)
    )
    assert head(chunk(b"fmt ", extensible), chunk(b"data", b"ab")).codec == 1


def test_the_length_of_an_rf64_stands_in_a_chunk_of_its_own() -> None:
    sizes = chunk(b"ds64", struct.pack("<QQQ", 0, 5_000_000_000, 0))
    data = b"data" + b"\xff\xff\xff\xff"
    assert head(sizes, chunk(b"fmt ", FORMAT), data, magic=b"RF64").data_bytes == 5_000_000_000


@pytest.mark.parametrize("size", [0, 0x7FFF_F000, 0xFFFF_FFFF])
def test_a_length_that_was_never_written_is_unknown(size: int) -> None:
    assert head(chunk(b"fmt ", FORMAT), b"data" + struct.pack("<I", size)).data_bytes is None


@pytest.mark.parametrize(
    "chunks",
    [
        [],
        [chunk(b"fmt ", FORMAT)],
        [chunk(b"data", b"ab")],
        [chunk(b"fmt ", FORMAT[:10]), chunk(b"data", b"ab")],
        [chunk(b"fmt ", FORMAT[:2] + b"\0\0" + FORMAT[4:]), chunk(b"data", b"ab")],
        [b"LIST" + struct.pack("<I", MAX_CHUNK_BYTES + 1)],
    ],
)
def test_what_does_not_lead_to_samples_is_no_wav(chunks: list[bytes]) -> None:
    with pytest.raises(NoWav):
        head(*chunks)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_head_or_no_wav(content: bytes) -> None:
    with pytest.raises(NoWav):
        head(chunk(b"fmt ", b""), content)
