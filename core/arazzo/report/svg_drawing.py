"""A picture as SVG, with the path that a run took."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from xml.etree.ElementTree import Element

from arazzo.flow.picture import Arrow, Box, Picture
from arazzo.report.html_tree import tag
from arazzo.report.layout import HEIGHT, WIDTH, Layout, Point, lay_out

#: With more boxes than this, a picture is no longer legible.
MOST = 150
_ROOM = 31
_END = 13


def drawing(
    picture: Picture, shades: Mapping[str, str] | None = None, taken: Collection[tuple[str, str]] = ()
) -> Element:
    """Return a picture as SVG.

    :param shades: ``good``, ``bad`` or ``care`` by step that ran, ``""`` for the end.
    :param taken: pairs of steps between which the run went.
    """
    if len(picture.boxes) > MOST:
        return tag("p", f"{len(picture.boxes)} steps are too many for a picture.", class_="soft")
    layout = lay_out(picture)
    room = 180 if any((arrow.source, arrow.target) not in layout.bends for arrow in picture.arrows) else 0
    width, height = layout.size[0] + room, layout.size[1]
    arrows = [_arrow(arrow, layout, (arrow.source, arrow.target) in taken) for arrow in _merged(picture, taken)]
    boxes = [_box(box, layout.centres[box.step], _shade(box.step, shades)) for box in picture.boxes]
    end = tag("g", _circle(layout.centres[""]), tag("title", "the end"), class_=f"box {_shade('', shades)}")
    drawn = tag(
        "svg",
        *arrows,
        *boxes,
        end,
        width=f"{width:.0f}",
        height=f"{height:.0f}",
        view_box=f"0 0 {width:.0f} {height:.0f}",
        role="img",
        aria_label=in_words(picture),
    )
    return tag("div", drawn, class_="drawing")


def in_words(picture: Picture) -> str:
    """Return a picture in words, for people who cannot see it."""
    return "; ".join(
        f"{arrow.source} to {arrow.target or 'the end'}{f' ({arrow.label})' if arrow.label else ''}"
        for arrow in picture.arrows
    )


def _shade(step: str, shades: Mapping[str, str] | None) -> str:
    return "" if shades is None else shades.get(step, "idle")


def _merged(picture: Picture, taken: Collection[tuple[str, str]]) -> list[Arrow]:
    """Return the arrows with those between the same boxes merged; those that were taken come last, to lie on top."""
    found: dict[tuple[str, str], Arrow] = {}
    for arrow in picture.arrows:
        pair = (arrow.source, arrow.target)
        before = found.get(pair)
        label = ", ".join(filter(None, (before.label if before else "", arrow.label)))
        kind = arrow.kind if before is None or before.kind in ("failure", "retry") else before.kind
        found[pair] = Arrow(*pair, label, kind)
    return sorted(found.values(), key=lambda arrow: (arrow.source, arrow.target) in taken)


def _circle(centre: Point) -> Element:
    return tag("circle", cx=f"{centre[0]:.0f}", cy=f"{centre[1]:.0f}", r=str(_END))


def _box(box: Box, centre: Point, shade: str) -> Element:
    x, y = centre[0] - WIDTH / 2, centre[1] - HEIGHT / 2
    return tag(
        "g",
        tag("title", f"{box.step}: {box.what}"),
        tag("rect", x=f"{x:.0f}", y=f"{y:.0f}", width=str(WIDTH), height=str(HEIGHT), rx="8"),
        tag("text", _short(box.step), x=f"{x + 12:.0f}", y=f"{y + 20:.0f}", class_="name"),
        tag("text", _short(box.what), x=f"{x + 12:.0f}", y=f"{y + 37:.0f}", class_="soft"),
        class_=f"box {shade}",
    )


def _short(text: str) -> str:
    return text if len(text) <= _ROOM else f"{text[: _ROOM - 1]}…"


def _arrow(arrow: Arrow, layout: Layout, taken: bool) -> Element:
    bends = layout.bends.get((arrow.source, arrow.target))
    points = _beside(arrow, layout) if bends is None else _down(arrow, layout, bends)
    classes = ["arrow", *(["dashed"] if arrow.kind in ("failure", "retry") else []), *(["taken"] if taken else [])]
    tip, (x, y) = points[-1], _label_at(points, bends)
    return tag(
        "g",
        tag("path", d=_rounded(points) if bends is not None else _loop(points)),
        _head(tip, sideways=bends is None),
        tag("text", arrow.label, x=f"{x:.0f}", y=f"{y + 4:.0f}", text_anchor="middle" if bends is not None else "start")
        if arrow.label
        else None,
        class_=" ".join(classes),
    )


def _down(arrow: Arrow, layout: Layout, bends: Collection[Point]) -> list[Point]:
    (x1, y1), (x2, y2) = layout.centres[arrow.source], layout.centres[arrow.target]
    below = _END if arrow.target == "" else HEIGHT / 2
    return [(x1, y1 + HEIGHT / 2), *bends, (x2, y2 - below - 2)]


def _beside(arrow: Arrow, layout: Layout) -> list[Point]:
    """Return the points of a path back: out of the box to the right, along the boxes, and in again."""
    (x1, y1), (x2, y2) = layout.centres[arrow.source], layout.centres[arrow.target]
    offset = 8 if arrow.source == arrow.target else 0
    outside = max(x1, x2) + WIDTH / 2 + 44
    right = WIDTH / 2
    start, end = (x1 + right, y1 + offset * 1.5), (x2 + right + 2, y2 - offset * 1.5)
    return [start, (outside, start[1]), (outside, end[1]), end]


def _label_at(points: list[Point], bends: Sequence[Point] | None) -> Point:
    """Return the place of the label: half-way, or above the first bend, where no path back has its label."""
    if bends:
        return bends[0][0], bends[0][1] - HEIGHT / 2 - 10
    (x1, y1), (x2, y2) = points[1:3] if bends is None else points
    return (x1 + x2) / 2, (y1 + y2) / 2


def _rounded(points: list[Point]) -> str:
    """Return a downward path: from point to point in a curve that starts and ends upright."""
    text = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for (x1, y1), (x2, y2) in pairwise(points):
        half = (y1 + y2) / 2
        text += f" C{x1:.1f} {half:.1f} {x2:.1f} {half:.1f} {x2:.1f} {y2:.1f}"
    return text


def _loop(points: list[Point]) -> str:
    start, *corners, end = [f"{x:.1f} {y:.1f}" for x, y in points]
    return f"M{start} C{' '.join(corners)} {end}"


def _head(tip: Point, *, sideways: bool) -> Element:
    x, y = tip
    corners = [(x, y), (x + 8, y - 4), (x + 8, y + 4)] if sideways else [(x, y + 2), (x - 4, y - 6), (x + 4, y - 6)]
    return tag("polygon", points=" ".join(f"{a:.1f},{b:.1f}" for a, b in corners))
