"""Runtime expressions (Arazzo 1.1.0, Runtime Expressions): parsing, templates, evaluation, selectors.

:mod:`~airflow_arazzo.core.expressions.selectors` is imported by name; the libraries it needs load on first use.
"""

from __future__ import annotations

from airflow_arazzo.core.absent import ABSENT
from airflow_arazzo.core.errors import ExpressionSyntaxError
from airflow_arazzo.core.expressions.context import Context, Dialect, as_it_is
from airflow_arazzo.core.expressions.evaluation import (
    embed,
    evaluate,
    evaluate_output,
    evaluate_value,
    require_structure,
    to_json_text,
    to_literal,
    to_text,
    to_xpath,
)
from airflow_arazzo.core.expressions.navigation import apply_pointer
from airflow_arazzo.core.expressions.nodes import (
    ComponentReference,
    Expression,
    Fixed,
    Input,
    Message,
    Output,
    SourceReference,
    StepOutput,
    WorkflowValue,
)
from airflow_arazzo.core.expressions.parser import parse_context, parse_expression
from airflow_arazzo.core.expressions.portable import Declared, Loose, declared_name, find_loose, portable
from airflow_arazzo.core.expressions.selectors import select
from airflow_arazzo.core.expressions.spelling import misspelled_root
from airflow_arazzo.core.expressions.templates import (
    Template,
    find_expressions,
    is_selector,
    parse_template,
    scan_expression,
)

__all__ = [
    "ABSENT",
    "ComponentReference",
    "Context",
    "Declared",
    "Dialect",
    "Expression",
    "ExpressionSyntaxError",
    "Fixed",
    "Input",
    "Loose",
    "Message",
    "Output",
    "SourceReference",
    "StepOutput",
    "Template",
    "WorkflowValue",
    "apply_pointer",
    "as_it_is",
    "declared_name",
    "embed",
    "evaluate",
    "evaluate_output",
    "evaluate_value",
    "find_expressions",
    "find_loose",
    "is_selector",
    "misspelled_root",
    "parse_context",
    "parse_expression",
    "parse_template",
    "portable",
    "require_structure",
    "scan_expression",
    "select",
    "to_json_text",
    "to_literal",
    "to_text",
    "to_xpath",
]
