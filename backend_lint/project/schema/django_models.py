"""Django's model classes as they stand in the code: fields through abstract bases, ``Meta`` through its own."""

from __future__ import annotations

from typing import Any

import msgspec

from backend_lint.facts.file import Role
from backend_lint.facts.python import BlockKind, Class
from backend_lint.project.libraries.django_models import INCOMPLETE, LIBRARY_MODELS, MIXINS, LibraryModel, canonical_model
from backend_lint.project.modules import SourceModule
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.schema.django_apps import Apps
from backend_lint.project.schema.django_fields import FieldReader
from backend_lint.project.schema.django_meta import MetaReader, MetaTexts
from backend_lint.project.schema.django_state import DjangoField, ModelState, Options
from backend_lint.project.schema.django_values import Made, Scope, ValueReader
from backend_lint.project.schema.mapping import ClassKey
from backend_lint.project.value_text import call_ids

_MODEL = "django.db.models.Model"
_PLAIN = frozenset(
    "object abc typing typing_extensions enum collections dataclasses functools uuid datetime decimal str int django six auditlog rules rest_framework "
    "pydantic logging json threading contextlib".split()
)
"""Top-level names of libraries whose classes add no fields; what of Django adds some is known."""
_MAX_DEPTH = 30
_ADDS = (".add_to_class", ".contribute_to_class", ".setdefault")


class ModelClass(msgspec.Struct, frozen=True):
    """A model class, abstract or not, before labels are known.

    `fields`: own ones and those of abstract bases, with references to classes of the project as ``path:index``. `parents`: the concrete model classes that it
    derives from; `library_parents`: those of libraries.
    """

    key: ClassKey
    name: str
    fields: dict[str, DjangoField]
    meta: MetaTexts
    abstract: bool
    proxy: bool
    parents: tuple[ClassKey, ...]
    library_parents: tuple[str, ...]
    ordering_from: ClassKey | None
    removed: frozenset[str]
    unknown: tuple[str, ...]
    varies: tuple[str, ...]
    line: int


