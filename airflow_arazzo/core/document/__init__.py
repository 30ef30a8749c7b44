"""What a document says: one model per object of the specification, reusable objects resolved."""

from airflow_arazzo.core.document.control import (
    MAX_CALL_DEPTH,
    MAX_CALLS,
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
from airflow_arazzo.core.document.cycles import Reach, entrances, strongly_connected
from airflow_arazzo.core.document.inputs import DeclaredInputs, declared_inputs
from airflow_arazzo.core.document.loading import LoadedDocument, load_document, parse_document
from airflow_arazzo.core.document.needs import awaited_steps
from airflow_arazzo.core.document.schemas import Resolver
from airflow_arazzo.core.document.settings import EXTENSION, Settings, deciding_steps, settings_of
from airflow_arazzo.core.document.shape import Hints, describe
from airflow_arazzo.core.pointer import escape

__all__ = [
    "EXTENSION",
    "MAX_CALLS",
    "MAX_CALL_DEPTH",
    "DeclaredInputs",
    "Hints",
    "LoadedDocument",
    "Reach",
    "Resolver",
    "Settings",
    "Transfer",
    "Unmatched",
    "awaited_steps",
    "deciding_steps",
    "declared_inputs",
    "describe",
    "entrances",
    "escape",
    "load_document",
    "may_match_nothing",
    "merged_actions",
    "merged_parameters",
    "named_workflows",
    "next_step",
    "parse_document",
    "resolve_unmatched",
    "settings_of",
    "strongly_connected",
    "successors",
]
