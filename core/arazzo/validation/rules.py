"""The rules: every id that a problem can have, its severity, and its subject in one line.

docs/rules.md has a section for each. A rule that is *lenient* warns about what the lenient dialect reads although the
specification does not allow it; with ``--strict`` it is an error.
"""

from __future__ import annotations

from arazzo.errors import Severity
from arazzo.expressions.context import Dialect
from arazzo.frozen import dataclass


@dataclass(frozen=True)
class Rule:
    """One rule.

    :param id: kebab-case, as problems carry it.
    :param severity: error or warning, in the lenient dialect.
    :param summary: one line.
    :param lenient: whether the strict dialect makes an error of it.
    """

    id: str
    severity: Severity
    summary: str
    lenient: bool = False

    def severity_in(self, dialect: Dialect) -> Severity:
        """Return the weight of the rule in a dialect."""
        return Severity.ERROR if self.lenient and dialect == "strict" else self.severity


_ERRORS = {
    # the file
    "unreadable-file": "the file is missing, a folder, not UTF-8, or cannot be read",
    "yaml-syntax": "the text is not YAML 1.2, or contains something that JSON cannot express",
    "json-syntax": "the text is not JSON",
    "duplicate-key": "a map has a key twice",
    "yaml-limits": "the file is too large, too deep, or becomes so when aliases and references are expanded",
    # the shape
    "not-a-document": "the file is not an Arazzo document",
    "unsupported-version": "the version of Arazzo is not known",
    "missing-field": "a required field is missing or empty",
    "misspelled-field": "an object has no such field, but one with a similar name",
    "wrong-type": "a value has the wrong type for its field",
    "invalid-value": "a value is not one of the allowed values",
    "conflicting-fields": "two fields exclude each other",
    "duplicate-source": "two source descriptions have the same name",
    "duplicate-workflow": "two workflows have the same id",
    "duplicate-step": "two steps of a workflow have the same id",
    "circular-dependency": "steps depend on each other in a circle",
    "unknown-component": "a reference names a component that does not exist",
    "unknown-reference": "a $ref in inputs leads nowhere",
    "invalid-schema": "inputs are not a JSON Schema",
    "unknown-setting": "x-airflow has no such setting",
    "invalid-setting": "a setting of x-airflow has a value it cannot have",
    "unknown-input": "a value is bound to an input that the workflow does not have",
    "unknown-sensitive": "a name that is marked as secret belongs to no input and no output",
    "unknown-variable": "a value is set for a variable that no server has",
    "invalid-binding": "the schema of an input refuses the value that is bound to it",
    "unbound-input": "a workflow has a schedule, but nothing gives it a required input",
    "taken-id": "workflows of two documents in a folder have the same id",
    # what it refers to
    "missing-source": "the file of a source description does not exist",
    "remote-source": "a source description is remote, and there is no copy of it",
    "not-an-api-description": "the file of a source description is not an API description",
    "unknown-source": "there is no source description of that name",
    "unknown-operation": "a step names an operation that does not exist, or that is ambiguous",
    "unknown-workflow": "a workflow that is called, followed or awaited does not exist",
    "recursive-workflow": "workflows call each other in a circle",
    "too-many-calls": "a workflow calls too many workflows, or too deep",
    "unfed-workflow": "a goto or retry leads to a workflow that requires an input which it does not get",
    "unknown-step": "an action, dependsOn or expression names a step that does not exist",
    "homeless-parameter": "a path parameter of the workflow has no place in the path of a step's operation",
    # expressions and conditions
    "unquoted-expression": "braces without quotes turn an expression into a map",
    "unreadable-expression": "text begins like a runtime expression but is not one",
    "unreadable-selector": "a selector or the target of a replacement cannot be read",
    "unreadable-condition": "the condition cannot be read",
    "unreadable-context": "the context of a criterion is not a runtime expression",
    "missing-context": "a criterion of this type needs a context",
    "unknown-criterion-type": "a criterion has a type or version that does not exist",
}

