"""What an archive's rules make of the options of a job."""

from pathlib import Path
from typing import Any

import pytest

from worker.archive_rules import Rules
from worker.errors import ServiceNotAllowed
from worker.services.lookup import Services
from worker.settings import Settings
from worker.states import Channels

RULES = Rules(name="court", service="local", language="en", channels="split", channel_labels={"0": "judge"})


def asked(tmp_path: Path, rules: Rules, **options: Any) -> tuple[Any, ...]:  # noqa: ANN401  # options have many types
    spec, own_languages = rules.requested(options, Services(Settings(home=tmp_path)))
    return spec.language, spec.channels, spec.channel_labels, bool(own_languages)


def test_an_archive_speaks_where_nobody_asks_for_anything_else(tmp_path: Path) -> None:
    assert asked(tmp_path, RULES) == ("en", Channels.SPLIT, {"0": "judge"}, False)
    others = {"language": "auto", "channels": Channels.MIX, "channel_labels": {"1": "witness"}}
    assert asked(tmp_path, RULES, **others) == (None, Channels.MIX, {"1": "witness"}, False)


def test_an_option_that_is_empty_is_not_asked_for(tmp_path: Path) -> None:
    assert asked(tmp_path, RULES, language=None, channels=None, channel_labels={}) == asked(tmp_path, RULES)


def test_a_recordings_own_language_may_be_used_where_nobody_names_one(tmp_path: Path) -> None:
    assert asked(tmp_path, Rules(name="radio")) == (None, Channels.AUTO, {}, True)
    assert asked(tmp_path, Rules(name="radio"), language="auto") == (None, Channels.AUTO, {}, False)


def test_a_service_that_the_archive_does_not_allow_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ServiceNotAllowed, match="may go to intl"):
        asked(tmp_path, Rules(name="court", services=("intl",)), service="local")
