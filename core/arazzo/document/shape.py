"""The shape of the specification's objects: fields in tables, read one by one, every problem noted with its place.

A *kind* reads a raw value into what a model needs; ``BROKEN`` says that it could not, and that a problem was noted. So
one reading finds all problems of a document, and models are made only of fields that fit.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from functools import lru_cache
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Union, cast, get_args, get_origin

from pydantic.alias_generators import to_camel

from arazzo.document.models import OURS, REQUIRED, SINCE_1_1, AnyModel, Filled, Model
from arazzo.errors import Problem, Severity
from arazzo.expressions.context import Dialect
from arazzo.frozen import dataclass
from arazzo.pointer import escape

if TYPE_CHECKING:
    from arazzo.source.text import Source

#: Seconds: the most that clocks, timers and dates can still handle. A longer wait is meant to be for ever.
LONGEST_WAIT: Final = 1e9
#: How many names are compared in all to find near matches for the problems of a document, and how long they may be.
MOST_COMPARISONS: Final = 10_000
LONGEST_COMPARED: Final = 200


class Broken(Enum):
    """The type of :data:`BROKEN`."""

    BROKEN = "broken"


BROKEN: Final = Broken.BROKEN


class Hints:
    """Near matches for the problems of one document, as long as the search is cheap.

    A few wrong names are each compared with all valid ones. Of thousands of wrong names among thousands, only the first
    are: the rest would take minutes, and nobody reads so many hints.
    """

    def __init__(self, comparisons: int = MOST_COMPARISONS) -> None:
        self._left = comparisons

    def spend(self, comparisons: int) -> bool:
        """Say whether so many comparisons can still be made, and count them."""
        enough = self._left > 0  # the first is compared with any number of names
        self._left -= comparisons
        return enough

    def near(self, name: str, known: Iterable[str]) -> str | None:
        """Return what :func:`near` returns; None when all comparisons are spent."""
        names = tuple(known) if self._left > 0 else ()
        return near(name, names) if self.spend(len(names)) else None


class DocumentReader:
    """The reading of one document: where problems are noted.

    :param source: the document's text and data.
    :param dialect: ``strict`` makes errors of what ``lenient`` only warns about.
    """

    def __init__(self, source: Source, dialect: Dialect) -> None:
        self.source, self.dialect = source, dialect
        self.problems: list[Problem] = []
        self.hints = Hints()
        self.components: dict[str, dict[str, Any]] = {}
        self.version = "1.1.0"

    def error(self, rule: str, at: str, message: str, hint: str | None = None, *, key: bool = False) -> Broken:
        """Note an error; return ``BROKEN`` for the caller to return."""
        self.problems.append(self.source.problem(rule, Severity.ERROR, at, message, hint, key=key))
        return BROKEN

    def warn(self, rule: str, at: str, message: str, hint: str | None = None, *, key: bool = False) -> None:
        """Note a warning."""
        self.problems.append(self.source.problem(rule, Severity.WARNING, at, message, hint, key=key))

    def lenient(self, rule: str, at: str, message: str, hint: str | None = None, *, key: bool = False) -> None:
        """Note what the specification does not allow but a reader can understand: an error only in strict."""
        if self.dialect == "strict":
            self.error(rule, at, message, hint, key=key)
        else:
            self.warn(rule, at, message, hint, key=key)


Kind = Callable[[DocumentReader, Any, str], Any]


@dataclass(frozen=True)
class Field:
    """One field of an object.

    :param kind: reads its value.
    :param attribute: the model's name for it.
    :param required: whether the object must have it.
    :param nullable: whether null is a value like any other.
    :param since: the version of the specification that brought it.
    """

    kind: Kind
    attribute: str
    required: bool = False
    nullable: bool = False
    since: str = "1.0"


@dataclass(frozen=True)
class Shape:
    """An object of the specification.

    :param noun: what a message calls it, with its article (``a step``).
    :param fields: its fields by name.
    :param identity: the field whose value names it in messages.
    """

    noun: str
    fields: Mapping[str, Field]
    identity: str | None = None

    def title(self, value: Mapping[str, Any]) -> str:
        """Return what a message calls this object: ``step 'login'``."""
        name = value.get(self.identity) if self.identity else None
        return f"{self.noun.split(' ', 1)[1]} '{name}'" if isinstance(name, str) and name else self.noun


def read_fields(reader: DocumentReader, value: Any, at: str, shape: Shape) -> dict[str, Any] | Broken:
    """Read an object's fields into the arguments of its model, including ``at`` and ``extensions``."""
    if not isinstance(value, dict):
        return reader.error("wrong-type", at, f"{shape.noun} is a map, and this is {describe(value)}")
    others = [name for name in value if name not in shape.fields]
    fields: dict[str, Any] = {"at": at, "extensions": {k: value[k] for k in others if k.startswith("x-")}}
    whole = True
    for name, field in shape.fields.items():
        if name in value and (value[name] is not None or field.nullable):
            place = f"{at}/{name}"
            read = field.kind(reader, value[name], place)
            whole = whole and read is not BROKEN
            fields[field.attribute] = read
            if field.since != "1.0":
                _check_since(reader, name, field, place)
        elif field.required:
            whole = False
            reader.error("missing-field", at, f"{shape.title(value)} needs the field '{name}'")
        elif name in value:
            reader.lenient("empty-field", f"{at}/{name}", f"'{name}' is empty", "leave it out", key=True)
    for name in others if len(others) > len(fields["extensions"]) else ():
        _check_unknown(reader, name, value, at, shape)
    return fields if whole else BROKEN


