"""Contents that lead elsewhere, under the names of recordings: playlists, references, attachments, nests."""

import struct
from collections.abc import Callable
from pathlib import Path
from random import Random

ENDINGS = ("wav", "mp3", "m4a", "ogg", "flac", "au", "caf", "aiff", "mka", "w64")


FAR = (
    "http://127.0.0.1/a.wav", "http://93.184.216.34/a.wav", "tcp://10.0.0.1:80", "udp://8.8.8.8:53",
    "rtmp://10.0.0.1/x", "gopher://10.0.0.1", "//server/share", "pipe:0", "/dev/zero", "/proc/self/environ",
    "data:audio/wav;base64,UklGRg==",
    "concat:{0}|{0}", "subfile,,start,0,end,0,,:{0}", "crypto:{0}", "cache:{0}", "async:{0}",
)  # fmt: skip


JUNK = (b"\xef\xbb\xbf", b"\n \n", b"ID3\x03\0\0\0\0\0\x0a" + bytes(10), bytes(2000), b"#!AMR\n", b"RIFF")


def crafted(dice: Random, canary: Path) -> tuple[str, bytes]:
    """The ending of a name, and a content that would lead to the canary or to another machine."""
    near = (str(canary), canary.name, f"file:{canary}", f"file://{canary}", f"./{canary.name}")
    where = dice.choice(near if dice.random() < 0.5 else [form.format(canary) for form in FAR]).encode()
    content = dice.choice(CRAFTED)(dice, where)
    before = b"" if dice.random() < 0.6 else dice.choice(JUNK)
    return dice.choice((*ENDINGS, "m3u8", "txt", "sdp", "mpd")), before + content


def _playlist(dice: Random, where: bytes) -> bytes:
    return dice.choice(
        (
            b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n%s\n#EXT-X-ENDLIST\n",
            b"#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",URI=\"%s\"\n#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO=\"a\"\nx\n",
            b"#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI=\"%s\"\n#EXTINF:9,\na.wav\n",
            b"#EXTM3U\n#EXT-X-MAP:URI=\"%s\"\n#EXTINF:9,\na\n",
            b"ffconcat version 1.0\nfile '%s'\n",
            b"file '%s'\n",
            b"<?xml version=\"1.0\"?><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\"><BaseURL>%s</BaseURL></MPD>",
            b"<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY b SYSTEM \"%s\">]><MPD>&b;</MPD>",
            b"<?xml version=\"1.0\"?><playlist><trackList><track><location>%s</location></track></trackList>",
            b"v=0\no=- 0 0 IN IP4 10.0.0.1\ns=x\nc=IN IP4 10.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\na=control:%s\n",
            b"[playlist]\nFile1=%s\nNumberOfEntries=1\n",
            b"FILE \"%s\" WAVE\n  TRACK 01 AUDIO\n    INDEX 01 00:00:00\n",
            b"[Reference]\nRef1=%s\n",
            b"<asx version=\"3.0\"><entry><ref href=\"%s\"/></entry></asx>",
            b"http://x\n%s\n",
            b"RTSPtext\n%s",
            b"<smil><body><audio src=\"%s\"/></body></smil>",
        )
    ) % where  # fmt: skip


