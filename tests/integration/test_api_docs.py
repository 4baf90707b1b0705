"""The pages that describe the API load nothing from elsewhere, and run nothing that stands in them."""

import re
from collections.abc import Iterator

import pytest

from tests.fixtures.doors import House

TYPES = {".js": "text/javascript", ".css": "text/css", ".png": "image/png", ".json": "application/json"}


def named(page: str) -> list[str]:
    return re.findall(r"""(?:src|href|spec-url)="([^"]*)\"""", page)


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_a_page_names_only_what_lies_beside_it_and_all_of_it_is_there(closed_house: House, path: str) -> None:
    page = closed_house.client.get(path)
    assert page.headers["content-type"].startswith("text/html")
    addresses = named(page.text)
    assert len(addresses) >= 3
    for address in addresses:
        assert re.fullmatch(r"[a-z][a-z./-]*", address), address
        beside = closed_house.client.get(f"/{address}")
        assert (beside.status_code, len(beside.content) > 100) == (200, True)
        assert beside.headers["content-type"].startswith(TYPES["." + address.rsplit(".", 1)[1]])


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_a_page_may_run_what_is_beside_it_and_nothing_that_stands_in_it(closed_house: House, path: str) -> None:
    page = closed_house.client.get(path)
    policy = dict(part.strip().split(" ", 1) for part in page.headers["Content-Security-Policy"].split(";"))
    assert (policy["default-src"], policy["script-src"], policy["connect-src"]) == ("'none'", "'self'", "'self'")
    assert (policy["base-uri"], policy["form-action"], policy["frame-ancestors"]) == ("'none'", "'none'", "'none'")
    assert "://" not in page.headers["Content-Security-Policy"]
    assert re.findall(r"<script(?! src=)[^>]*>|\son\w+=|javascript:", page.text) == []


def test_the_script_that_starts_the_page_asks_for_the_description_and_no_validator(closed_house: House) -> None:
    start = closed_house.client.get("/docs/start.js").text
    assert 'url: "openapi.json"' in start
    assert "validatorUrl: null" in start
    assert "://" not in start


def references(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        yield from ([part["$ref"]] if isinstance(part.get("$ref"), str) else [])
        yield from (name for value in part.values() for name in references(value))
    elif isinstance(part, list):
        yield from (name for value in part for name in references(value))


def test_every_reference_of_the_description_leads_somewhere(closed_house: House) -> None:
    """ReDoc shows nothing at all where one does not."""
    description = closed_house.client.get("/openapi.json").json()
    found = set(references(description))
    assert len(found) > 20
    for name in found:
        part = description
        for step in name.removeprefix("#/").split("/"):
            assert step in part, name
            part = part[step]


@pytest.mark.parametrize("path", ["/docs/files/", "/docs/files/../app.py", "/docs/files/%2e%2e/__init__.py", "/docs/x"])
def test_nothing_else_of_the_package_or_the_machine_is_served(closed_house: House, path: str) -> None:
    assert closed_house.client.get(path).status_code == 404
