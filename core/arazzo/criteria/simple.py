"""Simple conditions: literals, operators, runtime expressions (Arazzo 1.1.0, Criterion Object, Simple Conditions)."""

from __future__ import annotations

from functools import lru_cache

from arazzo.criteria.condition_evaluation import Scope, truth_of
from arazzo.criteria.grammar import Grammar
from arazzo.criteria.reasons import observed, reason
from arazzo.criteria.syntax_tree import Condition
from arazzo.criteria.verdict import Verdict
from arazzo.expressions.context import Context, Dialect


@lru_cache(maxsize=4096)
def parse_simple(text: str, dialect: Dialect = "lenient") -> Condition:
    """Parse a simple condition.

    :param text: the condition.
    :param dialect: ``lenient`` also reads double quotes, braces and ``.length``, each with a remark.
    :raises ExpressionSyntaxError: with offset and, where there is one, a hint.
    """
    return Grammar(text, dialect).read()


def evaluate_simple(text: str, context: Context, dialect: Dialect) -> Verdict:
    """Evaluate a simple condition.

    :raises ExpressionSyntaxError: if it cannot be read.
    :raises EvaluationError: if it is undecided.
    """
    condition = parse_simple(text, dialect)
    scope = Scope(context, loose=True)
    return Verdict(truth_of(condition.node, scope), reason(text, observed(condition, scope), context.conceal))
