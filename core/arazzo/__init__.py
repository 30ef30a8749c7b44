"""An engine for Arazzo documents: load, validate, compile and run workflows over HTTP APIs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arazzo.lazy_names import imported_when_used

__version__ = "0.1.0"

if TYPE_CHECKING:
    from arazzo.document.loading import load_document
    from arazzo.engine import load_plan, run_local
    from arazzo.errors import Problem
    from arazzo.flow import Plan, compile_document
    from arazzo.validation import validate
else:
    __getattr__ = imported_when_used(
        __name__,
        {
            "arazzo.document.loading": "load_document",
            "arazzo.engine": "load_plan run_local",
            "arazzo.errors": "Problem",
            "arazzo.flow": "Plan compile_document",
            "arazzo.validation": "validate",
        },
    )

__all__ = [
    "Plan",
    "Problem",
    "__version__",
    "compile_document",
    "load_document",
    "load_plan",
    "run_local",
    "validate",
]
