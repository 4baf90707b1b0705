from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.errors import ConfigurationError
from worker.services.catalogue import HOSTED_MODEL, Service
from worker.services.lookup import Services
from worker.services.prices import Price, nusd, tokens_of, usd
from worker.settings import Settings, load_settings

HOSTED = "wss://dashscope-intl.aliyuncs.com/api-ws/v1/realtime"
SECOND = 1000


def price(settings: Settings, service: Service) -> Price | None:
    return Services(settings).price(service, service.model)


def with_file(folder: Path, text: str) -> Settings:
    path = folder / "prices.toml"
    path.write_text(text)
    return load_settings(prices_file=path)


@pytest.mark.parametrize(("name", "cost"), [("intl", 90_000), ("cn", 47_000), ("local", 0)])
def test_the_built_in_services_have_their_published_price(name: str, cost: int) -> None:
    found = price(load_settings(), Services(load_settings()).find(name))
    assert found is not None
    assert found.cost_nusd(SECOND) == cost


@pytest.mark.parametrize(
    ("url", "usd_per_s"),
    [
        ("wss://w1.ap-southeast-1.maas.aliyuncs.com/api-ws/v1/realtime", 0.00009),
        ("wss://w1.cn-beijing.maas.aliyuncs.com/api-ws/v1/realtime", 0.000047),
        ("ws://gpu.example/", None),
        ("wss://dashscope.aliyuncs.com.example/", None),
    ],
)
def test_the_host_tells_the_region(url: str, usd_per_s: float | None) -> None:
    found = price(load_settings(), Service(name="s", url=url, model=HOSTED_MODEL))
    assert (found and found.usd_per_second) == usd_per_s


def test_another_model_s_price_is_unknown() -> None:
    assert price(load_settings(), Service(name="s", url=HOSTED, model="another")) is None


def test_the_file_stands_over_what_is_built_in_by_name_or_by_who_the_service_is(tmp_path: Path) -> None:
    settings = with_file(tmp_path, '[intl."qwen3-asr-flash-realtime"]\nusd_per_s = 0.1\n[mine.m]\nusd_per_s = 2\n')
    intl = Services(settings).find("intl")
    alias = price(settings, Service(name="alias", url=HOSTED, model=HOSTED_MODEL))
    assert alias == Services(settings).price(intl, HOSTED_MODEL)
    found = price(settings, Service(name="mine", url="ws://gpu.example/", model="m"))
    assert found is not None
    assert found.cost_nusd(500) == 10**9


def test_the_file_in_the_home_is_read_anew_when_somebody_has_changed_it() -> None:
    settings = load_settings()
    service = Service(name="mine", url="ws://gpu.example/", model="m")
    assert price(settings, service) is None

    settings.home.mkdir(exist_ok=True)
    (settings.home / "prices.toml").write_text("[mine.m]\nusd_per_s = 1\n")
    first = price(settings, service)
    (settings.home / "prices.toml").write_text("[mine.m]\nusd_per_s = 0.25\n")
    second = price(settings, service)
    assert [one and one.usd_per_second for one in (first, second)] == [1.0, 0.25]


def test_tokens_are_paid_as_the_answer_names_them_and_at_most_before_it(tmp_path: Path) -> None:
    settings = with_file(tmp_path, "[mine.m]\nusd_per_token = 0.000001\ntokens_per_s = 25\n")
    found = price(settings, Service(name="mine", url="ws://gpu.example/", model="m"))
    assert found is not None
    assert found.cost_nusd(2 * SECOND) == 50_000
    assert found.cost_nusd(2 * SECOND, {"total_tokens": 31}) == 31_000
    assert found.cost_nusd(2 * SECOND, {"seconds": 2}) == 50_000


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        (None, None),
        ({}, None),
        ({"total_tokens": 7, "input_tokens": 5}, 7),
        ({"input_tokens": 5, "output_tokens": 2}, 7),
        ({"input_tokens": 5}, 5),
        ({"total_tokens": "many"}, None),
        ({"total_tokens": -3}, 0),
        (7, None),
        ("7", None),
        ([{"total_tokens": 7}], None),
    ],
)
def test_an_answer_s_usage_may_have_any_shape(usage: object, tokens: int | None) -> None:
    assert tokens_of(usage) == tokens


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("intl = 3", "[intl]"),
        ("[intl]\nm = 3", '[intl."m"]'),
        ("[intl.m]\nusd_per_s = -1", "usd_per_s"),
        ("[intl.m]\nusd_per_s = true", "usd_per_s: must be a number"),
        ("[intl.m]\nusd_per_s = nan", "usd_per_s"),
        ('[intl.m]\nusd_per_s = "1"', "usd_per_s: must be a number"),
        ("[intl.m]\nusd_per_hour = 1", "usd_per_hour: there is no such field"),
        ("[intl.m]\nusd_per_token = 1", "needs tokens_per_s"),
        ("[intl.m]\nusd_per_s = 1\nusd_per_token = 1\ntokens_per_s = 1", "give usd_per_s, or"),
        ("[intl.m]\n", "give usd_per_s, or"),
        ("not TOML", "LONGHAND_PRICES_FILE"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_table_and_field(tmp_path: Path, text: str, named: str) -> None:
    settings = with_file(tmp_path, text)
    with pytest.raises(ConfigurationError, match="LONGHAND_PRICES_FILE cannot be used") as refused:
        price(settings, Services(settings).find("intl"))
    assert named in refused.value.message


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    settings = load_settings(prices_file=tmp_path / "nowhere.toml")
    with pytest.raises(ConfigurationError, match="there is no file"):
        price(settings, Services(settings).find("intl"))


@given(st.lists(st.integers(0, 10**7), max_size=20), st.decimals(0, 1, places=12))
def test_parts_are_never_cheaper_than_their_whole(parts: list[int], usd_per_s: object) -> None:
    each = Price(usd_per_s=usd_per_s)  # type: ignore[arg-type]  # hypothesis' decimals
    assert sum(each.cost_nusd(part) for part in parts) >= each.cost_nusd(sum(parts))


@given(st.integers(0, 10**15))
def test_money_comes_back_as_it_was(amount: int) -> None:
    assert nusd(usd(amount)) == amount
