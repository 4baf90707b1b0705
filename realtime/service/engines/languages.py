"""Languages as recognisers name them, as codes of the protocol; and the tag in which Qwen3-ASR names them. Pure."""

import re

# What Qwen3-ASR knows, by its own names.
_CODES = {
    "arabic": "ar", "cantonese": "yue", "chinese": "zh", "czech": "cs", "danish": "da", "dutch": "nl", "english": "en",
    "filipino": "fil", "finnish": "fi", "french": "fr", "german": "de", "greek": "el", "hindi": "hi", "hungarian": "hu",
    "icelandic": "is", "indonesian": "id", "italian": "it", "japanese": "ja", "korean": "ko", "macedonian": "mk",
    "malay": "ms", "norwegian": "no", "persian": "fa", "polish": "pl", "portuguese": "pt", "romanian": "ro",
    "russian": "ru", "spanish": "es", "swedish": "sv", "thai": "th", "turkish": "tr", "ukrainian": "uk",
    "vietnamese": "vi",
}  # fmt: skip
_CODE = re.compile(r"[a-z]{2,3}")
_NAME = re.compile(r"[A-Za-z]+")
# Its own output, which some versions of vLLM hand on as it is: "language English<asr_text>Hello." There can be several
# languages, "None" for silence, and in long audio a tag for each part.
_TAG = re.compile(r"(?:language (?P<languages>(?:(?!language )[^<])*))?<asr_text>")


def code_of(language: str) -> str | None:
    """The code of a language that is named, or said as its code; None where it is not known."""
    if _CODE.fullmatch(language):
        return language
    name = _NAME.match(language.strip())
    return _CODES.get(name[0].lower()) if name else None


def untagged(text: str) -> tuple[str, str | None]:
    """The text without tags, and the language of the first of them: the first one, where it names several."""
    first = _TAG.search(text)
    return _TAG.sub("", text).strip(), code_of(first["languages"] or "") if first else None
