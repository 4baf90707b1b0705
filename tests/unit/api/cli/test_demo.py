import pytest

from api.cli.demo import is_too_wrong
from api.cli.stack.recognizer import Engine
from worker.results.word_errors import Edits


@pytest.mark.parametrize(
    ("edits", "engine", "wrong"),
    [
        (Edits(substituted=5, deleted=5, inserted=5, words=100), Engine.POCKETSPHINX, False),
        (Edits(substituted=5, deleted=5, inserted=6, words=100), Engine.POCKETSPHINX, True),
        (Edits(substituted=99, words=100), Engine.SCRIPTED, False),
        (Edits(), Engine.POCKETSPHINX, False),
    ],
)
def test_fifteen_words_in_a_hundred_may_be_wrong_where_an_engine_hears_any(
    edits: Edits, engine: Engine, wrong: bool
) -> None:
    assert is_too_wrong(edits, engine) is wrong
