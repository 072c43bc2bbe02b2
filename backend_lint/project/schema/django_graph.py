"""The migrations of all applications in the order in which Django applies them to an empty database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from backend_lint.facts.file import Role
from backend_lint.facts.python import BlockKind, Class
from backend_lint.project.references import RefKind
from backend_lint.project.schema.django_apps import Apps
from backend_lint.project.schema.django_values import Doubt, Made, Scope, Unknown, ValueReader
from backend_lint.project.value_text import alternatives

Key = tuple[str, str]
"""Label of the application and name of the migration."""

FIRST, LATEST = "__first__", "__latest__"
_BASE = "django.db.migrations.Migration"


class Migration(NamedTuple):
    """A migration. `owner`: index of its class."""

    key: Key
    path: str
    owner: int
    parents: tuple[Key, ...]
    before: tuple[Key, ...]
    replaces: tuple[Key, ...]


class MigrationReader:
    """Finds migrations."""

    def __init__(self, values: ValueReader, apps: Apps) -> None:
        self.values = values
        self.apps = apps

    def all(self) -> dict[Key, Migration]:
        """Every migration of the project."""
        found: dict[Key, Migration] = {}
        folders = self._moved()
        for path, module in self.values.modules.items():
            if module.role is Role.TEST or "/migrations/" not in f"/{path}" and path.rpartition("/")[0] not in folders:  # noqa: RUF021
                continue
            numbers = [index for index, fact in enumerate(module.classes) if fact.name == "Migration" and self._is_migration(path, fact)]
            if not numbers:
                continue
            folder, _, name = path.rpartition("/")
            label = folders.get(folder) or self.apps.label(folder.rpartition("/")[0] + "/models.py" if "/" in folder else "models.py")
            migration = self._read((label, name.removesuffix(".py")), path, numbers[-1])  # of two of one name the last stays
            found.setdefault(migration.key, migration)
        return found

    def _is_migration(self, path: str, fact: Class) -> bool:
        for base in fact.bases:
            named = self.values.name(Scope(path, fact.scope), base)
            if named.name == _BASE or named.name.endswith((".Migration", "CheckedMigration")):
                return True
            if named.ref is not None and named.ref.kind is RefKind.CLASS:
                ancestors = self.values.resolver.classes.ancestors(named.ref.path, named.ref.index)
                if any(one.name.startswith("django.db.migrations") for one in ancestors):
                    return True
        return False

    def _moved(self) -> dict[str, str]:
        """Folders of migrations that the setting ``MIGRATION_MODULES`` names, with their applications."""
        found = {}
        modules = self.apps.setting_value("MIGRATION_MODULES")
        for label, dotted in modules.items() if isinstance(modules, dict) else ():
            if isinstance(label, str) and isinstance(dotted, str):
                target = self.values.resolver.index.find(dotted, "")
                if target is not None:
                    found[target.removesuffix("__init__.py").rstrip("/")] = label
        return found

    def _read(self, key: Key, path: str, owner: int) -> Migration:
        def value(name: str) -> list[Any]:
            return attribute(self.values, path, owner, name)

        parents = [one for item in value("dependencies") if (one := self._dependency(item)) is not None]
        before = [one for item in value("run_before") if (one := self._dependency(item)) is not None]
        replaces = [one for item in value("replaces") if (one := self._dependency(item)) is not None]
        return Migration(key, path, owner, tuple(parents), tuple(before), tuple(replaces))

    def _dependency(self, item: Any) -> Key | None:
        if isinstance(item, list) and len(item) == 2 and all(isinstance(part, str) for part in item):
            return item[0], item[1]
        if isinstance(item, Made) and item.last == "swappable_dependency":
            target = self.apps.user
            if item.args and isinstance(item.args[0], str):
                target = item.args[0]
            return target.partition(".")[0], FIRST
        return None


def attribute(values: ValueReader, path: str, owner: int, name: str) -> list[Any]:
    """The items of a list that is an attribute of a class, with all that is added to it. What is only for another database is left out."""
    found: list[Any] = []
    module = values.modules[path]
    fact = module.classes[owner]
    for one in fact.attributes:
        if one.name != name or not one.value:
            continue
        scope = Scope(path, one.function, owner)
        holds = _holds(values, scope, one.line, fact.line)
        if holds is False:
            continue
        options = _chosen(values, scope, one.value, one.line)
        value = values.listed(values.value(scope, options[0]))
        found = found + value if one.augmented else value
        if holds is None or len(options) > 1:
            found = [*found, Doubt("a condition that is not known")]
    for call in module.bodies[fact.scope].calls if found or name == "operations" else ():
        method = call.callee.removeprefix(f"{name}.")
        if method not in ("append", "extend", "insert") or method == call.callee or not fact.line <= call.line <= fact.end_line or not call.args:
            continue
        scope = Scope(path, fact.scope, owner)
        bounds = values.loops(scope, call.block)
        holds = _holds(values, scope, call.line, fact.line)
        if holds is False:
            continue
        if holds is None:
            found = [*found, Doubt("a condition that is not known")]
        for bound in [None] if bounds is None else bounds:
            item = values.value(Scope(path, fact.scope, owner, bound), call.args[-1]) if bound is not None else Unknown(call.args[-1])
            items = values.listed(item) if method == "extend" else [item]
            found = items + found if method == "insert" and call.args[0] == "0" else found + items
    return found


def _holds(values: ValueReader, scope: Scope, line: int, start: int) -> bool | None:
    """Whether the conditions around a line of a class body hold; None if that is not known."""
    blocks = values.modules[scope.path].bodies[scope.function].blocks
    around = [
        number for number, one in enumerate(blocks) if one.line <= line <= one.end_line and one.line > start and one.kind in (BlockKind.IF, BlockKind.ORELSE)
    ]
    truths = [values.holds(scope, number) for number in around]
    return False if False in truths else None if None in truths else True


def _chosen(values: ValueReader, scope: Scope, text: str, line: int) -> list[str]:
    """Of ``a if test else b`` the one that is taken if the test is constant, else both, the longer first."""
    options = alternatives(text)
    if len(options) != 2:
        return [text]
    tests = [test for number, test, _ in values.modules[scope.path].bodies[scope.function].conditions if number == line]
    holds = values.truth(scope, tests[0]) if len(tests) == 1 else None
    return sorted(options, key=len, reverse=True) if holds is None else [options[0 if holds else 1]]


def in_order(migrations: Mapping[Key, Migration]) -> list[Migration]:
    """The migrations that Django would apply to an empty database, in its order: squashed ones in the place of those that they replace."""
    replaced: dict[Key, Key] = {}
    for migration in migrations.values():
        for one in migration.replaces:
            if one != migration.key:
                replaced[one] = migration.key

    def standing(key: Key) -> Key:
        seen = set()
        while key in replaced and key not in seen:
            seen.add(key)
            key = replaced[key]
        return key

    kept = {key: migration for key, migration in migrations.items() if standing(key) == key}
    by_app: dict[str, list[Key]] = {}
    for key in kept:
        by_app.setdefault(key[0], []).append(key)
    parents: dict[Key, set[Key]] = {key: set() for key in kept}
    later: dict[Key, list[tuple[str, str]]] = {}
    for key, migration in migrations.items():
        own = standing(key)
        if own not in kept:
            continue
        for one in migration.parents:
            if one[1] in (FIRST, LATEST):
                later.setdefault(own, []).append(one)
            elif (target := standing(one)) not in kept and one[0] == own[0]:
                # its file could not be read: what comes before it by name is before this one too
                parents[own].update(sorted(other for other in by_app[own[0]] if other[1] < one[1] and other != own)[-1:])
            elif target in kept and target != own:
                parents[own].add(target)
        for one in migration.before:
            target = standing(one)
            if target in kept and target != own:
                parents[target].add(own)
    for own, wanted in later.items():
        for app, which in wanted:
            for target in _ends(app, which, by_app, parents):
                if target != own and app != own[0]:
                    parents[own].add(target)
    return [kept[key] for key in _sorted(parents)]


def _ends(app: str, which: str, by_app: Mapping[str, list[Key]], parents: Mapping[Key, set[Key]]) -> list[Key]:
    """The first or the last migrations of an application."""
    keys = sorted(by_app.get(app, ()))
    if which == FIRST:
        return [key for key in keys if not any(parent[0] == app for parent in parents[key])][:1]
    used = {parent for key in keys for parent in parents[key]}
    return [key for key in keys if key not in used][:1]


def _sorted(parents: Mapping[Key, set[Key]]) -> list[Key]:
    """Depth first from the last migrations of each application, as Django's plan is made. A circle is cut."""
    children: dict[Key, bool] = dict.fromkeys(parents, False)
    for key, above in parents.items():
        for parent in above:
            if parent[0] == key[0]:
                children[parent] = True
    starts = sorted(key for key, inner in children.items() if not inner)
    order: list[Key] = []
    done: set[Key] = set()
    for start in [*starts, *sorted(parents)]:
        stack = [(start, False)]
        open_: set[Key] = set()
        while stack:
            key, processed = stack.pop()
            if key in done:
                continue
            if processed:
                done.add(key)
                order.append(key)
                continue
            if key in open_:
                continue
            open_.add(key)
            stack.append((key, True))
            stack += [(parent, False) for parent in sorted(parents[key])]
    return order
