"""Who makes the rows of a table: what a service does all day, or only what somebody enters in the admin or runs as a command."""

from __future__ import annotations

import collections
import enum
import functools
import re
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.api import Evidence
from backend_lint.facts.file import Role
from backend_lint.facts.route import EntryKind
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.entries import SERVED
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.row_makers import Making, RowMakers
from backend_lint.project.schema.sizes import is_set_up

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backend_lint.facts.query import Site
    from backend_lint.facts.schema import Table
    from backend_lint.project import Project
    from backend_lint.project.modules import SourceModule
    from backend_lint.project.schema.mapping import Mapped

_DEMO = r"(?:seeds?|demos?|demo(?:data|_\w+))"
_BY_HAND = lazy_regex(rf"(?:^|/)(?:\w*admin|panels|wagtail_hooks|fixtures|e2e\w*|\w*factor(?:y|ies))(?:\.py$|/)|(?:^|/){_DEMO}\.py$|/{_DEMO}/")
"""Folders of the root may be the project's own package: it may be called Seed."""
_ADMIN = lazy_regex(r"(?:^|/)\w*admin(?:\.py$|/)")
_FILLED = lazy_regex(r"Serializer\b|Form\b|FormMixin")
_MAKERS = lazy_regex(r"Create|ViewSet|Viewset|ModelView|Mutation|Resource|Importer")
_ENTERED = lazy_regex(r"Serializer\b|Form\b|CreateView|CreateAPIView|Mutation")
_PAGES = lazy_regex(r"Form\b|CreateView")
_READ_ONLY = lazy_regex(r"ReadOnly|Filter|List|Retrieve|Detail|Update")
_CHOSEN = ("form_class", "serializer_class", "form")
_CHOOSERS = ("get_form_class", "get_serializer_class")
_REQUESTED = SERVED | {EntryKind.MIDDLEWARE}
_CREATES = frozenset("create acreate get_or_create aget_or_create update_or_create aupdate_or_create bulk_create abulk_create".split())
_HOOKS = frozenset({"save", "create", "form_valid", "perform_create", "mutate", "mutate_and_get_payload", "__call__", "ready"})
_MOST = 5
"""Callers that are asked who calls them."""
_WRITES = frozenset("save asave add add_all merge bulk_save_objects bulk_create abulk_create commit flush upsert save_base save_to_db".split())
_INSERTS = frozenset({"insert", "pg_insert", "sa.insert", "sqlalchemy.insert"})
_NOT_AT_WORK = (Role.TEST, Role.MIGRATION, Role.GENERATED, Role.SCRIPT)
_USERS = frozenset({"django.contrib.auth.models.AbstractUser", "django.contrib.auth.models.AbstractBaseUser", "django.contrib.auth.base_user.AbstractBaseUser"})
_SENDS = ("delay", "apply_async", "send", "enqueue", "s", "si", "signature", "delay_on_commit", "apply_async_on_commit")
_FORMS = ("rest_framework.serializers.", "django.forms.")


class Growth(enum.StrEnum):
    """How a table comes to its rows. `COUNTED`: somebody said how many there are. `SERVED`: code of the service makes them, or the project has no models.

    `ENTERED`: somebody sends a form, or the like by an API. `BY_HAND`: only the admin makes them, and commands. `UNKNOWN`: nothing was found that does.
    """

    COUNTED = "counted"
    SERVED = "served"
    ENTERED = "entered"
    BY_HAND = "by hand"
    UNKNOWN = "unknown"

    @property
    def is_fast(self) -> bool:
        """There may be so many rows that it matters how long each takes."""
        return self in (Growth.COUNTED, Growth.SERVED)


class Made(NamedTuple):
    """A place that makes rows. `function`: index in its module, -1 for a class that a framework fills from a request; `by_form`: it is a page's form.

    `is_kept`: the function writes them as well, so far as it is seen; who only builds an object may throw it away.
    """

    path: str
    line: int
    function: int
    by_form: bool = False
    is_kept: bool = True


