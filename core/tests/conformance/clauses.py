"""The clauses: what the specification asks, in our own words, with the cases that show it.

Each file of ``clauses/`` is a section of the page and holds its rows in order. A row:

    id           kebab-case, unique
    section      where the specification says so
    level        MUST, SHOULD, MAY, REQUIRED, ... or "table" or "grammar" for what is defined without a keyword
    in           versions, [1.0, 1.1] where it is not given
    says         the clause, one sentence
    covers       marks of the sentences (normative.py)
    deviation    what we do otherwise, or settle where the specification is silent, and why
    cases        at least one; what a case may hold says playing.py
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from arazzo.source.text import load_source

FOLDER = Path(__file__).parent
LEVELS = (
    "MUST",
    "MUST NOT",
    "REQUIRED",
    "SHALL",
    "SHOULD",
    "SHOULD NOT",
    "RECOMMENDED",
    "NOT RECOMMENDED",
    "MAY",
    "OPTIONAL",
    "table",
    "grammar",
    "text",
    "silent",
)


@dataclass(frozen=True)
class Case:
    """One case of a clause."""

    clause: str
    number: int
    says: str
    versions: tuple[str, ...]
    data: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.clause}-{self.number}"


@dataclass(frozen=True)
class Clause:
    """One clause and its cases."""

    id: str
    section: str
    level: str
    says: str
    versions: tuple[str, ...]
    covers: tuple[str, ...] = ()
    deviation: str = ""
    cases: tuple[Case, ...] = field(default=())


@dataclass(frozen=True)
class Chapter:
    """One file of clauses."""

    title: str
    clauses: tuple[Clause, ...]


@cache
def chapters() -> tuple[Chapter, ...]:
    """Return every chapter, in order."""
    files = sorted((FOLDER / "clauses").glob("*.yaml"))
    return tuple(_chapter(load_source(file).data) for file in files)


def clauses() -> list[Clause]:
    """Return every clause, in order."""
    return [clause for chapter in chapters() for clause in chapter.clauses]


def cases() -> list[Case]:
    """Return every case, in order."""
    return [case for clause in clauses() for case in clause.cases]


def _chapter(data: dict[str, Any]) -> Chapter:
    return Chapter(data["title"], tuple(_clause(row) for row in data["clauses"]))


def _clause(row: dict[str, Any]) -> Clause:
    unknown = row.keys() - {"id", "section", "level", "in", "says", "covers", "deviation", "cases"}
    assert not unknown, f"{row.get('id')}: {unknown}"
    versions = tuple(str(version) for version in row.get("in", ("1.0", "1.1")))
    found = tuple(
        Case(row["id"], number, case["says"], versions, {key: item for key, item in case.items() if key != "says"})
        for number, case in enumerate(row["cases"], 1)
    )
    covers = tuple(str(mark) for mark in row.get("covers", ()))
    deviation = row.get("deviation", "").strip()
    return Clause(row["id"], row["section"], row["level"], row["says"].strip(), versions, covers, deviation, found)
