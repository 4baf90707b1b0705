"""In which language each recording is asked, where a campaign names none: as a submission of it would have it.

The archive's language stands over the recording's own, and where there is neither the service finds out. A recognition
key is of one language, so each has its own: they are compared in the database, beside the language that they are for.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from sqlalchemy import ColumnElement, case, func, literal, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from worker.models import Archive, Recording
from worker.spec import Spec

DETECTED = ""  # nobody has named a language
KeyColumn = InstrumentedAttribute[str] | InstrumentedAttribute[str | None]


@dataclass(frozen=True, kw_only=True)
class Languages:
    """``own``: those that the service knows and a recording's own may be; empty: the spec's stands for all."""

    spec: Spec
    own: frozenset[str]
    archives: Mapping[str, str]  # what archives ask for, by their names

    @classmethod
    def of(cls, session: Session, spec: Spec, own: frozenset[str]) -> "Languages":
        rows = session.execute(select(Archive.name, Archive.language)).all() if own else ()
        return cls(spec=spec, own=own, archives={name: _code(language) for name, language in rows if language})

    @cached_property
    def specs(self) -> dict[str, Spec]:
        """The spec of each language that can be asked for."""
        return {DETECTED: self.spec, **{code: replace(self.spec, language=code) for code in sorted(self.own)}}

    def spec_of(self, recording: Recording) -> Spec | None:
        """None where the service cannot recognise its language."""
        if not self.own:
            return self.spec
        return self.specs.get(self.archives.get(recording.archive, recording.language or DETECTED))

    def unknown(self) -> ColumnElement[bool]:
        """Recordings whose language the service cannot recognise."""
        return self._language().not_in(list(self.specs))

    def key(self) -> ColumnElement[str]:
        """The recognition key under which a recording is asked; NULL where its language is unknown."""
        if not self.own:
            return literal(self.spec.recognition_key)
        return case({code: spec.recognition_key for code, spec in self.specs.items()}, value=self._language())

    def under(self, column: KeyColumn, revisions: Iterable[int]) -> ColumnElement[bool]:
        """A row's key is one of those under which its recording is asked: one look into a set, however many."""
        at = tuple(revisions)
        keys = {code: _keys(spec, at) for code, spec in self.specs.items()}
        if not self.own:
            return column.in_(keys[DETECTED])
        return (self._language() + ":" + column).in_([f"{code}:{key}" for code in keys for key in keys[code]])

    def _language(self) -> ColumnElement[str]:
        own = func.coalesce(Recording.language, DETECTED)
        named = [(Recording.archive.in_(self._archives_in(code)), code) for code in sorted({*self.archives.values()})]
        return case(*named, else_=own) if named else own

    def _archives_in(self, code: str) -> list[str]:
        return [name for name, language in self.archives.items() if language == code]


@lru_cache(1024)  # each slice of an enrolment asks for the same ones
def _keys(spec: Spec, revisions: tuple[int, ...]) -> list[str]:
    return [replace(spec, revision=revision).recognition_key for revision in revisions]


def _code(language: str) -> str:
    """As `worker.spec` reads it."""
    code = language.strip().lower()
    return DETECTED if code == "auto" else code
