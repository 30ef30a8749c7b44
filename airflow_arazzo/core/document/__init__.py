"""What a document says: one model per object of the specification, reusable objects resolved."""

from airflow_arazzo.core.document.control import (
    Transfer,
    Unmatched,
    may_match_nothing,
    merged_actions,
    merged_parameters,
    next_step,
    resolve_unmatched,
    successors,
)

__all__ = [
    "Transfer",
    "Unmatched",
    "may_match_nothing",
    "merged_actions",
    "merged_parameters",
    "next_step",
    "resolve_unmatched",
    "successors",
]
