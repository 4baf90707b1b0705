"""What is known of a recording beside its bytes."""

import pytest

from worker.errors import InvalidManifest, InvalidRow
from worker.imports.manifests import CSV, LINES, check_head
from worker.imports.rows import MAX_BYTES, DescribedFields, ManifestRow, fields_of, merged, read_row

COLUMNS = ManifestRow.model_fields


@pytest.mark.parametrize(
    ("given", "ms"),
    [
        ("2024-01-31", 1706659200000),
        ("20240131", 1706659200000),
        ("2024-01-31T10:15:00Z", 1706696100000),
        ("2024-01-31 11:15:00+01:00", 1706696100000),
        ("20240131-101500", 1706696100000),
        ("2024-01-31_10-15", 1706696100000),
    ],
)
def test_times_are_read_as_people_and_recorders_write_them(given: str, ms: int) -> None:
    assert read_row(DescribedFields, {"recorded_at": given}).recorded_ms == ms


@pytest.mark.parametrize(
    "fields",
    [
        {"recorded_at": "yesterday"},
        {"recorded_at": 1706696100},
        {"recorded_at": "2024-13-01"},
        {"language": "english"},
        {"labels": {"a": 1}},
        {"labels": "team"},
        {"external_id": "x" * 201},
        {"external_id": "a\u0000b"},
        {"colour": "red"},
    ],
)
def test_a_field_that_cannot_be_read_is_named(fields: dict[str, object]) -> None:
    with pytest.raises(InvalidRow, match=next(iter(fields))):
        read_row(DescribedFields, fields)


def test_empty_fields_are_as_good_as_left_out_and_languages_are_small() -> None:
    assert read_row(DescribedFields, {"external_id": "", "language": " EN "}).columns() == {
        "external_id": None,
        "labels": {},
        "language": "en",
        "recorded_ms": None,
    }


def test_of_several_descriptions_the_last_is_believed_and_labels_come_together() -> None:
    named = {"external_id": "1", "labels": {"agent": "ann", "team": "north"}}
    assert merged((named, {"external_id": "2", "labels": {"team": "south"}}, {})) == {
        "external_id": "2",
        "labels": {"agent": "ann", "team": "south"},
    }


def test_of_a_sidecar_only_a_recording_s_own_fields_are_read() -> None:
    assert fields_of(b'\xef\xbb\xbf{"language": "en", "codec": "g711", "labels": {}}', "a.json") == {
        "language": "en",
        "labels": {},
    }
    for wrong in (b"[1]", b"{", b"\xff", b" " * (MAX_BYTES + 1)):
        with pytest.raises(InvalidRow, match=r"a\.json"):
            fields_of(wrong, "a.json")


@pytest.mark.parametrize(
    ("head", "kind", "said"),
    [
        ("url,external_id\na,é\n".encode("latin-1"), CSV, "Line 2"),
        ('{"url": "a"}\n{"url": "é"}\n'.encode("latin-1"), LINES[0], "Line 2"),
        ("url\na\n".encode("utf-16"), CSV, "Line 1"),
        ("url\na\n".encode("utf-16-le"), CSV, "UTF-16"),
        (b"name,external_id\n", CSV, "first line"),
        (b"https://a/1.wav\n", CSV, "first line"),
    ],
)
def test_a_manifest_that_is_wrong_from_its_beginning_is_refused(head: bytes, kind: str, said: str) -> None:
    with pytest.raises(InvalidManifest, match=said):
        check_head(head, kind, COLUMNS)


def test_a_head_may_end_within_a_letter_and_begin_with_a_mark() -> None:
    check_head("\ufeffurl,external_id\na,é".encode()[:-1], CSV, COLUMNS)
    check_head(b"", LINES[0], COLUMNS)
