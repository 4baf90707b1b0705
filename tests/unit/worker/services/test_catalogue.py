"""The built-in services, and what the settings change of the configured one."""

from worker.services.catalogue import LOCAL_MODEL, find_service
from worker.settings import Settings


def test_the_local_service_takes_english_only_while_pocketsphinx_answers() -> None:
    assert find_service(Settings()).languages == {"en"}
    assert find_service(Settings(model=LOCAL_MODEL)).languages == {"en"}
    assert "zh" in find_service(Settings(model="qwen3-asr-flash")).languages


def test_the_settings_change_only_the_configured_service() -> None:
    settings = Settings(service="intl", model="another", pace=1.0)
    assert (find_service(settings).model, find_service(settings).pace) == ("another", 1.0)
    assert find_service(settings, "cn").model != "another"


def test_a_url_makes_a_service_that_is_named_by_its_host() -> None:
    service = find_service(Settings(service_url="wss://asr.example:8443/api-ws/v1/realtime"))
    assert (service.name, service.url) == ("asr.example", "wss://asr.example:8443/api-ws/v1/realtime")
