"""Runtime expressions (Arazzo 1.1.0, Runtime Expressions): parsing, templates, evaluation, selectors.

:mod:`~arazzo.expressions.selectors` is imported by name; the libraries it needs load on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from arazzo.lazy_names import imported_when_used

if TYPE_CHECKING:
    from arazzo.absent import ABSENT
    from arazzo.errors import ExpressionSyntaxError
    from arazzo.expressions.context import Context, Dialect, unchanged
    from arazzo.expressions.evaluation import (
        Gap,
        embed,
        evaluate,
        evaluate_output,
        evaluate_value,
        kind_of_absent,
        known_kind,
        require_structure,
        require_structured_output,
        to_json_text,
        to_literal,
        to_text,
    )
    from arazzo.expressions.navigation import apply_pointer
    from arazzo.expressions.nodes import (
        RESPONSE_BODY,
        ComponentReference,
        Expression,
        Fixed,
        Input,
        Message,
        Output,
        SourceReference,
        StepOutput,
        WorkflowValue,
        reads_all,
    )
    from arazzo.expressions.parser import parse_context, parse_expression
    from arazzo.expressions.portability import declared_name, find_loose
    from arazzo.expressions.selectors import select
    from arazzo.expressions.spelling import misspelled_root
    from arazzo.expressions.templates import (
        Template,
        find_expressions,
        is_selector,
        parse_selected,
        parse_template,
        scan_expression,
    )
else:
    __getattr__ = imported_when_used(
        __name__,
        {
            "arazzo.absent": "ABSENT",
            "arazzo.errors": "ExpressionSyntaxError",
            "arazzo.expressions.context": "Context Dialect unchanged",
            "arazzo.expressions.evaluation": (
                "Gap embed evaluate evaluate_output evaluate_value kind_of_absent known_kind require_structure "
                "require_structured_output to_json_text to_literal to_text"
            ),
            "arazzo.expressions.navigation": "apply_pointer",
            "arazzo.expressions.nodes": (
                "RESPONSE_BODY ComponentReference Expression Fixed Input Message Output SourceReference "
                "StepOutput WorkflowValue reads_all"
            ),
            "arazzo.expressions.parser": "parse_context parse_expression",
            "arazzo.expressions.portability": "declared_name find_loose",
            "arazzo.expressions.selectors": "select",
            "arazzo.expressions.spelling": "misspelled_root",
            "arazzo.expressions.templates": (
                "Template find_expressions is_selector parse_selected parse_template scan_expression"
            ),
        },
    )
