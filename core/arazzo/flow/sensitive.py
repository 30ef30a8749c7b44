"""Which names say that a value is secret."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from arazzo.document.input_declarations import parts_of
from arazzo.errors import ExpressionSyntaxError
from arazzo.expressions import (
    Expression,
    Message,
    apply_pointer,
    find_expressions,
    is_selector,
    parse_context,
)
from arazzo.pointer import unescape

#: The same words as Airflow's own list of sensitive field names.
SENSITIVE_WORDS = (
    "access_key", "access_token", "accesstoken", "api_key", "apikey", "api-key", "auth_token", "authorization",
    "auth_header", "bearer", "connection_string", "credential", "dsn", "keyfile_dict", "passphrase", "passwd",
    "password", "private_key", "privatekey", "proxy", "proxies", "secret", "service_account", "service_key", "token",
    "webhook_url",
)  # fmt: skip
_CREDENTIAL = re.compile(
    r"(?:accesskey|apikey|authorization|cookie|credential|jwt|passphrase|passwd|password|privatekey|secret|secretkey"
    r"|token)$"
)
_PLACE_IN_PAGES = re.compile(r"page|next|prev|continuation|cursor")
#: A filter of a JSONPath, a predicate of an XPath and a call, whose names are not those of what is selected.
_NO_NAMES = re.compile(r"\[\s*[?@][^\]]*\]|[\w-]+\(\)|\[[^\]'\"]*=[^\]]*\]")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_~-]*")


def is_sensitive(name: str, marked: Iterable[str] = ()) -> bool:
    """Tell whether a value of that name is secret.

    :param name: the name of an input or output.
    :param marked: names that the document or the factory marks.
    """
    return name in marked or _sounds_sensitive(name)


@lru_cache(maxsize=4096)
def names_credential(name: str) -> bool:
    """Tell whether a header, or a member of a body, of that name holds nothing but a credential.

    Narrower than :func:`is_sensitive`: ``token_type`` is none, nor is the token that names the next page.
    """
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    return _CREDENTIAL.search(plain) is not None and _PLACE_IN_PAGES.search(plain) is None


def gives_credential(value: Any, given: Callable[[Expression], bool]) -> bool:
    """Tell whether there is a credential in an output by where it comes from, whatever it is called.

    :param value: as the document has it: ``$response.header.Set-Cookie``, text with that in it, a Selector Object, or
        an object with one of these.
    :param given: tells whether that is so of an expression which is no part of a message.
    """
    return any(names_credential(origin) if isinstance(origin, str) else given(origin) for origin in _origins(value))


def _origins(value: Any) -> Iterator[str | Expression]:
    """Yield what the parts of messages are called that are in a value, and the other expressions."""
    match value:
        case str():
            try:
                found = [expression for _, expression in find_expressions(value)]
            except ExpressionSyntaxError:
                return  # an error of the document, which is told elsewhere
            yield from (_last_name(each) if isinstance(each, Message) else each for each in found)
        case Mapping() if is_selector(value):
            yield from _selected(value)
        case Mapping():
            for item in value.values():
                yield from _origins(item)
        case list() | tuple():
            for item in value:
                yield from _origins(item)


def _selected(selector: Mapping[str, Any]) -> Iterator[str | Expression]:
    try:
        context = parse_context(selector["context"].strip())
    except ExpressionSyntaxError:
        return
    if not isinstance(context, Message):
        yield context
        return
    words = _WORD.findall(_NO_NAMES.sub("", selector["selector"]))
    yield words[-1] if words else _last_name(context)


def _last_name(message: Message) -> str:
    """Return the name of the header, parameter or member; empty for a whole body."""
    if message.name:
        return message.name
    words = _WORD.findall(unescape(unquote(message.pointer or message.trail)))
    return words[-1] if words else ""


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
    return any(_sounds_sensitive(name) for names in found for name in names)


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


@lru_cache(maxsize=4096)
def _sounds_sensitive(name: str) -> bool:
    lower = name.lower()
    normalized = re.sub(r"\W+", "_", lower)
    return any(word in lower or word in normalized for word in SENSITIVE_WORDS)
