"""Values that nobody expects, and values as a JSON schema describes them; from one source of chance."""

import json
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

DEEP = '{"a":' * 1000 + "1" + "}" * 1000
TEXTS = (
    "",
    "\0",
    "a\0b",
    "\ud800",
    "\u202etxt.exe",
    "\x1b[2J\x1b]0;x\x07",
    "x" * 20_000,
    "ü" * 300,
    "🎧" * 50,
    DEEP,
    "[" * 5_000,
    "9" * 400,
    "1e400",
    "-1",
    "NaN",
    "9999-12-31T23:59:59.999999",
    "9999-12-31T23:59:59.999999-14:00",
    "0001-01-01T00:00:00+14:00",
    "2024-02-30",
    "../../etc/passwd",
    "..\\..\\x",
    "%00%2e%2e/",
    "'; DROP TABLE jobs; --",
    '" OR 1=1',
    "a=b,c",
    "=cmd|' /C calc'!A0",
    "<script>alert(1)</script>",
    "http://127.0.0.1:1/a.wav",
    "http://[::ffff:10.0.0.1]/",
    "mount://calls/../longhand.db",
    "s3://bucket/key",
    "file:///etc/passwd",
    "null",
    "true",
    "default",
    " ",
)
NUMBERS = (0, -1, 1, 2**31, 2**53, 2**63 - 1, 2**63, -(2**63) - 1, 10**20, 10**400, 1e308, float("inf"), -0.0, 0.1)
ODD: tuple[object, ...] = (*TEXTS, *NUMBERS, None, True, [], {}, [[]], {"": ""}, [None] * 50, {"a": {"b": {"c": []}}})


def as_json(value: object) -> bytes:
    """Also what Python would not write: infinity as a number that is too large."""
    return json.dumps(value).replace("Infinity", "1e400").replace("NaN", "-1e999").encode()


def text(dice: Random, most: int = 40) -> str:
    """Letters of any script, signs that mean something somewhere, and controls."""
    pools = (range(0x20, 0x7F), range(0x20), range(0x7F, 0xA0), range(0xA0, 0x2FFF))
    rare = (range(0x2000, 0x2070), range(0xD800, 0xE000), range(0x1F300, 0x1FAFF), range(0xFF00, 0xFFF0))
    drawn = (dice.choice(dice.choice((*pools, *rare) if dice.random() < 0.3 else pools[:1])) for _ in range(most))
    return "".join(chr(code) for code in drawn)[: dice.randrange(most + 1)]


class SchemaValues:
    """Values by a document's schemas; each is odd with the probability ``oddity``."""

    def __init__(self, dice: Random, document: Mapping[str, Any], oddity: float) -> None:
        self._dice = dice
        self._document = document
        self._oddity = oddity

    def draw(self, schema: Mapping[str, Any], local: Mapping[str, Any] | None = None, depth: int = 0) -> object:
        """``local`` is where the schema's own `$defs` are."""
        dice = self._dice
        if dice.random() < self._oddity or depth > 6:
            return dice.choice(ODD)
        local = schema if "$defs" in schema else local
        if "$ref" in schema:
            return self.draw(self._looked_up(schema["$ref"], local or {}), local, depth + 1)
        for several in ("anyOf", "oneOf", "allOf"):
            if several in schema:
                return self.draw(dice.choice(schema[several]), local, depth + 1)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return dice.choice(schema["enum"])
        return self._of_type(schema, local, depth)

    def _of_type(self, schema: Mapping[str, Any], local: Mapping[str, Any] | None, depth: int) -> object:
        dice = self._dice
        least = int(schema.get("minimum", schema.get("exclusiveMinimum", -5)))
        most = schema.get("maximum", least + 1000)
        draws: dict[str, Callable[[], object]] = {
            "object": lambda: self._of_object(schema, local, depth),
            "array": lambda: [self.draw(schema.get("items", {}), local, depth + 1) for _ in range(dice.randrange(4))],
            "integer": lambda: dice.randint(least, max(least, int(most))),
            "number": lambda: dice.uniform(least, most),
            "boolean": lambda: dice.random() < 0.5,
            "null": lambda: None,
        }
        words = ("a", "calls", "en", "2024-01-31", "local", "north", text(dice, 12))
        return draws.get(str(schema.get("type")), lambda: dice.choice(words))()

    def _of_object(self, schema: Mapping[str, Any], local: Mapping[str, Any] | None, depth: int) -> dict[str, object]:
        dice, required = self._dice, schema.get("required", ())
        made = {
            name: self.draw(field, local, depth + 1)
            for name, field in schema.get("properties", {}).items()
            if name in required or dice.random() < 0.3
        }
        more = schema.get("additionalProperties", {})
        if more and dice.random() < 0.5:
            made[dice.choice(("team", "0", "a b", text(dice, 8)))] = self.draw(more if more is not True else {}, local)
        if dice.random() < self._oddity:
            made[dice.choice(TEXTS)] = dice.choice(ODD)
        return made

    def _looked_up(self, ref: str, local: Mapping[str, Any]) -> Mapping[str, Any]:
        found: Any = self._document if ref.startswith("#/components") else local
        for part in ref.removeprefix("#/").split("/"):
            found = found.get(part, {})
        assert isinstance(found, Mapping)
        return found
