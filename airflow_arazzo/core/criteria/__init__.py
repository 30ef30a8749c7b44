"""Criteria (Arazzo 1.1.0, Criterion Object): simple, regex, jsonpath and xpath conditions, read and evaluated."""

from __future__ import annotations

from airflow_arazzo.core.criteria.boolean import parse_boolean
from airflow_arazzo.core.criteria.criterion import check, evaluate
from airflow_arazzo.core.criteria.references import expressions
from airflow_arazzo.core.criteria.simple import parse_simple
from airflow_arazzo.core.criteria.verdict import Finding, Verdict

__all__ = ["Finding", "Verdict", "check", "evaluate", "expressions", "parse_boolean", "parse_simple"]
