"""The page docs/conformance.md, written from the clauses."""

from __future__ import annotations

import re
from pathlib import Path

from clauses import Chapter, Clause, cases, chapters, clauses

PAGE = Path(__file__).parents[3] / "docs" / "conformance.md"
_LEVELS = {
    "table": "defined by a table or a list",
    "grammar": "defined by the grammar",
    "text": "said without a keyword",
    "silent": "the specification is silent",
}
_HEAD = """\
# Conformance

This page says, in our words, what Arazzo 1.0.1 and 1.1.0 require, and lists the cases that test it. The tests write
this page from `core/tests/conformance/clauses/`; to write it again, type
`UPDATE_GOLDEN=1 pytest core/tests/conformance`.

{clauses} clauses, {cases} cases, {deviations} deviations.

A case is played in each version that its clause is about, and in both dialects, strict and lenient
([semantics](semantics.md), section 1). It contains a document and the [rules](rules.md) that it breaks, an expression
and its value, a condition and its verdict, or a run with its requests, answers, waits and outputs. A test checks that
every sentence of the two texts with a key word of BCP 14 belongs to at least one clause.

A *deviation* is a place where we do something else, or settle what the specification leaves open, with the reason.
"""


def written() -> str:
    """Return the page."""
    rows = clauses()
    deviations = [row for row in rows if row.deviation]
    head = _HEAD.format(clauses=len(rows), cases=len(cases()), deviations=len(deviations))
    parts = [head, _levels(rows), "## Deviations\n", _deviations(deviations)]
    return "\n".join([*parts, *(_chapter(chapter) for chapter in chapters())])


def _levels(rows: list[Clause]) -> str:
    counts = {row.level: sum(other.level == row.level for other in rows) for row in rows}
    order = sorted(counts, key=lambda level: (level.islower(), -counts[level], level))
    lines = ["| level | clauses |", "|---|---|"]
    return "\n".join([*lines, *(f"| {_LEVELS.get(level, level)} | {counts[level]} |" for level in order)]) + "\n"


def _deviations(rows: list[Clause]) -> str:
    lines = ["| clause | what we do, and why |", "|---|---|"]
    return "\n".join([*lines, *(f"| [{row.id}](#{row.id}) | {_cell(row.deviation)} |" for row in rows)]) + "\n"


def _chapter(chapter: Chapter) -> str:
    return "\n".join([f"## {chapter.title}\n", *(_clause(row) for row in chapter.clauses)])


def _clause(row: Clause) -> str:
    facts = [row.section, _LEVELS.get(row.level, row.level)]
    if len(row.versions) == 1:
        facts.append(f"{row.versions[0]} only")
    lines = [f"### {row.id}\n", f"*{' · '.join(facts)}*\n", f"{_text(row.says)}\n"]
    lines += [f"- {_text(case.says)}" for case in row.cases]
    if row.deviation:
        lines.append(f"\nDeviation: {_text(row.deviation)}")
    return "\n".join(lines) + "\n"


def _text(text: str) -> str:
    """Return text in which markup and expressions are shown as written."""
    return re.sub(
        r"(?<![`\w])(\$\w+(?:\.\w+)*|x-\w*|~[01])(?!`)", r"`\1`", text.replace("*", r"\*").replace("|", r"\|")
    )


def _cell(text: str) -> str:
    return " ".join(_text(text).split())
