"""The services file: read over the built-in services, and written without harm to what stands in it."""

from pathlib import Path
from typing import Any

import pytest

from worker.errors import ConfigurationError, UnknownService
from worker.services.catalogue import BUILT_IN, HOSTED_MODEL, Service
from worker.services.file import change_entry
from worker.services.lookup import Services
from worker.settings import Settings, load_settings

WRITTEN_BY_HAND = """\
# our own machines

[gpu]  # in the cellar
url = "wss://gpu.example:8000/"
key = "sk-secret"
pace = 0   # as fast as it goes

[intl]
sessions = 3
"""


@pytest.fixture
def services_file(tmp_path: Path) -> Path:
    path = tmp_path / "services.toml"
    path.write_text(WRITTEN_BY_HAND)
    return path


def settings_with(path: Path, **options: Any) -> Settings:  # noqa: ANN401  # the fields of Settings
    return load_settings(services_file=path, **options)


def built_in(name: str) -> Service:
    return next(service for service in BUILT_IN if service.name == name)


def test_a_table_of_a_new_name_is_a_service(services_file: Path) -> None:
    gpu = Services(settings_with(services_file)).find("gpu")
    assert (gpu.url, gpu.pace, gpu.model) == ("wss://gpu.example:8000/", 0, HOSTED_MODEL)
    assert gpu.key is not None
    assert gpu.key.get_secret_value() == "sk-secret"


def test_a_table_of_a_built_in_name_changes_what_it_names_and_nothing_else(services_file: Path) -> None:
    intl = Services(settings_with(services_file)).by_name()["intl"]
    assert intl.sessions == 3
    assert (intl.url, intl.pace, intl.hosted) == (built_in("intl").url, built_in("intl").pace, True)


def test_a_service_that_is_written_meanwhile_is_found_without_a_new_start(services_file: Path) -> None:
    settings = settings_with(services_file)
    assert "newer" not in Services(settings).by_name()
    services_file.write_text(f'{WRITTEN_BY_HAND}\n[newer]\nurl = "ws://newer.example/"\n')
    assert Services(settings).find("newer").url == "ws://newer.example/"


def test_the_home_s_file_is_read_where_no_other_is_named(tmp_path: Path) -> None:
    (tmp_path / "services.toml").write_text("[local]\nsessions = 9\n")
    assert Services(load_settings(home=tmp_path)).find("local").sessions == 9


def test_a_home_without_a_file_has_the_built_in_services(tmp_path: Path) -> None:
    assert Services(load_settings(home=tmp_path)).by_name() == {service.name: service for service in BUILT_IN}


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="LONGHAND_SERVICES_FILE"):
        Services(settings_with(tmp_path / "none.toml")).by_name()


@pytest.mark.parametrize("text", ["[intl", "intl = 3", "[intl]\nspeed = 3", "[new]\npace = 1", "\x00"])
def test_a_file_that_makes_no_sense_names_its_setting(text: str, tmp_path: Path) -> None:
    path = tmp_path / "services.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match="LONGHAND_SERVICES_FILE"):
        Services(settings_with(path)).by_name()


def test_a_service_that_is_known_by_its_url_has_what_its_host_s_table_says(tmp_path: Path) -> None:
    path = tmp_path / "services.toml"
    path.write_text('["gpu.example"]\nurl = "ws://gpu.example/old"\ndepth = 2\n')
    service = Services(settings_with(path, service_url="ws://gpu.example/new")).find()
    assert (service.name, service.url, service.depth) == ("gpu.example", "ws://gpu.example/new", 2)


def test_a_setting_stands_over_the_file(services_file: Path) -> None:
    assert Services(settings_with(services_file, service="intl", sessions=5)).find().sessions == 5


def test_an_unknown_service_is_told_with_those_that_are_known(services_file: Path) -> None:
    with pytest.raises(UnknownService, match="cn, gpu, intl, local"):
        Services(settings_with(services_file)).find("nowhere")


def test_a_change_is_read_back(services_file: Path) -> None:
    change_entry(services_file, "gpu", {"pace": 10.0, "depth": 2, "sessions": 7})
    gpu = Services(settings_with(services_file)).by_name()["gpu"]
    assert (gpu.pace, gpu.depth, gpu.sessions) == (10.0, 2, 7)


def test_a_change_leaves_comments_and_all_else_as_they_were(services_file: Path) -> None:
    change_entry(services_file, "intl", {"sessions": 4, "depth": 2})
    assert services_file.read_text() == WRITTEN_BY_HAND.replace("sessions = 3\n", "sessions = 4\ndepth = 2\n")


def test_a_first_entry_makes_the_file_for_its_owner_s_eyes(tmp_path: Path) -> None:
    path = tmp_path / "home" / "services.toml"
    change_entry(path, "gpu.example", {"pace": 4.0}, if_new={"url": "ws://gpu.example/"})
    assert path.read_text() == '["gpu.example"]\nurl = "ws://gpu.example/"\npace = 4.0\n'
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_entry_that_is_there_keeps_its_address_and_the_file_its_permissions(services_file: Path) -> None:
    services_file.chmod(0o640)
    change_entry(services_file, "gpu", {"depth": 2}, if_new={"url": "ws://elsewhere.example/"})
    assert "elsewhere" not in services_file.read_text()
    assert services_file.stat().st_mode & 0o777 == 0o640


def test_a_file_behind_a_link_is_changed_where_it_is(services_file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.toml"
    link.symlink_to(services_file)
    change_entry(link, "gpu", {"depth": 2})
    assert link.is_symlink()
    assert "depth = 2" in services_file.read_text()


@pytest.mark.parametrize("text", ["[intl", "intl = 3", "\xff"])
def test_a_file_that_is_not_understood_is_not_touched(text: str, tmp_path: Path) -> None:
    path = tmp_path / "services.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigurationError, match=r"services\.toml cannot be changed"):
        change_entry(path, "intl", {"pace": 4.0})
    assert path.read_bytes() == text.encode("latin-1")
    assert [one.name for one in tmp_path.iterdir()] == ["services.toml"]
