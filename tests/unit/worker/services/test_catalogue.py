"""The built-in services, and what the settings change of the configured one."""

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