class Growing:
    """Answers for one project, table by table.

    What tells how bad a finding is may go by all that looks like it makes rows (`of`, `place`); what decides whether there is one, by what is certain to
    (`surely`, `requested`).
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._makers = RowMakers(project)
        self._places: dict[str, Made | None] = {}
        self._sure: dict[str, bool] = {}

    def of(self, table: str) -> Growth:
        """How a table comes to its rows."""
        known = self._project.schema.table(table)
        if known is not None and known.rows is not None:
            return Growth.COUNTED
        if not self._project.places.models(table):
            return Growth.UNKNOWN if self._project.schema.mapped else Growth.SERVED
        made = self.place(table)
        if made is not None:
            return Growth.ENTERED if made.function < 0 or self._is_entered(made) else Growth.SERVED
        return Growth.BY_HAND if self._is_registered(table) else Growth.UNKNOWN

    def is_written(self, table: Table) -> bool:
        """Its rows come while the service works, so that each index of it costs; what is set up once, by hand or by a migration, pays nothing for one more."""
        return not is_set_up(table) and (self.of(table.name) not in (Growth.BY_HAND, Growth.UNKNOWN) or self.surely(table))

    def place(self, table: str) -> Made | None:
        """A place of the application that makes rows of a table, rather one that requests or tasks reach; None if only hands and commands do."""
        if table not in self._places:
            self._places[table] = self._find(table)
        return self._places[table]

    def _find(self, table: str) -> Made | None:
        found: list[Made] = []
        for made in (made for mapped in self._project.places.models(table) for made in self._of_model(mapped)):
            reached = self._project.reached_from((made.path, made.function)) if made.function > 0 else None
            if reached is not None and reached[0].kind in _REQUESTED:
                return made
            if reached is None:
                found.append(made)
        if found:
            return max(found, key=lambda made: made.function >= 0)
        for site in self._makers.inserts.get(table, ()):
            module = self._project.modules.get(site.path)
            if module is not None and _is_service(module):
                return Made(site.path, site.line, site.function)
        return None

    def _of_model(self, mapped: Mapped) -> list[Made]:
        """In order of path, calls before classes."""
        found = []
        for module, function, call, text in self._makers.calls(mapped):
            if _is_service(module) and self._makers.is_meant(mapped, module.path, function, text) is not False:
                found.append(Made(module.path, call.line, function))
        for module, number, _, attribute in self._makers.filled(mapped):
            makes = _is_service(module) and self._makes_objects(module, number)
            if makes and self._makers.is_meant(mapped, module.path, attribute.function, attribute.value) is not False:
                one = module.classes[number]
                found.append(Made(module.path, attribute.line, -1, bool(_PAGES.search(" ".join((one.name, *one.bases))))))
        return sorted(found, key=lambda made: made.path)

    def _makes_objects(self, module: SourceModule, number: int) -> bool:
        """A view that a framework makes objects with, or a serializer or form that such a view or a call has."""
        one = module.classes[number]
        text = " ".join((one.name, *one.bases))
        return one.name.rpartition(".")[2] in self._given if _FILLED.search(text) else _is_maker(text)

    @functools.cached_property
    def _given(self) -> frozenset[str]:
        """Names of forms and serializers that code of the service gives something to make objects of."""
        found: set[str] = set()
        for module in filter(_is_service, self._project.modules.values()):
            for one in module.classes:
                if _is_maker(" ".join((one.name, *one.bases))) or any("FormView" in base for base in one.bases):
                    found.update(attribute.value.rpartition(".")[2] for attribute in one.attributes if attribute.name in _CHOSEN)
            for index, head in enumerate(module.functions):
                if head.name.endswith(_CHOOSERS):
                    found.update(one.value.rpartition(".")[2] for one in module.bodies[index].returns)
        names = [name for name in self._project.named_calls.by_name if name.endswith(("Form", "Serializer"))]
        for module, _, _, call in self._project.named_calls.calls(*names):
            last = call.callee.rpartition(".")[2]
            given = call.args if last.endswith("Form") else not call.args and any(key == "data" for key, _ in call.keywords)
            if given and _is_service(module):
                found.add(last)
        return frozenset(found)

    def _is_entered(self, made: Made) -> bool:
        """The place is a method of a form, a serializer or a view that makes one object of what somebody sent."""
        module = self._project.modules[made.path]
        owner = module.functions[made.function].owner
        return owner >= 0 and bool(_ENTERED.search(" ".join((module.classes[owner].name, *module.classes[owner].bases))))

    def _is_registered(self, table: str) -> bool:
        """A module of the admin names a model of the table."""
        names = [re.compile(rb"(?<![A-Za-z0-9_])%b(?![A-Za-z0-9_])" % mapped.name.encode()) for mapped in self._project.places.models(table)]
        modules = [module for path, module in self._project.modules.items() if _ADMIN.search(path)]
        return any(name.search(module.facts.bodies) or _attributes(module, name) for name in names for module in modules)

    # -- for certain -------------------------------------------------------------------------------

    def surely(self, table: Table) -> bool:
        """Code at work makes rows of the table: not migrations, administration pages or somebody by hand alone."""
        if table.name not in self._sure:
            self._sure[table.name] = self._judge(table)
        return self._sure[table.name]

    def _judge(self, table: Table) -> bool:
        if any(site.function >= 0 and self._at_work(site.path, site.function) for site in self._makers.inserts.get(table.name, ())):
            return True
        mapped = self._project.places.model(table.name)
        if mapped is not None:
            return self._is_of_users(mapped) or any(self._is_sure(mapped, made) for made in self._makers.calls(mapped)) or self._has_form(mapped)
        parents = [self._project.schema.table(key.table) for key in table.foreign_keys]
        return len(parents) == 2 and all(one is not None and one.name != table.name and self.surely(one) for one in parents)

    def _at_work(self, path: str, function: int) -> bool:
        return self._project.files[path].role not in _NOT_AT_WORK and "/admin" not in path and not self._project.answers.is_idle(path, function)

    def sure_place(self, table: str) -> Made | None:
        """A place of the application that certainly makes rows of a table, rather one that writes them, then one that requests or tasks reach."""
        places = self._sure_places(table)
        for found in ([one for one in places if one.is_kept], [one for one in places if not one.is_kept]):
            served = (one for one in found if self._project.entries.is_served((one.path, one.function)))
            if (first := next(served, next((one for one in found if self._is_called((one.path, one.function))), None))) is not None:
                return first
        return None

    def _is_called(self, key: tuple[str, int], depth: int = 2) -> bool:
        """Some methods are called by nobody at work: left over, or there for tests. A function may be a view by a configuration that was not followed."""
        head = self._project.calls.head(key)
        if key[1] <= 0 or head.owner < 0 or head.decorators or self._project.reached_from(key) is not None:
            return True
        name = head.name.rpartition(".")[2]
        callers = {(path, function) for path, function, _ in self._project.named_calls.by_name.get(name, ())} - {key}
        at_work = [one for one in callers if self._project.files[one[0]].role is not Role.TEST]
        return name in _HOOKS or (bool(at_work) if not depth or len(at_work) > _MOST else any(self._is_called(one, depth - 1) for one in at_work))

    def _sure_places(self, table: str) -> list[Made]:
        found: list[Made] = []
        for mapped in self._project.places.models(table):
            sure = (one for one in self._makers.calls(mapped) if _is_service(one.module) and self._is_sure(mapped, one))
            found += [Made(one.module.path, one.call.line, one.function, is_kept=self._is_kept(one)) for one in sure]
        inserts = (one for one in self._makers.inserts.get(table, ()) if one.function >= 0 and self._is_at_service(one.path) and not self._is_shared(one))
        return found + [Made(one.path, one.line, one.function) for one in inserts]

    @staticmethod
    def _is_kept(made: Making) -> bool:
        """The call writes the row, or something in its function writes what it makes."""
        writes = made.call.callee != made.model
        return writes or any(call.callee.rpartition(".")[2] in _WRITES for call in made.module.bodies[made.function].calls)

    def _is_shared(self, site: Site) -> bool:
        """One line inserts into several tables: it says of none that it is meant."""
        return self._shared[site.path, site.line] > 1

    @functools.cached_property
    def _shared(self) -> collections.Counter[tuple[str, int]]:
        return collections.Counter(place for sites in self._makers.inserts.values() for place in {(one.path, one.line) for one in sites})

    def by_clock(self, table: str) -> bool:
        """All that certainly makes rows of a table are tasks that no code sends, and commands: what fails is done with the next run."""
        found = self._sure_places(table)
        return bool(found) and all(one.function > 0 and self.is_by_clock((one.path, one.function)) for one in found)

    def is_by_clock(self, key: tuple[str, int]) -> bool:
        """A function is run by a task that no code sends, or by a command."""
        reached = self._project.reached_from(key)
        if reached is None or reached[0].kind is not EntryKind.TASK:
            return reached is not None and reached[0].kind is EntryKind.COMMAND
        name = reached[0].name.rpartition(".")[2]
        return not any(call.callee.rpartition(".")[0].endswith(name) for _, _, _, call in self._project.named_calls.calls(*_SENDS))

    def _is_at_service(self, path: str) -> bool:
        module = self._project.modules.get(path)
        return module is not None and _is_service(module)

    def _is_of_users(self, mapped: Mapped) -> bool:
        return not _USERS.isdisjoint(self._project.resolver.classes.external_names(Ref(RefKind.CLASS, mapped.name, *mapped.key)))

    def _is_sure(self, mapped: Mapped, made: Making) -> bool:
        """The class is called, or its own manager is told to create."""
        module, function, call, text = made
        if module.role in _NOT_AT_WORK or not _creates(call.callee, text) or (call.callee == text and _is_thrown_away(made)):
            return False
        return self._at_work(module.path, function) and self._makers.is_meant(mapped, module.path, function, text) is True

    def _has_form(self, mapped: Mapped) -> bool:
        """A form makes its rows of what clients send, or a serializer that a view which makes objects, or a call, is given."""
        for module, number, in_meta, attribute in self._makers.filled(mapped):
            named = in_meta and attribute.name == "model" and module.role not in _NOT_AT_WORK and "/admin" not in module.path
            if named and self._makers.is_meant(mapped, module.path, attribute.function, attribute.value):
                name = module.classes[number].name
                bases = self._project.resolver.classes.external_names(Ref(RefKind.CLASS, name, module.path, number))
                if any(_is_form(one) for one in bases) and (not name.endswith("Serializer") or name.rpartition(".")[2] in self._given):
                    return True
        return False

    @functools.cached_property
    def requested(self) -> dict[str, Evidence]:
        """The tables to which requests, jobs and consumers add rows, with one place each."""
        found: dict[str, Evidence] = {}
        for table, key, line in self._certain():
            if table and table not in found and (entry := self._project.reached_from(key)) is not None and entry[0].kind in _REQUESTED:
                found[table] = Evidence(key[0], line, f"rows are added to `{table}` here")
        return found

    @functools.cached_property
    def made_in(self) -> dict[str, frozenset[tuple[str, int]]]:
        """The functions at work that make rows, by table."""
        found: dict[str, set[tuple[str, int]]] = {}
        for table, key, _ in self._certain():
            if table and self._at_work(*key):
                found.setdefault(table, set()).add(key)
        return {table: frozenset(keys) for table, keys in found.items()}

    def _certain(self) -> Iterator[tuple[str, tuple[str, int], int]]:
        """Statements, and calls of a model's class as the call graph knows them: table, function and line."""
        for table, sites in self._makers.inserts.items():
            yield from ((table, (site.path, site.function), site.line) for site in sites if site.function >= 0)
        mapped = self._project.schema.mapped
        for module, index, _, _ in self._project.functions():
            for edge in self._project.calls.edges((module.path, index)) if module.role is Role.APPLICATION else ():
                target = edge.target.receiver if edge.target.name.endswith(".__init__") else edge.target
                if target is not None and target.kind is RefKind.CLASS and target.function in mapped:
                    yield mapped[target.function].table, (module.path, index), edge.call.line


