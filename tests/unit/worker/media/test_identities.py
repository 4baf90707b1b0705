"""What makes two submissions the same recording."""

from worker.media import identities
from worker.media.identities import SourceIdentity

STATE = SourceIdentity(size_bytes=5, etag='"a;b"', last_modified=None)


def test_a_source_is_another_one_with_another_url_or_state() -> None:
    urls = ("http://a.example/1", "http://a.example/1?x=2")
    states = (STATE, SourceIdentity(), SourceIdentity(size_bytes=5), SourceIdentity(last_modified="yesterday"))
    assert len({identities.of_source(url, state) for url in urls for state in states}) == 8


def test_the_state_can_be_read_back_and_the_url_cannot() -> None:
    identity = identities.of_source("http://a.example/1?signature=secret", STATE)
    assert identities.state_of(identity) == STATE
    assert "example" not in identity
    assert "secret" not in identity


def test_bytes_of_our_own_have_no_state() -> None:
    assert identities.state_of(identities.of_bytes("ab" * 32)) is None


def test_an_identity_is_short_whatever_a_server_says() -> None:
    states = [SourceIdentity(etag=sign * 5000, last_modified="é" * 5000) for sign in "ab"]
    texts = [identities.of_source("http://a.example/1", state) for state in states]
    assert texts[0] != texts[1]
    assert max(map(len, texts)) < 400
    assert identities.state_of(texts[0]) == states[0]
    assert states[0].contradicts(states[1])
