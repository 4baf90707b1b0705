"""One declaration of a job's options, and what is made of it."""

import pytest
from pydantic import ValidationError

from worker.shapes.options import JobOptions, OptionSet, SpecOptions, Use, job_options, takes
from worker.spec import Spec
from worker.states import Channels, Lane, Segmentation


@takes(Use.RETRY)
class Retry(OptionSet):
    """In place of what the job has."""


@takes(Use.ARCHIVE)
class Rules(OptionSet):
    """Beside other fields."""

    services: tuple[str, ...] = ()


def test_a_job_keeps_every_option_that_says_what_is_done() -> None:
    assert set(SpecOptions.model_fields) <= set(Spec.__dataclass_fields__)


def test_what_was_given_is_told_from_defaults() -> None:
    options = JobOptions.model_validate({"lane": "normal", "language": None, "archive": "radio"})
    assert options.given() == {"lane": Lane.NORMAL, "language": None, "archive": "radio"}
    assert options.of_spec() == {"lane": Lane.NORMAL, "language": None}


def test_a_retry_takes_any_option_of_the_spec_and_null_for_what_stays() -> None:
    assert set(SpecOptions.model_fields) == set(Retry.model_fields) - {"deadline", "fresh"}
    assert Retry.model_validate({"channels": None, "cut": None, "priority": None}).model_dump(exclude={"fresh"}) == {
        name: None for name in Retry.model_fields if name != "fresh"
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"priority": 101},
        {"context": "x" * 10_001},
        {"channel_labels": {"0": "<v>"}},
        {"cut": "pause_ms"},
        {"segmentation": "none"},
        {"archive": "radio"},
        {"deadline": "2031-05-01T18:00:00"},
    ],
)
def test_an_option_has_its_limits_wherever_it_may_be_given(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Retry.model_validate(wrong)


def test_what_takes_options_may_have_fields_of_its_own() -> None:
    rules = Rules.model_validate({"service": "local", "channels": None, "services": ["local"]})
    assert rules.services == ("local",)
    assert rules.model_dump(exclude={"services"}) == {
        "language": None,
        "channels": None,
        "channel_labels": {},
        "service": "local",
    }


def test_an_option_is_said_of_as_fits_what_has_it() -> None:
    retry, rules = (kind.model_json_schema()["properties"] for kind in (Retry, Rules))
    assert retry["deadline"]["description"] == "Seconds from now, or a time with its zone."
    assert retry["voice"]["description"] == JobOptions.model_fields["voice"].description
    assert rules["service"]["description"] == "For jobs that name none."


def test_the_command_line_shows_defaults_but_where_an_archive_may_have_others() -> None:
    shown = {option.name: (option.kind, option.default) for option in job_options()}
    assert shown["segmentation"] == (Segmentation, Segmentation.DOCUMENT)
    assert shown["channels"] == (Channels | None, None)
    assert shown["archive"] == (str | None, None)
    assert shown["voice"] == (bool, False)
    assert not {"priority", "labels", "external_id", "batch"} & shown.keys()


@pytest.mark.parametrize("use", [Use.RETRY, Use.ARCHIVE, Use.IMPORT])
def test_elsewhere_an_option_that_is_left_out_says_nothing(use: Use) -> None:
    assert {option.default for option in job_options(use)} <= {None, False}


def test_the_command_line_has_its_own_help_for_each_use() -> None:
    help_of_channels = {use: {one.name: one.help for one in job_options(use)}["channels"] for use in (None, *Use)}
    assert len(set(help_of_channels.values())) == len(Use)
    assert help_of_channels[Use.CAMPAIGN] == help_of_channels[None]


def test_objects_and_deadlines_are_text_on_the_command_line() -> None:
    kinds = {option.name: (option.kind, option.metavar) for option in job_options(Use.RETRY)}
    assert kinds["cut"] == (str | None, "NAME=MS,…")
    assert kinds["deadline"] == (str | None, None)
