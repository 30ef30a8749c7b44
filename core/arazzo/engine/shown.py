"""What people see of an exchange: the URL as it was sent, and what the API answered, both without secrets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from urllib.parse import unquote_plus, urlsplit

from arazzo.absent import ABSENT
from arazzo.engine.state import State
from arazzo.errors import GaveUpError
from arazzo.exchange import Exchange, Headers, Request, Response
from arazzo.flow import Plan
from arazzo.frozen import replace
from arazzo.json_values import json_line
from arazzo.limits import current_limits
from arazzo.openapi.media import charset, is_json, is_text, is_xml
from arazzo.openapi.responses import decode_content
from arazzo.secrecy.concealing import CONCEALED, Conceal, hide
from arazzo.secrecy.secrets import exposed_secrets
from arazzo.secrecy.sensitive_names import is_sensitive, names_credential
from arazzo.source.locations import one_line

IsSecret = Callable[[str], bool]
"""Says by its name whether a value is secret."""

#: Up to so many bytes, a JSON answer is hidden by the names in it, and not just as text.
_STRUCTURED = 256 * 1024
#: How many characters after the shown ones are searched for the end of a secret that starts among them.
_MARGIN = 64 * 1024
_LEGIBLE = "\t\n\r"
#: What a URL has that may contain something secret by its name or place, or something that is not sent.
_HIDING = re.compile("[?@#]")


def shown_exchange(exchange: Exchange, conceal: Conceal, is_secret: IsSecret) -> str:
    """Return the URL of a request, and the start of its answer, in one line (``[arazzo] shown_answer``).

    :param conceal: hides in a text what is known to be secret.
    """
    # without an answer it may not have been sent at all, for want of a token or of a connection
    where = "sent to" if exchange.response else "the URL is"
    text = f"{where} {shown_url(exchange.request, conceal, is_secret)}"
    body = _body(exchange, conceal, is_secret, current_limits().shown_answer)
    answer = one_line(" ".join(body.split()))
    return f"{text}; the answer: {answer}" if answer else text


def shown_answer(exchange: Exchange, conceal: Conceal, is_secret: IsSecret) -> str:
    """Return the headers of an answer and the start of its body, with an empty line between them."""
    response, most = exchange.response, current_limits().shown_answer
    if response is None or most <= 0:
        return ""
    exchange = _decoded(exchange) if len(response.body) <= _STRUCTURED else exchange
    return "\n".join((*_headers(response.headers, conceal), "", _body(exchange, conceal, is_secret, most))).rstrip()


def in_full(plan: Plan, state: State, exchange: Exchange, conceal_more: Conceal) -> str:
    """Return a request and its answer in full, without what is known to be secret at this point of the run.

    :param conceal_more: hides what is secret beyond that.
    """
    exchange = _decoded(exchange)
    known = state.secrets.add(exposed_secrets(exchange))
    return full_exchange(exchange, lambda text: conceal_more(known.conceal(text)), secret_names(plan, state))


def _decoded(exchange: Exchange) -> Exchange:
    """Return an exchange with its answer decoded, unless that exceeds a limit; it may already be decoded."""
    if exchange.response is not None and exchange.content is ABSENT:
        with suppress(GaveUpError):
            return replace(exchange, content=decode_content(exchange.response))
    return exchange


def request_line(plan: Plan, state: State, request: Request, conceal_more: Conceal) -> str:
    """Return method and URL of a request as it is sent, without what is known to be secret at this point of the run."""
    url = shown_url(request, lambda text: conceal_more(state.secrets.conceal(text)), secret_names(plan, state))
    return f"{request.method} {url}"


def secret_names(plan: Plan, state: State) -> IsSecret:
    """Return what tells, by its name, whether a value is secret in the running workflow."""
    marked = {name for each in (plan, plan.child(state.frame.plan)) for name in (*each.sensitive, *each.secret_inputs)}
    return lambda name: is_sensitive(name, marked)


def full_exchange(exchange: Exchange, conceal: Conceal, is_secret: IsSecret) -> str:
    """Return a request and its answer in full, headers included, for a log at level DEBUG."""
    request, response = exchange.request, exchange.response
    lines = [
        f"> {request.method} {shown_url(request, conceal, is_secret)}",
        *_marked(">", request.sent_headers, conceal),
    ]
    if request.body:
        lines += ["", conceal(request.body.decode("utf-8", "replace"))]
    if response is None:
        return "\n".join((*lines, f"< no response: {conceal(str(exchange.error))}"))
    lines += [f"< {response.status}", *_marked("<", response.headers, conceal)]
    return "\n".join((*lines, "", _body(exchange, conceal, is_secret, len(response.body))))


def shown_url(request: Request, conceal: Conceal, is_secret: IsSecret) -> str:
    """Return a URL as it was sent, without known secrets and without values whose names in the query are secret."""
    if request.url.startswith(("http://", "https://")) and not _HIDING.search(request.url):
        return conceal(request.url)
    parts = urlsplit(request.url)
    pairs = [pair.partition("=") for pair in parts.query.split("&") if pair]
    hidden = [
        f"{name}={CONCEALED}" if _is_hidden(unquote_plus(name), is_secret) else f"{name}{sign}{value}"
        for name, sign, value in pairs
    ]
    plain = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="&".join(hidden), fragment="")
    return conceal(plain.geturl())


def _is_hidden(name: str, is_secret: IsSecret) -> bool:
    return is_secret(name) or names_credential(name)


def _marked(mark: str, headers: Headers, conceal: Conceal) -> Iterator[str]:
    return (f"{mark} {line}" for line in _headers(headers, conceal))


def _headers(headers: Headers, conceal: Conceal) -> Iterator[str]:
    text = "\n".join(f"{name}: {CONCEALED if names_credential(name) else value}" for name, value in headers)
    yield from conceal(text).splitlines()


def _body(exchange: Exchange, conceal: Conceal, is_secret: IsSecret, most: int) -> str:
    """Return the start of an answer that is text, or what kind of content another answer has."""
    response = exchange.response
    if response is None or not response.body or most <= 0:
        return ""
    structured = _structured(exchange, conceal, is_secret) if len(response.body) <= _STRUCTURED else None
    if structured is not None:
        text = structured
    elif (found := _text(response, most)) is not None:
        text = conceal(found)
    else:
        return conceal(f"{len(response.body):,} bytes of {response.header('Content-Type') or 'no type'}")
    return text if len(text) <= most else f"{text[:most]}..."


def _structured(exchange: Exchange, conceal: Conceal, is_secret: IsSecret) -> str | None:
    """Return JSON as text, hidden by the names in it; None if it is not JSON, or has a number beyond the limits."""
    if not isinstance(exchange.content, (dict, list)):
        return None
    try:
        hidden = hide(exchange.content, conceal, lambda name: _is_hidden(name, is_secret))
        return json_line(hidden)
    except GaveUpError:
        return None


def _text(response: Response, most: int) -> str | None:
    """Return as much of a body as is shown or searched, as text; None if it is not text."""
    kind = response.header("Content-Type") or ""
    beginning = response.body[: 4 * (most + _MARGIN)]
    try:
        text = beginning.decode(charset(kind) or "utf-8", "replace")[: most + _MARGIN]
    except LookupError:
        return None
    if is_json(kind) or is_xml(kind) or is_text(kind):
        return text
    legible = all(letter.isprintable() or letter in _LEGIBLE for letter in text[:most])
    return text if legible and "\N{REPLACEMENT CHARACTER}" not in text[:most] else None
