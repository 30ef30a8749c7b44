"""HTML as a tree: its content is data and never markup, whoever sent it.

A page has no scripts and loads nothing, and its policy lets a browser do no more.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, tostring

from arazzo.report.style import STYLE

_DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
#: For the page itself, and for the header it is sent with.
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
#: Characters that neither XML nor HTML can express.
_UNSAYABLE = re.compile("[^\t\n\r -\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def tag(name: str, /, *content: Element | str | None, **attributes: Any) -> Element:
    """Return an element.

    :param content: elements and texts in order; None is left out.
    :param attributes: ``class_`` is the class, ``view_box`` ``viewBox``, another ``_`` is ``-``; None is left out.
    """
    made = Element(name, {_name(key): plain(str(value)) for key, value in attributes.items() if value is not None})
    for item in content:
        if isinstance(item, str):
            _append_text(made, plain(item))
        elif item is not None:
            made.append(item)
    return made


def page(title: str, *content: Element | str | None) -> str:
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=CONTENT_SECURITY_POLICY.partition("; frame")[0]),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", title),
        tag("style", STYLE),
    )
    whole = tag("html", head, tag("body", tag("main", *content)), lang="en")
    return "<!DOCTYPE html>\n" + tostring(whole, encoding="unicode", method="html") + "\n"


def link(text: str, url: str, *, outside: bool = False) -> Element:
    """Return a link, or just the text if the URL does not lead to a page.

    :param outside: whether it leads to another site, and opens beside the page.
    """
    if urlsplit(url).scheme not in ("", "http", "https") or url.startswith("//"):
        return tag("span", text)
    return tag("a", text, href=url, target="_blank" if outside else None, rel="noopener noreferrer")


def table(heads: Iterable[str], rows: Iterable[Iterable[Element | str]]) -> Element:
    lines = [tag("tr", *(tag("td", cell) for cell in row)) for row in rows]
    return tag("table", tag("thead", tag("tr", *(tag("th", head) for head in heads))), tag("tbody", *lines))


def plain(text: str) -> str:
    """Return text without characters that a page cannot contain."""
    return _UNSAYABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def _name(key: str) -> str:
    return {"class_": "class", "view_box": "viewBox"}.get(key, key.replace("_", "-"))


def _append_text(element: Element, text: str) -> None:
    if len(element):
        element[-1].tail = (element[-1].tail or "") + text
    else:
        element.text = (element.text or "") + text