def _creates(callee: str, model: str) -> bool:
    """``Order(...)``, ``Order.objects.create(...)`` or ``insert(Order)``."""
    if callee == model or callee in _INSERTS:
        return True
    base, _, last = callee.rpartition(".")
    held, _, manager = base.rpartition(".")
    return last in _CREATES and held == model and manager.endswith("objects")


def _is_thrown_away(made: Making) -> bool:
    """An object that a class or a module holds, or that is built to validate what was sent."""
    name = made.module.functions[made.function].name.rpartition(".")[2] if made.function > 0 else ""
    return made.function <= 0 or name.startswith(("validate", "clean")) or name.endswith("_validate")


def _attributes(module: SourceModule, name: re.Pattern[bytes]) -> bool:
    texts = [text for one in module.classes for text in (*one.decorators, *one.bases, *(attribute.value for attribute in one.attributes))]
    return bool(name.search(" ".join(texts).encode()))


def _is_form(name: str) -> bool:
    """A base class of Django or REST framework, or of a library that builds on the latter."""
    return name.startswith(_FORMS) or (".serializers." in name and name.endswith("Serializer"))


def _is_maker(text: str) -> bool:
    return bool(_MAKERS.search(text)) and not _READ_ONLY.search(text)


def _is_service(module: SourceModule) -> bool:
    return module.role is Role.APPLICATION and not _BY_HAND.search(module.path)
