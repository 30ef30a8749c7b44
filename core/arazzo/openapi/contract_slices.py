"""What an operation's answers and bodies are checked against, cut out of its description to travel in a plan.

Whatever the version (Swagger 2.0, OpenAPI 3.0 to 3.2), schemas become JSON Schema 2020-12 with everything they refer
to, for one direction: requests need not have read-only members, nor answers write-only ones.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from arazzo.document.meta_schema import KEYWORDS, is_keyword_value
from arazzo.document.schemas import (
    ANNOTATIONS,
    HOLDING,
    IN_PLACE,
    REFERENCES,
    definition_name,
    mapping,
    properties_of,
    rewritten,
)
from arazzo.limits import current_limits
from arazzo.openapi.description import Description, UnresolvedReferenceError
from arazzo.openapi.media import is_json_lines
from arazzo.openapi.operation import AnswerContract, Contract, HeaderContract, Operation, SchemaSlice
from arazzo.openapi.schema_slices import Known, folded
from arazzo.pointer import escape, to_pointer

#: Keywords that do not say which values are valid, or that are handled here.
_LEFT_OUT = ANNOTATIONS.union(("$defs", "definitions", "contentSchema", "contentEncoding", "contentMediaType"))
_LEFT_OUT |= {"$id", "$anchor", "$schema", "$comment", "$dynamicAnchor"}
#: Keywords that people read.
_TOLD = frozenset(("title", "description", "default", "examples", "deprecated"))
#: Without these keywords a schema requires no member.
_REQUIRING = IN_PLACE.union(("required", *REFERENCES))
#: Keywords beside which ``nullable`` is about more than a type.
_COMPOSED = ("allOf", "anyOf", "oneOf", "not", "const", "$ref")
_BOUNDS = (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum"))
#: Headers that are described elsewhere (OpenAPI, Response Object, headers).
_OWN = frozenset(("content-type",))
READ_ONLY, WRITE_ONLY = "readOnly", "writeOnly"


def slice_contract(description: Description, operation: Operation, *, schemas: bool = True) -> Contract:
    """Return what a description says about an operation's answers and bodies; it is cut out once.

    :param schemas: whether values are checked against schemas, and not just statuses and media types.
    """
    key = operation.pointer, schemas
    if key not in description.contracts:
        description.contracts[key] = _cut_out(description, operation, schemas)
    return description.contracts[key]


def _cut_out(description: Description, operation: Operation, schemas: bool) -> Contract:
    kept: list[SchemaSlice] = []

    def index(schema: Any, exempt: str) -> int:
        found = slice_schema(description, schema, exempt) if schemas else SchemaSlice.model_construct()
        if found not in kept:
            kept.append(found)
        return kept.index(found)

    return Contract.model_construct(
        answers=tuple(
            AnswerContract.model_construct(
                status=status,
                content={name: index(_schema(name, media), WRITE_ONLY) for name, media in answer["content"].items()},
                headers=tuple(
                    HeaderContract.model_construct(
                        name=name,
                        required=header.get("required") is True,
                        is_json=bool(mapping(header.get("content"))),
                        schema_=index(_header_schema(description, header), WRITE_ONLY),
                    )
                    for name, header in answer["headers"].items()
                    if schemas and name.lower() not in _OWN
                ),
            )
            for status, answer in description.responses(operation).items()
            if not status.startswith("x-")
        ),
        bodies={name: index(schema, READ_ONLY) for name, schema in description.request_schemas(operation).items()},
        schemas=tuple(kept),
    )


def _schema(content_type: str, media: Mapping[str, Any]) -> Any:
    if "schema" not in media and "itemSchema" in media:  # of JSON lines, which are read as an array (3.2)
        return {"type": "array", "items": media["itemSchema"]} if is_json_lines(content_type) else True
    return media.get("schema", True)


def _header_schema(description: Description, header: Mapping[str, Any]) -> Any:
    media = next(iter(mapping(header.get("content")).values()), None)
    return header.get("schema", True) if media is None else description.follow(media).get("schema", True)


def slice_schema(description: Description, schema: Any, exempt: str, *, annotations: bool = False) -> SchemaSlice:
    """Return a schema of a description, with everything it refers to, as JSON Schema 2020-12.

    :param exempt: what this direction does not require: ``readOnly`` in requests, ``writeOnly`` in answers.
    :param annotations: whether to keep what people read, too.
    """
    cutting = _Cutting(description, exempt, annotations)
    try:
        written = cutting.whole(schema)
    except _TooLargeError:
        text = f"it holds more than {current_limits().schema_values:,} values (schema_values)"
        return SchemaSlice.model_construct(schema_=True, unread=(text,))
    except RecursionError:
        return SchemaSlice.model_construct(schema_=True, unread=("it is nested too deep",))
    return SchemaSlice.model_construct(schema_=written, unread=tuple(dict.fromkeys(cutting.unread)))


class _TooLargeError(Exception):
    """A schema with everything it refers to exceeds the limit."""


class _Cutting:
    """Writes one schema; what it refers to becomes its ``$defs``.

    A target is written once for each set of members that the schemas around its reference exempt: one part of an
    ``allOf`` may require what another declares read-only.
    """

    def __init__(self, description: Description, exempt: str, annotations: bool) -> None:
        self.description, self.exempt = description, exempt
        self.told = _TOLD if annotations else frozenset()
        self.old = description.version.startswith(("2.", "3.0"))
        self.unread: list[str] = []
        self._waiting: deque[tuple[str, Any, str, frozenset[str]]] = deque()
        self._names: dict[tuple[str, frozenset[str]], str] = {}
        self._known: Known = {}
        self._left = current_limits().schema_values

    def whole(self, schema: Any) -> Any:
        """Return a schema with what it refers to, target by target, however long the path to the last one is."""
        written = self.schema(schema, "#", frozenset())
        definitions: dict[str, Any] = {}
        while self._waiting:
            name, target, reference, around = self._waiting.popleft()
            definitions[name] = self.schema(target, reference, around)
        around_them = written if isinstance(written, dict) else {"allOf": [written]}
        return {**around_them, "$defs": definitions} if definitions else written

    def schema(self, schema: Any, at: str, around: frozenset[str]) -> Any:
        """Return a schema as JSON Schema 2020-12.

        :param at: where it is, to report what cannot be read.
        :param around: members not required by the schemas around it that are for the same value.
        """
        self._spend(schema)
        if isinstance(schema, bool):
            return schema
        if not isinstance(schema, dict):
            self.unread.append(f"{at} is not a schema")
            return True
        if self.old and schema.get("type") == "file":
            return True
        word = next((word for word in REFERENCES if isinstance(schema.get(word), str)), None)
        if word is not None:
            return self._reference(schema, word, at, around)
        return self._members(self._modern(schema), at, around)

    def _spend(self, schema: Any) -> None:
        self._left -= 1 + (len(schema) if isinstance(schema, dict) else 0)
        if self._left < 0:
            raise _TooLargeError

    def _members(self, schema: dict[str, Any], at: str, around: frozenset[str]) -> dict[str, Any]:
        exempt = around | self._exempt(schema)
        written: dict[str, Any] = {}
        for keyword, value in schema.items():
            if keyword == "example" and self.told:
                written.setdefault("examples", [value])
            if keyword not in self.told and (keyword in _LEFT_OUT or keyword not in KEYWORDS):
                continue
            tuples = keyword == "items" and isinstance(value, list)  # as in JSON Schema before 2020-12
            name = "prefixItems" if tuples else keyword
            if not is_keyword_value(name, value):
                self.unread.append(f"{at}/{escape(keyword)} is not a valid value of that keyword")
            elif name == "required":
                written[name] = [each for each in value if each not in exempt]
            elif name in HOLDING:
                here = exempt if name in IN_PLACE else frozenset()
                written[name] = self._inside(name, value, f"{at}/{escape(keyword)}", here)
            else:
                written[name] = value
        return written

    def _inside(self, name: str, value: Any, at: str, around: frozenset[str]) -> Any:
        """Return the value of a keyword with the schemas in it written."""
        return rewritten(name, value, lambda item, way: self.schema(item, at + to_pointer(way[1:]), around))

    def _reference(self, schema: dict[str, Any], word: str, at: str, around: frozenset[str]) -> dict[str, Any] | bool:
        reference = schema[word]
        try:
            target = self.description.resolve({"$ref": reference})
        except UnresolvedReferenceError as error:
            self.unread.append(str(error))
            return True
        beside = {} if self.old else {key: value for key, value in schema.items() if key not in REFERENCES}
        around |= self._exempt(schema) if beside else frozenset()
        key = reference, around
        if key not in self._names:
            self._names[key] = definition_name(reference.partition("#")[2], len(self._names))
            self._waiting.append((self._names[key], target, reference, around))
        written = {"$ref": f"#/$defs/{self._names[key]}"}
        return {**self._members(beside, at, around), **written} if beside else written

    def _exempt(self, schema: dict[str, Any]) -> frozenset[str]:
        """Return the members of an object that are for the other direction only."""
        if _REQUIRING.isdisjoint(schema):
            return frozenset()
        members = properties_of(self._folded(schema))
        return frozenset(name for name, member in members.items() if self._folded(member).get(self.exempt) is True)

    def _folded(self, schema: Any) -> dict[str, Any]:
        return folded(self.description, schema, self._known)

    def _modern(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return a schema of OpenAPI 3.0 or Swagger 2.0 in the words of 2020-12: exclusive bounds, and null."""
        if not self.old:
            return schema
        changed = dict(schema)
        for bound, word in _BOUNDS:
            if isinstance(changed.get(word), bool) and changed.pop(word) and bound in changed:
                changed[word] = changed.pop(bound)
        if not any(changed.get(word) is True for word in ("nullable", "x-nullable")):
            return changed
        if any(word in changed for word in _COMPOSED):
            rest = {name: value for name, value in changed.items() if name not in ("nullable", "x-nullable")}
            return {"anyOf": [{"type": "null"}, rest]}
        if isinstance(changed.get("type"), str):
            changed["type"] = [changed["type"], "null"]
        if isinstance(changed.get("enum"), list) and None not in changed["enum"]:
            changed["enum"] = [*changed["enum"], None]
        return changed


def unreadable_schemas(contract: Contract) -> Iterator[str]:
    """Yield the parts of a contract's schemas that cannot be read, each once."""
    yield from dict.fromkeys(text for each in contract.schemas for text in each.unread)
