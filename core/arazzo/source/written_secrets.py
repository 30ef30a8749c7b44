"""Secrets that are written into a file, recognised by name or by looks."""

from __future__ import annotations

import re

#: Tokens that are recognised by their looks: GitHub, GitLab, Slack, Stripe, AWS, Google, JSON Web Tokens, private keys.
_LOOKS = re.compile(
    r"gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abprs]-[\w-]{10,}|[sr]k_live_\w{10,}"
    r"|AKIA[0-9A-Z]{16}|AIza[\w-]{30,}|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]*|-----BEGIN [A-Z ]*PRIVATE KEY-----"
)
#: The last words of a name that holds a secret: ``client_secret``, ``accessToken``; not ``token_type``.
_NAME = re.compile(
    r"(?:^|[_\W])(?:pass(?:word|wd|phrase)|secret|token|credentials?|authorization|(?:api|private|access)[_\W]?key)$"
)
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
#: What stands in for a secret but is not one.
_PLACEHOLDER = re.compile(
    r"[<{$\[*]|your|example|sample|placeholder|change.?me|dummy|redacted|replace|x{3,}|^\W*$|^(?:Basic|Bearer)\s*$",
    re.I,
)
#: A member as YAML and JSON write it on one line; its value is quoted, or ends with the line or the flow map.
_MEMBER = re.compile(
    r"""(?: (?P<quote>["'])(?P<quoted>[^"']+)(?P=quote)\s*:\s* | (?<![\w-])(?P<bare>[\w-]+)\s*:\s+ )
        (?:"(?P<double>(?:[^"\\]|\\.)*)"? | '(?P<single>[^']*)'? | (?P<plain>[^\s"'{\[][^,}\]]*))""",
    re.VERBOSE,
)
_SCHEME = re.compile(r"(?i)\b(?:Basic|Bearer)\s+(?=\S*[0-9])[\w.~+/-]{12,}")


def looks_secret(text: str) -> bool:
    """Tell whether a text looks as if it contained a secret, whatever its name is."""
    return _LOOKS.search(text) is not None


def is_written_secret(name: str, text: str) -> bool:
    """Tell whether a text is a secret by its name or by its looks, and not a placeholder."""
    if _LOOKS.search(text):
        return True
    words = _WORDS.sub("_", name).lower()
    return bool(_NAME.search(words)) and len(text) >= 6 and " is " not in text and not _PLACEHOLDER.search(text)


def shows_secret(line: str) -> bool:
    """Tell whether a line of a file seems to show a secret; the file itself may not be readable."""
    if _LOOKS.search(line) or _SCHEME.search(line):
        return True
    members = [
        (found["quoted"] or found["bare"], found["double"] or found["single"] or found["plain"] or "")
        for found in _MEMBER.finditer(line)
    ]
    names = [value.strip() for name, value in members if name == "name"]
    return any(
        is_written_secret(each, value.strip())
        for name, value in members
        for each in (name, *(names if name == "value" else ()))
    )
