"""What a document says: one model per object of the specification, reusable objects resolved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arazzo.lazy_names import imported_when_used

if TYPE_CHECKING:
    from arazzo.document.concurrency import awaited_steps
    from arazzo.document.control import (
        Transfer,
        Unmatched,
        may_match_nothing,
        merged_actions,
        merged_parameters,
        named_workflows,
        next_step,
        resolve_unmatched,
        successors,
    )
    from arazzo.document.input_declarations import declared_inputs
    from arazzo.document.loading import LoadedDocument, load_document, parse_document
    from arazzo.document.scc import Reach, entrances, strongly_connected
    from arazzo.document.settings import EXTENSION, Settings, deciding_steps, settings_of
    from arazzo.document.shape import Hints
    from arazzo.document.step_parts import When, merged_step, step_criteria, step_values, value_expressions
    from arazzo.pointer import escape
else:
    __getattr__ = imported_when_used(
        __name__,
        {
            "arazzo.document.concurrency": "awaited_steps",
            "arazzo.document.control": (
                "Transfer Unmatched may_match_nothing merged_actions merged_parameters named_workflows next_step "
                "resolve_unmatched successors"
            ),
            "arazzo.document.input_declarations": "declared_inputs",
            "arazzo.document.loading": "LoadedDocument load_document parse_document",
            "arazzo.document.scc": "Reach entrances strongly_connected",
            "arazzo.document.settings": "EXTENSION Settings deciding_steps settings_of",
            "arazzo.document.shape": "Hints",
            "arazzo.document.step_parts": "When merged_step step_criteria step_values value_expressions",
            "arazzo.pointer": "escape",
        },
    )
