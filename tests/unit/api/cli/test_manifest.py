"""What kind of manifest a file is, by its first line."""

import io

import pytest

from api.cli.manifest import kind_of_file
from worker.imports.manifests import CSV, LINES

BOM = "\ufeff"


@pytest.mark.parametrize(
    "text",
    [
        '{"url": "mount://calls/a.wav"}\n',
        f'{BOM}{{"url": "mount://calls/a.wav"}}\n',
        '\n  {"url": "mount://calls/a.wav"}',
        '"mount://calls/a.wav"\n"mount://calls/b.wav"\n',
        f'{BOM}"https://example.org/a.wav"\r\n',
        '{"url": never closed\n',
        "",
    ],
)
def test_an_object_or_a_url_in_quotation_marks_begins_json_lines(text: str) -> None:
    assert kind_of_file(io.BytesIO(text.encode())) == LINES[0]


@pytest.mark.parametrize(
    "text",
    [
        "url,external_id\nmount://calls/a.wav,1\n",
        '"url","external_id"\n"mount://calls/a.wav","1"\n',
        f'{BOM}"url","external_id"\r\n"mount://calls/a.wav","1"\r\n',
        '"external_id",url\n',
        '"url"\n"mount://calls/a.wav"\n',
        f"{BOM}url\n",
        '"never closed\n',
        "17\n",
    ],
)
def test_names_of_columns_begin_a_csv_quoted_or_not(text: str) -> None:
    assert kind_of_file(io.BytesIO(text.encode())) == CSV


def test_it_is_seen_from_anywhere_in_the_file() -> None:
    file = io.BytesIO(b"url\n")
    file.seek(0, 2)
    assert kind_of_file(file) == CSV
