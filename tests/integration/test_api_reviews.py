"""A campaign's comparison over HTTP, in its three forms."""

import csv
import io
from html.parser import HTMLParser

import pytest

from tests.fixtures.doors import House
from tests.fixtures.reviewing import add_member
from tests.fixtures.rows import add_campaign
from worker.shapes.reviews import CampaignComparison

SCRIPT = "<script>alert('one')</script> & </td> \"quoted\""


def url(campaign: str = "c1") -> str:
    return f"/v1/campaigns/{campaign}/comparison"


class Tags(HTMLParser):
    """What a page is made of."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.marked: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002  # as its parent has it
        self.seen.append(tag)
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in {"del", "ins"}:
            self.marked.append(data)


def read_page(house: House, **query: str) -> tuple[str, Tags]:
    response = house.client.get(url(), params={"format": "html", **query})
    assert response.status_code == 200, response.text
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    tags = Tags()
    tags.feed(response.text)
    assert tags.open == []
    return response.text, tags


def test_the_most_different_recordings_and_passages_come_first(either_house: House) -> None:
    campaign = add_campaign(either_house.database)
    same = add_member(either_house.database, campaign, 1)
    some = add_member(either_house.database, campaign, 2, old=["a b c", "d e f"], new=["a b x", "y z f"])
    all_of_it = add_member(either_house.database, campaign, 3, old="a b c", new="x y z", canary=True)
    add_member(either_house.database, campaign, 4, old=None, new="x")
    response = either_house.client.get(url(campaign))

    found = CampaignComparison.model_validate(response.json())
    assert [item.recording for item in found.items] == [all_of_it, some, same]
    worst, second = found.items[1].passages
    assert (worst.edits, worst.old, worst.new, second.edits) == (2, "d e f", "y z f", 1)
    assert (worst.start_ms, found.items[2].passages) == (3000, [])
    assert found.summary is not None
    assert found.summary["recordings"]["compared"] == 4
    canary = either_house.client.get(url(), params={"canary": "true"}).json()
    assert [item["recording"] for item in canary["items"]] == [all_of_it]


def test_pages_follow_one_another_without_a_gap_where_rates_are_equal(either_house: House) -> None:
    campaign = add_campaign(either_house.database)
    for number in range(1, 8):
        add_member(either_house.database, campaign, number, old="a b", new="a b" if number % 2 else "a x")
    seen, cursor = [], None
    while True:
        query = {"limit": 2, "passages": 0, **({"cursor": cursor} if cursor else {})}
        page = either_house.client.get(url(), params=query).json()
        assert (page["summary"] is None) == (cursor is not None)
        seen += [(item["rate"], item["recording"]) for item in page["items"]]
        if (cursor := page["next"]) is None:
            break
    assert len(set(seen)) == 7
    assert seen == sorted(seen, reverse=True)


def test_csv_has_a_line_for_each_recording_and_nothing_that_a_spreadsheet_runs(house: House) -> None:
    campaign = add_campaign(house.database)
    add_member(house.database, campaign, 1, human="a b c d", old="a x y d", new="a b c z")
    add_member(house.database, campaign, 2, old="a b", new="a b", after={"model": "=cmd|' /C calc'!A0"})
    response = house.client.get(url(), params={"format": "csv"})

    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    first, second = csv.DictReader(io.StringIO(response.text))
    assert (first["measure"], first["old_error_rate"], first["new_error_rate"]) == ("error", "0.5", "0.25")
    assert (first["external_id"], second["rate"], second["old_error_rate"]) == ("x1", "0.0", "")
    assert second["new_model"].startswith("'=")


def test_the_page_marks_what_differs_and_holds_nothing_that_runs(house: House) -> None:
    campaign = add_campaign(house.database)
    add_member(house.database, campaign, 1, old=f"We meet on Thursday. {SCRIPT}", new="We meet, on FRIDAY.")
    text, tags = read_page(house)

    assert "&lt;script&gt;alert(&#39;one&#39;)&lt;/script&gt;" in text.replace("<del>", "").replace("</del>", "")
    assert "script" not in tags.seen
    assert {"h1", "h2", "h3", "main", "caption", "time"} <= set(tags.seen)
    assert "FRIDAY" in tags.marked
    assert not [word for word in tags.marked if "meet" in word]
    assert "is not error" in text
    assert "http" not in text


def test_beside_a_reference_both_versions_are_marked_against_it(house: House) -> None:
    campaign = add_campaign(house.database)
    add_member(house.database, campaign, 1, human="alpha beta gamma", old="alpha delta gamma", new="alpha beta epsilon")
    text, tags = read_page(house)

    assert tags.marked == ["delta", "epsilon"]
    assert "A person" in text
    assert "33.3 %" in text


def test_the_page_leads_to_the_next_one(house: House) -> None:
    campaign = add_campaign(house.database)
    for number in (1, 2):
        add_member(house.database, campaign, number, old="a b", new="a x")
    text, _ = read_page(house, limit="1")
    assert 'rel="next" href="?format=html&amp;limit=1&amp;cursor=' in text


def test_a_campaign_without_a_comparison_has_a_page(house: House) -> None:
    add_campaign(house.database)
    assert "No recording has been compared yet" in read_page(house)[0]


@pytest.mark.parametrize(
    ("path", "query", "status", "named"),
    [
        ("none", {}, 404, "none"),
        ("none", {"format": "csv"}, 404, "none"),
        ("c1", {"format": "pdf"}, 400, "format"),
        ("c1", {"passages": "51"}, 400, "passages"),
        ("c1", {"limit": "0"}, 400, "limit"),
        ("c1", {"cursor": "x"}, 400, "cursor"),
    ],
)
def test_what_cannot_be_shown_is_told(house: House, path: str, query: dict[str, str], status: int, named: str) -> None:
    add_campaign(house.database)
    response = house.client.get(url(path), params=query)
    assert response.status_code == status
    assert named in response.json()["detail"]