def _check_since(reader: DocumentReader, name: str, field: Field, at: str) -> None:
    if field.since > reader.version[:3]:
        message = f"'{name}' came with Arazzo {field.since}.0, and this document says {reader.version}"
        reader.lenient("newer-field", at, message, f"write 'arazzo: {field.since}.0'", key=True)


def _check_unknown(reader: DocumentReader, name: str, value: Mapping[str, Any], at: str, shape: Shape) -> None:
    if not name.startswith("x-"):
        message, place = f"{shape.noun} has no field '{name}'", f"{at}/{escape(name)}"
        if meant := near(name, [field for field in shape.fields if field not in value]):
            reader.error("misspelled-field", place, message, meant, key=True)
        else:
            hint = "fields of your own start with 'x-'"
            reader.lenient("unknown-field", place, f"{message}; it is ignored", hint, key=True)


def shape_of(model: type[Model], noun: str, kinds: Mapping[Any, Kind], identity: str | None = None) -> Shape:
    """Return the shape of the objects that a model is read from.

    :param kinds: what reads a field: by its name, or by a type in its annotation.
    """
    fields = {}
    for attribute, info in model.model_fields.items():
        if attribute not in OURS:
            name = info.alias or to_camel(attribute)  # before pydantic 2.11 it is not generated yet
            required = info.is_required() or REQUIRED in info.metadata
            mark = next((mark for mark in info.metadata if mark not in (REQUIRED, SINCE_1_1)), None)
            written = Annotated[info.annotation, mark] if mark else info.annotation  # pydantic took it apart
            fields[name] = Field(
                kind=kinds[name] if name in kinds else _kind_of(written, kinds, filled=required),
                attribute=attribute,
                required=required,
                nullable=info.annotation is Any,
                since="1.1" if SINCE_1_1 in info.metadata else "1.0",
            )
    return Shape(noun, fields, identity)


def _kind_of(annotation: Any, kinds: Mapping[Any, Kind], *, filled: bool = False) -> Kind:
    """Return the kind that reads values of a type; its None means that the field is missing."""
    if (kind := kinds.get(annotation) or _PLAIN.get(annotation)) is not None:
        return kind
    parts = [part for part in get_args(annotation) if part is not NoneType]
    match get_origin(annotation):
        case origin if origin is Literal:
            return one_of(*parts)
        case origin if origin is tuple:
            return listed(_kind_of(parts[0], kinds), filled=filled)
        case origin if origin in (Union, UnionType):
            read = [_kind_of(part, kinds) for part in parts]
            return read[0] if len(read) == 1 else _word_or_object(*read)
    raise TypeError(f"nothing reads {annotation}")


def _word_or_object(word: Kind, whole: Kind) -> Kind:
    return lambda reader, value, at: (whole if isinstance(value, dict) else word)(reader, value, at)


def make(model: type[AnyModel], noun: str, kinds: Mapping[Any, Kind], identity: str | None = None) -> Kind:
    """Return the kind that reads an object into a model; arguments as :func:`shape_of`."""
    shape = shape_of(model, noun, kinds, identity)

    def kind(reader: DocumentReader, value: Any, at: str) -> AnyModel | Broken:
        fields = read_fields(reader, value, at, shape)
        if isinstance(fields, Broken):
            return BROKEN
        return cast(AnyModel, model.model_construct(**fields))

    return kind


def listed(kind: Kind, *, filled: bool = False, wanted: bool = False, alone: tuple[type, ...] = ()) -> Kind:
    """Return the kind that reads a list into a tuple.

    :param kind: reads an item.
    :param filled: whether an empty list is an error.
    :param wanted: whether an empty list is odd.
    :param alone: types of an item that may stand alone instead of in a list.
    """

    def read(reader: DocumentReader, value: Any, at: str) -> tuple[Any, ...] | Broken:
        if isinstance(value, alone):
            reader.lenient(
                "not-a-list", at, f"a list belongs here, and this is {describe(value)}", "write '- ' before it"
            )
            item = kind(reader, value, at)
            return BROKEN if item is BROKEN else (item,)
        if not isinstance(value, list):
            return reader.error("wrong-type", at, f"a list belongs here, and this is {describe(value)}")
        if filled and not value:
            return reader.error("missing-field", at, f"'{at.rpartition('/')[2]}' needs at least one item", key=True)
        if wanted and not value:
            reader.lenient("empty-field", at, f"'{at.rpartition('/')[2]}' is empty", "leave it out", key=True)
        items = tuple(kind(reader, item, f"{at}/{index}") for index, item in enumerate(value))
        return BROKEN if BROKEN in items else items

    return read


