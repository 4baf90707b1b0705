"""From what was asked of a job, and what its archive says where nothing was, to the frozen spec."""

from collections.abc import Mapping
from typing import Any

from worker.archive_rules import Rules
from worker.services.catalogue import find_service
from worker.settings import Settings
from worker.spec import Spec, make_spec
from worker.states import Channels, Lane, Segmentation

Asked = Mapping[str, Any]  # options by their names: only those that somebody gave


def spec_asked(asked: Asked, settings: Settings, rules: Rules) -> Spec:
    """The spec. Raises UnknownService, UnknownLanguage, LanguageNotSupported, ServiceNotAllowed, InvalidRequest."""
    service = find_service(settings, asked.get("service") or rules.service)
    rules.check(service.name)
    return make_spec(
        service,
        model=asked.get("model"),
        language=asked.get("language") or rules.language,
        context=asked.get("context", ""),
        channels=asked.get("channels") or rules.channels or Channels.AUTO,
        channel_labels=asked.get("channel_labels") or rules.channel_labels,
        segmentation=asked.get("segmentation") or Segmentation.DOCUMENT,
        cut=asked.get("cut"),
        voice=asked.get("voice", False),
        lane=asked.get("lane") or Lane.NORMAL,
        priority=asked.get("priority", 0),
    )


def own_languages(asked: Asked, settings: Settings, rules: Rules) -> frozenset[str]:
    """Where neither names a language, nor asks to have it detected: those in which a recording's own may be."""
    if asked.get("language") or rules.language:
        return frozenset()
    return frozenset(find_service(settings, asked.get("service") or rules.service).languages)
