"""A campaign's comparison in sum: rates with their intervals, and totals of what changed."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import SQLColumnExpression, func, select
from sqlalchemy.orm import Session

from worker.campaigns.review.intervals import Groups, rates_of
from worker.models import Member
from worker.states import MemberState

Conditions = tuple[SQLColumnExpression[bool], ...]
ROWS_AT_ONCE = 1_000  # what is in memory
MOST_ROWS = 200_000  # some ten seconds; of more a random part is read
HEX = 16**8
View = Mapping[str, Any]
MOST_WORDS = 50
MOST_KEPT = 20_000  # different words that are counted; over that the rarer half is forgotten
MOST_CHANGES = 50  # of languages
EDITS = ("edits", "substituted", "deleted", "inserted", "words")


def summarise(
    session: Session, campaign_id: str, *, canary_only: bool = False, read_at_most: int = MOST_ROWS
) -> dict[str, Any]:
    """Sums over the members that were compared; ``campaign_id`` is the id, not the name.

    ``error`` is there where references were, over recordings with an old and a new version; ``new_error`` has those
    too whose reference is older than any version of a machine. ``difference`` is of old and new without a reference.
    Of more rows than ``read_at_most`` a random part is read, always the same: ``share_read`` says how much.
    """
    own = (Member.campaign_id == campaign_id, *([Member.canary] if canary_only else []))
    states = _states(session, own)
    share = min(1.0, read_at_most / max(states.get(MemberState.DONE, 0), 1))
    totals = ComparisonTotals()
    for comparison in _comparisons(session, own, share):
        totals.add(comparison)
    return {**totals.view(states), "share_read": share}


def _comparisons(session: Session, own: Conditions, share: float) -> Iterator[View]:
    drawn = [func.md5(Member.recording_id) < f"{int(share * HEX):08x}"] if share < 1 else []
    query = select(Member.comparison).where(*own, Member.state == MemberState.DONE, *drawn)
    in_order = query.order_by(Member.recording_id).execution_options(yield_per=ROWS_AT_ONCE)
    yield from (comparison for comparison in session.scalars(in_order) if comparison is not None)


def _states(session: Session, own: Conditions) -> dict[str, int]:
    rows = session.execute(select(Member.state, func.count()).where(*own).group_by(Member.state))
    return {str(state): number for state, number in rows}


class ComparisonTotals:
    """The sums, one comparison after another. Pure."""

    def __init__(self) -> None:
        self.measures: Counter[str] = Counter()
        self.units: Counter[str] = Counter()
        self.marks: Counter[str] = Counter()  # recordings that something is to be said of
        self.sides = {"old": _Side(), "new": _Side()}
        self.lengths = {"old": 0, "new": 0}  # words, of recordings that have both
        self.languages: Counter[tuple[str, str]] = Counter()
        self.words = {"appeared": WordCounts(), "vanished": WordCounts()}
        self.error, self.new_error, self.difference = Measure(2), Measure(1), Measure(1)

    def add(self, comparison: View) -> None:
        old, new = comparison["old"], comparison["new"]
        self.measures[comparison["measure"]] += 1
        self.units[comparison["unit"]] += 1
        self._rates(comparison)
        self.sides["new"].add(new)
        self.marks["without_words"] += new["words"] == 0
        if old is None:
            return
        self.sides["old"].add(old)
        self.marks["with_old"] += 1
        self._changes(old, new)
        for name, words in self.words.items():
            words.add(comparison[name])

    def _rates(self, comparison: View) -> None:
        old_error, new_error = comparison["old_error"], comparison["new_error"]
        if new_error is None and comparison["difference"] is not None:
            self.difference.add(comparison["difference"])
        if new_error is not None:
            self.new_error.add(new_error)
        if new_error is not None and old_error is not None:
            self.error.add(old_error, new_error)

    def _changes(self, old: View, new: View) -> None:
        self.lengths["old"] += old["words"]
        self.lengths["new"] += new["words"]
        self.marks["more_gaps"] += new["gaps"] > old["gaps"]
        self.marks["more_flags"] += sum(new["flags"].values()) > sum(old["flags"].values())
        if old["language"] != new["language"] and old["language"] and new["language"]:
            self.marks["language_changed"] += 1
            self.languages[old["language"], new["language"]] += 1

    def view(self, states: Mapping[str, int]) -> dict[str, Any]:
        """All of it as JSON; ``states`` counts the members."""
        return {
            "measure": next((name for name in ("error", "difference") if self.measures[name]), "none"),
            "recordings": {
                "members": sum(states.values()),
                "failed": states.get(MemberState.FAILED, 0),
                "compared": self.measures.total(),
                "with_reference": self.measures["error"],
                "without_reference": self.measures["difference"],
                "with_nothing_before": self.measures["none"],
            },
            "units": dict(self.units),
            "error": self.error.view("old", "new", "change"),
            "new_error": self.new_error.single(),
            "difference": self.difference.single(),
            "length_ratio": _share(self.lengths["new"], self.lengths["old"]),
            "shares": self._shares(states),
            "language_changes": self._language_changes(),
            **{name: side.view() for name, side in self.sides.items()},
            **{name: words.most() for name, words in self.words.items()},
        }

    def _shares(self, states: Mapping[str, int]) -> dict[str, float | None]:
        failed = states.get(MemberState.FAILED, 0)
        changed = ("more_gaps", "more_flags", "language_changed")
        return {
            "failed": _share(failed, failed + states.get(MemberState.DONE, 0)),
            "without_words": _share(self.marks["without_words"], self.measures.total()),
            **{name: _share(self.marks[name], self.marks["with_old"]) for name in changed},
        }

    def _language_changes(self) -> list[dict[str, Any]]:
        most = sorted(self.languages.items(), key=lambda one: (-one[1], one[0]))[:MOST_CHANGES]
        return [{"from": old, "to": new, "recordings": number} for (old, new), number in most]


class Measure:
    """Edits of one or two versions against the same words, by groups of recordings."""

    def __init__(self, versions: int) -> None:
        self.groups = Groups(versions + 1)
        self.edits = [Counter[str]() for _ in range(versions)]

    def add(self, *edits: View) -> None:
        for sums, one in zip(self.edits, edits, strict=True):
            sums.update({name: one[name] for name in EDITS})
        self.groups.add(*(one["edits"] for one in edits), edits[0]["words"])

    def view(self, *names: str) -> dict[str, Any] | None:
        """Each version's sums and rate under its name, a third name for the second rate less the first."""
        rates = rates_of(self.groups.filled[:, :-1], self.groups.filled[:, -1])
        if rates is None:
            return None
        sums = [{name: one[name] for name in EDITS} for one in self.edits]
        views = [{**vars(one), **(sums[at] if at < len(sums) else {})} for at, one in enumerate(rates)]
        return {"recordings": self.groups.count, **dict(zip(names, views, strict=True))}

    def single(self) -> dict[str, Any] | None:
        """The same of one version, flat."""
        rates = self.view("only")
        return None if rates is None else {"recordings": rates["recordings"], **rates["only"]}


class _Side:
    """What is counted of the versions on one side."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.flags: Counter[str] = Counter()
        self.languages: Counter[str] = Counter()

    def add(self, version: View) -> None:
        self.counts.update({name: version[name] for name in ("words", "empty", "gaps")})
        self.counts["without_words"] += version["words"] == 0
        self.flags.update(version["flags"])
        self.languages[version["language"] or "unknown"] += 1

    def view(self) -> dict[str, Any]:
        counts = {name: self.counts[name] for name in ("words", "empty", "gaps", "without_words")}
        return {**counts, "flags": dict(self.flags), "languages": dict(self.languages)}


class WordCounts:
    """WordCounts with how often they were met, as many as there is room for."""

    def __init__(self, room: int = MOST_KEPT) -> None:
        self.room = room
        self.counted: Counter[str] = Counter()

    def add(self, words: Mapping[str, int]) -> None:
        self.counted.update(words)
        if len(self.counted) > self.room:
            self.counted = Counter(dict(self.counted.most_common(self.room // 2)))

    def most(self) -> dict[str, int]:
        """The most frequent first; equals by the alphabet."""
        return dict(sorted(self.counted.items(), key=lambda one: (-one[1], one[0]))[:MOST_WORDS])


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
