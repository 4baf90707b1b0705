"""Words are found in the current transcripts and in no other, on both databases."""

from tests.fixtures.spoken import bring, set_recording, spoken, use
from worker.database import Database
from worker.search.index import PIECE_WORDS, Hit, SearchFilter, find
from worker.search.query import parse


def found(database: Database, query: str, **where: object) -> list[Hit]:
    with database.reading() as session:
        return find(session, parse(query), SearchFilter(**where), before=None, limit=100)  # type: ignore[arg-type]  # any field


def texts(database: Database, query: str, **where: object) -> list[str]:
    return [hit.text for hit in found(database, query, **where)]


SAID = (
    "I would like a refund, please.",
    "The invoice was paid next week.",
    "Grüße aus der Straße in Köln.",
    "It's O'Brien's café.",
    "今天天气很好。",
    "明天会下雨吗？",
    "東京タワーが見えます。",
    "한국어 회의를 시작합니다.",
    "l'homme qui parle",
)


WHERE = {
    "refund": [0],
    "REFUND": [0],
    "refund please": [0],
    "refund invoice": [],
    '"a refund"': [0],
    '"refund a"': [],
    "ref*": [0],
    "ref": [],
    "the": [1],
    "paid -refund": [1],
    "paid -next": [],
    "grusse": [2],
    "Grüsse köln": [2],
    "straße": [2],
    "cafe": [3],
    "it's": [3],
    "o’brien": [3],
    "天气": [4],
    "气天": [],
    "今天": [4],
    "明天": [5],
    "天": [5, 4],
    "タワー": [6],
    "ﾀﾜｰ": [6],
    "東京": [6],
    "京東": [],
    "회의*": [7],
    "homme": [8],
    "nothing": [],
}


def test_words_and_phrases_of_any_script_are_found_with_their_segments(database: Database) -> None:
    spoken(database, 1, *SAID)
    for query, numbers in WHERE.items():
        hits = found(database, query)
        assert (query, [hit.text for hit in hits]) == (query, [SAID[number] for number in numbers])
        assert [hit.segment["start_ms"] for hit in hits] == [1000 * number for number in numbers]


def test_an_old_version_is_not_found_and_a_promoted_one_is(database: Database) -> None:
    recording_id = spoken(database, 1, "the first version").recording_id
    old = found(database, "version")[0].row.transcript_id
    new = bring(database, recording_id, "the second version")
    assert texts(database, "version") == ["the first version"]
    use(database, recording_id, new)
    assert texts(database, "version") == ["the second version"]
    assert texts(database, "first") == []
    use(database, recording_id, old)
    assert texts(database, "version") == ["the first version"]


def test_a_version_that_is_pinned_is_found_from_the_moment_it_is_brought(database: Database) -> None:
    recording_id = spoken(database, 1, "what the machine heard").recording_id
    bring(database, recording_id, "what a person wrote", pin=True)
    assert texts(database, "what") == ["what a person wrote"]


def test_hits_are_narrowed_by_archive_language_and_labels(database: Database) -> None:
    spoken(database, 1, "good morning", archive="calls")
    other = spoken(database, 2, "good evening", archive="radio", language="de").recording_id
    set_recording(database, other, labels={"team": "north"})
    assert texts(database, "good") == ["good evening", "good morning"]
    assert texts(database, "good", archive="calls") == ["good morning"]
    assert texts(database, "good", language="de") == ["good evening"]
    assert texts(database, "good", labels={"team": "north"}) == ["good evening"]
    assert texts(database, "good", labels={"team": "south"}) == []


def test_a_text_of_any_length_is_found_in_pieces_that_are_its_whole(database: Database) -> None:
    recording_id = spoken(database, 1, "short").recording_id
    words = [f"w{number}" for number in range(2 * PIECE_WORDS + 5)]
    bring(database, recording_id, ", ".join(words) + ".", pin=True)
    (first,), (last,) = texts(database, "w0"), texts(database, words[-1])
    assert first.startswith("w0, w1, ")
    assert last.endswith(f", {words[-1]}.")
    assert len(texts(database, f'"{words[PIECE_WORDS]} {words[PIECE_WORDS + 1]}"')) == 1


def test_a_word_said_a_thousand_times_is_found_as_a_phrase_too(database: Database) -> None:
    recording_id = spoken(database, 1, "short").recording_id
    bring(database, recording_id, "na " * 900 + "batman", pin=True)
    assert len(found(database, '"na na"')) == 1


def test_silence_and_empty_texts_leave_no_row(database: Database) -> None:
    recording_id = spoken(database, 1, "", "...", "word").recording_id
    bring(database, recording_id)
    assert [hit.segment["start_ms"] for hit in found(database, "word")] == [2000]
