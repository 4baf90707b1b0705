"""Which files of a folder are recordings, by their names alone. Pure."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

ENDINGS = frozenset(
    ".3gp .aac .aif .aiff .amr .asf .au .caf .flac .m4a .m4b .mka .mkv .mov .mp2 .mp3 .mp4 .oga .ogg .opus .w64 .wav"
    " .webm .wma .wmv".split()
)
PLAYLISTS = frozenset(".asx .cue .m3u .m3u8 .mpd .pls .smil .xspf".split())


def ending_of(name: str) -> str:
    """With its dot, in small letters."""
    return PurePosixPath(name).suffix.lower()


def is_wanted(name: str, patterns: Sequence[str]) -> bool:
    """Whether a file is meant: by a pattern, or where none is given by its ending. Playlists are, to be refused.

    A pattern with a slash is held against the whole name below the folder, another against the file's own; upper and
    lower case are the same. Hidden files never are.
    """
    own = name.rpartition("/")[2]
    if own.startswith("."):
        return False
    if not patterns:
        return ending_of(name) in ENDINGS | PLAYLISTS
    return any(fnmatchcase((name if "/" in one else own).lower(), one.lower()) for one in patterns)


def is_playlist(name: str) -> bool:
    """Whether it only points elsewhere."""
    return ending_of(name) in PLAYLISTS


def sidecar_of(name: str) -> str:
    """The name, or the URL, of the JSON beside it: call.json for call.wav."""
    return name.removesuffix(PurePosixPath(name).suffix) + ".json"
