"""The runtime expressions that a criterion contains, wherever they stand."""

from __future__ import annotations

from collections.abc import Iterator

from arazzo.criteria.jsonpath_condition import Query, read_jsonpath
from arazzo.criteria.regex_condition import read_pattern
from arazzo.criteria.simple import parse_simple
from arazzo.criteria.syntax_tree import (
    And,
    Comparison,
    Condition,
    Filter,
    Item,
    Key,
    Node,
    Not,
    Or,
    Path,
    Runtime,
    Text,
)
from arazzo.criteria.xpath_condition import read_xpath
from arazzo.document.models import Criterion, ExpressionType
from arazzo.expressions.context import Dialect
from arazzo.expressions.nodes import Expression
from arazzo.expressions.parser import parse_context
from arazzo.expressions.selectors import RFC9535


def expressions(criterion: Criterion, dialect: Dialect = "lenient") -> tuple[tuple[str, int, Expression], ...]:
    """Return the runtime expressions of a criterion, each with its field and its offset in that, in order.

    :param criterion: a criterion without errors.
    :param dialect: the dialect it is read in.
    :raises ExpressionSyntaxError: if it cannot be read.
    """
    found: list[tuple[str, int, Expression]] = []
    if criterion.context is not None and criterion.kind != "simple":
        found.append(("context", criterion.context.find("$"), parse_context(criterion.context, dialect)))
    position = 0
    for expression in _in_condition(criterion, dialect):
        offset = max(criterion.condition.find(expression.text, position), 0)
        position = offset + len(expression.text) if expression.text else position
        found.append(("condition", offset, expression))
    return tuple(found)


def _in_condition(criterion: Criterion, dialect: Dialect) -> Iterator[Expression]:
    condition = criterion.condition
    version = criterion.type.version if isinstance(criterion.type, ExpressionType) else RFC9535
    match criterion.kind:
        case "simple":
            yield from _in_node(parse_simple(condition, dialect).node)
        case "regex":
            yield from read_pattern(condition, dialect)[0].expressions
        case "xpath":
            yield from read_xpath(condition, dialect).expressions
        case "jsonpath":
            match read_jsonpath(condition, version, dialect):
                case Query(template):
                    yield from template.expressions
                case Condition(node):
                    yield from _in_node(node)


def _in_node(node: Node) -> Iterator[Expression]:
    match node:
        case Runtime(expression):
            yield expression
        case Text(template):
            yield from template.expressions
        case _:
            for child in _children(node):
                yield from _in_node(child)


def _children(node: Node) -> tuple[Node, ...]:
    match node:
        case Or(operands) | And(operands):
            return operands
        case Not(operand):
            return (operand,)
        case Comparison(_, left, right):
            return (left, right)
        case Item(base, key):
            return (base, key)
        case Path(segments):
            selectors = [selector for segment in segments for selector in segment.selectors]
            keys = [
                one.node if isinstance(one, Key) else one.condition
                for one in selectors
                if isinstance(one, (Key, Filter))
            ]
            return tuple(keys)
    return ()