_WARNINGS = {
    # the flow
    "unreachable-step": "no path leads to a step",
    "idle-action": "an action is never reached, because of those before it",
    "unmeetable-criteria": "criteria can never all hold at once",
    "spent-retry": "an exhausted retry after success ends the workflow as a success",
    "fall-through": "the document does not say what follows if no success action holds",
    "unbounded-loop": "nothing in the document limits a loop",
    "idle-setting": "a setting of a step is ignored, because that of another step in the same task counts",
    "unchecked-contract": "answers cannot be checked, because their description is broken or says nothing about them",
    "skipped-step": "an expression reads a step that may not have run",
    # values
    "undeclared-input": "an expression or a call names an input that is not declared",
    "undeclared-output": "an expression names an output that is not declared",
    "missing-input": "a call leaves out an input that the workflow requires",
    "early-expression": "an expression reads what does not exist yet",
    "non-portable-expression": "only the lenient dialect reads this expression",
    "misspelled-expression": "text looks like a runtime expression but is not one",
    "non-portable-condition": "only the lenient dialect reads this condition",
    "foreign-expression": "text is a placeholder of another tool; it is sent as it is",
    "newer-value": "a value is from a newer version than the document states, and is read as a literal",
    "misleading-jsonpath": "a JSONPath query does not say what it looks like",
    # requests
    "path-need": "a path needs an input that is optional and has no default",
    "input-need": "a request needs an input that is optional and has no default",
    "empty-body": "every member of a body of PUT or PATCH may be absent",
    "malformed-body": "a request body is not what its content type says",
    "undeclared-content-type": "an operation takes no body of that content type",
    "missing-parameter": "a step leaves out what its operation requires",
    "undeclared-parameter": "an operation has no such parameter",
    "uncallable-server": "the description has no server that can be called",
    "missing-credential": "steps call secured operations and pass no credential",
    "written-secret": "a secret is written into the document",
    "unresolved-reference": "a $ref of an API description leads nowhere",
    "asyncapi-step": "a step sends or receives a message, which is planned but not run",
    # the shape
    "foreign-extension": "an extension of another tool does nothing here",
    "idle-field": "a field has no effect where it is",
}

_LENIENT = {
    "later-step": "an expression reads a step that cannot have run yet",
    "odd-name": "a name has characters that expressions cannot contain",
    "odd-uri": "a URL has characters that a URI reference cannot hold",
    "unknown-field": "an object has no such field",
    "merge-key": "a map merges another one, which YAML 1.1 allows and YAML 1.2 does not",
    "newer-version": "the version of Arazzo is read as an older one",
    "newer-field": "a field is from a newer version than the document states",
    "empty-field": "a field is empty",
    "not-text": "a number or a boolean is used where text belongs",
    "not-a-number": "text is used where a number belongs",
    "not-a-list": "one value is used where a list belongs",
    "not-a-map": "a list is used where a map belongs",
    "bare-condition": "text is used where a criterion belongs",
    "lone-condition": "a condition is used where criteria belong",
    "loose-reference": "a component, a workflow or an operation is named in a way that the specification does not have",
    "missing-name": "an action has no name",
    "missing-in": "a parameter does not say where it goes",
    "needless-in": "a parameter of an action says where it goes",
    "missing-version": "an expression type has no version",
    "duplicate-action": "two actions of a list have the same name",
    "duplicate-dependency": "dependsOn names one thing twice",
    "duplicate-parameter": "two parameters of a list have the same name and place",
    "success-retry": "a success action is of type retry",
    "body-parameter": "a parameter goes into the body",
    "constant-output": "an output is a constant",
}

#: Rules about spellings that other readers of Arazzo do not understand: shown on request, and by ``--strict``.
PORTABILITY = frozenset({"non-portable-expression", "non-portable-condition", "loose-reference"})

RULES: dict[str, Rule] = {
    rule.id: rule
    for rule in (
        *(Rule(name, Severity.ERROR, summary) for name, summary in _ERRORS.items()),
        *(Rule(name, Severity.WARNING, summary) for name, summary in _WARNINGS.items()),
        *(Rule(name, Severity.WARNING, summary, lenient=True) for name, summary in _LENIENT.items()),
    )
}
"""Every rule by its id."""