class ModelReader:
    """Finds model classes. An answer is kept."""

    def __init__(self, values: ValueReader, fields: FieldReader, apps: Apps) -> None:
        self.values = values
        self.modules = values.modules
        self.fields = fields
        self.apps = apps
        self.meta = MetaReader(values)
        self._found: dict[ClassKey, ModelClass | None] = {}
        self._plain: dict[ClassKey, frozenset[str]] = {}

    def all(self) -> dict[ClassKey, ModelClass]:
        """Every model class outside of tests and migrations, in the order of files."""
        found = {}
        for path, module in self.modules.items():
            if module.role in (Role.TEST, Role.MIGRATION):
                continue
            for index, fact in enumerate(module.classes):
                if fact.bases and (model := self.model((path, index))) is not None:
                    found[path, index] = model
            self._added(path, found)
        return found

    def model(self, key: ClassKey, depth: int = 0) -> ModelClass | None:
        """The model that a class is; None for any other class."""
        if key in self._found:
            return self._found[key]
        self._found[key] = None
        found = self._model(key, depth) if depth < _MAX_DEPTH else None
        self._found[key] = found
        return found

    def bases(self, path: str, fact: Class) -> list[tuple[str, Ref | None]]:
        """Bases as text and what they refer to; ``with_metaclass(Meta, Base)`` is its bases."""
        found: list[tuple[str, Ref | None]] = []
        for text in fact.bases:
            if text[:1] == "#" and text[1:].isdigit():
                call = self.modules[path].bodies[fact.scope].calls[int(text[1:])]
                last = call.callee.rpartition(".")[2]
                if last == "with_metaclass":
                    found += [(one, self.values.resolver.value(path, fact.scope, one)) for one in call.args[1:]]
                elif last == "ExportModelOperationsMixin":
                    continue
                else:
                    found.append((call.callee, self._made_base(path, fact.scope, text)))
                continue
            bare = text[: text.index("[")] if "[" in text else text
            found.append((bare, self.values.resolver.value(path, fact.scope, bare)))
        return found

    def _made_base(self, path: str, scope: int, text: str) -> Ref | None:
        ref = self.values.resolver.value(path, scope, text)
        return ref if ref is not None and ref.kind is RefKind.CLASS else None

    def _model(self, key: ClassKey, depth: int) -> ModelClass | None:
        path, index = key
        fact = self.modules[path].classes[index]
        inherited: list[ModelClass | LibraryModel | frozenset[str]] = []
        unknown: list[str] = []
        doubtful: list[str] = []
        for text, ref in self.bases(path, fact):
            if ref is not None and ref.kind is RefKind.CLASS:
                if (base := self.model(ref.function, depth + 1)) is not None:
                    inherited.append(base)
                else:
                    inherited.append(self._plain_names(ref.function))
            elif ref is not None and ref.kind is RefKind.EXTERNAL:
                name = canonical_model(ref.name)
                if name == _MODEL:
                    inherited.append(LibraryModel())
                elif name in LIBRARY_MODELS:
                    inherited.append(LIBRARY_MODELS[name])
                    if name in INCOMPLETE:
                        unknown.append(f"all fields of {name}")
                elif name not in MIXINS and name.partition(".")[0] not in _PLAIN:
                    doubtful.append(f"base {name}")
            elif text not in ("object", "?"):  # not known, or what a call gives
                doubtful.append(f"base {text}")
        if all(isinstance(one, frozenset) for one in inherited) and not (doubtful and self._looks_like_model(path, index, fact)):
            return None
        return self._built(key, fact, inherited, [*unknown, *doubtful])

    def _plain_names(self, key: ClassKey) -> frozenset[str]:
        """What a class that is no model sets: it hides the fields of the abstract models behind it."""
        if key in self._plain:
            return self._plain[key]
        found: set[str] = set()
        for base in self.values.resolver.classes.ancestors(*key):
            if base.kind is RefKind.CLASS:
                module = self.modules[base.path]
                fact = module.classes[base.index]
                found.update(module.functions[number].name.rpartition(".")[2] for number in fact.methods)
                found.update(one.name for one in fact.attributes if one.function == fact.scope and one.value)
        self._plain[key] = frozenset(found)
        return self._plain[key]

    def _looks_like_model(self, path: str, index: int, fact: Class) -> bool:
        """Derived from something unknown, but with fields of Django's models in it."""
        for attribute in fact.attributes:
            if attribute.function == fact.scope and attribute.value[:1] == "#" and attribute.value[1:].isdigit():
                made = self.values.value(Scope(path, fact.scope, index), attribute.value)
                if isinstance(made, Made) and made.name.startswith("django.db.models.") and self.fields.class_of(made) is not None:
                    return True
        return False

    def _built(self, key: ClassKey, fact: Class, inherited: list[ModelClass | LibraryModel | frozenset[str]], unknown: list[str]) -> ModelClass:
        path, index = key
        own, removed, odd = self._own_fields(path, index, fact)
        unknown += odd
        meta = self.meta.texts(key, [base.key for base in inherited if isinstance(base, ModelClass) and base.abstract])
        fields: dict[str, DjangoField] = {}
        parents: list[ClassKey] = []
        library_parents: list[str] = []
        varies = ["what its metaclass adds"] if self._is_added_to(path, fact) else []
        ordering_from: ClassKey | None = None
        gone = set(removed)
        for base in inherited:
            if isinstance(base, frozenset):
                gone |= base - set(own)
                continue
            if isinstance(base, LibraryModel):
                if base.label:
                    library_parents.append(base.label)
                    continue
                for one in base.fields:
                    made = self.fields.library_field(one.name, one.kind, dict(one.options), "")
                    if made is not None and one.name not in own and one.name not in gone:
                        fields.setdefault(one.name, made)
                varies += [base.varies] if base.varies else []
                if base.ordering and not meta.own:
                    meta = meta.with_ordering(base.ordering)
                continue
            unknown += [one for one in base.unknown if one not in unknown]
            varies += [one for one in base.varies if one not in varies] if base.abstract else []
            if not base.abstract:
                parents.append(base.parents[0] if base.proxy and base.parents else base.key)
                ordering_from = ordering_from or base.key
                continue
            parents += [one for one in base.parents if one not in parents]
            library_parents += [one for one in base.library_parents if one not in library_parents]
            ordering_from = ordering_from or (base.ordering_from if "ordering" not in base.meta.values else None)
            for name, field in base.fields.items():
                if name not in own and name not in gone:
                    fields.setdefault(name, field)
            gone |= base.removed - set(own)
        fields.update(own)
        return ModelClass(
            key, fact.name.rpartition(".")[2], fields, meta, self.meta.flag(meta, "abstract"), self.meta.flag(meta, "proxy"), tuple(parents),
            tuple(library_parents), ordering_from, frozenset(gone), tuple(unknown), tuple(varies), fact.line,
        )  # fmt: skip

    def _is_added_to(self, path: str, fact: Class) -> bool:
        """The metaclass is the project's own, and puts attributes into the classes that it makes."""
        names = [text for name, text in fact.keywords if name == "metaclass"]
        calls = [self.modules[path].bodies[fact.scope].calls[int(text[1:])] for text in fact.bases if text[:1] == "#" and text[1:].isdigit()]
        names += [call.args[0] for call in calls if call.callee.endswith("with_metaclass") and call.args]
        for text in names:
            ref = self.values.resolver.value(path, fact.scope, text)
            if ref is None or ref.kind is not RefKind.CLASS:
                continue
            for method in ("__new__", "__init__"):
                found = self.values.resolver.classes.find(ref, method)
                if found is not None and isinstance(found[1], int) and _puts(self.modules[found[0].path], found[1]):
                    return True
        return False

    def _own_fields(self, path: str, index: int, fact: Class) -> tuple[dict[str, DjangoField], list[str], list[str]]:
        """Fields of the class body, names that mean something else, which hides a field of an abstract base, and what was not understood."""
        found: dict[str, DjangoField] = {}
        removed = [self.modules[path].functions[number].name.rpartition(".")[2] for number in fact.methods]
        odd: list[str] = []
        for attribute in fact.attributes:
            if attribute.function != fact.scope or not attribute.value:
                continue
            text = attribute.value
            if text[:1] == "(" and "#" in text and "|" in text:
                text = next((f"#{number}" for number in call_ids(text)), text)
            if text[:1] != "#" or not text[1:].isdigit():
                removed.append(attribute.name)
                found.pop(attribute.name, None)
                continue
            made = self.values.value(Scope(path, fact.scope, index), text)
            field = self.made_field(attribute.name, made) if isinstance(made, Made) else None
            if field is not None:
                found[attribute.name] = msgspec.structs.replace(field, path=path, line=attribute.line)
        body = self.modules[path].bodies[fact.scope]
        lines = range(fact.line, fact.end_line + 1)
        if any(call.callee == "locals" and call.line in lines for call in body.calls) or any(
            assign.target.startswith("vars()[") and assign.line in lines for assign in body.assigns
        ):
            odd.append("fields that the class body makes by name")
        return found, removed, odd

    def made_field(self, name: str, made: Made, depth: int = 0) -> DjangoField | None:
        """The field of a call, also of a function of the project that returns one. Targets without an application begin with a dot."""
        ref = made.ref
        if ref is not None and ref.kind is RefKind.FUNCTION and depth < 4:
            returns = self.modules[ref.path].bodies[ref.index].returns
            inner: Any = self.values.value(Scope(ref.path, ref.index), returns[-1].value) if returns else None
            return self.made_field(name, inner, depth + 1) if isinstance(inner, Made) else None
        return self.fields.field(name, made, "")

    def _added(self, path: str, found: dict[ClassKey, ModelClass]) -> None:
        """``Model.add_to_class("name", Field())`` at the top of a module."""
        for call in self.modules[path].bodies[0].calls:
            if not call.callee.endswith((".add_to_class", ".contribute_to_class")) or len(call.args) < 2:
                continue
            scope = Scope(path)
            if call.callee.endswith(".add_to_class"):
                target, name, made = self.values.name(scope, call.callee.rpartition(".")[0]), self.values.value(scope, call.args[0]), call.args[1]
            else:
                target, name, made = self.values.name(scope, call.args[0]), self.values.value(scope, call.args[1]), call.callee.rpartition(".")[0]
            value = self.values.value(scope, made)
            if target.ref is None or target.ref.kind is not RefKind.CLASS or not isinstance(name, str) or not isinstance(value, Made):
                continue
            model = self.model(target.ref.function)
            field = self.made_field(name, value) if model is not None else None
            if model is not None and field is not None:
                model.fields[name] = field

    def states(self) -> dict[str, ModelState]:
        """All models with a table or of a proxy by label; abstract ones are not among them."""
        classes = self.all()
        labels = {key: self._label(model) for key, model in classes.items()}
        found: dict[str, ModelState] = {}
        for key, model in classes.items():
            fact = self.modules[key[0]].classes[key[1]]
            if model.abstract or fact.scope or self._for_another_database(key[0], fact.line):
                continue
            state = self._state(model, labels)
            if state.label not in found or (not found[state.label].fields and state.fields):
                found[state.label] = state
        return found

    def _for_another_database(self, path: str, line: int) -> bool:
        """A class stands under a condition that does not hold, as ``if connection.vendor == "sqlite"`` elsewhere."""
        blocks = self.modules[path].bodies[0].blocks
        return any(
            one.line <= line <= one.end_line and one.kind in (BlockKind.IF, BlockKind.ORELSE) and self.values.holds(Scope(path), number) is False
            for number, one in enumerate(blocks)
        )

    def _label(self, model: ModelClass) -> str:
        text = self.meta.text(model.meta, "app_label")
        return f"{text or self.apps.label(model.key[0])}.{model.name.lower()}"

    def _state(self, model: ModelClass, labels: dict[ClassKey, str]) -> ModelState:
        app = labels[model.key].partition(".")[0]
        options, odd = self.meta.options(model.meta, app, model.name)
        if not options.ordering and model.ordering_from is not None and "ordering" not in model.meta.values:
            options = msgspec.structs.replace(options, ordering=self._inherited_ordering(model.ordering_from))
        fields = {name: self.linked(field, app, labels) for name, field in model.fields.items()}
        parents = tuple(labels[one] for one in model.parents if one in labels) + model.library_parents
        if not options.proxy:
            fields = self._with_key(model, app, fields, parents, labels)
        if options.order_with_respect_to:
            fields["_order"] = DjangoField(name="_order", kind="OrderWrt", internal="IntegerField", path=model.key[0], line=model.line)
        return ModelState(
            app=app, name=model.name, fields=fields, options=options, parents=parents, key=model.key, unknown=(*model.unknown, *odd), varies=model.varies,
            path=model.key[0], line=model.line,
        )  # fmt: skip

    def _inherited_ordering(self, key: ClassKey, depth: int = 0) -> tuple[str, ...]:
        model = self.model(key)
        if model is None or depth > _MAX_DEPTH:
            return ()
        options: Options = self.meta.options(model.meta, "", model.name)[0]
        return options.ordering or (self._inherited_ordering(model.ordering_from, depth + 1) if model.ordering_from is not None else ())

    def _with_key(
        self, model: ModelClass, app: str, fields: dict[str, DjangoField], parents: tuple[str, ...], labels: dict[ClassKey, str]
    ) -> dict[str, DjangoField]:
        """With the links to parents and the automatic key that Django adds."""
        linked: dict[str, DjangoField] = {}
        for position, parent in enumerate(parents):
            explicit = next((one for one in fields.values() if one.parent_link and one.to == parent), None)
            keyed = explicit or next((one for one in fields.values() if one.internal == "OneToOneField" and one.to == parent and one.primary_key), None)
            if keyed is not None:
                if not position and not any(one.primary_key for one in fields.values()):
                    fields[keyed.name] = msgspec.structs.replace(keyed, primary_key=True)
                continue
            name = f"{parent.rpartition('.')[2]}_ptr"
            if name in fields:
                continue
            first = not position and not any(one.primary_key for one in fields.values())
            linked[name] = DjangoField(
                name=name, kind="OneToOneField", internal="OneToOneField", unique=True, index=True, primary_key=first, to=parent, on_delete="cascade",
                parent_link=True, path=model.key[0], line=model.line,
            )  # fmt: skip
        fields = {**linked, **fields}
        if any(one.primary_key for one in fields.values()) or "pk" in fields:
            return fields
        kind = self.apps.auto_field_of(model.key[0])
        unknown = "" if kind.endswith("AutoField") else kind
        auto = DjangoField(name="id", kind=kind, internal=kind, primary_key=True, unknown=unknown, path=model.key[0], line=model.line)
        return {"id": auto, **fields}

    def linked(self, field: DjangoField, app: str, labels: dict[ClassKey, str]) -> DjangoField:
        """The field with labels in the place of classes; a string without one means the application of the class that inherits it."""
        to, through = self._target(field.to, app, labels), self._target(field.through, app, labels)
        if to == field.to and through == field.through:
            return field
        return msgspec.structs.replace(field, to=to, through=through)

    @staticmethod
    def _target(text: str, app: str, labels: dict[ClassKey, str]) -> str:
        if text.startswith("class "):
            known = LIBRARY_MODELS.get(canonical_model(text[6:]))
            parts = text[6:].split(".")
            if known is not None:
                return known.label
            app_label = parts[-3] if parts[-2:-1] == ["models"] and len(parts) > 2 else parts[0]
            return f"{app_label}.{parts[-1].lower()}"
        if text[:1] == ".":
            return app + text
        if ":" in text:
            path, _, number = text.rpartition(":")
            return labels.get((path, int(number)), "")
        return text


def _puts(module: SourceModule, function: int) -> bool:
    """A metaclass's ``__new__`` or ``__init__`` adds to the class's attributes."""
    body, parameters = module.bodies[function], module.functions[function].parameters
    attributes = f"%{parameters[3].name}" if len(parameters) > 3 else "?"
    if any(assign.target.startswith(f"{attributes}[") for assign in body.assigns):
        return True
    return any(call.callee == f"{attributes}.update" or call.callee == "setattr" or call.callee.endswith(_ADDS) for call in body.calls)
