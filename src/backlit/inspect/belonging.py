"""What of a step belongs to one layer: its nodes in each part of the step, its weights and optimizer slots by name.

Forward and backward nodes carry the layer's name; an update is known by the weight it ends in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import ConfigError, did_you_mean
from ..graph import PHASES, Graph, Node
from ..graph.node import given
from .mathematics import Names


@dataclass(frozen=True)
class Place:
    """A layer in its model: `path` is the scope of its nodes, `owned` its names in the graph, with short ones."""

    layer: Any
    path: str
    owned: Mapping[str, str]

    def has(self, scope: str) -> bool:
        """Say whether a node with this scope is the layer's."""
        return scope == self.path or scope.startswith(f"{self.path}/")


def place_of(model: Any, layer: Any, graph: Graph, variables: Mapping[str, Any]) -> Place:
    """Find a layer by its name, its path (`block/dense`), its number or itself; `ConfigError` if it is not there."""
    known = dict(_paths(model))
    if isinstance(layer, int) and not isinstance(layer, bool):
        layer = model.get_layer(index=layer)
    if isinstance(layer, str):
        paths = [path for path in known if path == layer] or [p for p in known if p.rpartition("/")[2] == layer]
    else:
        paths = [path for path, one in known.items() if one is layer]
    if not paths:
        name = layer if isinstance(layer, str) else getattr(layer, "name", layer)
        raise ConfigError(f"The model has no layer {name!r}.{did_you_mean(name, known)}")
    found = known[paths[0]]
    mine = set(map(id, found.weights))
    weights = [name for name, variable in variables.items() if id(variable) in mine]
    return Place(found, paths[0], dict(_owned(graph, weights)))


def _paths(model: Any, front: str = "") -> Iterator[tuple[str, Any]]:
    for layer in model.sublayers():
        path = f"{front}{layer.name}"
        yield path, layer
        yield from _paths(layer, f"{path}/")


def _owned(graph: Graph, weights: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the names of weights and of their slots, with short ones: `kernel`, and `kernel.m`."""
    for name in weights:
        path = name.partition("/")[2]
        short = path.rpartition("/")[2]
        yield name, short
        for slot in (*graph.inputs, *graph.outputs):
            if slot.startswith(f"slots/{path}/"):
                yield slot, f"{short}.{slot.rpartition('/')[2]}"


def nodes_of(graph: Graph, place: Place, shared: bool = False) -> dict[str, list[Node]]:
    """Return the layer's nodes by part of the step; with `shared` what the updates of other layers read as well."""
    mine = _updates([node for name, node in graph.outputs.items() if name in place.owned])
    others = set() if shared else _updates([node for name, node in graph.outputs.items() if name not in place.owned])
    found: dict[str, list[Node]] = {}
    for part in PHASES:
        nodes = [n for n in graph.operations if n.phase == part and (place.has(n.scope) or n in mine - others)]
        if nodes:
            found[part] = nodes
    return found


def _updates(ends: list[Node]) -> set[Node]:
    """Return the update nodes that these depend on."""
    found: set[Node] = set()
    waiting = list(ends)
    while waiting:
        node = waiting.pop()
        if node.phase == "update" and node not in found and node.op is not given:
            found.add(node)
            waiting += node.inputs
    return found


def short_names(graph: Graph, place: Place) -> dict[Node, str]:
    """Return short names for the layer's weights and slots in a graph: `kernel`, and `kernel′` for its new value."""
    new = {node: f"{place.owned[name]}′" for name, node in graph.outputs.items() if name in place.owned}
    return new | {node: place.owned[name] for name, node in graph.inputs.items() if name in place.owned}


def textbook_names(graph: Graph, place: Place, groups: Mapping[str, list[Node]]) -> Names:
    """Return names as on paper: `x` in, `y` out, `dkernel` a gradient, `kernel′` a new value, `t1` in between."""
    known = {node: f"{name}′" for name, node in graph.outputs.items() if name in graph.inputs}
    known |= {node: name for name, node in graph.inputs.items()}
    known |= short_names(graph, place)
    inside = {node for nodes in groups.values() for node in nodes}
    y = graph.marks.get(f"activation/{place.path}")
    if y is not None and y not in known:
        known[y] = "y"
    for name, node in graph.marks.items():
        weight = next((s for full, s in place.owned.items() if full == f"params/{name.partition('/')[2]}"), None)
        if weight is not None and name.startswith("gradient/"):
            known[node] = f"d{weight}"
    taken: dict[str, int] = {}
    arriving: dict[Node, list[Node]] = {}
    for node, dy in graph.adjoints.items():
        arriving.setdefault(dy, []).append(node)

    def otherwise(node: Node) -> str:
        found = [f"d{known[n]}" for n in arriving.get(node, ()) if n in known]
        if found and found[0] not in known.values():
            known[node] = found[0]
            return found[0]
        letter = "t" if node in inside else "g" if node.phase in ("loss", "backward") else "x"
        taken[letter] = taken.get(letter, 0) + 1
        known[node] = letter if letter != "t" and taken[letter] == 1 else f"{letter}{taken[letter]}"
        return known[node]

    return Names(known, otherwise)


def with_slices(graph: Graph, names: Mapping[Node, str]) -> dict[Node, str]:
    """Return `names` with those of slices: `kernel[:384]` says more than a number."""
    found = dict(names)
    for node in graph.operations:
        if node.op.name == "take_slice" and all(isinstance(part, tuple) for part in node.attrs["key"]):
            found[node] = f"{found[node.inputs[0]]}[{', '.join(map(_slice, node.attrs['key']))}]"
    return found


def _slice(part: tuple[Any, ...]) -> str:
    start, stop, step = ("" if value is None else str(value) for value in part[1:])
    return f"{start if start != '0' else ''}:{stop}" + (f":{step}" if step else "")
