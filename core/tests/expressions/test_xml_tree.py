"""XML read by expat and written again, against libxml2 as oracle."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from arazzo.errors import EvaluationError
from arazzo.expressions.selectors import xpath
from arazzo.expressions.xml_tree import DEPTH, parse_xml, require_xml, written_xml

TEXTS = st.text(st.sampled_from("ab <&>\"'\t\n\rä\U0001f600"), max_size=6)
NAMES = st.sampled_from(["a", "b", "p:a", "q:b"])
SPACES = st.dictionaries(st.sampled_from(["xmlns", "xmlns:p", "xmlns:q"]), st.sampled_from(["u", "urn:v"]))


def escaped(text):
    return text.translate({ord(char): f"&#{ord(char)};" for char in '<&>"\r\n\t'})


@st.composite
def elements(draw, depth=0):
    name = draw(NAMES)
    fields = {"xmlns:p": "u", "xmlns:q": "w"} if not depth else {}
    fields |= draw(SPACES) | draw(st.dictionaries(st.sampled_from(["x", "p:x", "y"]), TEXTS))
    written = "".join(f' {key}="{escaped(value)}"' for key, value in fields.items())
    parts = [escaped(draw(TEXTS))]
    for _ in range(draw(st.integers(0, 3 if depth < 3 else 0))):
        parts.append(draw(st.one_of(elements(depth + 1), st.sampled_from(["<!-- c -->", "<?t d?>", "<![CDATA[<&]]>"]))))
        parts.append(escaped(draw(TEXTS)))
    return f"<{name}{written}>{''.join(parts)}</{name}>"


@given(elements())
def test_it_is_written_as_libxml2_writes_it(text):
    expected = etree.tostring(etree.fromstring(text), encoding="unicode")
    written = written_xml(parse_xml(text))
    assert etree.canonicalize(written, rewrite_prefixes=True) == etree.canonicalize(expected, rewrite_prefixes=True)
    require_xml(text)


@pytest.mark.parametrize(
    "text",
    ["", " ", "<a", "<a>", "<a/>x", "<a b=1/>", "<a b='1' b='2'/>", "<p:a/>", "<a p:b='1'/>", "<a>&gone;</a>",
     "<a>&#0;</a>", "<a>]]></a>", "<a xmlns:p=''/>", "<a xmlns:xml='u'/>", "<a>\x0b</a>", "\ud800"],
)  # fmt: skip
def test_what_is_no_xml_is_neither_read_nor_taken_for_some(text):
    for read in (parse_xml, require_xml):
        with pytest.raises(EvaluationError, match="well-formed"):
            read(text)


@pytest.mark.parametrize(
    "text",
    [
        "<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>",
        "<!DOCTYPE a [<!ENTITY e 'x'>]><a b='&e;'/>",
        "<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/hostname'>]><a>&e;</a>",
        "<!DOCTYPE a [<!ENTITY % e SYSTEM 'http://x.invalid/'> %e;]><a/>",
        "<!DOCTYPE a SYSTEM 'http://x.invalid/'><a>&e;</a>",
    ],
)
def test_no_entity_is_read(text):
    with pytest.raises(EvaluationError, match="entities"):
        parse_xml(text)


def test_elements_are_nested_only_so_deep():
    assert parse_xml("<a>" * DEPTH + "</a>" * DEPTH) is not None
    with pytest.raises(EvaluationError):
        parse_xml("<a>" * (DEPTH + 1) + "</a>" * (DEPTH + 1))


def test_defaults_of_a_dtd_are_none():
    assert xpath("/a/@k", "<!DOCTYPE a [<!ATTLIST a k CDATA 'default'>]><a/>", "xpath-31") == []


@pytest.mark.parametrize("version", ["xpath-10", "xpath-31"])
def test_names_have_the_prefixes_that_the_xml_has(version):
    data = '<a xmlns="u"><p:c xmlns:p="v" p:d="1">x<!--c-->y</p:c></a>'
    assert xpath("name(/*)", data, version) == "a"
    assert xpath("name(//@*)", data, version) == "p:d"
    assert xpath("/*", data, version) == [data]
    assert xpath("//p:c", data, version) == ["xy"]
