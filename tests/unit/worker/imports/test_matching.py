"""Whether a recording that comes is new, is there, or is signed anew."""

from dataclasses import replace
from typing import Any

import pytest

from worker.errors import DuplicateExternalId, SourceChanged
from worker.imports.matching import ArchiveIndex, ExistingRecording, Verdict
from worker.media import identities
from worker.media.identities import SourceIdentity
from worker.recordings import NewRecording

STATE = SourceIdentity(size_bytes=10, etag='"1"')


def at(url: str, state: SourceIdentity = STATE, **changes: Any) -> NewRecording:  # noqa: ANN401  # any field
    source = url.partition("?")[0]
    made = NewRecording(
        archive="x", identity=identities.of_source(url, state), source=source, source_url=url, external_id="7"
    )
    return replace(made, **changes)


def known(recording: NewRecording, recording_id: str = "r1") -> ExistingRecording:
    described = {name: getattr(recording, name) for name in ("external_id", "labels", "language", "recorded_ms")}
    fields = {"identity": recording.identity, "source": recording.source, "digest": recording.digest}
    return ExistingRecording(id=recording_id, described=described, **fields)  # type: ignore[arg-type]  # three strings


def test_what_was_never_seen_is_new_and_then_it_is_there() -> None:
    index = ArchiveIndex([])
    assert index.match(at("https://a/1.wav")).verdict is Verdict.NEW
    assert index.match(at("https://a/1.wav")).verdict is Verdict.THERE


def test_the_same_source_under_another_signature_is_renewed() -> None:
    index = ArchiveIndex([known(at("https://a/1.wav?sig=old"))])
    assert index.match(at("https://a/1.wav?sig=new")).verdict is Verdict.RENEWED
    assert index.match(at("https://a/1.wav?sig=new")).verdict is Verdict.THERE


def test_another_source_must_not_have_the_same_external_id_nor_within_one_manifest() -> None:
    for index in (ArchiveIndex([known(at("https://a/1.wav"))]), ArchiveIndex([])):
        index.match(at("https://a/1.wav"))
        with pytest.raises(DuplicateExternalId, match=r"'7' is that of https://a/1\.wav already"):
            index.match(at("https://a/2.wav"))


def test_a_source_that_is_another_now_is_changed() -> None:
    index = ArchiveIndex([known(at("mount://a/1.wav"))])
    with pytest.raises(SourceChanged):
        index.match(at("mount://a/1.wav", SourceIdentity(size_bytes=11, etag='"2"')))
    copied = at("mount://a/1.wav", identity=identities.of_bytes("a" * 64), digest="a" * 64)
    with pytest.raises(SourceChanged):
        ArchiveIndex([known(copied)]).match(replace(copied, identity=identities.of_bytes("b" * 64), digest="b" * 64))


def test_a_source_that_is_copied_now_is_the_recording_that_was_in_place() -> None:
    copied = at("mount://a/1.wav", identity=identities.of_bytes("a" * 64), digest="a" * 64)
    match = ArchiveIndex([known(at("mount://a/1.wav"))]).match(copied)
    assert (match.verdict, match.existing.id) == (Verdict.THERE, "r1")


def test_a_recording_has_one_external_id() -> None:
    index = ArchiveIndex([known(at("https://a/1.wav"))])
    with pytest.raises(DuplicateExternalId, match="there under the external id '7'"):
        index.match(at("https://a/1.wav", external_id="8"))


def test_what_was_not_known_is_filled_in_and_what_was_stays() -> None:
    index = ArchiveIndex([known(at("https://a/1.wav", external_id=None, language="de"))])
    match = index.match(at("https://a/1.wav", language="en", labels={"team": "north"}))
    assert match.fills == {"external_id": "7", "labels": {"team": "north"}}
    with pytest.raises(DuplicateExternalId):
        index.match(at("https://a/2.wav"))
