"""Archives' rules as rows, and the last look at them before audio is sent."""

import pytest

from tests.fixtures.rows import submit
from worker.archive_rules import Rules, check_allowed, get_archive, rules_of, save_archive
from worker.database import Database
from worker.errors import ServiceNotAllowed, UnknownArchive


def save(database: Database, rules: Rules) -> None:
    with database.writing() as session:
        save_archive(session, rules)
        session.commit()


def test_rules_come_back_as_they_were_saved(database: Database) -> None:
    rules = Rules(name="court", service="local", language="en", channels="split", services=("local", "cn"))
    save(database, Rules(name="court", service="intl"))
    save(database, rules)
    with database.reading() as session:
        assert rules_of(session, "court") == rules


def test_an_archive_that_nobody_has_set_up_has_no_rules(database: Database) -> None:
    with database.reading() as session:
        assert rules_of(session, "radio") == Rules(name="radio")
        with pytest.raises(UnknownArchive):
            get_archive(session, "radio")


def test_a_job_is_held_to_the_rules_as_they_are_now(database: Database) -> None:
    job_id = submit(database)
    check_allowed(database, job_id, "local")
    save(database, Rules(name="tests", services=("cn",)))
    with pytest.raises(ServiceNotAllowed, match="may go to cn"):
        check_allowed(database, job_id, "local")
