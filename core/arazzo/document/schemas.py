"""The reader of JSON Schemas: which schemas one contains, which of them are for the same value, and what one says.

References are written out, or lead into ``$defs`` of the whole schema. The value of a keyword may be anything: some
descriptions have null where a map belongs, and a boolean is a schema, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from arazzo.limits import current_limits
from arazzo.pointer import tokens_of

#: Keywords whose value is a schema, a map of schemas, or a list of them.
NESTED = frozenset(("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames"))
NESTED |= {"unevaluatedProperties", "unevaluatedItems", "contentSchema"}
MAPS = frozenset(("properties", "patternProperties", "$defs", "definitions", "dependentSchemas"))
LISTS = frozenset(("allOf", "anyOf", "oneOf", "prefixItems"))
HOLDING = NESTED | MAPS | LISTS
REFERENCES: Final = ("$ref", "$dynamicRef")
#: Keywords that only describe.
ANNOTATIONS = frozenset(("title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly"))
#: Keywords whose values are data, in which ``$ref`` is nothing special.
DATA = frozenset(("const", "enum", "default", "example", "examples"))
#: Keywords whose schemas apply to the same value, but in some cases only.
CHOICES: Final = ("anyOf", "oneOf", "if", "then", "else", "dependentSchemas")
#: Keywords whose schemas apply to the same value as the schema around them.
IN_PLACE = frozenset(("allOf", "not", *CHOICES))
_DEFINED = "#/$defs/"
_UNNAMED = re.compile(r"[^\w.-]", re.ASCII)


def mapping(value: Any) -> dict[str, Any]:
    """Return the value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def sequence(value: Any) -> list[Any]:
    """Return the value if it is an array, else an empty one."""
    return value if isinstance(value, list) else []


def schemas_of(keyword: str, value: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield the schemas in the value of a keyword, each with the path to it."""
    if keyword in NESTED:
        yield (keyword,), value
    elif keyword in MAPS and isinstance(value, dict):
        yield from (((keyword, name), item) for name, item in value.items())
    elif keyword in LISTS and isinstance(value, list):
        yield from (((keyword, str(index)), item) for index, item in enumerate(value))


def subschemas(schema: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield the schemas directly inside a schema, each with the path to it."""
    for keyword, value in schema.items() if isinstance(schema, dict) else ():
        yield from schemas_of(keyword, value)


def rewritten(keyword: str, value: Any, write: Callable[[Any, tuple[str, ...]], Any]) -> Any:
    """Return the value of a keyword with its schemas rewritten.

    :param write: takes a schema and the path to it.
    """
    if keyword in NESTED:
        return write(value, (keyword,))
    if keyword in MAPS and isinstance(value, dict):
        return {name: write(item, (keyword, name)) for name, item in value.items()}
    if keyword in LISTS and isinstance(value, list):
        return [write(item, (keyword, str(index))) for index, item in enumerate(value)]
    return value


def is_too_deep(schema: Any) -> bool:
    """Say whether a schema is nested deeper than its readers can handle; without recursion."""
    level = [schema]
    for _ in range(current_limits().schema_nesting + 1):
        level = [inner for each in level for _, inner in subschemas(each)]
        if not level:
            return False
    return True


def target(schema: Any, root: Any) -> Any:
    """Return what a schema's reference leads to in ``$defs`` of the whole; None if it has none, or it leads nowhere.

    :param root: the whole schema.
    """
    reference = schema.get("$ref")
    if not isinstance(reference, str) or not reference.startswith(_DEFINED):
        return None
    return mapping(mapping(root).get("$defs")).get(reference.removeprefix(_DEFINED))


def definition_name(pointer: str, number: int) -> str:
    """Return a name for ``$defs`` that needs no escapes in a reference.

    :param pointer: to what is defined; its last part becomes part of the name.
    :param number: tells apart those that would have the same name.
    """
    return _UNNAMED.sub("_", f"{(tokens_of(pointer) or ['schema'])[-1]}-{number}")


def below(schema: Any, root: Any) -> Iterator[dict[str, Any]]:
    """Yield a schema and all schemas that it contains or refers to, each once, in document order.

    :param root: the whole schema, to whose ``$defs`` references lead.
    """
    waiting, seen = [schema], set[int]()
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict) and id(part) not in seen:
            seen.add(id(part))
            yield part
            waiting += reversed([target(part, root), *(inner for _, inner in subschemas(part))])


def parts(
    schema: Any, root: Any, choices: Sequence[str] = (), seen: frozenset[int] = frozenset()
) -> Iterator[tuple[dict[str, Any], bool]]:
    """Yield a schema and the others for the same value, each with whether it applies in every case.

    :param root: the whole schema, to whose ``$defs`` references lead.
    :param choices: keywords whose schemas are included although they apply in some cases only.
    """
    if not isinstance(schema, dict) or id(schema) in seen:
        return
    yield schema, True
    seen |= {id(schema)}
    yield from parts(target(schema, root), root, choices, seen)
    for item in sequence(schema.get("allOf")):
        yield from parts(item, root, choices, seen)
    for word in filter(schema.__contains__, choices):
        for _, item in schemas_of(word, schema[word]):
            yield from ((part, False) for part, _ in parts(item, root, choices, seen))


def properties_of(schema: Any) -> dict[str, Any]:
    """Return the schemas of an object's properties."""
    found = schema.get("properties") if isinstance(schema, dict) else None
    return found if isinstance(found, dict) else {}


def property_of(schema: Any, name: str) -> dict[str, Any] | bool:
    """Return the schema of a property; True if nothing is said about it."""
    found = properties_of(schema).get(name, True)
    return found if isinstance(found, (dict, bool)) else True


def items_of(schema: Any) -> Any:
    """Return the schema of an array's elements; True if nothing is said about them."""
    return mapping(schema).get("items", True)


def types_of(schema: Any) -> list[str]:
    """Return the types of a schema other than null, as given or as its properties imply; none if neither says so."""
    kind = mapping(schema).get("type")
    types = [name for name in (kind if isinstance(kind, list) else [kind]) if isinstance(name, str) and name != "null"]
    return types or (["object"] if "properties" in mapping(schema) else [])


def type_of(schema: Any) -> str | None:
    """Return the only type of a schema other than null; None if there are several or none is given."""
    types = types_of(schema)
    return types[0] if len(types) == 1 else None
