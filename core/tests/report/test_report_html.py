"""Pages of runs: whatever an API has answered is data in them, and they ask no host for anything."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
from casebook import CASES
from hypothesis import given
from hypothesis import strategies as st

from arazzo.engine import load_plan
from arazzo.flow import Picture, picture_of
from arazzo.flow.picture import Arrow, Box
from arazzo.report import CONTENT_SECURITY_POLICY, Dot, ReportedWorkflow, operations_page, page, run_page, workflow_page
from arazzo.report.layout import HEIGHT, WIDTH, lay_out

EVIL = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style></svg></title><script src=//evil.example/x.js></script>",
    "javascript:alert(1)",
    "//evil.example",
    "]]><!--",
    "\x00\x1b[31m\ud800\u202e",
]
VOID = {"meta", "br", "hr", "img", "input", "link"}


class Parsed(HTMLParser):
    """What a browser makes of a page: its elements with attributes, and its text outside of the style."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.elements, self.text, self.open = [], "", []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] != ["style"]:
            self.text += data


def record(text="x", **more):
    return {
        "step": text,
        "operation": text,
        "request": text,
        "status": 200,
        "seconds": 0.1,
        "outcome": "success",
        "criteria": [{"condition": text, "passed": True, "reason": text, "action": text, "undecided": False}],
        "action": text,
        "next": "",
        "attempts": 1,
        "rounds": 1,
        "message": text,
        "url": text,
        "answer": text,
        "outputs": {text: {text: [text]}},
        "drift": [{"check": text, "level": text, "at": text, "message": text, "times": 1}],
        **more,
    }


def whole(text):
    picture = Picture(text, text, (Box(text, text, text, text), Box("b", "b")), (Arrow(text, "b", text, "success"),))
    report = {
        "status": text,
        "message": text,
        "outputs": {text: text},
        "steps": [record(text, link=text)],
        "exchanges": [{"step": text, "at": at, "status": 200, "seconds": 1} for at in (1.0, 2.0)],
        "log": [text],
    }
    return run_page(text, [ReportedWorkflow(report, picture)], {text: text}, {text: text})


@pytest.mark.parametrize("text", EVIL)
def test_what_an_api_answers_is_never_markup(text):
    told = whole(text)
    parsed = Parsed(told)
    expected = Parsed(whole("harmless"))
    assert parsed.open == []
    assert {name for name, _ in parsed.elements} <= {name for name, _ in expected.elements} | {"span"}
    for name, attributes in parsed.elements:
        assert name not in {"script", "img", "iframe", "object", "form", "link", "base"}
        assert [key for key in attributes if key.startswith("on") or key in {"src", "style", "srcdoc"}] == []
        assert not re.match(r"javascript:|//", attributes.get("href", "")), attributes
    sayable = re.sub("[\x00\x1b\ud800]", "\N{REPLACEMENT CHARACTER}", text)
    assert parsed.text.count(sayable) >= 10
    told.encode()


