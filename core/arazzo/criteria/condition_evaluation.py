"""Evaluates the tree of a condition, for simple conditions and the boolean dialect."""

from __future__ import annotations

from typing import Any

from arazzo.absent import ABSENT, NOT_RUN
from arazzo.criteria.comparison import NO_LENGTH, holds, length_of, truthy
from arazzo.criteria.interpolation import readable
from arazzo.criteria.member_paths import member, select
from arazzo.criteria.syntax_tree import And, Comparison, Item, Literal, Node, Not, Or, Path, Runtime, Text
from arazzo.criteria.verdict import Truth
from arazzo.errors import AbsentError, EvaluationError
from arazzo.exchange import Exchange
from arazzo.expressions.context import Context
from arazzo.expressions.evaluation import embed, evaluate, kind_of_absent, require_structure, require_structured_output
from arazzo.expressions.nodes import Expression, Fixed, Message, Output
from arazzo.expressions.open_members import NotRunError
from arazzo.frozen import dataclass, replace

_STATUS = Fixed("statusCode")


class NoAnswerError(AbsentError):
    """A look at an answer that never came: nothing holds of it, negated or not, except ``$statusCode == null``."""


@dataclass(frozen=True)
class Scope:
    """What a condition is evaluated in.

    :param context: the values of runtime expressions.
    :param loose: whether values compare as in simple conditions.
    :param root: the value of ``$``.
    :param current: the value of ``@``; in a filter, a path alone asks whether it selects anything (RFC 9535, 2.3.5).
    :param filtering: whether this is a filter.
    :param direction: 1 if the whole holds when this does, -1 under a negation, 0 if either is possible.
    """

    context: Context
    loose: bool
    root: Any = ABSENT
    current: Any = ABSENT
    filtering: bool = False
    direction: int = 1


@dataclass(frozen=True)
class Several:
    """The values of a path that may select several: a comparison holds if it does for any of them."""

    values: tuple[Any, ...]


def truth_of(node: Node, scope: Scope) -> Truth:
    """Return whether a condition holds; it does not if it depends on what never came. Raises as :func:`passes`."""
    try:
        return Truth.of(passes(node, scope))
    except NoAnswerError:
        return Truth.FAILS


def passes(node: Node, scope: Scope) -> bool:
    """Return whether a condition holds.

    Undecided is an error here: ``!`` does not turn it round, and ``||`` and ``&&`` decide where they can (Kleene).

    :raises EvaluationError: if it is undecided, a string embeds what is absent, or it looks at what never came.
    :raises GaveUpError: if a limit is met.
    """
    match node:
        case Or(operands):
            return _decided(operands, scope, by=True)
        case And(operands):
            return _decided(operands, scope, by=False)
        case Not(operand):
            return not passes(operand, replace(scope, direction=-scope.direction))
        case Comparison("==" | "!=" as operator, left, right) if _both_missing(left, right, scope):
            return operator == "=="
        case Comparison(operator, left, right):
            return _compare(operator, value_of(left, scope), value_of(right, scope), scope)
        case Path() if scope.filtering:
            return any(_exists(node, value) for value in selected(node, scope))
    value = value_of(node, scope)
    if value is NOT_RUN:
        return _nothing_holds(scope.direction)
    return any(map(truthy, value.values)) if isinstance(value, Several) else truthy(value)


def value_of(node: Node, scope: Scope) -> Any:
    """Return the value of an operand: ABSENT if it is missing, :class:`Several` for a path that may select several.

    :raises EvaluationError: as :func:`passes`.
    """
    match node:
        case Literal(value):
            return value
        case Text(template):
            return embed(template.text, scope.context)
        case Runtime():
            return _runtime_value(node, scope)
        case Item(base, key):
            value = readable(value_of(base, scope), node.text)
            if value is NOT_RUN:
                return value
            if isinstance(base, Runtime) and isinstance(base.expression, Message):
                require_structure(value, node.text)
            return readable(member(value, _key(key, scope)), node.text)
        case Path():
            return _path_of(node, scope)
    return passes(node, replace(scope, direction=0))


def selected(path: Path, scope: Scope) -> list[Any]:
    """Return the values that a path selects, without regard to ``.length``.

    :raises EvaluationError: as :func:`passes`, and if it leads into a root that is neither object nor array.
    """
    start = scope.current if path.relative else scope.root
    if path.segments and not path.relative:
        require_structure(start, path.text)
    return select(
        path.segments,
        start,
        lambda node: _key(node, scope),
        lambda condition, value: passes(condition, replace(scope, current=value, filtering=True, direction=0)),
    )


def _decided(operands: tuple[Node, ...], scope: Scope, *, by: bool) -> bool:
    """Let the first operand whose value is ``by`` decide; one that cannot be evaluated counts only if none does."""
    problem: EvaluationError | None = None
    for operand in operands:
        try:
            if passes(operand, scope) is by:
                return by
        except EvaluationError as error:
            problem = error if problem is None or isinstance(problem, AbsentError) else problem
    if problem is not None:
        raise problem
    return not by


