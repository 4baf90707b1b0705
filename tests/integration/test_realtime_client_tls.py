"""The client over TLS, where one thread reads while another sends."""

import datetime
import ipaddress
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from realtime.client.options import Deadlines, SessionOptions
from realtime.client.session import Session
from realtime.protocol.errors import ServiceUnreachable
from realtime.protocol.events import Append, Commit, Text, UnknownEvent
from tests.fixtures.hostile import HostileServer, Peer, obey, said

KIB = 1024
DEADLINES = Deadlines(close_s=0.2)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that signed itself, with its key, made for this run."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    encoded_key = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(signed.public_bytes(serialization.Encoding.PEM) + encoded_key)
    return path


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def chats_while_it_listens(peer: Peer) -> None:
    """Answers each frame of audio with much talk, so that both directions are busy at once."""
    peer.greet()
    noise = UnknownEvent(type="x", raw={"type": "x", "noise": "x" * 64 * KIB})
    audio = bytearray()
    while not isinstance(event := peer.take(), Commit):
        if isinstance(event, Append):
            audio += event.pcm()
        peer.say(noise, Text(item_id="item_1", text=str(len(audio))), noise)
    peer.answer("item_1", said(bytes(audio)))
    peer.take()


def test_segments_go_over_tls(tls: ssl.SSLContext, certificate: Path) -> None:
    with HostileServer(obey, tls=tls) as server:
        options = SessionOptions(url=server.url, model="m-1", ca_file=str(certificate), deadlines=DEADLINES)
        session = Session.open(options)
        assert [session.transcribe(pcm).text for pcm in (b"aa", b"bb")] == [said(b"aa"), said(b"bb")]
        session.finish()


def test_both_directions_may_be_busy_at_once(tls: ssl.SSLContext, certificate: Path) -> None:
    pcm = bytes(range(256)) * 20 * KIB
    with HostileServer(chats_while_it_listens, tls=tls) as server:
        options = SessionOptions(url=server.url, model="m-1", ca_file=str(certificate), deadlines=DEADLINES)
        session = Session.open(options)
        assert session.transcribe(pcm).text == said(pcm)
        session.close()


def test_a_certificate_that_nobody_vouches_for_is_not_taken(tls: ssl.SSLContext) -> None:
    with HostileServer(obey, tls=tls) as server:
        with pytest.raises(ServiceUnreachable):
            Session.open(SessionOptions(url=server.url, model="m-1", key="sk-1", deadlines=DEADLINES))
        assert server.requests == []