def test_a_page_asks_nobody_for_anything_and_says_so():
    told = whole("harmless")
    (style,) = re.findall(r"<style>(.*?)</style>", told, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in CONTENT_SECURITY_POLICY
    assert "default-src 'none'" in CONTENT_SECURITY_POLICY
    (meta,) = [attributes for name, attributes in Parsed(told).elements if attributes.get("http-equiv")]
    assert meta["content"] == CONTENT_SECURITY_POLICY.rpartition(";")[0]
    assert not re.search(r"url\(|@import|@font-face", style)
    assert "prefers-color-scheme: dark" in style


def classes(text, name):
    return [attributes.get("class", "").split() for tag, attributes in Parsed(text).elements if tag == name]


LEVELS = ("warn", "fail")
PICTURE = Picture(
    "w",
    "",
    (Box("a", "GET /a"), Box("poll", "GET /p"), Box("mend", "POST /m")),
    (
        Arrow("a", "poll", "", "next"),
        Arrow("poll", "poll", "pending", "success"),
        Arrow("poll", "mend", "broken", "failure"),
        Arrow("poll", "", "done", "success"),
        Arrow("mend", "", "", "next"),
    ),
)


def drawn(steps, status="success", exchanges=()):
    marks = [{"step": step, "at": float(at), "status": 200, "seconds": 0.1} for at, step in enumerate(exchanges)]
    return run_page("w", [ReportedWorkflow({"status": status, "steps": steps, "exchanges": marks}, PICTURE)], {})


def taken(text):
    """Return the labels of the arrows that a run took."""
    groups = re.findall(r'<g class="(arrow[^"]*)">(.*?)</g>', text, re.DOTALL)
    return sorted(re.sub("<[^>]+>", "", inner) for names, inner in groups if "taken" in names.split())


def test_the_way_that_was_taken_is_drawn():
    first = record("a", next="poll")
    steps = [first, record("poll", next="")]
    assert taken(drawn(steps, exchanges=("a", "poll"))) == ["", "done"]
    assert taken(drawn(steps, exchanges=("a", "poll", "poll"))) == ["", "done", "pending"]
    mended = [first, record("poll", next="mend", outcome="recovered"), record("mend", next="")]
    assert taken(drawn(mended)) == ["", "", "broken"]


def test_a_step_that_did_not_run_and_one_that_failed_are_told_apart():
    text = drawn([record("a", next="poll"), record("poll", next=None, outcome="failed", status=None)], "failed")
    boxes = [names[1:] for names in classes(text, "g") if names[0] == "box"]
    assert boxes == [["good"], ["bad"], ["idle"], ["idle"]]
    assert "no answer" in Parsed(text).text
    assert taken(text) == [""]


def test_verdicts_are_three():
    criteria = [
        {"condition": "a", "passed": True},
        {"condition": "b", "passed": False, "reason": "b: it was 1"},
        {"condition": "c", "passed": False, "undecided": True},
    ]
    text = Parsed(drawn([record("a", criteria=criteria)])).text
    assert re.findall(r"not met|met|undecided", text) == ["met", "not met", "undecided"]
    assert "b: it was 1" not in text
    assert "it was 1" in text


def test_what_is_not_as_described_is_told():
    drift = [{"check": "schema", "level": each, "at": "$response.body#/id", "message": "is odd"} for each in LEVELS]
    page = run_page("t", [ReportedWorkflow({"steps": [record(drift=drift), record(drift=[])]})], {})
    assert [Parsed(page).text.count(text) for text in ("contract", "$response.body#/id", "is odd")] == [1, 2, 2]
    shades = [shade for shade in classes(page, "span") if shade in (["care"], ["bad"])]
    assert shades == [["care"], ["bad"]]


def test_rounds_are_plotted():
    text = drawn([record("poll", rounds=3)], exchanges=("poll", "poll", "poll"))
    assert "3 exchanges: 200 ×3" in text
    assert len([names for names in classes(text, "circle") if names == ["good"]]) == 3
    assert "svg" not in drawn([record("poll")]).partition("<section>")[2]


def test_operations_are_counted_with_failures_and_times():
    dots = [Dot(1, 200, 0.1), Dot(2, 503, 0.3), Dot(3, None, 0)]
    elements = operations_page([("GET /a", dot) for dot in dots], 2)
    text = Parsed(workflow_page("w", [PICTURE], {}, *elements)).text
    assert "Operations in the last 2 runs" in text
    assert "2 (67 %)200 ms300 ms200 ×1, 503 ×1, no answer ×1" in text
    assert "No request has been recorded" in Parsed(page("x", *operations_page([], 0))).text


@st.composite
def pictures(draw):
    names = draw(st.lists(st.text("abcdefgh", min_size=1, max_size=3), min_size=1, max_size=12, unique=True))
    pairs = draw(st.lists(st.tuples(st.sampled_from(names), st.sampled_from([*names, ""])), max_size=25))
    kinds = st.sampled_from(["next", "success", "failure", "retry"])
    arrows = tuple(Arrow(source, target, "", draw(kinds)) for source, target in pairs)
    return Picture("w", "", tuple(Box(name, name) for name in names), arrows)


@given(pictures())
def test_no_box_stands_on_another_and_every_arrow_goes_down_or_beside(picture):
    layout = lay_out(picture)
    centres = list(layout.centres.values())
    for number, (x, y) in enumerate(centres):
        assert all(abs(x - a) >= WIDTH or abs(y - b) >= HEIGHT for a, b in centres[:number])
    for (source, target), bends in layout.bends.items():
        heights = [layout.centres[source][1], *(y for _, y in bends), layout.centres[target][1]]
        assert heights == sorted(set(heights))
    assert layout.centres[""][1] == max(y for _, y in centres)
    assert Parsed(workflow_page("w", [picture], {})).open == []


def test_the_label_of_an_arrow_that_passes_a_loop_is_not_on_the_loops():
    arrows = [
        ("a", "b", "free"),
        ("a", "", "all lent"),
        ("b", "c", ""),
        ("c", "c", "not yet"),
        ("c", "d", "no"),
        ("d", "", ""),
    ]
    arrows = tuple(Arrow(*each, "success") for each in arrows)
    picture = Picture("w", "", tuple(Box(name, name) for name in "abcd"), arrows)
    texts = [found for _, found in Parsed(workflow_page("w", [picture], {})).elements if "text-anchor" in found]
    places = [(float(found["x"]), float(found["y"])) for found in texts]
    assert len(places) == 4
    for number, (x, y) in enumerate(places):
        assert all(abs(x - a) >= 60 or abs(y - b) >= 14 for a, b in places[:number])


@given(pictures())
def test_a_picture_goes_to_json_and_back(picture):
    assert Picture.from_data(picture.to_data()) == picture


@pytest.mark.parametrize("data", [None, {}, {"boxes": 1}, {"boxes": [[1, 2, 3, 4, 5]], "arrows": []}, []])
def test_what_is_no_picture_is_refused(data):
    with pytest.raises(ValueError, match="no picture"):
        Picture.from_data(data)


def test_the_picture_of_a_plan_has_its_steps_and_ways():
    picture = picture_of(load_plan(CASES / "branch" / "workflow.arazzo.yaml"), {"find": "task"})
    assert [arrow.label for arrow in picture.arrows if arrow.label]
    assert {arrow.source for arrow in picture.arrows} <= {box.step for box in picture.boxes}
    assert [box.task for box in picture.boxes if box.step == "find"] == ["task"]
