"""Fields that a person may fill, checked the same wherever they come in: forms, JSON, manifests, names of files."""

import json
import re
import unicodedata
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

MAX_LABELS = 32
MAX_LABEL = 200
MAX_CONTEXT = 10_000


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
    """JSON's object, or ``name=value,name=value`` as a form has it."""
    if not isinstance(given, str):
        return given
    if given.lstrip().startswith("{"):
        return json.loads(given)
    pairs = [pair.partition("=") for pair in given.split(",") if pair.strip()]
    if not all(middle for _, middle, _ in pairs):
        raise ValueError("must be a JSON object, or name=value,name=value")
    return {name.strip(): value.strip() for name, _, value in pairs}


def few(labels: dict[str, str]) -> dict[str, str]:
    """No more than MAX_LABELS."""
    if len(labels) > MAX_LABELS:
        raise ValueError(f"there may be {MAX_LABELS} labels at most")
    return labels


def _code(given: str) -> str:
    code = given.strip().lower()
    if not re.fullmatch("[a-z]{2,3}", code):
        raise ValueError("must be a code of two or three letters, such as en")
    return code


def sentence(errors: Any) -> str:  # noqa: ANN401  # pydantic's list of errors
    """Pydantic's errors, each with the field's name in front."""
    return "; ".join(f"{_field(error['loc'])}: {error['msg']}" for error in errors) + "."


def _field(location: tuple[Any, ...]) -> str:
    """The first part of a location says where it was looked for, not which field it is."""
    named = location[1:] if location and location[0] in {"query", "body", "path", "header"} else location
    return ".".join(map(str, named)) or "body"


Name = Annotated[str, Field(max_length=200), AfterValidator(text_name)]
Label = Annotated[str, Field(min_length=1, max_length=MAX_LABEL), AfterValidator(text_name)]
LabelValue = Annotated[str, Field(max_length=MAX_LABEL), AfterValidator(text_name)]
Labels = Annotated[dict[Label, LabelValue], BeforeValidator(labels_from), AfterValidator(few)]
LanguageCode = Annotated[str, AfterValidator(_code)]
# A label is shown as the name of who speaks, also in front of a text: WebVTT's voices end at a >.
Speaker = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^<>&]*$"), AfterValidator(text_name)]
ChannelLabels = Annotated[dict[str, Speaker], BeforeValidator(labels_from), AfterValidator(few)]
Numbers = Annotated[dict[str, int], BeforeValidator(labels_from)]
Context = Annotated[str, Field(max_length=MAX_CONTEXT), AfterValidator(storable)]
Url = Annotated[str, Field(min_length=1, max_length=8000), AfterValidator(storable)]
