"""The graph of migrations: which no other follows, which are copies of others, and what is wrong with it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.project.migrating.model import Runner
from backend_lint.project.schema.history import History, Node

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.modules import SourceModule

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
        self.sorted = {group: sorted(names) for group, names in self.names.items()} if self.short else {}

    def meant(self, group: str, name: str) -> tuple[str, ...]:
        known = self.names.get(group if self.short else "", set())
        if name in known or not self.short:
            return (name,) if name in known else ()
        names = self.sorted.get(group, [])
        at = bisect_left(names, name)
        found = [one for one in names[at : at + 2] if one.startswith(name)] if len(name) >= 4 else []
        return (found[0],) if len(found) == 1 else ()


def flaws_of(project: Project, histories: Iterable[History], runner: Callable[[str], Runner]) -> Iterator[Flaw]:
    """What keeps the runners from applying the migrations."""
    for history in histories:
        groups: dict[str, list[Node]] = {}
        for node in history.nodes:
            groups.setdefault(node.group, []).append(node)
        if history.runner == "sql":
            yield from _same_number(groups, runner)
            continue
        standing = squashed(history)
        followed = _followed(history)
        unread = _unread(project, history)
        for group, nodes in sorted(groups.items()):
            if circle := _circle(nodes):
                yield Flaw("circle", (min(circle, key=lambda one: one.path),))
            yield from _ends(nodes, followed.get(group, set()), standing, unread)
        yield from _missing(history, groups, unread)


def _same_number(groups: Mapping[str, list[Node]], runner: Callable[[str], Runner]) -> Iterator[Flaw]:
    for nodes in groups.values():
        by_name: dict[str, list[Node]] = {}
        for node in nodes:
            if runner(node.path) is not Runner.UNKNOWN:
                by_name.setdefault(node.name, []).append(node)
        for name, twins in by_name.items():
            if len(twins) > 1:
                yield Flaw("twins", tuple(sorted(twins, key=lambda one: one.path, reverse=True)), name)


def _ends(nodes: list[Node], followed: set[str], standing: frozenset[str], unread: set[str]) -> Iterator[Flaw]:
    ends = [node for node in nodes if node.name not in followed and node.name not in standing]
    if any(node.branch for node in nodes):
        return
    by_folder: dict[str, list[Node]] = {}
    for node in ends:
        by_folder.setdefault(node.path.rpartition("/")[0], []).append(node)
    unread = unread | _misnamed(nodes)
    for folder, heads in by_folder.items():  # two applications of one name are two projects in one repository
        if len(heads) > 1 and folder not in unread:
            yield Flaw("heads", tuple(sorted(heads, key=lambda one: one.path, reverse=True)))


def _circle(nodes: list[Node]) -> list[Node]:
    """The migrations of a group that follow themselves, some way round: those that are left when first and last ones are taken away again and again."""
    left = {node.name: node for node in nodes}
    above = {node.name: {parent for parent in node.parents if parent in left} for node in nodes}
    below: dict[str, set[str]] = {}
    for name, parents in above.items():
        for parent in parents:
            below.setdefault(parent, set()).add(name)
    for one_way, other in ((above, below), (below, above)):
        ready = [name for name in left if not one_way.get(name)]
        while ready:
            name = ready.pop()
            del left[name]
            for follower in other.get(name, ()):
                one_way[follower].discard(name)
                if not one_way[follower] and follower in left:
                    ready.append(follower)
    return list(left.values())


def _misnamed(nodes: list[Node]) -> set[str]:
    """Folders whose migrations follow one another under another label than the one that was found for the application."""
    paths = {node.path for node in nodes}
    found = set()
    for node in nodes:
        folder = node.path.rpartition("/")[0]
        for parent in node.parents:
            app, _, name = parent.partition(".")
            if app != node.group and name not in FIRST and f"{folder}/{name}.py" in paths:
                found.add(folder)
    return found


def _unread(project: Project, history: History) -> set[str]:
    """Folders with a file that could not be read and may be a migration: it is named as not checked, and nobody knows what it follows."""
    known = {node.path for node in history.nodes}
    folders = set()
    for path in project.files:
        folder, _, name = path.rpartition("/")
        module = project.modules.get(path)
        if path not in known and name.endswith(".py") and (module is None or _may_be_one(module)):
            folders.add(folder)
    return folders


def _missing(history: History, groups: Mapping[str, list[Node]], unread: set[str]) -> Iterator[Flaw]:
    """Parents that no file makes."""
    names, replaced = _Names(history), _standing(history)
    for node in (node for nodes in groups.values() for node in nodes if node.path.rpartition("/")[0] not in unread):
        for parent in node.parents:
            app, _, name = parent.partition(".")
            if name in FIRST or parent in replaced or names.meant(node.group, parent) or (history.runner == "django" and app != node.group):
                continue
            yield Flaw("missing", (node,), parent)


def _may_be_one(module: SourceModule) -> bool:
    return "upgrade" in module.names or any(one.name == "Migration" for one in module.classes)
