"""Every case of every clause, in each version it is about and in both dialects."""

from __future__ import annotations

import pytest
from clauses import LEVELS, cases, clauses
from playing import play

PLAYED = [
    pytest.param(case, version, dialect, id=f"{case}-{version}-{dialect}")
    for case in cases()
    for version in (case.versions if "expression" not in case.data and "criterion" not in case.data else ("1.1",))
    for dialect in ("lenient", "strict")
]


@pytest.mark.parametrize(("case", "version", "dialect"), PLAYED)
def test_case(case, version, dialect):
    play(case.data, version, dialect)


def test_rows_are_well_formed():
    rows = clauses()
    assert len({row.id for row in rows}) == len(rows)
    for row in rows:
        assert row.cases, f"{row.id} has no case"
        assert row.level in LEVELS, row.id
        assert set(row.versions) <= {"1.0", "1.1"}, row.id
        texts = [row.says, row.deviation, row.section, *row.covers, *(case.says for case in row.cases)]
        assert all(isinstance(text, str) for text in texts), row.id
        assert len({case.says for case in row.cases}) == len(row.cases), row.id
