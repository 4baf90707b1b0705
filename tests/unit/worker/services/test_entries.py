"""A services file that is wrong says where, and says no secret; the page shows one that is right."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from tests.fixtures.paths import DOCS
from worker.errors import ConfigurationError
from worker.services.catalogue import Service
from worker.services.entries import Entry, read_entry
from worker.services.lookup import Services
from worker.settings import Settings

PAGE = (DOCS / "settings.md").read_text()


def settings(path: Path, text: str) -> Settings:
    path = path / "services.toml"
    path.write_text(text)
    return Settings(services_file=path)


def refusal(folder: Path, line: str, *, table: str = "mine") -> str:
    with pytest.raises(ConfigurationError) as caught:
        Services(settings(folder, f'[{table}]\nurl = "wss://asr.example/"\nkey = "sk-secret"\n{line}\n')).by_name()
    assert "sk-secret" not in str(caught.value)
    return caught.value.message


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("sessions = 0", "sessions"),
        ('sessions = "8"', "sessions"),
        ("permits = true", "permits"),
        ("pace = -1", "pace"),
        ('pace = "fast"', "pace"),
        ("depth = 1.5", "depth"),
        ("segment_limit_ms = 90_000", "segment_limit_ms"),
        ('languages = ["en", "xx"]', r"languages\.1"),
        ('languages = "en"', "languages"),
        ('headers = { "X-DashScope-WorkSpace" = 3 }', r"headers\.X-DashScope-WorkSpace"),
        ('headers = { "X-A" = "a\\nb" }', r"headers\.X-A"),
        ('headers = { "X A" = "a" }', r"headers\.X A"),
        ('proxy = "socks5://proxy.example:1080"', "proxy"),
        ('model = ""', "model"),
    ],
)
def test_a_value_of_the_wrong_kind_is_named_with_its_table_and_field(tmp_path: Path, line: str, field: str) -> None:
    assert re.search(rf"LONGHAND_SERVICES_FILE .*\[mine\] {field}\b.*: ", refusal(tmp_path, line))


def test_a_field_that_is_none_is_told_with_those_that_are(tmp_path: Path) -> None:
    message = refusal(tmp_path, "paces = 4")
    assert "[mine] paces: there is no such field" in message
    assert "headers" in message


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    message = refusal(tmp_path, "paces = 4\nsessions = 0")
    assert "paces" in message
    assert "sessions" in message


def test_no_secret_is_in_what_is_said_of_a_key(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"\[mine\] key") as caught:
        Services(settings(tmp_path, '[mine]\nurl = "wss://asr.example/"\nkey = ["sk-secret"]\n')).by_name()
    assert "sk-secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["https://asr.example/", "asr.example", "wss://"])
def test_a_url_must_be_one_of_a_websocket(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"\[mine\] url: must be a ws:// or wss:// URL"):
        Services(settings(tmp_path, f'[mine]\nurl = "{url}"\n')).by_name()


def test_a_service_of_ones_own_needs_a_url(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"\[mine\] url: is missing"):
        Services(settings(tmp_path, "[mine]\npace = 1\n")).by_name()


def test_what_is_no_table_is_told() -> None:
    with pytest.raises(ConfigurationError, match=r"\[intl\] is a value, not a table"):
        read_entry("intl", 3, needs_url=False)


def test_a_table_can_say_whatever_a_service_has() -> None:
    assert Entry.model_fields.keys() == {field.name for field in fields(Service)} - {"name"}


def test_every_field_is_on_the_page_and_every_one_on_the_page_exists() -> None:
    rows = re.findall(r"^\| `([a-z_]+)` \|", PAGE, re.MULTILINE)
    assert sorted(rows) == sorted(Entry.model_fields)


def test_the_page_s_example_is_read(tmp_path: Path) -> None:
    example = re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert example is not None
    services = Services(settings(tmp_path, example[1])).by_name()
    assert services["workspace"].headers == {"X-DashScope-WorkSpace": "WORKSPACE"}
