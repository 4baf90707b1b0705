"""The built-in services, and what the settings change of the configured one."""

from pathlib import Path

import pytest

from worker.errors import ConfigurationError
from worker.services.catalogue import LOCAL_MODEL
from worker.services.lookup import Services
from worker.settings import Settings


def test_the_local_service_takes_english_only_while_pocketsphinx_answers() -> None:
    assert Services(Settings()).find().languages == {"en"}
    assert Services(Settings(model=LOCAL_MODEL)).find().languages == {"en"}
    assert "zh" in Services(Settings(model="qwen3-asr-flash")).find().languages


def test_the_settings_change_only_the_configured_service() -> None:
    settings = Settings(service="intl", model="another", pace=1.0)
    assert (Services(settings).find().model, Services(settings).find().pace) == ("another", 1.0)
    assert Services(settings).find("cn").model != "another"


def test_a_url_makes_a_service_that_is_named_by_its_host() -> None:
    service = Services(Settings(service_url="wss://asr.example:8443/api-ws/v1/realtime")).find()
    assert (service.name, service.url) == ("asr.example", "wss://asr.example:8443/api-ws/v1/realtime")


PLAIN = "ws://gpu.example:8000/"


@pytest.mark.parametrize("settings", [{"service_url": PLAIN, "service_key": "sk"}, {"service": "gpu"}])
def test_a_key_is_not_sent_in_plain_text_to_another_host(tmp_path: Path, settings: dict[str, str]) -> None:
    file = tmp_path / "services.toml"
    file.write_text(f'[gpu]\nurl = "{PLAIN}"\nkey = "sk"\n')
    services = Services(Settings.model_validate({"services_file": file, **settings}))
    with pytest.raises(ConfigurationError, match=r"gpu\.example without TLS.*LONGHAND_ALLOW_PLAINTEXT_KEYS"):
        services.find()


def test_a_header_that_is_a_key_is_one(tmp_path: Path) -> None:
    file = tmp_path / "services.toml"
    file.write_text(f'[gpu]\nurl = "{PLAIN}"\nheaders = {{ Authorization = "Basic eA==" }}\n')
    with pytest.raises(ConfigurationError, match="without TLS"):
        Services(Settings(services_file=file)).find("gpu")


def test_what_a_service_has_cost_is_told_whatever_its_url(tmp_path: Path) -> None:
    file = tmp_path / "services.toml"
    file.write_text(f'[gpu]\nurl = "{PLAIN}"\nkey = "sk"\n')
    assert Services(Settings(services_file=file)).price_of("gpu", "m") is None


@pytest.mark.parametrize(
    "settings",
    [
        {"service_url": PLAIN},
        {"service_url": "wss://gpu.example:8000/", "service_key": "sk"},
        {"service_url": "ws://127.0.0.1:8000/", "service_key": "sk"},
        {"service_url": PLAIN, "service_key": "sk", "allow_plaintext_keys": "true"},
        {"service_url": PLAIN, "service_key": "sk", "allow_plaintext_keys": "other, GPU.example"},
        {"local_url": "ws://recognizer:8765/", "recognizer_key": "k", "allow_plaintext_keys": "recognizer"},
    ],
)
def test_a_key_is_sent_where_nobody_reads_it_or_where_that_is_allowed(settings: dict[str, str]) -> None:
    assert Services(Settings.model_validate(settings)).find().url


@pytest.mark.parametrize("given", ["https://gpu.example", "gpu example"])
def test_hosts_that_are_none_are_refused(given: str) -> None:
    with pytest.raises(ValueError, match="without scheme or port"):
        Settings.model_validate({"allow_plaintext_keys": given})
