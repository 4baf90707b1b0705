"""`longhand recognizer`, up to the point where it would listen."""

import pytest
from pydantic import SecretStr

from api.cli import main
from api.cli.stack.recognizer import Engine, accepted_keys, engine_model, gateway_config
from realtime.service.config import RecognizerConfig
from realtime.service.server import make_engine
from worker.settings import Settings

Captured = pytest.CaptureFixture[str]


def test_off_loopback_it_does_not_listen_without_keys(capsys: Captured) -> None:
    assert main(["recognizer", "--host", "0.0.0.0", "--port", "0", "--engine", "scripted"]) == 2
    assert "LONGHAND_RECOGNIZER_KEY" in capsys.readouterr().err


def test_a_fault_that_is_none_is_usage(capsys: Captured) -> None:
    assert main(["recognizer", "--port", "0", "--engine", "scripted", "--fault", "explode"]) == 2
    assert "explode" in capsys.readouterr().err


def test_several_keys_are_separated_by_commas() -> None:
    assert accepted_keys(Settings(recognizer_key=SecretStr("one, two,"))) == {"one", "two"}
    assert accepted_keys(Settings()) == set()


@pytest.mark.parametrize("engine", Engine)
def test_each_engine_is_known_by_the_name_that_it_announces(engine: Engine) -> None:
    assert make_engine(RecognizerConfig(engine=engine.value)).model == engine_model(engine, Settings())


@pytest.mark.parametrize("engine", [Engine.OPENAI, Engine.QWEN_HTTP])
def test_a_gateway_is_known_by_the_model_that_it_asks_for(engine: Engine) -> None:
    settings = Settings(gateway_model="qwen3-asr-1.7b")
    config = RecognizerConfig(engine=engine.value, gateway=gateway_config(settings))
    assert make_engine(config).model == engine_model(engine, settings) == "qwen3-asr-1.7b"


def test_the_settings_name_the_recogniser_behind_a_gateway() -> None:
    settings = Settings(
        gateway_url="http://127.0.0.1:8000/v1", gateway_key=SecretStr("k"), gateway_itn=True, gateway_timeout_s=5
    )
    config = gateway_config(settings)
    assert (config.url, config.key, config.language) == ("http://127.0.0.1:8000/v1", "k", None)
    assert (config.inverse_text_normalisation, config.timeout_s) == (True, 5)


def test_without_an_address_the_openai_gateway_does_not_start(capsys: Captured) -> None:
    assert main(["recognizer", "--port", "0", "--engine", "openai"]) == 2
    assert "LONGHAND_GATEWAY_URL" in capsys.readouterr().err


def test_a_gateway_s_key_is_not_sent_in_plain_text_to_another_host(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LONGHAND_GATEWAY_URL", "http://gpu.example:8000/v1")
    monkeypatch.setenv("LONGHAND_GATEWAY_KEY", "sk-secret")
    assert main(["recognizer", "--port", "0", "--engine", "openai"]) == 2
    said = capsys.readouterr().err
    assert "gpu.example without TLS" in said
    assert "LONGHAND_ALLOW_PLAINTEXT_KEYS" in said
    assert "sk-secret" not in said


@pytest.mark.parametrize(("allowed", "plain"), [("False", False), ("gpu.example", True), ("true", True)])
def test_a_gateway_s_key_may_go_where_that_is_allowed(allowed: str, *, plain: bool) -> None:
    settings = Settings.model_validate({"gateway_url": "http://gpu.example/v1", "allow_plaintext_keys": allowed})
    assert gateway_config(settings).plaintext_key is plain
