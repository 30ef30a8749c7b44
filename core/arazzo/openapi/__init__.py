"""API descriptions: find an operation, build its request, read its response.

OpenAPI 3.0, 3.1, 3.2 and Swagger 2.0 all become :class:`~arazzo.openapi.operation.Operation`, a value that no longer
needs the description.
"""
