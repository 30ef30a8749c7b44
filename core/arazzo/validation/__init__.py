"""Validation: rules with ids over a document, every problem at once, and reports of them."""

from arazzo.validation.reports import Format, report
from arazzo.validation.rules import RULES, Rule
from arazzo.validation.validating import validate

__all__ = ["RULES", "Format", "Rule", "report", "validate"]
