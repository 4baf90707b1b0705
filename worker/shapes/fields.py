"""Fields that a person may fill, checked the same wherever they come in: forms, JSON, manifests, names of files."""

import re
import unicodedata
from collections.abc import Iterable
from itertools import islice
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError

from worker.strict_json import read_json

MAX_LABELS = 32
MAX_LABEL = 200
MAX_LABELS_TEXT = 100_000  # characters: 32 labels of 200 characters and as long values, each as an escape of JSON
MAX_CONTEXT = 10_000
MOST_ERRORS = 5  # that a sentence tells
MAX_SENTENCE = 500
MAX_PLACE = 100
MAX_REASON = 200


def storable(text: str) -> str:
    """Neither NUL, which PostgreSQL has no place for, nor half a surrogate pair, which no encoding has."""
    if "\0" in text or re.search("[\ud800-\udfff]", text):
        raise ValueError("holds characters that cannot be stored")
    return text


def text_name(text: str) -> str:
    """Text that can stand in a line."""
    if any(unicodedata.category(sign) == "Cc" for sign in text):
        raise ValueError("holds control characters")
    return storable(text).strip()


def labels_from(given: object) -> object:
    """JSON's object, or ``name=value,name=value`` as a form has it; counted before one of them is looked at."""
    return few(_labels_in(given) if isinstance(given, str) else given)


def few(labels: object) -> object:
    """No more than MAX_LABELS."""
    if isinstance(labels, dict) and len(labels) > MAX_LABELS:
        raise ValueError(f"there may be {MAX_LABELS} labels at most")
    return labels


def _labels_in(text: str) -> object:
    if len(text) > MAX_LABELS_TEXT:
        raise ValueError(f"is longer than {MAX_LABELS_TEXT} characters")
    if text.lstrip().startswith("{"):
        return read_json(text)
    pairs = [pair.partition("=") for pair in text.split(",") if pair.strip()]
    if not all(middle for _, middle, _ in pairs):
        raise ValueError("must be a JSON object, or name=value,name=value")
    return {name.strip(): value.strip() for name, _, value in pairs}


def _code(given: str) -> str:
    code = given.strip().lower()
    if not re.fullmatch("[a-z]{2,3}", code):
        raise ValueError("must be a code of two or three letters, such as en")
    return code


def sentence(errors: Any) -> str:  # noqa: ANN401  # pydantic's list of errors
    """The first of pydantic's errors, each with the field's name in front, and how many more there are.

    Whatever was sent, it is told in MAX_SENTENCE characters and a few: an answer is no copy of its request.
    """
    told = ""
    for number, error in enumerate(islice(errors, MOST_ERRORS)):
        one = f"{shortened(_field(error['loc']), MAX_PLACE)}: {shortened(error['msg'], MAX_REASON)}"
        if number and len(told) + len(one) > MAX_SENTENCE:
            return _and_more(told, len(errors) - number)
        told += f"; {one}" if number else one
    return _and_more(told, len(errors) - MOST_ERRORS)


def short_errors(error: ValidationError) -> list[Any]:
    """Pydantic's errors as `sentence` needs them: without what was sent, which there may be thousands of."""
    return error.errors(include_url=False, include_context=False, include_input=False)


def shortened(text: str, most: int) -> str:
    """Its beginning, where it has more than ``most`` characters."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _and_more(told: str, left: int) -> str:
    return f"{told}; and {left} more." if left > 0 else f"{told}."


def _field(location: tuple[Any, ...]) -> str:
    """The first part of a location says where it was looked for, not which field it is."""
    named: Iterable[Any] = location[1:] if location and location[0] in {"query", "body", "path", "header"} else location
    return ".".join(shortened(str(part), MAX_PLACE) for part in named) or "body"


Name = Annotated[str, Field(max_length=200), AfterValidator(text_name)]
Label = Annotated[str, Field(min_length=1, max_length=MAX_LABEL), AfterValidator(text_name)]
LabelValue = Annotated[str, Field(max_length=MAX_LABEL), AfterValidator(text_name)]
Labels = Annotated[dict[Label, LabelValue], BeforeValidator(labels_from)]
LanguageCode = Annotated[str, AfterValidator(_code)]
# A label is shown as the name of who speaks, also in front of a text: WebVTT's voices end at a >.
Speaker = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^<>&]*$"), AfterValidator(text_name)]
ChannelLabels = Annotated[dict[str, Speaker], BeforeValidator(labels_from)]
Numbers = Annotated[dict[str, int], BeforeValidator(labels_from)]
Context = Annotated[str, Field(max_length=MAX_CONTEXT), AfterValidator(storable)]
Url = Annotated[str, Field(min_length=1, max_length=8000), AfterValidator(storable)]
