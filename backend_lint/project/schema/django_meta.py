"""``class Meta`` of a model: its texts through inheritance, and the options that they stand for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from backend_lint.project.references import RefKind
from backend_lint.project.schema.django_state import DjangoIndex, Options
from backend_lint.project.schema.django_values import MISSING, Made, Named, Operation, Scope, Unknown, ValueReader
from backend_lint.project.schema.mapping import ClassKey

_INDEX_METHODS = {
    "Index": "btree",
    "BTreeIndex": "btree",
    "GinIndex": "gin",
    "GistIndex": "gist",
    "SpGistIndex": "spgist",
    "BrinIndex": "brin",
    "HashIndex": "hash",
    "BloomIndex": "bloom",
    "HnswIndex": "hnsw",
    "IvfflatIndex": "ivfflat",
}
_CONSTRAINTS = {"UniqueConstraint": "unique", "CheckConstraint": "check", "ExclusionConstraint": "exclusion"}
_MAX_DEPTH = 20


class Text(NamedTuple):
    """A value of ``Meta`` and where it is read."""

    scope: Scope
    text: str


class MetaTexts(NamedTuple):
    """All that ``Meta`` says, inherited parts included. `own`: the class has a ``Meta`` of its own. `ordering`: of a library's base."""

    values: Mapping[str, Text]
    own: bool
    ordering: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    def with_ordering(self, ordering: tuple[str, ...]) -> MetaTexts:
        return self if "ordering" in self.values else self._replace(ordering=ordering)


class MetaReader:
    """Reads ``Meta``."""

    def __init__(self, values: ValueReader) -> None:
        self.values = values
        self.modules = values.modules
        self._texts: dict[ClassKey, MetaTexts] = {}

    def texts(self, key: ClassKey, abstract_bases: Sequence[ClassKey]) -> MetaTexts:
        """What ``Meta`` of a model says; without one of its own, what the first abstract base's says, apart from ``abstract``."""
        path, index = key
        module = self.modules[path]
        own = module.definitions[1].get(f"{module.classes[index].name}.Meta")
        if own is not None:
            values, unknown = self._of_class((path, own), 0)
            found = MetaTexts(values, True, (), tuple(unknown))
        else:
            known = [self._texts[base] for base in abstract_bases if base in self._texts]
            first = next((texts for texts in known if texts.values or texts.ordering), None)
            kept = {name: text for name, text in first.values.items() if name != "abstract"} if first is not None else {}
            found = MetaTexts(kept, False, first.ordering if first is not None else (), first.unknown if first is not None else ())
        self._texts[key] = found
        return found

    def _of_class(self, key: ClassKey, depth: int) -> tuple[dict[str, Text], list[str]]:
        path, index = key
        fact = self.modules[path].classes[index]
        values: dict[str, Text] = {}
        unknown: list[str] = []
        for base in reversed(fact.bases):
            inherited = self._base(path, fact.scope, base)
            if inherited is None:
                if base.endswith("Meta"):
                    unknown.append(f"options of {base}")
            elif depth < _MAX_DEPTH:
                texts, odd = inherited[0], inherited[1]
                values.update({name: text for name, text in texts.items() if name != "abstract"})
                unknown += odd
        for attribute in fact.attributes:
            values[attribute.name] = Text(Scope(path, fact.scope, index), attribute.value)
        return values, unknown

    def _base(self, path: str, scope: int, text: str) -> tuple[Mapping[str, Text], list[str]] | None:
        head, dot, last = text.rpartition(".")
        if not dot or last != "Meta":
            ref = self.values.resolver.value(path, scope, text)
            return self._of_class(ref.function, 1) if ref is not None and ref.kind is RefKind.CLASS else None
        ref = self.values.resolver.value(path, scope, head)
        if ref is None:
            return None
        if ref.kind is not RefKind.CLASS:
            return ({}, []) if ref.name.startswith(("django.", "mptt.", "treebeard.", "taggit.")) else None
        if ref.function in self._texts:
            known = self._texts[ref.function]
            return known.values, list(known.unknown)
        module = self.modules[ref.path]
        number = module.definitions[1].get(f"{module.classes[ref.index].name}.Meta")
        if number is not None:
            return self._of_class((ref.path, number), 1)
        for base in self.values.resolver.classes.ancestors(ref.path, ref.index)[1:]:
            if base.kind is RefKind.CLASS:
                inner = self.modules[base.path]
                number = inner.definitions[1].get(f"{inner.classes[base.index].name}.Meta")
                if number is not None:
                    return self._of_class((base.path, number), 1)
        return {}, []

    def value(self, meta: MetaTexts, name: str) -> Any:
        text = meta.values.get(name)
        return MISSING if text is None else self.values.value(text.scope, text.text)

    def flag(self, meta: MetaTexts, name: str) -> bool:
        return self.value(meta, name) is True

    def text(self, meta: MetaTexts, name: str) -> str:
        found = self.value(meta, name)
        return found if isinstance(found, str) else ""

    def options(self, meta: MetaTexts, app: str, model: str) -> tuple[Options, tuple[str, ...]]:
        """The options of a model, and what of them was not understood."""
        found = {name: self.value(meta, name) for name in meta.values}
        options, unknown = read_options(found, app, model)
        if not options.ordering and meta.ordering and "ordering" not in found:
            options = msgspec.structs.replace(options, ordering=meta.ordering)
        return options, (*meta.unknown, *unknown)


