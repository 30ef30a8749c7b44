"""Criteria (Arazzo 1.1.0, Criterion Object): simple, regex, jsonpath and xpath conditions, read and evaluated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arazzo.lazy_names import imported_when_used

if TYPE_CHECKING:
    from arazzo.criteria.boolean import parse_boolean
    from arazzo.criteria.criterion import check, evaluate
    from arazzo.criteria.criterion_references import expressions
    from arazzo.criteria.simple import parse_simple
    from arazzo.criteria.verdict import Finding, Truth, Verdict
else:
    __getattr__ = imported_when_used(
        __name__,
        {
            "arazzo.criteria.boolean": "parse_boolean",
            "arazzo.criteria.criterion": "check evaluate",
            "arazzo.criteria.criterion_references": "expressions",
            "arazzo.criteria.simple": "parse_simple",
            "arazzo.criteria.verdict": "Finding Truth Verdict",
        },
    )
