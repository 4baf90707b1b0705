"""What each service is doing."""

from realtime.protocol.errors import KeyRefused
from worker import breakers
from worker.database import Database
from worker.hints import hint_of
from worker.services.lookup import Services
from worker.settings import Settings
from worker.views.services import read_services


def test_the_configured_service_comes_first_and_all_are_open_to_begin_with(database: Database) -> None:
    items = read_services(database, Services(Settings(service="intl"))).items
    assert [item.name for item in items] == ["intl", "local", "cn"]
    assert [item.default for item in items] == [True, False, False]
    assert {item.state for item in items} == {"open"}


def test_a_refusal_shows_why_since_when_and_when_it_is_asked_again(database: Database) -> None:
    breakers.service_trouble(database, "intl", KeyRefused())
    item = next(item for item in read_services(database, Services(Settings())).items if item.name == "intl")
    assert (item.state, item.code, item.message) == ("refused", "key_refused", hint_of(KeyRefused))
    assert str(item.next_try_at) > str(item.since)


def test_a_service_that_only_rows_know_of_is_shown(database: Database) -> None:
    breakers.service_trouble(database, "gone.example", KeyRefused())
    items = read_services(database, Services(Settings())).items
    assert items[-1].name == "gone.example"
    assert items[-1].model is None


def test_a_service_given_by_its_url_is_named_by_its_host(database: Database) -> None:
    items = read_services(database, Services(Settings(service_url="wss://asr.example/api"))).items
    assert (items[0].name, items[0].default) == ("asr.example", True)
