"""Maps that grow by a few members at a time, as values: what is added does not copy all that was there."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView
from typing import Any, TypeVar

V = TypeVar("V")
#: A layer of fewer members is quicker to copy than to keep.
_SMALL = 16


class Growing(Mapping[str, V]):
    """A map in layers, each at least twice as long as the next: each of n members was copied some log n times.

    As in a dictionary, a member that is replaced keeps its place.
    """

    __slots__ = ("_layers",)

    def __init__(self, *layers: Mapping[str, V]) -> None:
        self._layers = layers

    def __or__(self, more: Mapping[str, V]) -> Growing[V]:
        layers, last = self._layers, more
        while layers and (len(layers[-1]) < _SMALL or len(layers[-1]) < 2 * len(last)):
            layers, last = layers[:-1], {**layers[-1], **last}
        return Growing(*layers, last)

    def whole(self) -> dict[str, V]:
        """Return all of it as a dictionary."""
        return {name: value for layer in self._layers for name, value in layer.items()}

    def __getitem__(self, name: str) -> V:
        for layer in reversed(self._layers):
            if name in layer:
                return layer[name]
        raise KeyError(name)

    def get(self, name: str, default: Any = None) -> Any:
        """Return a member, or the default."""
        for layer in reversed(self._layers):
            if name in layer:
                return layer[name]
        return default

    def __contains__(self, name: object) -> bool:
        return any(name in layer for layer in self._layers)

    def __iter__(self) -> Iterator[str]:
        return iter(self.whole())

    def __len__(self) -> int:
        return len(self.whole())

    def __bool__(self) -> bool:
        return any(self._layers)

    def keys(self) -> KeysView[str]:
        """Return the names."""
        return self.whole().keys()

    def values(self) -> ValuesView[V]:
        """Return the members."""
        return self.whole().values()

    def items(self) -> ItemsView[str, V]:
        """Return the members with their names."""
        return self.whole().items()

    def __repr__(self) -> str:
        return repr(self.whole())


def grown(values: Mapping[str, V], name: str, value: V) -> Growing[V]:
    """Return a map with one more member, or with that member replaced."""
    return (values if isinstance(values, Growing) else Growing(values)) | {name: value}
