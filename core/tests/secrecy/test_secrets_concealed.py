"""How a secret is hidden: however it is spelled, wherever it stands, and nothing else with it."""

from __future__ import annotations

import base64
import html
import json
import re
import unicodedata
from functools import partial
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from suite import drawn

from arazzo.secrecy.concealing import conceal, hide
from arazzo.secrecy.secrets import credentials, secrets_in

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
        ("sid=ab\"c\\<d'e; Path=/", ["ab\"c\\<d'e"]),
        ('sid="abc-def; Path=/', ['"abc-def']),
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


def as_json(text: str) -> str:
    return json.dumps(text)[1:-1]


def as_gson(text: str) -> str:
    return "".join(f"\\u{ord(char):04x}" if char in "<>&='+" else as_json(char) for char in text)


def as_dotnet(text: str) -> str:
    return "".join(char if char.isalnum() and char.isascii() else _utf16(char) for char in text)


def _utf16(char: str) -> str:
    units = char.encode("utf-16-be").hex().upper()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def as_html(text: str) -> str:
    return html.escape(text)


def as_numeric_html(text: str) -> str:
    return "".join(char if char.isalnum() else f"&#{ord(char)};" for char in text)


def as_javascript(text: str) -> str:
    return "".join(char if char.isalnum() else f"\\u{{{ord(char):x}}}" for char in text)


def as_url(text: str) -> str:
    return quote(text, safe="")


def as_padded_html(text: str) -> str:
    return "".join(char if char.isalnum() else f"&#x{ord(char):08X};" for char in text)


def as_careless_html(text: str) -> str:
    return text.replace("&", "&amp").replace("<", "&lt").replace(">", "&gt").replace('"', "&quot")


def as_old_javascript(text: str) -> str:
    return "".join(char if char.isalnum() and char.isascii() else _utf16(char).replace("\\", "%") for char in text)


def as_python(text: str) -> str:
    return "".join(char if char.isalnum() and char.isascii() else f"\\U{ord(char):08x}" for char in text)


def as_bytes(text: str) -> str:
    return repr(text.encode())[2:-1]


def as_octal(text: str) -> str:
    return "".join(chr(byte) if chr(byte).isalnum() and byte < 128 else f"\\{byte:03o}" for byte in text.encode())


def as_another_charset(text: str) -> str:
    return text.encode().decode("latin-1")


def as_url_of_another_charset(text: str) -> str:
    return quote(text, safe="", encoding="latin-1" if max(text, default="") < "\u0100" else "utf-8")


def as_decomposed(text: str) -> str:
    return unicodedata.normalize("NFD", text)


ENCODED = (as_json, as_gson, as_dotnet, as_html, as_numeric_html, as_javascript, as_url, quote_plus)
PROGRAMS = (as_padded_html, as_careless_html, as_old_javascript, as_python, as_bytes, as_octal)
CHARSETS = (as_another_charset, as_url_of_another_charset, as_decomposed)
SPELLINGS = (*ENCODED, *PROGRAMS, *CHARSETS)
#: What is written differently somewhere, what looks like an escape itself, and letters that end one.
SECRETS = (
    "a&b<c>d+e'f\"g/h\\i j=k",
    "100%25&amp;\\u0041\\n",
    "name\\table%41",
    "grüße-\U0001f600-x",
    "grüße & so",
    "uFFFFxyz\\",
)


@pytest.mark.attack("spellings of secrets", "a secret escaped once or twice: JSON, URLs, HTML, programs, charsets")
@pytest.mark.parametrize("first", SPELLINGS)
@pytest.mark.parametrize("second", [None, *ENCODED])
@pytest.mark.parametrize("secret", SECRETS)
def test_every_spelling_of_a_spelling_is_hidden(secret, first, second):
    spelled = first(secret) if second is None else second(first(secret))
    for text in (f"see {spelled} there", f'see {{"said":"{spelled}","n":1}} there'):
        assert conceal(text, {secret}) == text.replace(spelled, "***")


@pytest.mark.attack("spellings of secrets", "a secret in base64, alone or with other text, in JSON or a URL")
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize(("before", "after"), [(n, (n * 5 + 1) % 7) for n in range(7)] + [(0, 0), (9, 0), (11, 0)])
@pytest.mark.parametrize("secret", [*SECRETS, "12345", "hunter2", "\xff\xfe\xfb\xef\xbe?>~"])
def test_base64_hides_nothing(secret, before, after, encode):
    """Whatever is left has fewer bits than what was around the secret."""
    spelled = encode(f"{'u' * before}{secret}{':' * after}".encode()).decode()
    for text in (f'{{"said": "{spelled}"}}', f'{{"said": "{as_gson(spelled)}"}}', f'"?said={as_url(spelled)}"'):
        left, right = re.fullmatch(r'.*["=](?=.*\*)([^"*]*)\*\*\*([^"*]*)".*', conceal(text, {secret})).groups()
        assert len(left) * 6 <= before * 8
        assert len(re.sub(r"=|%3D|\\u003d", "", right)) * 6 < after * 8 + 6


@drawn(100)
@given(st.text(min_size=5), st.binary(max_size=8), st.binary(max_size=8))
def test_no_secret_is_shown_in_base64(secret, before, after):
    assume(secret.lower() not in ("false", "airflow") and not re.search("[\ud800-\udfff]", secret))
    spelled = base64.b64encode(before + secret.encode() + after).decode()
    hidden = conceal(f'"{spelled}"', {secret})
    assert len(re.sub(r"[*\"=]", "", hidden)) * 6 < (len(before) + len(after)) * 8 + 6


@pytest.mark.attack("spellings of secrets", "a secret escaped five times, in base64 or not")
@pytest.mark.parametrize("encode", ENCODED)
@pytest.mark.parametrize("inner", [str, lambda text: base64.b64encode(f"user:{text}".encode()).decode()])
def test_five_layers_are_undone(encode, inner):
    spelled = inner("a&b<c> d/e")
    for _ in range(5):
        spelled = encode(spelled)
    hidden = conceal(f"see {spelled} there", {"a&b<c> d/e"})
    assert re.fullmatch(r"see \w*\*\*\* there", hidden)


def test_a_header_of_a_login_is_hidden_whatever_the_login():
    header = "Basic " + base64.b64encode(b"me:hunter2-hunter2").decode()
    assert conceal(f"sent {header} there", {LONG}) == "sent Basic bWU6*** there"


@pytest.mark.parametrize(
    "text", ["a&b", "50% off &amp; more \\u0041 \\", "%", "\\", "&;", "%zz \\u12 &#xZ; \\u{110000}"]
)
def test_what_looks_like_an_escape_is_left_as_it_is(text):
    assert conceal(text, {"something else"}) == text


@drawn(100)
@given(
    st.text(min_size=5),
    st.sampled_from((*ENCODED, *PROGRAMS)),
    st.sampled_from(ENCODED),
    st.text(alphabet="x \n{:", max_size=5),
)
def test_no_secret_is_shown_in_any_spelling(secret, first, second, around):
    assume(secret.lower() != "false" and not re.search("[\ud800-\udfff]", secret))
    spelled = second(first(secret))
    assert spelled not in conceal(f"{around}{spelled}{around}", {secret})