def mapped(kind: Kind) -> Kind:
    """Return the kind that reads a map of names to values of another kind."""

    def read(reader: DocumentReader, value: Any, at: str) -> dict[str, Any] | Broken:
        if not isinstance(value, dict):
            return reader.error("wrong-type", at, f"a map belongs here, and this is {describe(value)}")
        items = {name: kind(reader, item, f"{at}/{escape(name)}") for name, item in value.items()}
        return BROKEN if BROKEN in items.values() else items

    return read


def text(reader: DocumentReader, value: Any, at: str) -> str | Broken:
    """Read text; a number or a truth value becomes the text as it is written."""
    if isinstance(value, str):
        return value
    if isinstance(value, (dict, list)) or value is None:
        return reader.error("wrong-type", at, f"text belongs here, and this is {describe(value)}")
    written = reader.source.written(at)
    reader.lenient(
        "not-text", at, f"text belongs here, and this is {describe(value)}", f'put it in quotes: "{written}"'
    )
    return written


def filled_text(reader: DocumentReader, value: Any, at: str) -> str | Broken:
    """Read text that may not be empty."""
    read = text(reader, value, at)
    if isinstance(read, str) and not read.strip():
        return reader.error("missing-field", at, f"'{at.rpartition('/')[2]}' is empty", key=True)
    return read


def anything(reader: DocumentReader, value: Any, at: str) -> Any:
    """Read any value as it is."""
    return value


def seconds(reader: DocumentReader, value: Any, at: str) -> float | Broken:
    """Read a number of seconds that is a possible wait."""
    return _number(reader, value, at, LONGEST_WAIT)


def _number(reader: DocumentReader, value: Any, at: str, most: float) -> float | Broken:
    """Read a number that is not negative; digits in quotes count."""
    if isinstance(value, str):
        try:
            read = float(value)
        except ValueError:
            return reader.error("wrong-type", at, "a number belongs here, and this is text")
        reader.lenient("not-a-number", at, "a number belongs here, and this is text", "leave the quotes out")
        value = read
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return reader.error("wrong-type", at, f"a number belongs here, and this is {describe(value)}")
    if not 0 <= value <= most:
        return reader.error("invalid-value", at, f"{value} is not possible here: from 0 to {most:.0f}")
    return float(value)


def integer(reader: DocumentReader, value: Any, at: str) -> int | Broken:
    """Read a whole number that is not negative."""
    read = _number(reader, value, at, 1000 * LONGEST_WAIT)
    if isinstance(read, Broken):
        return BROKEN
    if read != int(read):
        return reader.error("invalid-value", at, f"a whole number belongs here, and this is {read}")
    return int(read)


def one_of(*choices: str) -> Kind:
    """Return the kind that reads one of a few words."""

    def read(reader: DocumentReader, value: Any, at: str) -> str | Broken:
        if value in choices:
            return str(value)
        allowed = ", ".join(repr(choice) for choice in choices)
        shown = f"'{value}'" if isinstance(value, str) else describe(value)
        hint = near(value, choices) if isinstance(value, str) else None
        return reader.error("invalid-value", at, f"{shown} is not possible here, only {allowed}", hint)

    return read


_PLAIN: Final[Mapping[Any, Kind]] = {str: text, Filled: filled_text, int: integer, float: seconds, Any: anything}


def near(name: str, known: Iterable[str]) -> str | None:
    """Return ``did you mean 'x'?`` for the known name that is closest; None if none is close.

    A name with two neighbouring letters swapped is the closest, however short it is.
    """
    if len(name) > LONGEST_COMPARED:
        return None
    names = [other for other in known if isinstance(other, str) and len(other) <= LONGEST_COMPARED]
    folded = {other.lower().replace("-", "").replace("_", ""): other for other in reversed(names)}
    wanted = name.lower().replace("-", "").replace("_", "")
    swapped = (f"{wanted[:at]}{wanted[at + 1]}{wanted[at]}{wanted[at + 2 :]}" for at in range(len(wanted) - 1))
    found = [other for other in swapped if other in folded and other != wanted]
    found = found or difflib.get_close_matches(wanted, folded, n=1, cutoff=0.7)
    return f"did you mean '{folded[found[0]]}'?" if found else None


def describe(value: Any) -> str:
    """Return what a value is, for a message, but never the content of a text."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {value}"
        case str():
            return "text"
        case list():
            return "a list"
        case _:
            return "a map"


@lru_cache(maxsize=256)
def snake(name: str) -> str:
    """Return a camelCase name in snake_case."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
