"""Patterns and queries that explode: given up, in the time and memory that is theirs, in a thread like any other."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from confinement import confined

from arazzo.errors import ExpressionSyntaxError, GaveUpError
from arazzo.expressions.interruption import within_time
from arazzo.expressions.selectors import jsonpath_goessner, jsonpath_rfc9535, select, xpath
from arazzo.limits import limits_set

pytestmark = pytest.mark.attack("patterns, JSONPath and XPath", "queries that explode, or reach for files and URLs")
DATA = """
from arazzo.document.models import ExpressionType
from arazzo.openapi.replacements import Replacement, apply_replacements
from arazzo.expressions.selectors import *
deep, wide = [], [{"a": n, "b": [1, 2, 3], "s": "a" * 40 + "!"} for n in range(20_000)]
inner = deep
for _ in range(150):
    inner.append([{"a": [1, 2]}, []])
    inner = inner[0][1]
xml = "<r>" + "".join(f"<a i='{n}'><b>{n}</b></a>" for n in range(20_000)) + "</r>"
"""


def answer(call: str, folder: Path) -> str:
    """Return the answer to a call, or the error that it ends with."""
    return confined(f"{DATA}\nprint(attempt(lambda: {call}))", folder)


@pytest.mark.parametrize(
    "query",
    [
        "$..*..*..*..*",
        "$[?count($..*..*..*) > 5]",
        "$..[?@..a == 1]",
        '$[?match(@.s, "(a|a)+b")]',
        '$[?search(@.s, "((a{999}){999}){999}")]',
        "$" + "[*,*,*,*]" * 8,
        "$" + "[?@.a]" * 500,
        "$" + "..*" * 60,
    ],
)
def test_jsonpath(query: str, tmp_path: Path) -> None:
    for data in ("deep", "wide"):
        assert answer(f"len(jsonpath_rfc9535({query!r}, {data}))", tmp_path)


@pytest.mark.parametrize("query", ["$[?@.a > 21e9999]", "$[?@.a == -1e4301]", f"$[?@.a == {'9' * 4301}]"])
def test_a_number_beyond_the_limits_is_none(query: str) -> None:
    with pytest.raises(ExpressionSyntaxError, match="a number that is out of range"):
        jsonpath_rfc9535(query, [])


@pytest.mark.parametrize("kind", ["jsonpath", "ExpressionType(type='jsonpath', version=GOESSNER)"])
@pytest.mark.parametrize("target", ["$..*..*..*..*", "$..[*]..[*]..[*]", '$[?match(@.s, "(a|a)+b")]'])
def test_replacements(target: str, kind: str, tmp_path: Path) -> None:
    kind = repr(kind) if kind == "jsonpath" else kind
    found = answer(f"apply_replacements(wide, [Replacement({target!r}, 1, {kind})], None)", tmp_path)
    assert found.startswith(("RequestError", "GaveUpError", "["))


@pytest.mark.parametrize("query", ["$..*..*..*..nope", "$..[?(@.a > 3)]", "$..[*]..[*]..[*]", "$.." + "*.." * 50 + "*"])
def test_jsonpath_of_goessner(query: str, tmp_path: Path) -> None:
    assert answer(f"len(jsonpath_goessner({query!r}, wide))", tmp_path)


@pytest.mark.parametrize("query", ["$[?(@.s =~ '(a|a)+b')]", "$[*].s * 999999999", "$.a.`sub(/(a|a)+b/, x)`"])
def test_extensions_that_cannot_be_bounded_are_none(query: str, tmp_path: Path) -> None:
    assert answer(f"jsonpath_goessner({query!r}, wide)", tmp_path).startswith("ExpressionSyntaxError")


@pytest.mark.parametrize(
    "condition",
    [
        "$..*..*..* == 1",
        "$..a == $..b",
        "$..[?(@..[?(@..a)])].length == 0",
        "$[?(@.a == 5 && @..b[?(@ == 1)])].length > 0",
    ],
)
def test_conditions_of_the_boolean_dialect(condition: str, tmp_path: Path) -> None:
    code = f"""
from arazzo.criteria import evaluate
from arazzo.document.models import Criterion
from arazzo.exchange import Exchange, Request, Response
from arazzo.expressions.context import Context
for data in (deep, wide):
    exchange = Exchange(Request("GET", "https://a.test"), Response(200), content=data)
    criterion = Criterion(context="$response.body", type="jsonpath", condition={condition!r})
    print(attempt(lambda: evaluate(criterion, Context(exchange=exchange)).error))
