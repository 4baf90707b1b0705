"""One look of `longhand archive watch`, at a server in trouble."""

import pytest

from api.cli.archive.sync import look
from api.cli.output.printing import Output
from api.cli.stack.ports import free_port
from api.client import Client
from api.client.transport import ApiProblem
from tests.fixtures.stub_server import stub_server

SYNC = "/v1/archives/radio/sync"
Captured = pytest.CaptureFixture[str]


def test_a_server_that_is_away_ends_no_watch(capsys: Captured) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with Client(url, patience_s=0) as client:
        look(client, "radio", None, Output())
    assert url in (said := capsys.readouterr()).err
    assert "the next look asks again" in said.err
    assert said.out == ""


def test_nor_does_one_whose_database_is_away(capsys: Captured) -> None:
    away = {"code": "database_unavailable", "detail": "The database is away."}
    with stub_server({SYNC: [(503, away)]}) as stub, Client(stub.url, patience_s=0) as client:
        look(client, "radio", None, Output())
    assert stub.seen
    assert capsys.readouterr().err == "The database is away. The next look asks again.\n"


def test_an_archive_without_a_source_ends_it() -> None:
    unknown = {"code": "no_source", "detail": "Name one."}
    with (
        stub_server({SYNC: [(409, unknown)]}) as stub,
        Client(stub.url, patience_s=0) as client,
        pytest.raises(ApiProblem, match="Name one"),
    ):
        look(client, "radio", None, Output())
