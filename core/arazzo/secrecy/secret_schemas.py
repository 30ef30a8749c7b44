"""Which parts of a JSON Schema are secret: by their names, and by ``format: password``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import unquote

from arazzo.document.input_declarations import parts_of
from arazzo.expressions import apply_pointer
from arazzo.secrecy.sensitive_names import is_sensitive


def secret_inputs(schema: Any, marked: Iterable[str] = ()) -> frozenset[str]:
    """Return the names of the inputs that are secret, or in which something has ``format: password``.

    :param schema: JSON Schema of the inputs.
    :param marked: names that the document or the factory marks.
    """
    marked = frozenset(marked)
    return frozenset(
        name
        for each in parts_of(schema)
        for name, item in (each["properties"].items() if isinstance(each.get("properties"), dict) else ())
        if is_sensitive(name, marked) or any(inner.get("format") == "password" for inner in _below(item, schema))
    )


def sensitive_members(schema: Any, root: Any) -> bool:
    """Tell whether a schema has members, at any depth, whose names say that they are secret.

    :param root: the schema in which its references are looked up.
    """
    found = (each["properties"] for each in _below(schema, root) if isinstance(each.get("properties"), dict))
    return any(is_sensitive(name) for names in found for name in names)


def _below(schema: Any, root: Any) -> Iterator[dict[str, Any]]:
    """Yield a schema and all schemas in it, each once, references followed."""
    queue, seen = [schema], set()
    while queue:
        match queue.pop():
            case dict() as item if id(item) not in seen:
                seen.add(id(item))
                yield item
                queue += item.values()
                if isinstance(reference := item.get("$ref"), str) and reference.startswith("#"):
                    queue.append(apply_pointer(root, unquote(reference[1:])))
            case list() as items:
                queue += items
