"""Imports of what another package keeps to itself: names and modules with a leading underscore, from outside the package that they lie in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.file import Role
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.architecture.import_graph import Arrow
from backend_lint.project.architecture.import_uses import is_used
from backend_lint.project.left_behind import is_left_behind

if TYPE_CHECKING:
    from backend_lint.project import Project

_ROLES = frozenset({Role.APPLICATION, Role.COMMAND})
_CONVENTIONAL = frozenset({"_", "_l", "_lazy", "_version", "_typing", "_types", "_vendor", "_compat"})
"""Translation, versions, types and copies of libraries: used from everywhere by custom."""

_TRIAL = lazy_regex(r"(?:^|\.)(?:bench\w*|\w*testing|\w*_tests?|test_\w+)(?:\.|$)")
"""Packages that try the others out, and may know them from within."""
_CUSTOM = 5
"""So many private modules imported from afar are no slips."""


class Leak(NamedTuple):
    """`names` are private to package `home`; `arrows` import them from outside, in order of places. `line`: where the first is defined in the module at `path`.

    `public`: the package hands them on under the same names, without the private module. `whole`: the module itself is private, whatever is imported from it.
    """

    names: tuple[str, ...]
    home: str
    path: str
    line: int
    arrows: tuple[Arrow, ...]
    public: bool
    whole: bool


def leaks(project: Project) -> list[Leak]:
    """What is private to a package and imported from outside of it, once for each private name or module; names that one module takes from another are one."""
    graph = project.architecture.graph
    found: dict[tuple[str, str], list[Arrow]] = {}
    for importer, targets in graph.arrows.items():
        if project.modules[importer].role not in _ROLES or _TRIAL.search(graph.names[importer]) or is_left_behind(project, importer):
            continue
        for imported, arrows in targets.items():
            if project.modules[imported].role not in _ROLES:
                continue
            taken = [(arrow, private) for arrow in arrows if (private := _taken(project, arrow)) is not None]
            # values are only told of beside functions and classes: many a constant is private by habit
            for arrow, private in taken if any(_is_defined(project, arrow) for arrow, _ in taken) else ():
                found.setdefault((imported, ".".join(private)), []).append(arrow)
    return _joined([_leak(project, path, name, arrows) for (path, name), arrows in sorted(found.items())])


def without(project: Project, found: Iterable[Leak], said: AbstractSet[tuple[str, str]], every: bool) -> Iterator[Leak]:
    """The same without the imports that are reported already, by importer and imported module; and without `every` those that are made on purpose."""
    for one in found:
        kept = (arrow for arrow in one.arrows if (arrow.importer, arrow.imported) not in said)
        arrows = tuple(arrow for arrow in kept if every or not _is_on_purpose(project, arrow))
        if arrows:
            yield one._replace(arrows=arrows)


def _is_on_purpose(project: Project, arrow: Arrow) -> bool:
    """Another linter is told so, or a command does by hand what the application that it belongs to does by itself."""
    importer, names = project.modules[arrow.importer], project.architecture.graph.names
    if importer.role is Role.COMMAND and names[arrow.imported].startswith(f"{names[arrow.importer].partition('.management.')[0]}."):
        return True
    return "private" in importer.facts.features


def _taken(project: Project, arrow: Arrow) -> tuple[str, str] | None:
    """What is private to a package, if the import takes that from outside of it and somebody needs it there."""
    private = None if arrow.type_checking else _private(project, arrow)
    if private is None or not _is_needed(project, arrow):
        return None
    importer = project.architecture.graph.names[arrow.importer]
    return None if _is_inside(importer, private[0]) or _is_edition(importer, private[0]) else private


def _is_defined(project: Project, arrow: Arrow) -> bool:
    """It is a function or a class, or the module itself is private."""
    functions, classes = project.modules[arrow.imported].definitions
    member = arrow.name.rpartition(".")[2]
    return member in functions or member in classes or any(map(_is_private, project.architecture.graph.names[arrow.imported].split(".")))


def is_custom(found: Iterable[Leak], one: Leak) -> bool:
    """So many private modules below one root are imported from other packages that the underscore only keeps out who installs it as a library."""
    root = one.home.partition(".")[0]
    return len({other.names for other in found if other.whole and other.home.partition(".")[0] == root}) >= _CUSTOM


def _joined(found: list[Leak]) -> list[Leak]:
    """What one module takes of another is one, and so is what others take of the same."""
    of_module: dict[tuple[str, str], list[list[Leak]]] = {}
    for one in found:
        groups = of_module.setdefault((one.path, one.home), [])
        importers = {arrow.importer for arrow in one.arrows}
        alike = [group for group in groups if any(arrow.importer in importers for other in group for arrow in other.arrows)]
        groups[:] = [*(group for group in groups if group not in alike), [*(other for group in alike for other in group), one]]
    return [_together(group) if len(group) > 1 else group[0] for groups in of_module.values() for group in groups]


def _together(group: list[Leak]) -> Leak:
    """Several names as one, those first that the first import takes."""
    arrows = sorted({arrow for one in group for arrow in one.arrows}, key=lambda arrow: (arrow.importer, arrow.line, arrow.name))
    order = sorted(group, key=lambda one: (one.arrows[0].importer, one.arrows[0].line, one.names))
    names = tuple(name for one in order for name in one.names)
    return order[0]._replace(names=names, arrows=tuple(arrows), public=all(one.public for one in group))


def _private(project: Project, arrow: Arrow) -> tuple[str, str] | None:
    """The package that owns what is imported, and its private name in it; None for what is public."""
    module = arrow.imported
    dotted = project.architecture.graph.names[module]
    parts = dotted.split(".")
    number = next((number for number, part in enumerate(parts) if _is_private(part)), None)
    if number is not None:
        return (".".join(parts[:number]), ".".join(parts[number:])) if number else None
    member = arrow.name.rpartition(".")[2]
    if not _is_private(member) or member in project.modules[module].facts.exports or member == parts[-1]:
        return None
    if project.modules[module].names.get(member, ("import", 0))[0] == "import":
        return None
    home = dotted if module.endswith("__init__.py") else dotted.rpartition(".")[0]
    return (home, f"{dotted.removeprefix(home).strip('.')}.{member}".strip(".")) if home else None


def _is_needed(project: Project, arrow: Arrow) -> bool:
    """Somebody uses what is imported there: the module itself, where it is a private name, which may also stand there for those who knew it by an old place."""
    module, member = project.modules[arrow.importer], arrow.name.rpartition(".")[2]
    bound = [fact.name for fact in module.facts.imports if fact.line == arrow.line and fact.member == member and _is_private(member)]
    return not bound or any(is_used(module, name) for name in bound)


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name not in _CONVENTIONAL


def _is_inside(importer: str, home: str) -> bool:
    """It lies in the package, or the package lies in its own: who holds both may reach down."""
    around = importer.rpartition(".")[0]
    return importer == home or importer.startswith(f"{home}.") or not around or f"{home}.".startswith(f"{around}.")


def _is_edition(importer: str, home: str) -> bool:
    """It lies in another edition of the same application, such as ``enterprise.shop.orders`` beside ``shop.orders``, which changes it from within."""
    return home.partition(".")[0] in importer.split(".")[1:]


def _leak(project: Project, path: str, name: str, arrows: list[Arrow]) -> Leak:
    arrows = sorted(arrows, key=lambda one: (one.importer, one.line))
    first = _private(project, arrows[0])
    home, inner = first if first is not None else ("", name)
    member = arrows[0].name.rpartition(".")[2]
    line = project.modules[path].line_of(member) or 1
    root = project.architecture.graph.paths.get(home)
    public = root is not None and root != path and all(_is_handed_on(project, root, arrow.name.rpartition(".")[2]) for arrow in arrows)
    return Leak((inner,), home, path, line, tuple(arrows), public, any(map(_is_private, project.architecture.graph.names[path].split("."))))


def _is_handed_on(project: Project, root: str, member: str) -> bool:
    exports = project.modules[root].facts.exports
    return not _is_private(member) and (member in exports if exports else project.resolver.export(root, member) is not None)