def _path_of(path: Path, scope: Scope) -> Any:
    try:
        value = _path_value(path, scope)
    except NotRunError:
        if path.singular and not path.length:
            return NOT_RUN
        raise
    for each in _candidates(value):
        readable(each, path.text)
    return value


def _runtime_value(node: Runtime, scope: Scope) -> Any:
    """Return the value of a runtime expression or, if that is absent and it ends so, its length."""
    if _never_came(node.expression, scope.context.exchange):
        why = "the workflow has not ended" if isinstance(node.expression, Output) else "there is no answer"
        raise NoAnswerError(f"{node.text} is absent: {why}")
    owner = readable(evaluate(node.owner, scope.context), node.text) if node.owner else ABSENT
    if isinstance(owner, str):
        return length_of(owner)  # text has no other member
    value = readable(evaluate(node.expression, scope.context), node.text)
    if value is ABSENT:
        require_structured_output(node.expression, scope.context)
    if value is ABSENT and kind_of_absent(node.expression, scope.context) is NOT_RUN:
        return _nothing_holds(0) if node.owner else NOT_RUN
    return length_of(owner) if value is ABSENT and node.owner else value


def _nothing_holds(direction: int) -> bool:
    """Return False for what a step that did not run would have given.

    :param direction: as for :class:`Scope`.
    :raises EvaluationError: unless the only consequence is that the condition does not hold.
    """
    if direction != 1:
        raise EvaluationError("only '== null' can be concluded from the output of a step that did not run")
    return False


def _key(node: Node, scope: Scope) -> Any:
    """Return a name or an index.

    :raises EvaluationError: if it would have come from a step that did not run.
    """
    key = value_of(node, scope)
    return _nothing_holds(0) if key is NOT_RUN else key


def _exists(path: Path, value: Any) -> bool:
    """Return whether what a lone path in a filter asks for exists: the value or, with ``.length``, its length."""
    if not path.length:
        return True
    return path.length in value if isinstance(value, dict) else length_of(value) > 0


def _never_came(expression: Expression, exchange: Exchange | None) -> bool:
    """Return whether an expression looks at an answer that never came, or at a request that was never made.

    A step that calls a workflow has neither of its own, only a status. Any other has no outputs of a workflow.
    """
    match expression:
        case Message(side="request") | Fixed(name="url" | "method"):
            return exchange is None or exchange.is_call
        case Output():
            return exchange is None or not exchange.is_call
        case Message():
            return exchange is None or exchange.is_call or exchange.response is None
        case Fixed(name="statusCode"):
            return exchange is None or exchange.response is None
    return False


def _both_missing(left: Node, right: Node, scope: Scope) -> bool:
    """Return whether the status of an answer that never came is compared with null."""
    if not _never_came(_STATUS, scope.context.exchange):
        return False
    sides = ((left, right), (right, left))
    others = [other for node, other in sides if isinstance(node, Runtime) and node.expression == _STATUS]
    return any(value_of(other, scope) is None for other in others)


def _compare(operator: str, left: Any, right: Any, scope: Scope) -> bool:
    """Compare; of several values any will do, and ``!=`` is the opposite of ``==``."""
    if left is NOT_RUN or right is NOT_RUN:
        if left is None or right is None:
            return operator == "=="
        return not _nothing_holds(-scope.direction) if operator == "!=" else _nothing_holds(scope.direction)
    if operator == "!=":
        return not _compare("==", left, right, scope)
    if not isinstance(left, Several) and not isinstance(right, Several):
        return holds(operator, left, right, loose=scope.loose)
    lefts, rights = _candidates(left), _candidates(right)
    return any(holds(operator, one, two, loose=scope.loose) for one in lefts for two in rights)


def _candidates(value: Any) -> tuple[Any, ...]:
    return (value.values or (ABSENT,)) if isinstance(value, Several) else (value,)


def _path_value(path: Path, scope: Scope) -> Any:
    values = selected(path, scope)
    if not path.length:
        return (values[0] if values else ABSENT) if path.singular else Several(tuple(values))
    if path.singular:
        return _length(values[0], path.length) if values else NO_LENGTH
    named = [value[path.length] for value in values if isinstance(value, dict) and path.length in value]
    if named:
        return Several(tuple(named))
    if _collects(path):
        return len(values)
    return Several(tuple(length_of(value) for value in values) or (NO_LENGTH,))


def _length(value: Any, name: str) -> Any:
    """Return the member called ``length``, or else the length of the value."""
    return value[name] if isinstance(value, dict) and name in value else length_of(value)


def _collects(path: Path) -> bool:
    """Return whether the length of a path is the number of values it selects: it ends in a filter or the like."""
    last = path.segments[-1]
    return last.deep or len(last.selectors) > 1 or not last.singular
