"""Which parts of a JSON Schema are secret: by name, or by ``format: password``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from arazzo.document.schemas import CHOICES, below, parts, properties_of
from arazzo.secrecy.sensitive_names import is_sensitive


def secret_inputs(schema: Any, marked: Iterable[str] = ()) -> frozenset[str]:
    """Return the names of the inputs that are secret, or that contain something with ``format: password``.

    :param schema: JSON Schema of the inputs.
    :param marked: names that the document or the factory marks.
    """
    marked = frozenset(marked)
    return frozenset(
        name
        for each, _ in parts(schema, schema, CHOICES)
        for name, item in properties_of(each).items()
        if is_sensitive(name, marked) or any(inner.get("format") == "password" for inner in below(item, schema))
    )


def sensitive_members(schema: Any, root: Any) -> bool:
    """Tell whether a schema has members, at any depth, with names of secrets.

    :param root: the schema in which its references are looked up.
    """
    return any(is_sensitive(name) for each in below(schema, root) for name in properties_of(each))
