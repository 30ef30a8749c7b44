"""Where the boxes of a picture stand: in layers from top to bottom, with arrows that avoid them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from arazzo.flow.picture import Picture
from arazzo.frozen import dataclass

WIDTH, HEIGHT = 240, 48
_GAP_X, _GAP_Y = 40, 64
_LANE = 24
_SWEEPS = 4

Slot = tuple[str, int]
"""A place in a layer: of a box (its step, its layer), or of an arrow that passes through (``"source>target"``)."""
Point = tuple[float, float]


@dataclass(frozen=True)
class Layout:
    """Where everything is.

    :ivar centres: centres of the boxes by step; the end is the box ``""``.
    :ivar bends: by ``(source, target)`` of a downward arrow, the points that it passes.
    :ivar size: width and height of the whole.
    """

    centres: Mapping[str, Point]
    bends: Mapping[tuple[str, str], Sequence[Point]]
    size: Point


def lay_out(picture: Picture) -> Layout:
    """Lay a picture out. Arrows back to a box above run beside the boxes, and are not in ``bends``."""
    steps = [box.step for box in picture.boxes]
    pairs = dict.fromkeys((arrow.source, arrow.target) for arrow in picture.arrows)
    layer = _layers(steps, pairs)
    down = [(source, target) for source, target in pairs if layer[source] < layer[target]]
    rows, ways = _rows(layer, down)
    rows = _untangled(rows, ways)
    places = _places(rows)
    bends = {pair: [places[slot] for slot in way[1:-1]] for pair, way in ways.items()}
    centres = {step: places[step, layer[step]] for step in layer}
    width = max(x for x, _ in places.values()) + WIDTH / 2 + _GAP_X
    return Layout(centres, bends, (width, len(rows) * (HEIGHT + _GAP_Y)))


def _layers(steps: Sequence[str], pairs: Iterable[tuple[str, str]]) -> dict[str, int]:
    """Return the layer of each box: below all boxes that lead to it, except those that lead back in document order."""
    at = {step: number for number, step in enumerate(steps)} | {"": len(steps)}
    leading: dict[str, list[str]] = {step: [] for step in at}
    for source, target in pairs:
        if at[source] < at[target]:
            leading[target].append(source)
    layer: dict[str, int] = {}
    for step in (*steps, ""):
        layer[step] = 1 + max((layer[source] for source in leading[step]), default=-1)
    layer[""] = max(layer.values()) if layer[""] == max(layer.values()) else 1 + max(layer.values())
    return layer


def _rows(
    layer: Mapping[str, int], down: Iterable[tuple[str, str]]
) -> tuple[list[list[Slot]], dict[tuple[str, str], list[Slot]]]:
    """Return the slots of each layer, and for each arrow the slots that it passes through."""
    rows: list[list[Slot]] = [[] for _ in range(1 + max(layer.values()))]
    for step, number in layer.items():
        rows[number].append((step, number))
    ways: dict[tuple[str, str], list[Slot]] = {}
    for source, target in down:
        between = [(f"{source}>{target}", number) for number in range(layer[source] + 1, layer[target])]
        for slot in between:
            rows[slot[1]].append(slot)
        ways[source, target] = [(source, layer[source]), *between, (target, layer[target])]
    return rows, ways


def _untangled(rows: list[list[Slot]], ways: Mapping[tuple[str, str], list[Slot]]) -> list[list[Slot]]:
    """Sort each layer a few times: by where its slots come from, then by where they lead."""
    above: dict[Slot, list[Slot]] = {}
    below: dict[Slot, list[Slot]] = {}
    for way in ways.values():
        for one, other in pairwise(way):
            below.setdefault(one, []).append(other)
            above.setdefault(other, []).append(one)
    for sweep in range(_SWEEPS):
        near, order = (above, range(len(rows))) if sweep % 2 == 0 else (below, range(len(rows) - 1, -1, -1))
        for number in order:
            place = {slot: column for row in rows for column, slot in enumerate(row)}
            rows[number] = sorted(rows[number], key=lambda slot: _mean(near.get(slot, ()), place, place[slot]))
    return rows


def _mean(slots: Sequence[Slot], place: Mapping[Slot, int], own: int) -> float:
    return sum(place[slot] for slot in slots) / len(slots) if slots else own


def _places(rows: Sequence[Sequence[Slot]]) -> dict[Slot, Point]:
    widths = [[_LANE if ">" in name else WIDTH for name, _ in row] for row in rows]
    whole = max(sum(row) + _GAP_X * (len(row) - 1) for row in widths)
    places: dict[Slot, Point] = {}
    for number, (row, sizes) in enumerate(zip(rows, widths, strict=True)):
        x = _GAP_X + (whole - sum(sizes) - _GAP_X * (len(row) - 1)) / 2
        for slot, size in zip(row, sizes, strict=True):
            places[slot] = (x + size / 2, number * (HEIGHT + _GAP_Y) + HEIGHT / 2 + _GAP_Y / 2)
            x += size + _GAP_X
    return places
