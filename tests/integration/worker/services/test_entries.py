"""What a services file says of a service reaches its session."""

from pathlib import Path

from tests.fixtures.hostile import HostileServer, obey
from worker.recognise.sessions import SessionKey, SharedSession
from worker.recognise.transport import session_options
from worker.services.lookup import Services
from worker.settings import Settings

KEY = SessionKey(model="m", language=None, context="", sample_rate=16_000)


def settings(path: Path, text: str) -> Settings:
    path = path / "services.toml"
    path.write_text(text)
    return Settings(services_file=path)


def test_headers_of_a_service_go_with_the_handshake(tmp_path: Path) -> None:
    with HostileServer(obey) as server:
        text = f'[mine]\nurl = "{server.url}"\nheaders = {{ "X-DashScope-WorkSpace" = "ws-1" }}\n'
        service = Services(settings(tmp_path, text)).find("mine")
        SharedSession.open(session_options(service, KEY)).finish()

    assert server.requests[0].headers["X-DashScope-WorkSpace"] == "ws-1"


def test_a_proxy_of_a_service_is_asked_for_the_connection(tmp_path: Path) -> None:
    with HostileServer(obey) as proxy:
        proxy_url = proxy.url.replace("ws://", "http://").removesuffix("/api-ws/v1/realtime")
        text = f'[mine]\nurl = "ws://asr.example/"\nproxy = "{proxy_url}"\n'
        options = session_options(Services(settings(tmp_path, text)).find("mine"), KEY)

    assert (options.url, options.proxy) == ("ws://asr.example/", proxy_url)
