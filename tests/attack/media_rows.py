"""Recordings of strangers through the decoder: mutated in every place, and made to lead elsewhere."""

import struct
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import psutil

from realtime.protocol.errors import CodedError
from tests.attack import network
from tests.attack.assault import Assault
from tests.attack.crafted_media import crafted
from tests.attack.inotify import Watch
from tests.fixtures.sounds import AMR, encode, tone, write_wav
from worker.audio.windows import AudioLimits, open_audio

LIMITS = AudioLimits(max_duration_ms=600_000, stall_s=5)
HUNG_S = 30.0
SEEDS = ("wav", "mp3", "m4a", "ogg", "flac", "au", "caf", "aiff", "mka", "w64")
SIZES = (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFF0)
LONG_SIZES = (2**63 - 1, 2**63, 2**64 - 1, 2**62, 2**40)


def mutated_media(assault: Assault) -> None:
    """Bits, lengths, ends and orders of ten containers: each is decoded, or refused with a code."""
    seeds = _seeds(assault.folder)
    with _watched(assault):
        for number in assault.inputs(1500):
            kind, content = seeds[number % len(seeds)]
            for _ in range(assault.dice.choice((1, 1, 2, 3))):
                content = assault.dice.choice(MUTATIONS)(assault.dice, content)
            _decode(assault, assault.folder / f"m.{kind}", content)


def _seeds(folder: Path) -> list[tuple[str, bytes]]:
    sound = tone(400)
    made = []
    for kind in SEEDS:
        path = write_wav(folder / "s.wav", sound, sound) if kind == "wav" else encode(folder / f"s.{kind}", sound)
        made.append((kind, path.read_bytes()))
    return [*made, ("amr", AMR)]


def _flip(dice: Random, content: bytes) -> bytes:
    made = bytearray(content)
    for _ in range(dice.randrange(1, 60) if made else 0):
        made[dice.randrange(min(len(made), dice.choice((200, len(made)))))] ^= 1 << dice.randrange(8)
    return bytes(made)


def _cut(dice: Random, content: bytes) -> bytes:
    return content[: dice.randrange(len(content) + 1)]


def _sizes(dice: Random, content: bytes) -> bytes:
    """Fields of four and eight bytes, in either order, mostly in the head."""
    made = bytearray(content)
    for _ in range(dice.randrange(1, 6)):
        at = dice.randrange(max(1, min(len(made), dice.choice((64, 512, len(made) or 1))) - 8))
        order = dice.choice("<>")
        field = (
            struct.pack(f"{order}I", dice.choice(SIZES))
            if dice.random() < 0.6
            else struct.pack(f"{order}Q", dice.choice(LONG_SIZES))
        )
        made[at : at + len(field)] = field
    return bytes(made)


def _moved(dice: Random, content: bytes) -> bytes:
    at, length, to = (dice.randrange(len(content) + 1) for _ in range(3))
    piece = content[at : at + length % 500]
    return content[:to] + piece * dice.choice((1, 1, 30)) + content[to:]


def _noise(dice: Random, content: bytes) -> bytes:
    at = dice.randrange(len(content) + 1)
    return content[:at] + dice.randbytes(dice.randrange(300)) + content[at + dice.randrange(300) :]


MUTATIONS: tuple[Callable[[Random, bytes], bytes], ...] = (_flip, _flip, _cut, _sizes, _sizes, _moved, _noise)


def crafted_media(assault: Assault) -> None:
    """Playlists, references, nests and attachments under the names of recordings: none leads anywhere."""
    canary = write_wav(assault.folder / "canary.wav", tone(300))
    watch = Watch(canary)
    if not watch.works:
        assault.tally.notes.append("who opened the canary cannot be seen here")
    with _watched(assault):
        for _ in assault.inputs(1000):
            kind, content = crafted(assault.dice, canary)
            _decode(assault, assault.folder / f"c.{kind}", content)
            for path in watch.opened():
                assault.reached(f"{path.name} by {content[:200]!r}")
    watch.close()


def _decode(assault: Assault, path: Path, content: bytes) -> None:
    path.write_bytes(content)
    try:
        with assault.within(f"{path.name} {content[:60]!r}…", HUNG_S), open_audio(path, LIMITS) as decoding:
            for _window in decoding:
                pass
    except CodedError:
        pass
    except Exception as error:  # noqa: BLE001  # what is no error of ours is the finding
        assault.found(f"an error without a code: {type(error).__name__}", f"{path.name} {error!r} {content[:80]!r}")
    finally:
        path.unlink()


@contextmanager
def _watched(assault: Assault) -> Iterator[None]:
    """Nothing is connected to meanwhile, and nothing is left: no child, no descriptor, no temporary file."""
    if assault.networked:
        assault.counts_what_is_reached()
    own, usual = psutil.Process(), tempfile.tempdir
    temporary = assault.folder / "tmp"
    temporary.mkdir()
    tempfile.tempdir = str(temporary)
    before, held = network.connects() if assault.networked else 0, own.num_fds()
    try:
        yield
    finally:
        tempfile.tempdir = usual
    if assault.networked and (made := network.connects() - before):
        assault.reached(f"{made} connections or datagrams")
    if children := own.children(recursive=True):
        assault.found("children left", children)
    if (grown := own.num_fds() - held) > 0:
        assault.found("descriptors left", grown)
    if left := list(temporary.iterdir()):
        assault.found("files left in the temporary folder", left)
