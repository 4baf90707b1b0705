"""From what was asked of a job, and what its archive says where nothing was, to the frozen spec."""

from collections.abc import Mapping
from typing import Any

from worker.archive_rules import Rules
from worker.services.catalogue import find_service
from worker.settings import Settings
from worker.spec import Spec, make_spec

Asked = Mapping[str, Any]  # options by their names: only those that somebody gave


def spec_asked(asked: Asked, settings: Settings, rules: Rules) -> Spec:
    """The spec. Raises UnknownService, UnknownLanguage, LanguageNotSupported, ServiceNotAllowed, InvalidRequest."""
    service = find_service(settings, asked.get("service") or rules.service)
    rules.check(service.name)
    options = {name: value for name, value in asked.items() if value and name != "service"}
    return make_spec(service, **{**rules.defaults(), **options})


def own_languages(asked: Asked, settings: Settings, rules: Rules) -> frozenset[str]:
    """Where neither names a language, nor asks to have it detected: those in which a recording's own may be."""
    if asked.get("language") or rules.language:
        return frozenset()
    return frozenset(find_service(settings, asked.get("service") or rules.service).languages)
