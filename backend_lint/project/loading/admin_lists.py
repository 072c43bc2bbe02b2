"""Lists of Django's admin whose columns cost a query for each row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.api import Evidence
from backend_lint.facts.file import Role
from backend_lint.facts.python import Attribute, Class
from backend_lint.project.calls import FunctionKey
from backend_lint.project.loading.advice import annotation, eager_calls
from backend_lint.project.loading.eager import Path, with_prefixes
from backend_lint.project.loading.lazy import Missing, missing_of, straightened
from backend_lint.project.loading.places import Place, Read
from backend_lint.project.loading.row_work import OwnQuery, RowWork
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.schema.mapping import ClassKey
from backend_lint.project.value_text import constant_string, split

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.loading import Rows

_ADMINS = ("ModelAdmin", "ModelAdminMixin")
_CHOOSERS = ("get_list_display", "get_list_select_related", "get_changelist", "get_changelist_instance")
_MOST_JOINS = 5
"""How far ``select_related()`` goes by itself."""
_MOST_COLUMNS = 60


class AdminList(msgspec.Struct, frozen=True):
    """An admin class whose list asks once a row. `place`: its columns."""

    model: ClassKey
    place: Place
    message: str
    evidence: tuple[Evidence, ...]


class _Column(msgspec.Struct, frozen=True):
    """A column: the name of a member or field, or a function; `place`: where it is listed."""

    name: str
    place: Place
    function: FunctionKey | None = None


class _Admin:
    """One admin class."""

    def __init__(self, project: Project, key: ClassKey, fact: Class, model: ClassKey) -> None:
        self.project = project
        self.key = key
        self.fact = fact
        self.model = model
        self.classes = project.resolver.classes
        self.ref = Ref(RefKind.CLASS, fact.name, *key)

    def attribute(self, name: str) -> tuple[Ref, Attribute] | None:
        found = self.classes.find(self.ref, name)
        return (found[0], found[1]) if found is not None and not isinstance(found[1], int) else None

    def texts(self, name: str) -> tuple[Ref, Attribute, list[str]] | None:
        """The items of a list or tuple of the class; None if it is none, or has more than are known."""
        found = self.attribute(name)
        if found is None or found[1].value[:1] != "[" or found[1].value[-1:] != "]":
            return None
        items = split(found[1].value[1:-1])
        return None if any(item.startswith("*") or item == "..." for item in items) else (*found, items)

    def names(self, name: str) -> list[str] | None:
        """The constants in a list or tuple of the class."""
        found = self.texts(name)
        return [value for item in found[2] if (value := constant_string(item)) is not None] if found is not None else None

    def columns(self) -> list[_Column] | None:
        """The columns of the list; None if they are not known."""
        own = Place(self.key[0], self.fact.line, self.fact.column, self.fact.name, f"class {self.fact.name}")
        if self.classes.find(self.ref, "list_display") is None:
            return [_Column("__str__", own)] if self._is_plain() else None
        found = self.texts("list_display")
        if found is None:
            return None
        ref, attribute, items = found
        place = own if ref.function != self.key else Place(ref.path, attribute.line, attribute.column, own.symbol, f"{own.symbol}.list_display")
        columns = []
        for item in items:
            name = constant_string(item)
            target = self.project.value(ref.path, attribute.function, item) if name is None else None
            if target is not None and target.kind is RefKind.FUNCTION:
                columns.append(_Column(item, place, target.function))
            elif name is not None:
                columns.append(_Column(name, place))
        return columns

    def declared(self, wanted: str) -> Place | None:
        """Where a base class of the project says what the list loads (`wanted`), or else shows; None if the class does so itself."""
        for name in (wanted, "list_display"):
            found = self.classes.find(self.ref, name)
            if found is None:
                continue
            ref, member = found
            if ref.function == self.key or ref.path not in self.project.modules:
                return None
            owner = self.project.modules[ref.path].classes[ref.index]
            at = self.project.calls.head((ref.path, member)) if isinstance(member, int) else member
            return Place(ref.path, at.line, at.column, owner.name, f"{owner.name}.{name}")
        return None

    def _is_plain(self) -> bool:
        """No class of another library may say what the list shows."""
        bases = [base.name for base in self.classes.ancestors(*self.key) if base.kind is not RefKind.CLASS]
        return all(name.startswith("django.contrib.admin.") or name == "object" for name in bases)

    def rows(self, columns: list[_Column]) -> tuple[Rows, bool] | None:
        """The rows of the list with what the class makes the list load, and whether ``get_queryset`` alone decides about that."""
        loads = self.project.loads
        own = self.classes.find(self.ref, "get_queryset")
        django = loads.django
        if own is not None and isinstance(own[1], int):
            chains = django.entered(django.frame(own[0].path, 0), None, (own[0].path, own[1]), self.key, bound=True)
        else:
            chains = list(django.expanded(django.managers.default(self.model)))
        found = [loads.of_chain(chain) for chain in chains]
        if len(found) != 1 or found[0].model != self.model or found[0].loaded.unknown or found[0].loaded.plain:
            return None
        if any(step.method == "select_related" for step in chains[0].steps):
            return found[0], True  # the admin adds nothing to that
        named = self.attribute("list_select_related")
        value = named[1].value if named is not None else "False"
        paths = found[0].loaded.paths
        if value == "True" or (value == "False" and any(self._is_key(column.name) for column in columns)):
            paths |= self._joined()  # of itself the admin does so for foreign keys among the columns
        elif value != "False":
            listed = self.names("list_select_related")
            if listed is None:
                return None
            paths |= {path for name in listed for path in with_prefixes(tuple(name.split("__")))}
        return msgspec.structs.replace(found[0], loaded=msgspec.structs.replace(found[0].loaded, paths=paths)), False

    def _is_key(self, name: str) -> bool:
        relation = self.project.schema.mapped[self.model].relationships.get(name)
        return relation is not None and not relation.many and not relation.reverse and not relation.generic

    def _joined(self) -> frozenset[Path]:
        """What ``select_related()`` without names loads: keys that may not be null, and theirs."""
        found: set[Path] = set()
        level: list[tuple[Path, ClassKey | None]] = [((), self.model)]
        for _ in range(_MOST_JOINS):
            following: list[tuple[Path, ClassKey | None]] = []
            for path, model in level:
                mapped = self.project.schema.mapped.get(model) if model is not None else None
                for name, relation in mapped.relationships.items() if mapped is not None else ():
                    if not relation.many and not relation.reverse and not relation.nullable and not relation.generic:
                        following.append(((*path, name), relation.target))
            found.update(path for path, _ in following)
            level = following
        return frozenset(found)

    def work(self, column: _Column) -> tuple[tuple[Read, ...], tuple[OwnQuery, ...]]:
        """What a column reads of each row and asks about it."""
        work = RowWork(self.project)
        mapped = self.project.schema.mapped[self.model]
        if column.function is not None:
            return self._of_function(work, column.function, 0)
        if self._is_key(column.name):
            target = mapped.relationships[column.name].target
            shown = (column.name, "__str__") if target in self.project.schema.mapped else (column.name,)
            return work.of_source(self.model, shown, column.place)
        if column.name in mapped.fields:
            return (), ()
        own = self.classes.find(self.ref, column.name) if column.name != "__str__" else None
        if own is not None:
            if not isinstance(own[1], int):
                return (), ()
            key = own[0].path, own[1]
            return self._of_function(work, key, 0 if "staticmethod" in self.project.calls.head(key).decorators else 1)
        return work.of_source(self.model, tuple(column.name.split("__")) if column.name != "__str__" else ("__str__",), column.place)

    def _of_function(self, work: RowWork, key: FunctionKey, position: int) -> tuple[tuple[Read, ...], tuple[OwnQuery, ...]]:
        parameters = self.project.calls.head(key).parameters
        return work.of_object(key, "%" + parameters[position].name, self.model) if position < len(parameters) else ((), ())


def admin_lists(project: Project, roles: frozenset[Role]) -> Iterator[AdminList]:
    """All of them, in order of path and line."""
    told: set[Place] = set()
    if not project.loads.uses_django:
        return
    for path, module in project.modules.items():
        if module.role not in roles or not any("admin" in one.module or "admin" in one.member for one in module.facts.imports):
            continue
        for number, fact in enumerate(module.classes):
            model = _model_of(project, (path, number))
            if model is not None and (found := _of_class(project, _Admin(project, (path, number), fact, model))) is not None and found.place not in told:
                told.add(found.place)
                yield found


def _model_of(project: Project, key: ClassKey) -> ClassKey | None:
    """The model that a class of the project is the admin of."""
    bases = [base.name for base in project.resolver.classes.ancestors(*key) if base.kind is RefKind.EXTERNAL]
    if not any(name.rpartition(".")[2] in _ADMINS and ("admin" in name) for name in bases):
        return None
    model = project.loads.django.objects.holders.held_model(key)
    return model if model in project.schema.mapped else None


def _of_class(project: Project, admin: _Admin) -> AdminList | None:
    if any((found := admin.classes.find(admin.ref, name)) is not None and isinstance(found[1], int) for name in _CHOOSERS):
        return None
    columns = admin.columns()
    rows = admin.rows(columns) if columns else None
    if not columns or rows is None:
        return None
    reads: list[Read] = []
    queries: list[OwnQuery] = []
    for column in columns[:_MOST_COLUMNS]:
        read, asked = admin.work(column)
        reads += read
        queries += asked[:1]
    missing = missing_of(project, [rows[0]], reads)
    loaded = {one.read.trail[-1] for one in missing}
    queries = [one for one in queries if one.trail[-1] not in loaded]
    if not missing and not queries:
        return None
    cure = _cure(project, admin, rows, reads, missing)
    first = [one.read.trail[0] for one in missing] + [one.trail[0] for one in queries]
    place = columns[0].place if columns[0].place in first else first[0]
    evidence = list(_evidence(missing, queries, place))
    evidence += _left_out(admin, missing)
    declared = admin.declared("get_queryset" if "get_queryset" in cure else "list_select_related")
    if declared is not None and place.text == f"class {admin.fact.name}":
        # the base class says what is loaded
        place, cure = declared, f"{cure} in `{declared.symbol}`"
        evidence.append(Evidence(admin.key[0], admin.fact.line, f"{admin.fact.name} inherits it"))
    return AdminList(admin.model, place, _message(project, admin, missing, queries, cure), tuple(evidence))


def _left_out(admin: _Admin, missing: list[Missing]) -> list[Evidence]:
    """Why the setting that is there does not help."""
    found = admin.attribute("list_select_related")
    if found is None or found[1].value != "True" or all(one.many for one in missing):
        return []
    return [Evidence(found[0].path, found[1].line, "`True` follows no key that may be null: name those")]


def _cure(project: Project, admin: _Admin, rows: tuple[Rows, bool], reads: list[Read], missing: list[Missing]) -> str:
    """The smallest change: ``list_select_related`` for keys, else what ``get_queryset`` must load."""
    counted = missing and all(one.many and (one.counted or one.read.method in ("count", "exists")) for one in missing)
    if not missing or counted:
        return "annotate the answer in `get_queryset`"
    several = [one for one in missing if one.many or one.behind_many]
    numbers = [one for one in missing if one.counted]
    loaded = [one for one in missing if one not in numbers]
    annotated = " and annotate " + " and ".join(f"`{annotation(project, admin.model, one)}`" for one in numbers) if numbers else ""
    if rows[1] or len(several) == len(missing):
        return f"add `{eager_calls(project, rows[0], loaded)}`{annotated} in `get_queryset`"
    named = admin.names("list_select_related") or []
    wanted = [straightened(project, admin.model, read.path) for read in reads if not read.many]  # also what the admin joins only while nothing is named
    known = {one.path for one in missing if one not in several} | rows[0].loaded.paths
    paths = [path for path in dict.fromkeys(wanted) if path in known]
    longest = [path for path in paths if not any(other != path and other[: len(path)] == path for other in paths)]
    names = dict.fromkeys([*named, *("__".join(path) for path in longest)])
    names = {name: None for name in names if not any(other.startswith(f"{name}__") for other in names)}
    joined = "set `list_select_related = [" + ", ".join(f'"{name}"' for name in names) + "]`"
    several = [one for one in several if one not in numbers]
    added = f" and add `{eager_calls(project, rows[0], several)}`" if several else ""
    return f"{joined}{added}{annotated} in `get_queryset`" if several or numbers else joined


def _message(project: Project, admin: _Admin, missing: list[Missing], queries: list[OwnQuery], cure: str) -> str:
    names = [f"`{'.'.join(one.path)}`" for one in missing] + [f"the query in `{one.trail[-1].text}`" for one in queries]
    told = ", ".join(dict.fromkeys(names[:3])) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return f"{admin.fact.name} lists `{project.schema.mapped[admin.model].name}` with one query per row for {told}; {cure}"


def _evidence(missing: list[Missing], queries: list[OwnQuery], place: Place) -> Iterator[Evidence]:
    for one in missing[:4]:
        last = one.read.trail[-1]
        if last != place:
            yield Evidence(last.path, last.line, f"{last.text} reads {'.'.join(one.path)} of each row")
    for query in queries[:3]:
        for step in dict.fromkeys((query.trail[0], query.trail[-1])):
            if step != place:
                yield Evidence(step.path, step.line, f"{step.text} runs a query ({query.method}) for each row")