"""
    assert len(confined(DATA + code, tmp_path).splitlines()) == 2


@pytest.mark.parametrize(
    "expression",
    [
        "matches('%s!', '(a|a)+$')" % ("a" * 60),
        "replace('%s!', '(a|a)+$', '')" % ("a" * 60),
        "tokenize('%s!', '(a|a)+$')" % ("a" * 60),
        "let $f := matches#2 return $f('%s!', '(a|a)+$')" % ("a" * 60),
        "//a[matches(b, '((x{999}){999}){999}')]",
        "count(for $i in 1 to 99999, $j in 1 to 99999 return 1)",
        "1 to 999999999",
        "//a[//b = 5][//b = 7]",
        "//b[. = //b/following::b]",
        "let $f := function($f, $n) { $f($f, $n + 1) } return $f($f, 0)",
        "string-join(for $i in 1 to 99999 return string-join(for $j in 1 to 99999 return 'xxxxxxxx'))",
        "fold-left(1 to 9999, 2, function($a, $b) { $a * $a })",
        "round(1.5, 999999999)",
        "format-integer(999999999999999, 'I')",
        "array:join(for $i in 1 to 99999 return array { 1 to 99999 })",
        "distinct-values(//b)",
    ],
)
def test_xpath(expression: str, tmp_path: Path) -> None:
    assert answer(f"xpath({expression!r}, xml)", tmp_path)


@pytest.mark.parametrize("expression", ["//*[count(//*) > 3]", "//b[. = //b/following::b]", "count(//*[//*[//*]]) > 1"])
def test_xpath_1_0(expression: str, tmp_path: Path) -> None:
    assert answer(f"xpath({expression!r}, xml, 'xpath-10')", tmp_path)


TWICE = "fold-left(1 to 60, 'xxxxxxxx', function($a, $b) { %s })"


@pytest.mark.parametrize(
    ("expression", "version"),
    [
        *((TWICE % text, "xpath-31") for text in ("concat($a, $a)", "$a || $a", "string-join(($a, $a), $a)")),
        (f"let $f := {TWICE.replace('60', '19') % '$a || $a'} return replace($f, 'x', $f)", "xpath-31"),
        ("for $i in 1 to 99999 return string(/)", "xpath-20"),
        ("for $i in 1 to 99999 return data(/)", "xpath-20"),
        ("for $i in 1 to 99999 return xs:untypedAtomic(/)", "xpath-20"),
        ("for $i in 1 to 999 return /", "xpath-20"),
        (f"string-length(concat({'/,' * 2000}/))", "xpath-10"),
    ],
)
def test_xpath_makes_no_more_text_than_fits(expression: str, version: str, tmp_path: Path) -> None:
    found = answer(f"xpath({expression!r}, '<a>' + 'x' * 1_000_000 + '</a>', {version!r})", tmp_path)
    first = "_seconds" if "replace(" in expression else "characters of text"  # a limit of time is met first
    assert first in found or "characters of text" in found


@pytest.mark.parametrize("call", ["doc('x')", "unparsed-text('x')", "parse-xml('<a/>')", "collection('x')"])
def test_xpath_reaches_nothing_but_the_data(call: str, tmp_path: Path) -> None:
    assert answer(f"xpath({call!r}, xml)", tmp_path).startswith("ExpressionSyntaxError")


LAUGHS = "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 12))


@pytest.mark.parametrize(
    "xml",
    [
        f"<!DOCTYPE r [<!ENTITY a0 'x'>{LAUGHS}]><r>&a11;</r>",
        f"<!DOCTYPE r [<!ENTITY a0 'x'>{LAUGHS}]><r a='&a11;'/>",
        "<!DOCTYPE r [<!ENTITY a SYSTEM 'file:///etc/hostname'>]><r>&a;</r>",
        "<!DOCTYPE r SYSTEM 'https://evil.example.test/a.dtd'><r/>",
        "<!DOCTYPE r [<!ENTITY % a SYSTEM 'https://evil.example.test/a'>%a;]><r/>",
        "<r>" * 100_000,
        "<r xmlns:xi='http://www.w3.org/2001/XInclude'><xi:include href='/etc/hostname' parse='text'/></r>",
    ],
)
def test_xml_expands_and_fetches_nothing(xml: str, tmp_path: Path) -> None:
    (tmp_path / "data.xml").write_text(xml)
    found = answer('xpath("string(/)", open("data.xml").read())', tmp_path)
    hostname = Path("/etc/hostname")
    assert not hostname.exists() or hostname.read_text().strip() not in found


def test_an_evaluation_is_interrupted_in_whatever_thread_it_runs() -> None:
    def forever() -> None:
        while True:
            pass

    seen: list[str] = []

    def work() -> None:
        try:
            within_time("the work", forever)
        except GaveUpError as error:
            seen.append(str(error))

    async def in_a_loop() -> str:
        with pytest.raises(GaveUpError) as caught:
            within_time("the loop", forever)
        return str(caught.value)

    with limits_set(condition_seconds=0.3):
        thread = threading.Thread(target=work)
        thread.start()
        assert "the loop takes longer than" in asyncio.run(in_a_loop())
        thread.join()
    assert "the work takes longer than" in seen[0]


def test_a_process_that_is_traced_goes_on_afterwards() -> None:
    code = """
import sys
from arazzo.expressions.interruption import within_time
assert within_time("it", lambda: 1) == 1
sys.settrace(lambda *_: None)
assert (lambda: 2)() == 2
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_what_is_in_time_is_not_disturbed() -> None:
    numbers = iter(range(200))
    assert [within_time("it", lambda: next(numbers)) for _ in range(200)] == list(range(200))
    with pytest.raises(KeyError):
        within_time("it", lambda: {}["a"])
    assert jsonpath_rfc9535("$..a", {"a": {"a": 1}}) == [{"a": 1}, 1]
    assert jsonpath_goessner("$..a", {"a": 1}) == [1]
    assert xpath("//a", "<r><a>1</a></r>") == ["1"]
    assert select("<r><a>1</a></r>", "replace(//a, '(1)', '[$1]')", "xpath") == "[1]"
