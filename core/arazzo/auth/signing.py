"""Ways to sign in that no description has to ask for: digest, the AWS signature, a class of your own.

A connection names one (``auth_type``), and then all its requests are signed so, unless they bring an ``Authorization``
of their own. Workers, the triggerer and the command sign alike: nothing here does I/O.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Mapping
from importlib import import_module
from typing import Any, Final

from arazzo import clock
from arazzo.auth.aws_signature import AwsKey, sign
from arazzo.auth.digest import CHALLENGES, Challenge, answer_to, challenge_of
from arazzo.errors import RequestError
from arazzo.exchange import Request, Response, header, origin_of
from arazzo.frozen import dataclass, field, replace

DIGEST: Final = "digest"
AWS: Final = "aws-sigv4"
#: The options of each way that has a name.
OPTIONS: Final[Mapping[str, frozenset[str]]] = {
    DIGEST: frozenset(),
    AWS: frozenset({"region", "service", "session_token"}),
}


#: What a class of your own may raise; its message may contain secrets and is not shown.
_FAULTS = (ArithmeticError, AttributeError, ImportError, LookupError, OSError, RuntimeError, TypeError, ValueError)
_REFUSED: Final = "the server has refused the digest of this login and password"


@dataclass(frozen=True)
class SignIn:
    """How the requests of a connection are signed.

    :param kind: ``digest``, ``aws-sigv4``, or the path of a class that works like an ``AuthBase`` of ``requests``.
    :param options: of the signature, or arguments of the class by name.
    """

    kind: str
    login: str | None = None
    password: str | None = field(default=None, repr=False)
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)


def fault_of(way: SignIn) -> str:
    """Return what is wrong with a way to sign in; empty if nothing is."""
    if way.kind in OPTIONS:
        if not way.login or not way.password:
            return f"has 'auth_type': {way.kind}, which needs login and password"
        unknown = sorted(way.options.keys() - OPTIONS[way.kind])
        known = ", ".join(sorted(OPTIONS[way.kind])) or "none"
        return (
            f"has the unknown secret_auth_options {', '.join(unknown)} of {way.kind}; known are {known}"
            if unknown
            else ""
        )
    if "." not in way.kind:
        return f"has an extra 'auth_type' that is not one of {', '.join(OPTIONS)}, nor the path of a class"
    try:
        _made(way)
    except _FAULTS as error:
        return f"names the auth_type '{way.kind}', which cannot be made: {type(error).__name__}"
    return ""


def signed(request: Request, way: SignIn) -> Generator[Request, Response, Response]:
    """Yield a request as it is sent, and again to meet a digest challenge; the answer is sent back.

    A request that was refused with status 401 has not been applied (RFC 9110, 15.5.2), so this is right for all
    methods.

    :raises RequestError: if the class of your own does not sign it; nothing is sent.
    """
    if header(request.headers, "Authorization") is not None:
        return (yield request)
    if way.kind == AWS:
        return (yield sign(request, _aws_key(way), clock.now()))
    if way.kind == DIGEST:
        return (yield from _digested(request, way))
    return (yield _by_class(request, way))


def _digested(request: Request, way: SignIn) -> Generator[Request, Response, Response]:
    """Answer the server's known challenge, and the new one if it refuses that."""
    login, origin = way.login or "", origin_of(request.url)

    def answering(challenge: Challenge, count: int) -> Request:
        value = answer_to(challenge, request, login, way.password or "", count, os.urandom(16).hex())
        return replace(request, headers=(*request.headers, ("Authorization", value)))

    known = CHALLENGES.next(origin, login)
    response: Response = yield answering(*known) if known else request
    challenge = challenge_of(response) if response.status == 401 else None
    if challenge is None:
        return response
    CHALLENGES.keep(origin, login, challenge)
    fresh = CHALLENGES.next(origin, login)
    response = yield answering(*fresh) if fresh else request
    refused = response.status == 401 and challenge_of(response) is not None
    return replace(response, hint=_REFUSED) if refused else response


def _aws_key(way: SignIn) -> AwsKey:
    options = {name: str(value) for name, value in way.options.items()}
    token = options.pop("session_token", None)
    return AwsKey(way.login or "", way.password or "", token=token, **options)


def _made(way: SignIn) -> Callable[[Any], Any]:
    module, _, name = way.kind.replace(":", ".").rpartition(".")
    made: Any = getattr(import_module(module), name)
    given = (way.login, way.password or "") if way.login else ()
    found: Callable[[Any], Any] = made(*given, **way.options)
    if not callable(found):
        raise TypeError("it cannot be called")
    return found


def _by_class(request: Request, way: SignIn) -> Request:
    """Return a request signed by a class of your own, with the headers and the URL that the class sets."""
    from requests import PreparedRequest

    prepared = PreparedRequest()
    prepared.prepare(method=request.method, url=request.url, headers=dict(request.headers), data=request.body)
    prepared.url = request.url
    before = dict(prepared.headers)
    try:
        after = _made(way)(prepared)
    except _FAULTS as error:
        raise RequestError(f"auth_type '{way.kind}' has failed: {type(error).__name__}") from error
    if not isinstance(after, PreparedRequest) or any(after.hooks.values()):
        looks = isinstance(after, PreparedRequest)
        text = "it looks at answers, which is not supported" if looks else "it returned no request"
        raise RequestError(f"auth_type '{way.kind}' cannot sign the request: {text}")
    added = {name: value for name, value in after.headers.items() if before.get(name) != value}
    kept = (item for item in request.headers if item[0].lower() not in {name.lower() for name in added})
    headers = (*kept, *((name, v.decode("latin-1") if isinstance(v, bytes) else str(v)) for name, v in added.items()))
    return replace(request, headers=headers, url=str(after.url))


def auth_of(way: SignIn) -> Any:
    """Return what signs the requests of a ``requests`` session, for callers that send with one."""
    from requests import PreparedRequest
    from requests.auth import HTTPDigestAuth

    if way.kind == DIGEST:
        return HTTPDigestAuth(way.login or "", way.password or "")
    if way.kind != AWS:
        return _made(way)

    def signing(prepared: PreparedRequest) -> PreparedRequest:
        body = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body
        own = tuple((name, str(value)) for name, value in prepared.headers.items())
        request = Request(str(prepared.method), str(prepared.url), own, body if isinstance(body, bytes) else None)
        prepared.headers.update(dict(sign(request, _aws_key(way), clock.now()).headers))
        return prepared

    return signing
