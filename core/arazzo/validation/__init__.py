"""Validation: rules with ids, applied to a document to find all its problems at once, and reports of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arazzo.lazy_names import imported_when_used

if TYPE_CHECKING:
    from arazzo.validation.reports import Format, report
    from arazzo.validation.rules import PORTABILITY, RULES
    from arazzo.validation.validating import validate
else:
    __getattr__ = imported_when_used(
        __name__,
        {
            "arazzo.validation.reports": "Format report",
            "arazzo.validation.rules": "PORTABILITY RULES",
            "arazzo.validation.validating": "validate",
        },
    )
