"""Media types: what they are for, and which one a body has (RFC 9110, 8.3; RFC 6838)."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from functools import lru_cache

from arazzo.openapi.operation import BodySpec

FORM = "application/x-www-form-urlencoded"
#: Media types of the ``application`` tree whose content is text.
_TEXT = frozenset(
    f"application/{name}"
    for name in (
        *("xml", "xml-dtd", "yaml", "x-yaml", "toml", "graphql", "sql", "sparql-query", "n-triples", "n-quads", "trig"),
        *("javascript", "ecmascript", "x-javascript", "x-sh", "x-pem-file", "pem-certificate-chain", "jwt", "jose"),
        "x-www-form-urlencoded",
    )
)
_NO_CHARSETS = frozenset(("idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7"))
_LINES = frozenset(("application/jsonl", "application/x-ndjson", "application/ndjson", "application/x-jsonlines"))
_JSON = frozenset(("application/json", "text/json", "text/x-json", "application/x-json"))


@lru_cache(maxsize=256)
def plain(content_type: str) -> str:
    """Return a media type in lower case without its parameters; the first one if a server has repeated it."""
    return content_type.partition(";")[0].partition(",")[0].strip().lower()


def charset(content_type: str) -> str | None:
    """Return the charset that a content type names."""
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return _known(value.partition(",")[0].strip().strip("\"'"))
    return None


def _known(name: str) -> str | None:
    """Return a charset, known or not, if it is one for bodies: some of Python's codecs take for ever."""
    try:
        return name if name and codecs.lookup(name).name not in _NO_CHARSETS else None
    except LookupError:
        return name
    except ValueError:
        return None


def is_json(content_type: str) -> bool:
    kind = plain(content_type)
    return kind in _JSON or kind.endswith("+json")


def is_json_lines(content_type: str) -> bool:
    return plain(content_type) in _LINES


def is_xml(content_type: str) -> bool:
    kind = plain(content_type)
    return kind in ("application/xml", "text/xml") or kind.endswith("+xml")


def is_text(content_type: str) -> bool:
    kind = plain(content_type)
    return kind.startswith("text/") or kind in _TEXT or kind.endswith(("+xml", "+yaml"))


def preferred(content_types: Sequence[str]) -> str | None:
    """Return ``application/json``, or else another JSON type, or the first; ranges such as ``*/*`` do not count."""
    concrete = [name for name in content_types if "*" not in name]
    exact = [name for name in concrete if plain(name) == "application/json"]
    return next(iter([*exact, *filter(is_json, concrete), *concrete]), None)


def matching(bodies: Sequence[BodySpec], content_type: str) -> BodySpec | None:
    """Return the body that describes a content type, the most specific one if there are several."""
    name = best_match([spec.content_type for spec in bodies], content_type)
    return next((spec for spec in bodies if spec.content_type == name), None)


def best_match(described: Sequence[str], content_type: str) -> str | None:
    """Return the media type or range that describes a content type, the most specific one; parameters decide last."""
    wanted = plain(content_type)
    ranges = (wanted, f"{wanted.partition('/')[0]}/*", "*/*") if wanted else ("*/*",)
    fitting = [name for each in ranges for name in described if plain(name) == each]
    exact = content_type.replace(" ", "").lower()
    return next((name for name in fitting if name.replace(" ", "").lower() == exact), next(iter(fitting), None))
