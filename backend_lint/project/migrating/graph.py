"""The graph of migrations: which no other follows, which are copies of others, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from backend_lint.project.schema.history import History, Node

FIRST = ("__first__", "__latest__")


class Flaw(NamedTuple):
    """Something wrong with a graph. `kind`: ``heads``, ``twins``, ``missing``, ``circle``. `nodes`: whom it is about, the one to report first."""

    kind: str
    nodes: tuple[Node, ...]
    name: str = ""


def squashed(history: History) -> frozenset[str]:
    """Names of migrations that stand in the place of others: databases that run have those others already."""
    return frozenset(node.name for node in history.nodes if node.replaces)


def leaves(history: History) -> list[Node]:
    """The migrations that no other of their group follows. Of a circle none is."""
    followed = _followed(history)
    return [node for node in history.nodes if node.name not in followed.get(node.group, ())]


def _followed(history: History) -> Mapping[str, set[str]]:
    standing = _standing(history)
    followed: dict[str, set[str]] = {}
    full = _Names(history)
    for node in history.nodes:
        for parent in node.parents:
            for name in full.meant(node.group, parent):
                followed.setdefault(node.group, set()).update({name, standing.get(name, name)})
        for name in node.replaces:
            followed.setdefault(node.group, set()).add(name)
    return followed


def _standing(history: History) -> dict[str, str]:
    """The squashed migration that stands for each one that it replaces."""
    return {name: node.name for node in history.nodes for name in node.replaces}


class _Names:
    """Names of migrations in full. Alembic takes a beginning for the whole."""

    def __init__(self, history: History) -> None:
        self.short = history.runner == "alembic"
        self.names: dict[str, set[str]] = {}
        for node in history.nodes:
            self.names.setdefault(node.group if self.short else "", set()).add(node.name)

    def meant(self, group: str, name: str) -> tuple[str, ...]:
        known = self.names.get(group if self.short else "", set())
        if name in known or not self.short:
            return (name,) if name in known else ()
        found = [one for one in known if one.startswith(name)] if len(name) >= 4 and len(known) < 20_000 else []
        return (found[0],) if len(found) == 1 else ()


def flaws(history: History) -> Iterator[Flaw]:
    """What keeps a runner from applying the migrations."""
    groups: dict[str, list[Node]] = {}
    for node in history.nodes:
        groups.setdefault(node.group, []).append(node)
    standing = squashed(history)
    followed = _followed(history)
    for group, nodes in sorted(groups.items()):
        by_name: dict[str, list[Node]] = {}
        for node in nodes:
            by_name.setdefault(node.name, []).append(node)
        for name, twins in by_name.items():
            if len(twins) > 1:
                yield Flaw("twins", tuple(sorted(twins, key=lambda one: one.path, reverse=True)), name)
        if history.runner in ("django", "alembic"):
            ends = [node for node in nodes if node.name not in followed.get(group, ()) and node.name not in standing and not node.branch]
            if len(ends) > 1 and not any(node.branch for node in nodes):
                yield Flaw("heads", tuple(sorted(ends, key=lambda one: one.path, reverse=True)))
            if not ends and not any(node.name in standing for node in nodes):
                yield Flaw("circle", (min(nodes, key=lambda one: one.path),))
    yield from _missing(history, groups)


def _missing(history: History, groups: Mapping[str, list[Node]]) -> Iterator[Flaw]:
    names = _Names(history)
    replaced = _standing(history)
    for nodes in groups.values():
        for node in nodes:
            for parent in node.parents:
                app, _, name = parent.partition(".")
                known = app in groups if history.runner == "django" else True
                if known and name not in FIRST and not names.meant(node.group, parent) and parent not in replaced:
                    yield Flaw("missing", (node,), parent)
