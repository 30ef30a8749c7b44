"""How a secret is hidden: however it is spelled, wherever it stands, and nothing else with it."""

from __future__ import annotations

import json
from functools import partial
from urllib.parse import quote, quote_plus

import pytest

from arazzo.engine import conceal, credentials, hide, secrets_in

SECRET = "p/q+ r=!\"'\\ä(x)~s"
LONG = "hunter2-hunter2"


@pytest.mark.parametrize(
    "spelled",
    [
        SECRET,
        quote(SECRET, safe=""),
        quote(SECRET),
        quote_plus(SECRET),
        quote(SECRET, safe="!'()*"),
        quote(SECRET, safe="!'()*").lower(),
        quote(SECRET, safe=":/?@!$'()*,;="),
        quote(SECRET, safe="äp").replace("%2F", "/").replace("%22", "%22").replace("r", "%72"),
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
        json.dumps(SECRET).replace("/", "\\/")[1:-1],
        repr(SECRET)[1:-1],
    ],
)
def test_every_spelling_is_hidden(spelled):
    hidden = conceal(f"see /a?key={spelled} there", {SECRET})
    assert "***" in hidden
    assert hidden.startswith("see ")
    assert hidden.endswith(" there")
    assert not any(part in hidden for part in ("%2", "p/q", "x)", "s t"))


@pytest.mark.parametrize("secret", ["", "1", "true", "abcd", "false", "False"])
def test_what_is_short_or_common_hides_nothing_but_itself_by_its_name(secret):
    value = {"n": 51234, "t": True, "f": False, "said": f"abcd, true or {secret}", "abcd": None}
    assert hide(value, partial(conceal, secrets={secret}), lambda name: False) == value
    assert hide({"token": secret}, partial(conceal, secrets={secret}), lambda name: name == "token") == {"token": "***"}


def test_five_characters_are_enough():
    assert conceal("ab12345c", {"12345"}) == "ab***c"


def test_no_secret_leaves_the_rest_of_a_longer_one():
    assert conceal("hunter22 and hunter2", {"hunter2", "hunter22"}) == "*** and ***"


def test_the_beginning_of_a_secret_is_no_secret():
    assert conceal("https://hooks.shop.invalid/a", {"https://hooks.shop.invalid/b"}) == "https://hooks.shop.invalid/a"


def test_values_are_hidden_one_by_one():
    value = {
        "n": 8675309123,
        "more": 98675309123,
        "list": ["8675309123", 1.5, True, None],
        "8675309123": "x",
        "pin": 12,
    }
    hidden = hide(value, partial(conceal, secrets={"8675309123"}), lambda name: name == "pin")
    assert hidden == {"n": "***", "more": 98675309123, "list": ["***", 1.5, True, None], "***": "x", "pin": "***"}


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Bearer abc-def", ["abc-def"]),
        ("GenieKey  abc-def", ["abc-def"]),
        ("sid=abc-def; Path=/; Domain=shop.invalid; HttpOnly", ["abc-def"]),
        ("sid=abc-def; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Secure", ["abc-def"]),
        ('sid="abc-def"; theme=dark; other=ghi-jkl', ["abc-def", "ghi-jkl"]),
        ("lang=503; Path=/", []),
        ("correct horse battery", []),
        ("Server=database;Password=abc-def", []),
        ("https://hooks.shop.invalid/?a=abc-def", []),
        ("abc-def==", []),
        ("abc-def", []),
    ],
)
def test_the_credential_in_a_secret_is_one_by_itself(text, parts):
    assert list(credentials(text)) == [text, *parts]


def test_secrets_are_found_at_any_depth():
    value = {"a": [{"token": "Bearer abc-def", "n": 1}], "secrets": {"x": [12345, True, None]}, "b": "c"}
    found = secrets_in(value, lambda name: name in ("token", "secrets"))
    assert list(found) == ["Bearer abc-def", "abc-def", "12345"]