def read_options(found: Mapping[str, Any], app: str, model: str) -> tuple[Options, tuple[str, ...]]:
    """Options from the values of ``Meta`` or of a migration's ``options``; what was not understood by name."""
    unknown: list[str] = []

    def text(name: str) -> str:
        value = found.get(name, "")
        if isinstance(value, (Unknown, Made, Named)) and name == "db_table":
            unknown.append(f"option {name}")
        return value if isinstance(value, str) else ""

    def together(name: str) -> tuple[tuple[str, ...], ...]:
        value = found.get(name, [])
        sets = names_of(value)
        if sets is None:
            unknown.append(f"option {name}")
        return sets or ()

    def entries(name: str) -> tuple[DjangoIndex, ...]:
        value = found.get(name, [])
        if isinstance(value, Operation) or not isinstance(value, list):
            if value not in (None, MISSING):
                unknown.append(f"option {name}")
            return ()
        read = [index_entry(one, app, model) for one in value]
        if any(one is None for one in read):
            unknown.append(f"an entry of {name}")
        return tuple(one for one in read if one is not None)

    if isinstance(found.get("managed"), (Unknown, Made, Named)):
        unknown.append("option managed")
    ordering = found.get("ordering", [])
    options = Options(
        db_table=text("db_table").strip('"') if not text("db_table").startswith('"') or "." not in text("db_table") else text("db_table").replace('"', ""),
        managed=found.get("managed", True) is not False,
        proxy=found.get("proxy", False) is True,
        abstract=found.get("abstract", False) is True,
        swappable=text("swappable"),
        unique_together=together("unique_together"),
        index_together=together("index_together"),
        indexes=entries("indexes"),
        constraints=entries("constraints"),
        ordering=tuple(order_text(one) for one in ordering) if isinstance(ordering, list) else ("?",),
        order_with_respect_to=text("order_with_respect_to"),
        related_name=text("default_related_name"),
        unknown=tuple(unknown),
    )
    return options, tuple(unknown)


def names_of(value: Any) -> tuple[tuple[str, ...], ...] | None:
    """``unique_together`` in any of its forms; None if it was not understood."""
    if value is None or value == [] or value is MISSING:
        return ()
    if not isinstance(value, list):
        return None
    if all(isinstance(one, str) for one in value):
        return (tuple(value),)
    sets = []
    for one in value:
        if isinstance(one, Made) and one.last in ("set", "tuple", "list") and one.args:
            one = one.args[0]
        if not isinstance(one, list) or not all(isinstance(name, str) for name in one):
            return None
        sets.append(tuple(one))
    return tuple(sets)


def order_text(value: Any) -> str:
    """An entry of ``ordering``: a name, with ``-`` for descending; ``?`` for an expression that is none."""
    if isinstance(value, str):
        return value
    if isinstance(value, Made):
        if value.last in ("desc", "asc") and isinstance(inner := value.receiver, Made):
            name = order_text(inner)
            return f"-{name}" if value.last == "desc" and name != "?" else name
        if value.last == "F" and value.args and isinstance(value.args[0], str):
            return value.args[0]
        if value.last == "OrderBy" and value.args:
            name = order_text(value.args[0])
            return f"-{name}" if value.get("descending", 1) is True and name != "?" else name
    return "?"


def index_entry(value: Any, app: str, model: str) -> DjangoIndex | None:
    """An entry of ``indexes`` or ``constraints``; None if it is not understood."""
    if not isinstance(value, Made):
        return None
    last = _class_name(value)
    kind = _CONSTRAINTS.get(last, "index")
    if kind == "index" and last not in _INDEX_METHODS and not last.endswith("Index"):
        return None
    unknown = "" if last in _INDEX_METHODS or last in _CONSTRAINTS else f"index class {last}"
    name = value.get("name")
    shown = name if isinstance(name, str) else ""
    if "%(" in shown:
        shown = shown.replace("%(app_label)s", app.lower()).replace("%(class)s", model.lower())
    fields = value.get("fields")
    expressions = tuple(value.args) if kind in ("index", "unique") else ()
    condition = value.get("condition")
    if kind == "check":
        condition = value.get("condition") if value.has("condition") else value.get("check")
    if kind == "exclusion":
        pairs = value.get("expressions")
        expressions = tuple(pairs) if isinstance(pairs, list) else (Unknown("expressions"),)
    method = _INDEX_METHODS.get(last, "btree")
    if kind == "exclusion":
        given = value.get("index_type")
        method = given.lower() if isinstance(given, str) else "gist"
    if isinstance(fields, Unknown) and fields is not MISSING:
        unknown = "fields of an index"
    distinct = value.get("nulls_distinct")
    return DjangoIndex(
        kind=kind,
        name=shown,
        fields=_strings(fields),
        expressions=expressions,
        condition=None if condition is MISSING else condition,
        method=method,
        opclasses=_strings(value.get("opclasses")),
        include=_strings(value.get("include")),
        deferrable=value.get("deferrable") not in (MISSING, None),
        nulls_distinct=distinct is not False,
        unknown=unknown,
        path=value.scope.path,
        line=value.line,
    )


def _class_name(made: Made) -> str:
    """The name of the index or constraint class; for one of the project, of Django's that it derives from."""
    ref = made.ref
    if ref is not None and ref.kind is RefKind.CLASS:
        for base in made.reader.resolver.classes.ancestors(ref.path, ref.index)[1:]:
            name = base.name.rpartition(".")[2]
            if base.kind is RefKind.EXTERNAL and (name in _INDEX_METHODS or name in _CONSTRAINTS):
                return name
    return made.last


def _strings(value: Any) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()