def _atom(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + name + content


def _movie(dice: Random, where: bytes) -> bytes:
    """An MP4 whose samples lie in another file, as `dref` may say."""
    alias = bytes(2) + struct.pack(">H", 150) + where.ljust(146, b"\0")[:146]
    reference = dice.choice(
        (
            _atom(b"url ", bytes(4) + where + b"\0"),
            _atom(b"urn ", bytes(4) + b"x\0" + where + b"\0"),
            _atom(b"alis", bytes(4) + alias),
        )
    )
    data = _atom(b"dinf", _atom(b"dref", bytes(4) + struct.pack(">I", 1) + reference))
    entry = _atom(
        b"sowt", bytes(6) + struct.pack(">H", 1) + bytes(8) + struct.pack(">HHHHI", 1, 16, 0, 0, 16_000 << 16)
    )
    tables = [
        _atom(b"stsd", bytes(4) + struct.pack(">I", 1) + entry),
        _atom(b"stts", bytes(4) + struct.pack(">III", 1, 100, 1)),
        _atom(b"stsc", bytes(4) + struct.pack(">IIII", 1, 1, 100, 1)),
        _atom(b"stsz", bytes(4) + struct.pack(">II", 2, 100)),
        _atom(b"stco", bytes(4) + struct.pack(">II", 1, 44)),
    ]
    media = _atom(b"mdhd", bytes(12) + struct.pack(">II", 16_000, 100) + bytes(4))
    media += _atom(b"hdlr", bytes(8) + b"soun" + bytes(12)) + _atom(
        b"minf", _atom(b"smhd", bytes(8)) + data + _atom(b"stbl", b"".join(tables))
    )
    head = _atom(b"tkhd", b"\0\0\0\x07" + bytes(8) + struct.pack(">I", 1) + bytes(68))
    movie = _atom(
        b"moov",
        _atom(b"mvhd", bytes(12) + struct.pack(">II", 1000, 6) + bytes(80))
        + _atom(b"trak", head + _atom(b"mdia", media)),
    )
    return _atom(b"ftyp", dice.choice((b"qt  ", b"isom")) + bytes(4)) + movie


def _nest(dice: Random, where: bytes) -> bytes:
    """Boxes in boxes, or very many beside each other."""
    content = where
    for _ in range(dice.choice((100, 2_000))):
        content = _atom(dice.choice((b"moov", b"trak", b"udta", b"meta")), content)
    return _atom(b"ftyp", b"isom" + bytes(4)) + content * dice.choice((1, 20))


def _many_chunks(dice: Random, where: bytes) -> bytes:
    chunk = (
        struct.pack("<4sI", dice.choice((b"LIST", b"fmt ", b"cue ", b"junk")), dice.choice((0, 4, len(where))))
        + where[:4]
    )
    body = b"WAVE" + chunk * dice.choice((10, 20_000))
    return struct.pack("<4sI", b"RIFF", dice.choice((len(body), 0xFFFFFFFF, 0))) + body


def _tags(dice: Random, where: bytes) -> bytes:
    """ID3 with a picture that is a link, a comment of megabytes, or frames that lie about their length."""
    kind = dice.choice((b"APIC", b"WXXX", b"GEOB", b"LINK", b"CHAP"))
    content = b"\0-->\0\x03\0" + where + bytes(dice.choice((0, 1_000_000)))
    frame = kind + struct.pack(">I", dice.choice((len(content), 0xFFFFFFFF, 0))) + b"\0\0" + content
    size = len(frame)
    synced = bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\0\0" + synced + frame + b"\xff\xfb\x90\0" + bytes(413)


def _matroska(dice: Random, where: bytes) -> bytes:
    """An attachment, and a segment that wants another file as its next."""

    def element(name: bytes, content: bytes) -> bytes:
        return (
            name + b"\x08" + struct.pack(">I", len(content))[1:] + content
            if False
            else name + b"\x01" + struct.pack(">Q", len(content))[1:] + content
        )

    head = element(b"\x1a\x45\xdf\xa3", element(b"\x42\x82", b"matroska"))
    information = element(b"\x15\x49\xa9\x66", element(b"\x3e\x83\xbb", where) + element(b"\x3e\xb9\x23", bytes(16)))
    attached = element(
        b"\x19\x41\xa4\x69", element(b"\x61\xa7", element(b"\x46\x6e", where) + element(b"\x46\x5c", where * 100))
    )
    return head + element(b"\x18\x53\x80\x67", information + attached * dice.choice((1, 500)))


CRAFTED: tuple[Callable[[Random, bytes], bytes], ...] = (
    _playlist,
    _playlist,
    _movie,
    _movie,
    _nest,
    _many_chunks,
    _tags,
    _matroska,
)
