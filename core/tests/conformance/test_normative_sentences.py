"""Every sentence of the specification that commands something belongs to a clause, and no clause to another text."""

from __future__ import annotations

import pytest
from clauses import clauses
from normative import FILES, SPECIFICATIONS, sentences

pytestmark = pytest.mark.skipif(not SPECIFICATIONS.is_dir(), reason="the specification's text is not here")


@pytest.mark.parametrize("version", FILES)
def test_every_sentence_belongs_to_a_clause(version):
    covered = {mark for row in clauses() if version in row.versions for mark in row.covers}
    missing = [sentence for sentence in sentences(version) if sentence.mark not in covered]
    shown = "\n".join(f"{item.mark} line {item.line} {item.owner}: {item.text}" for item in missing)
    assert not missing, f"no clause covers:\n{shown}"


def test_no_clause_covers_what_is_not_there():
    known = {sentence.mark for version in FILES for sentence in sentences(version)}
    stale = {mark: row.id for row in clauses() for mark in row.covers if mark not in known}
    assert not stale


def test_a_sentence_has_one_clause():
    marks = [mark for row in clauses() for mark in row.covers]
    assert sorted(marks) == sorted(set(marks))


def test_there_are_sentences():
    assert sum(1 for version in FILES for _ in sentences(version)) > 200
