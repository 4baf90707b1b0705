import pytest

from worker.processes.tasks import celery_url
from worker.settings import Settings


@pytest.mark.parametrize(
    ("given", "theirs"),
    [
        ("redis://example.org:6379/2", "redis://example.org:6379/2"),
        ("rediss://:secret@example.org/0", "rediss://:secret@example.org/0"),
        ("unix:///run/redis.sock", "redis+socket:///run/redis.sock?virtual_host=0"),
        ("unix:///a%20home/redis.sock?db=3", "redis+socket:///a%20home/redis.sock?virtual_host=3"),
        ("unix://me:secret@/run/redis.sock?db=0", "redis+socket://me:secret@/run/redis.sock?virtual_host=0"),
        ("unix:///run/r.sock?username=me&password=a%2Fb", "redis+socket://me:a%2Fb@/run/r.sock?virtual_host=0"),
    ],
)
def test_a_socket_has_another_name_for_celery_and_the_rest_the_same(given: str, theirs: str) -> None:
    assert celery_url(given) == theirs


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("redis://h/0", "redis://h/0"),
        ("unix:///run/redis.sock?db=1", "unix:///run/redis.sock?db=1"),
        ("redis+socket:///run/redis.sock?virtual_host=1", "unix:///run/redis.sock?db=1"),
        ("redis+socket:///run/redis.sock", "unix:///run/redis.sock"),
        ("", ""),
    ],
)
def test_the_setting_takes_celery_s_words_for_a_socket_and_keeps_one_form(given: str, kept: str) -> None:
    assert Settings(redis_url=given).redis_url == kept
