"""Names are made of the field's words and of this project's: a class, a file or a folder has a noun that is known."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.fixtures.paths import DOCS, ROOT

PACKAGES = ("realtime", "worker", "api")
# What any engineer of speech, queues, SQL, HTTP or Python reads without asking.
FIELD = set(
    """
    absence access address admission amount app application audio authentication backend bar base begin body bucket
    buffer call catalogue change channel charge child choice chunk cli client codec command comparing comparison
    config configure connection console container conversation cost count counter database deadline death decision
    declaration decoder decoding demo dependency detector display doc end entry enum error estimate event exchange
    exit export fault fetch ffmpeg field file filter fleet flight folder follower form format frame group handler
    handshake head header health help hint history hit host housekeeping http hypothesis id idempotency identity
    importer index input interval item json kind language length level life limit line listener listening liveness
    lock log lookup masking match matching measure media message metadata meter metric model mount move name network
    noise note object openai option origin outcome output pace page part pattern pipeline plan poll polling pool port
    prefix printing probe probing problem process progress protocol query question queue quota reader readiness reason
    recognise recognition recognizer recommendation record redis ref refusal replay report reprocess request rerun
    resampler resource result retry reuse review route row rule run running sample sampling sanity script search
    sender sending server serving set setting share side size sniff speech spending sphinx split splitter state
    statement status stop store stream streaming submit sum summary sync task term text throttle time token total
    transcribe transcription tuning upload url use vad value voice waiting walking wav wire word work worker write
    writer
    """.split()
)
# Errors, and what comes out of a conversation, are named by what happened. Shapes bear the names that the API's
# description has of them, on which clients are built.
NAMED_OTHERWISE = (
    "realtime/protocol/events/",
    "realtime/protocol/conversation/",
    "realtime/protocol/vad.py",
    "worker/shapes/",
)


@cache
def glossary() -> set[str]:
    """The words of the tables' first columns, but for their headings; of a term of several words the last one."""
    terms = re.findall(r"^\| ((?!word \|)[^|]+) \|", (DOCS / "glossary.md").read_text(), re.MULTILINE)
    return {singular(term.split()[-1].rpartition("-")[2]) for row in terms for term in row.split(",")}


def singular(word: str) -> str:
    for ending, one in (("ies", "y"), ("ches", "ch"), ("sses", "ss"), ("uses", "us"), ("s", "")):
        if word.endswith(ending) and not word.endswith(("ss", "us", "is")):
            return word.removesuffix(ending) + one
    return word


def modules() -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


@cache
def classes() -> dict[str, list[ast.ClassDef]]:
    """By file, those that are public; a function of SQL is a class in small letters, and none of these."""
    return {
        path.relative_to(ROOT).as_posix(): [
            node
            for node in ast.parse(path.read_text()).body
            if isinstance(node, ast.ClassDef) and node.name[0].isupper()
        ]
        for path in modules()
    }


@cache
def errors() -> set[str]:
    """Classes that stand below an exception, however far."""
    bases = {
        node.name: {ast.unparse(base).split("[")[0].split(".")[-1] for base in node.bases}
        for found in classes().values()
        for node in found
    }
    names = {"Exception", "ValueError", "RuntimeError"}
    while more := {name for name, own in bases.items() if own & names} - names:
        names |= more
    return names


def nouns_of_classes() -> Iterator[tuple[str, str]]:
    for path, found in classes().items():
        for node in found:
            if node.name not in errors() and not path.startswith(NAMED_OTHERWISE):
                yield node.name, re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+", node.name)[-1].lower()


def nouns_of_modules() -> Iterator[tuple[str, str]]:
    for path in modules():
        name = path.parent.name if path.stem == "__init__" else path.stem
        if name not in PACKAGES and name != "__main__":
            yield path.relative_to(ROOT).as_posix(), name.rsplit("_", 1)[-1]


def strangers(nouns: Iterator[tuple[str, str]]) -> dict[str, str]:
    known = FIELD | glossary()
    return {name: noun for name, noun in nouns if noun not in known and singular(noun) not in known}


def test_the_noun_of_each_class_is_the_fields_or_in_the_glossary() -> None:
    assert strangers(nouns_of_classes()) == {}


def test_the_noun_of_each_file_and_folder_is_the_fields_or_in_the_glossary() -> None:
    assert strangers(nouns_of_modules()) == {}


def test_no_word_is_both_the_fields_and_in_the_glossary() -> None:
    assert FIELD & glossary() == set()
