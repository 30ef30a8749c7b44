"""From text to :class:`Description`: which version it is, and the module for that version."""

from __future__ import annotations

from typing import Any

from arazzo.errors import DocumentError, Severity
from arazzo.openapi import v2, v3
from arazzo.openapi.description import Description, Edition, Loader
from arazzo.source.copies import Copies
from arazzo.source.text import Source


def load_description(source: Source, name: str, *, loader: Loader | None = None) -> Description:
    """Return the API description that a source holds: OpenAPI 3.x or Swagger 2.0.

    :param name: name of the source description.
    :param loader: loads files that references name, by absolute path or URL; by default local files and copies.
    :raises DocumentError: if it is not an API description (rule ``not-an-api-description``).
    """
    raw = source.data
    if not isinstance(raw, dict):
        raise _refused(source, "it is not an object", None)
    version, edition = _edition(source, raw)
    return Description(name, source, raw, version, edition, loader or Copies.of(source.uri).open)


def _edition(source: Source, raw: dict[str, Any]) -> tuple[str, Edition]:
    version = str(raw.get("openapi", raw.get("swagger", "")))
    if "openapi" in raw and version.startswith("3."):
        return version, v3
    if "swagger" in raw and version in ("2", "2.0"):
        return "2.0", v2
    if "openapi" in raw or "swagger" in raw:
        raise _refused(source, f"version '{version}' is not known", "known are OpenAPI 3.0 to 3.2 and Swagger 2.0")
    for kind in ("arazzo", "asyncapi"):
        if kind in raw:
            hint = f"give the source description 'type: {kind}'"
            raise _refused(source, f"it has the field '{kind}', so it is another kind of document", hint)
    raise _refused(source, "it has neither the field 'openapi' nor 'swagger'", None)


def _refused(source: Source, reason: str, hint: str | None) -> DocumentError:
    message = f"this is not an API description: {reason}"
    return DocumentError([source.problem("not-an-api-description", Severity.ERROR, "", message, hint)])
