"""Requests over the API's own description: as it says, with odd values, in forms, and with queries that mean ill."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

from jsonschema import ValidationError

from tests.attack.assault import Assault
from tests.attack.odd_values import ODD, TEXTS, SchemaValues, as_json, text
from tests.attack.target import Api, api_process, ask, read_all_lists
from tests.fixtures.documented import Documentation
from tests.fixtures.doors import sound
from tests.fixtures.multipart import body as form_body

JSON = "application/json"
FTS = (
    '"',
    "*",
    "NEAR(",
    "a AND",
    "OR",
    "NOT",
    "^",
    "col:",
    "-",
    "(",
    ")",
    "{",
    "}",
    "&",
    "|",
    "!",
    "<->",
    ":*",
    "\\",
    "'",
)


class Requests:
    """Drawn from an application's description."""

    def __init__(self, assault: Assault, api: Api, oddity: float) -> None:
        self.document: dict[str, Any] = api.client.get("/openapi.json").json()
        self._dice = assault.dice
        self._ids = api.ids
        self._oddity = oddity
        self._values = SchemaValues(assault.dice, self.document, oddity)
        self._operations = [
            (method, path, operation)
            for path, operations in self.document["paths"].items()
            for method, operation in operations.items()
        ]

    def draw(self) -> tuple[str, str, str, dict[str, Any]]:
        """A method, the path as documented, the address, and what httpx takes beside them."""
        method, path, operation = self._dice.choice(self._operations)
        address, query, headers = path, [], {"Prefer": "wait=0"}
        for parameter in operation.get("parameters", ()):
            name, place = parameter["name"], parameter["in"]
            if place == "path":
                address = address.replace(f"{{{name}}}", quote(self._path_value(name, parameter), safe=""))
            elif place == "query" and (parameter.get("required") or self._dice.random() < 0.3):
                query += [(name, _as_text(value)) for value in self._several(parameter)]
            elif place == "header" and name not in {"prefer", "content-type"} and self._dice.random() < 0.1:
                headers[name] = quote(_as_text(self._values.draw(parameter["schema"]))[:300])
        request = self._body(operation, headers)
        whole = f"{address}?{urlencode(query, errors='surrogatepass')}" if query else address
        return method.upper(), path, whole, request

    def _path_value(self, name: str, parameter: dict[str, Any]) -> str:
        if self._dice.random() < self._oddity:
            return _writable(self._dice.choice(TEXTS)[:2000]) or "x"
        known = self._ids.get(name)
        return self._dice.choice(known) if known else _as_text(self._values.draw(parameter["schema"])) or "x"

    def _several(self, parameter: dict[str, Any]) -> list[object]:
        value = self._values.draw(parameter["schema"])
        return value if isinstance(value, list) else [value]

    def _body(self, operation: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
        content = operation.get("requestBody", {}).get("content", {})
        if not content or self._dice.random() < 0.05:
            return {"headers": headers}
        kind = self._dice.choice(list(content))
        value = self._values.draw(content[kind].get("schema", {}))
        if kind == "multipart/form-data":
            fields = value if isinstance(value, dict) else {}
            parts: list[tuple[str, str | None, bytes]]
            parts = [(_header(name), None, as_json(told)) for name, told in fields.items() if name != "file"]
            if self._dice.random() < 0.7:
                parts.append(("file", _header(text(self._dice)), sound(self._dice.randrange(5))))
            data = form_body(*parts)
            return {"content": data, "headers": {**headers, "Content-Type": f"{kind}; boundary=xx"}}
        rows = [value, value] if kind != JSON and self._dice.random() < 0.5 else [value]
        return {"content": b"\n".join(map(as_json, rows)), "headers": {**headers, "Content-Type": kind}}


def _as_text(value: object) -> str:
    return _writable(value if isinstance(value, str) else as_json(value).decode())[:4000]


def _writable(value: str) -> str:
    """Lone surrogates as the bytes that they stand for."""
    return value.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def _header(value: str) -> str:
    return _writable(value).replace("\r", "").replace("\n", "").replace('"', "")[:200]


def requests_as_described(assault: Assault, database_url: str = "") -> None:
    """Mostly right; each answer must be one that is documented."""
    with api_process(assault, database_url) as api:
        requests = Requests(assault, api, 0.03)
        documentation = Documentation(requests.document)
        for _ in assault.inputs(3000):
            method, path, address, request = requests.draw()
            answer = ask(assault, api, method, address, **request)
            if answer is not None and answer.url.path.count("/") == path.count("/"):
                met = (method, path, str(answer.status_code))
                try:
                    documentation.check(met, answer.headers.get("content-type", ""), answer.content)
                except (AssertionError, ValidationError) as error:
                    assault.found("an answer that is not documented", f"{met} {address[:200]}: {str(error)[:300]}")
        read_all_lists(assault, api)


def odd_values(assault: Assault, database_url: str = "") -> None:
    """Every value may be one that nobody expects; afterwards all lists can be read."""
    with api_process(assault, database_url) as api:
        requests = Requests(assault, api, 0.4)
        for _ in assault.inputs(3000):
            method, _path, address, request = requests.draw()
            ask(assault, api, method, address, **request)
        read_all_lists(assault, api)


def queries(assault: Assault, database_url: str = "") -> None:
    """Syntax of SQL, of full text searches and of labels."""
    dice = assault.dice
    with api_process(assault, database_url) as api:
        for _ in assault.inputs(3000):
            words = " ".join(
                dice.choice((*FTS, "hello", "the", text(dice, 6), dice.choice(TEXTS)[:500]))
                for _ in range(dice.randrange(1, 6))
            )
            fields: list[tuple[str, str]] = dice.choice(
                (
                    [("q", words)],
                    [("q", words), ("label", f"{words}={words}")],
                    [("label", words), ("archive", words[:200])],
                    [("cursor", words)],
                    [("limit", _as_text(dice.choice(ODD)))],
                )
            )
            route = "search" if fields[0][0] == "q" else dice.choice(("jobs", "recordings", "results", "search"))
            ask(assault, api, "GET", f"/v1/{route}?{urlencode([(name, _writable(value)) for name, value in fields])}")


Mutation = Callable[[Assault, bytes], bytes]


def forms(assault: Assault) -> None:
    """Bodies of forms, broken in every place; what was refused leaves no file."""
    dice = assault.dice
    with api_process(assault) as api:
        for number in assault.inputs(2000):
            content, boundary = _form(assault, number)
            for _ in range(dice.randrange(4)):
                content = dice.choice(MUTATIONS)(assault, content)
            headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
            ask(assault, api, "POST", "/v1/jobs", content=content, headers=headers)
        read_all_lists(assault, api)
        kept = [path for path in (api.home / "media").rglob("*") if path.is_file()]
        known = _digests(api)
        for path in kept:
            if path.name.split(".")[0] not in known:
                assault.found("a file that no recording has", path.name)


def _form(assault: Assault, number: int) -> tuple[bytes, str]:
    dice = assault.dice
    parts: list[tuple[str, str | None, bytes]] = [("file", f"{_header(text(dice))}.wav", sound(number % 7 + 10))]
    names = ("language", "labels", "archive", "file", "", "a" * 500)
    parts += [(dice.choice(names), None, as_json(dice.choice(ODD))[:5000]) for _ in range(dice.choice((0, 1, 3, 40)))]
    dice.shuffle(parts)
    boundary = dice.choice(("xx", "x", "-" * 60, "a b", "xx\\", "=?"))
    return form_body(
        *parts, boundary=boundary.encode(), end=dice.choice((b"--\r\n", b"--", b"", b"\r\n", b"--\r\nmore" * 50))
    ), boundary


def _flip(assault: Assault, content: bytes) -> bytes:
    made = bytearray(content)
    for _ in range(assault.dice.randrange(1, 20)):
        if made:
            made[assault.dice.randrange(len(made))] = assault.dice.randrange(256)
    return bytes(made)


def _cut(assault: Assault, content: bytes) -> bytes:
    return content[: assault.dice.randrange(len(content) + 1)]


def _double(assault: Assault, content: bytes) -> bytes:
    at, length = assault.dice.randrange(len(content) + 1), assault.dice.randrange(300)
    return content[:at] + content[at : at + length] * assault.dice.choice((2, 50)) + content[at:]


def _bare_ends(assault: Assault, content: bytes) -> bytes:
    return content.replace(b"\r\n", assault.dice.choice((b"\n", b"\r", b"\r\r\n")), assault.dice.randrange(1, 6))


def _long_head(assault: Assault, content: bytes) -> bytes:
    line = b"X-" + b"a" * assault.dice.choice((10, 5_000, 100_000)) + b": b\r\n"
    return content.replace(b"Content-Type", line + b"Content-Type", 1)


MUTATIONS: tuple[Mutation, ...] = (_flip, _cut, _double, _bare_ends, _long_head)


def _digests(api: Api) -> set[str]:
    """Of all recordings."""
    found, cursor = set(), ""
    while True:
        page = api.client.get(f"/v1/recordings?limit=500{cursor}").json()
        found |= {row["digest"] for row in page["items"]}
        if not page["next"]:
            return found
        cursor = f"&cursor={page['next']}"
