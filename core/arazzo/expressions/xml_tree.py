"""XML text to a tree and back, by expat: no entities, no DTD, no files, and prefixes stay as they are written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree.ElementTree import Comment, Element, ProcessingInstruction
from xml.parsers import expat

from arazzo.errors import EvaluationError

#: How deep elements may be nested, as in libxml2.
DEPTH = 256
#: What expat puts between the parts of a name; no namespace contains it.
_BETWEEN = "\n"
TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
ATTRIBUTE = TEXT | str.maketrans({'"': "&quot;", "\n": "&#10;", "\t": "&#9;"})
#: Compiled when it is first needed, since that takes a while.
_NO_CHARACTER = "[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
_MALFORMED = "XPath needs XML text, and this is not well-formed"


class XmlElement(Element):
    """An element that knows how it is written.

    :ivar written: its name with its prefix.
    :ivar spelled: by the name of an attribute that has a namespace, the name as written.
    :ivar nsmap: namespaces by prefix, those of the elements around it included; the default one under None. The XPath
        library asks for it by this name.
    """

    written: str
    spelled: dict[str, str]
    nsmap: dict[str | None, str]


def parse_xml(data: Any) -> XmlElement:
    """Parse XML.

    :raises EvaluationError: if the data is not XML text, or declares entities.
    """
    reader = _TreeBuilder()
    _expat(data, reader)
    if reader.root is None:
        raise EvaluationError(_MALFORMED)
    return reader.root


def require_xml(text: str) -> None:
    """Check XML, which may declare entities, and forget it.

    :raises EvaluationError: if it is not well-formed.
    """
    _expat(text, None)


def _expat(data: Any, reader: _TreeBuilder | None) -> None:
    if not isinstance(data, (str, bytes)):
        raise EvaluationError("XPath needs XML text")
    parser = expat.ParserCreate("utf-8" if isinstance(data, str) else None, _BETWEEN)
    parser.buffer_text = True
    parser.specified_attributes = True
    parser.DefaultHandler = lambda text: None  # without a handler, entities are replaced
    if reader is not None:
        parser.namespace_prefixes = True
        parser.DefaultHandler, parser.StartNamespaceDeclHandler = reader.other, reader.declare
        parser.StartElementHandler, parser.EndElementHandler = reader.start, reader.end
        parser.CharacterDataHandler, parser.CommentHandler = reader.text, reader.comment
        parser.ProcessingInstructionHandler, parser.EntityDeclHandler = reader.instruction, reader.entity
    try:
        parser.Parse((data.encode() if isinstance(data, str) else data).strip(), True)
    except (expat.ExpatError, UnicodeError, ValueError, LookupError) as error:
        raise EvaluationError(_MALFORMED) from error


class _TreeBuilder:
    """Builds the tree from what expat reads."""

    def __init__(self) -> None:
        self.root: XmlElement | None = None
        self._open: list[XmlElement] = []
        self._last: Element | None = None
        self._declared: dict[str | None, str] = {}

    def declare(self, prefix: str | None, uri: str | None) -> None:
        self._declared[prefix] = uri or ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        nsmap = self._open[-1].nsmap if self._open else {}
        if self._declared:
            nsmap = self._declared | {prefix: uri for prefix, uri in nsmap.items() if prefix not in self._declared}
            self._declared = {}
        tag, written = _names(name)
        names = {key: _names(key) for key in attributes}
        element = XmlElement(tag, {names[key][0]: value for key, value in attributes.items()})
        element.written, element.spelled, element.nsmap = written, dict(names.values()), nsmap
        if self._open:
            self._open[-1].append(element)
        else:
            self.root = element
        if len(self._open) >= DEPTH:
            raise EvaluationError(_MALFORMED)
        self._open.append(element)
        self._last = None

    def end(self, _name: str) -> None:
        self._last = self._open.pop()

    def text(self, text: str) -> None:
        if self._last is None:
            self._open[-1].text = (self._open[-1].text or "") + text
        else:
            self._last.tail = (self._last.tail or "") + text

    def comment(self, text: str) -> None:
        self._add(Comment(text))

    def instruction(self, target: str, text: str) -> None:
        self._add(ProcessingInstruction(target, text))

    def entity(self, *_declared: Any) -> None:
        raise EvaluationError("XML with entities is not read")

    def other(self, text: str) -> None:
        if text.startswith("&"):
            self.entity()

    def _add(self, node: Any) -> None:
        if self._open:  # outside of the root nothing is kept
            self._open[-1].append(node)
            self._last = node


def _names(name: str) -> tuple[str, str]:
    """Return a name as ElementTree has it, with its namespace, and as it is written."""
    uri, _, local = name.rpartition(_BETWEEN)
    if _BETWEEN in uri:
        uri, _, local, prefix = *uri.partition(_BETWEEN), local
        return f"{{{uri}}}{local}", f"{prefix}:{local}"
    return (f"{{{uri}}}{local}" if uri else local), local


def written_xml(element: Element) -> str:
    """Return an element as XML text, without what follows it; all its namespaces are declared on it."""
    return "".join(_written(element, {}))


def text_of(element: Element) -> str:
    """Return the text of an element without child elements, or of a comment or processing instruction."""
    if element.tag is ProcessingInstruction:  # type: ignore[comparison-overlap]
        return (element.text or "").partition(" ")[2]
    return "".join((element.text or "", *(child.tail or "" for child in element)))


def xml_text(text: str) -> str:
    """Return text that XML can hold.

    :raises EvaluationError: if it has other characters.
    """
    if re.search(_NO_CHARACTER, text):
        raise EvaluationError("the value holds characters that XML does not have")
    return text


def _written(element: Element, around: Mapping[str | None, str]) -> Iterator[str]:
    if not isinstance(element, XmlElement):
        yield f"<!--{element.text}-->" if element.tag is Comment else f"<?{(element.text or '').rstrip(' ')}?>"  # type: ignore[comparison-overlap]
        return
    yield f"<{element.written}"
    for prefix, uri in element.nsmap.items():
        if around.get(prefix, "") != uri:
            yield f' xmlns{":" if prefix else ""}{prefix or ""}="{uri.translate(ATTRIBUTE)}"'
    for name, value in element.attrib.items():
        yield f' {element.spelled[name]}="{value.translate(ATTRIBUTE)}"'
    if element.text is None and len(element) == 0:
        yield "/>"
        return
    yield f">{(element.text or '').translate(TEXT)}"
    for child in element:
        yield from _written(child, element.nsmap)
        yield (child.tail or "").translate(TEXT)
    yield f"</{element.written}>"
