"""Validation: rules with ids over a document, every problem at once, and reports of them."""

from airflow_arazzo.core.validation.reports import Format, report
from airflow_arazzo.core.validation.rules import RULES, Rule
from airflow_arazzo.core.validation.validating import validate

__all__ = ["RULES", "Format", "Rule", "report", "validate"]
