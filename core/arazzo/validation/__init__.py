"""Validation: rules with ids over a document, every problem at once, and reports of them."""

from arazzo.validation.reports import Format, report
from arazzo.validation.rules import PORTABILITY, RULES, Rule
from arazzo.validation.validating import validate

__all__ = ["PORTABILITY", "RULES", "Format", "Rule", "report", "validate"]
