"""API descriptions: find an operation, build its request, read its response.

OpenAPI 3.0, 3.1, 3.2 and Swagger 2.0 all become :class:`~arazzo.openapi.operation.Operation`, a value that no longer
needs the description.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from arazzo.lazy_names import imported_when_used

if TYPE_CHECKING:
    from arazzo.openapi.bodies import Body
    from arazzo.openapi.description import Description, Endpoint, UnresolvedReferenceError
    from arazzo.openapi.description_loading import load_description
    from arazzo.openapi.operation import Operation, SecurityScheme
    from arazzo.openapi.operation_lookup import UnresolvedOperation, find_operation, portable_reference
    from arazzo.openapi.remote import named_files
    from arazzo.openapi.replacements import Replacement, apply_replacements
    from arazzo.openapi.request_building import Argument, build_request
    from arazzo.openapi.responses import decode_content, parsed_content, with_content
    from arazzo.openapi.security import Credentials, authorize, has_secret_for, unmet_schemes, wanted_tokens
    from arazzo.openapi.sources import Overrides, Sources
else:
    __getattr__ = imported_when_used(
        __name__,
        {
            "arazzo.openapi.bodies": "Body",
            "arazzo.openapi.description": "Description Endpoint UnresolvedReferenceError",
            "arazzo.openapi.description_loading": "load_description",
            "arazzo.openapi.operation": "Operation SecurityScheme",
            "arazzo.openapi.operation_lookup": "UnresolvedOperation find_operation portable_reference",
            "arazzo.openapi.remote": "named_files",
            "arazzo.openapi.replacements": "Replacement apply_replacements",
            "arazzo.openapi.request_building": "Argument build_request",
            "arazzo.openapi.responses": "decode_content parsed_content with_content",
            "arazzo.openapi.security": "Credentials authorize has_secret_for unmet_schemes wanted_tokens",
            "arazzo.openapi.sources": "Overrides Sources",
        },
    )
