import pytest
from pydantic import SecretStr

from api.cli.configure import configured, unused_key
from api.cli.exits import UsageProblem
from worker.settings import Settings


def test_an_option_stands_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGHAND_JOBS", "3")
    assert configured(jobs=None).jobs == 3
    assert configured(jobs=5).jobs == 5


def test_a_wrong_value_names_its_variable_and_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGHAND_JOBS", "sk-secret")
    with pytest.raises(UsageProblem, match="LONGHAND_JOBS") as problem:
        configured()
    assert "sk-secret" not in str(problem.value)


def test_a_wrong_option_names_the_setting_too() -> None:
    with pytest.raises(UsageProblem, match="LONGHAND_SWEEP_S"):
        configured(sweep_s=-1)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (Settings(service_key=SecretStr("sk-1")), True),
        (Settings(), False),
        (Settings(service="intl", service_key=SecretStr("sk-1")), False),
        (Settings(service_url="wss://example.org/x", service_key=SecretStr("sk-1")), False),
    ],
)
def test_a_key_that_is_not_used_is_said_once_and_not_shown(settings: Settings, *, said: bool) -> None:
    line = unused_key(settings)
    assert (line is not None) == said
    assert "sk-1" not in (line or "")


def test_the_vendor_s_own_variable_counts_as_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DASHSCOPE_API_KEY", "sk-1")
    assert unused_key(configured()) is not None
