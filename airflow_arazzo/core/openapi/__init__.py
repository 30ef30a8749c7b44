"""API descriptions: find an operation, build its request, read its response.

OpenAPI 3.0, 3.1, 3.2 and Swagger 2.0 all become :class:`~airflow_arazzo.core.openapi.operation.Operation`, a value that
needs the description no more.
"""

from airflow_arazzo.core.openapi.bodies import Body
from airflow_arazzo.core.openapi.description import Description, Endpoint, UnresolvedReferenceError
from airflow_arazzo.core.openapi.loading import load_description
from airflow_arazzo.core.openapi.operation import Operation, SecurityScheme
from airflow_arazzo.core.openapi.references import UnresolvedOperation, find_operation, portable_reference
from airflow_arazzo.core.openapi.remote import named_files
from airflow_arazzo.core.openapi.replacements import Replacement, apply_replacements
from airflow_arazzo.core.openapi.requests import Argument, build_request
from airflow_arazzo.core.openapi.responses import decode_content
from airflow_arazzo.core.openapi.security import Credentials, authorize, unmet_schemes, wanted_tokens
from airflow_arazzo.core.openapi.sources import Overrides, Sources

__all__ = [
    "Argument",
    "Body",
    "Credentials",
    "Description",
    "Endpoint",
    "Operation",
    "Overrides",
    "Replacement",
    "SecurityScheme",
    "Sources",
    "UnresolvedOperation",
    "UnresolvedReferenceError",
    "apply_replacements",
    "authorize",
    "build_request",
    "decode_content",
    "find_operation",
    "load_description",
    "named_files",
    "portable_reference",
    "unmet_schemes",
    "wanted_tokens",
]
