"""What serializers of Django REST framework and model forms let through: names, and what may be written or read of each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.python import Attribute
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.value_text import constant_string, entries, split

if TYPE_CHECKING:
    from backend_lint.project import Project

_KINDS = {
    "rest_framework.serializers.ModelSerializer": "serializer",
    "rest_framework.serializers.HyperlinkedModelSerializer": "serializer",
    "django.forms.ModelForm": "form",
    "django.forms.models.ModelForm": "form",
}
_USERS = frozenset(
    {
        "django.contrib.auth.models.User",
        "django.contrib.auth.models.AbstractUser",
        "django.contrib.auth.models.AbstractBaseUser",
        "django.contrib.auth.base_user.AbstractBaseUser",
    }
)


class Shape(NamedTuple):
    """A class that turns rows into fields. `fields`: names, or ``__all__`` alone; `one_way`: names that are only read or only written, by keyword."""

    path: str
    line: int
    column: int
    name: str
    kind: str
    model: Ref
    fields: tuple[str, ...]
    exclude: tuple[str, ...]
    read_only: frozenset[str]
    write_only: frozenset[str]
    is_user: bool


def shapes(project: Project) -> Iterator[Shape]:
    """The serializers and forms of models whose fields are known, in order of path and line."""
    classes = project.resolver.classes
    for path, module in project.modules.items():
        for index, fact in enumerate(module.classes):
            if not fact.bases or fact.name.endswith(".Meta"):
                continue
            ref = Ref(RefKind.CLASS, fact.name, path, index)
            kind = next((_KINDS[name] for name in classes.external_names(ref) if name in _KINDS), "")
            if kind and (found := _shape(project, ref, kind)) is not None:
                yield found


def _shape(project: Project, ref: Ref, kind: str) -> Shape | None:
    model_at = _meta(project, ref, "model")
    if model_at is None:
        return None
    model = project.value(model_at[0].path, model_at[1].function, model_at[1].value)
    fields = _names(_meta(project, ref, "fields"))
    exclude = _names(_meta(project, ref, "exclude"))
    if model is None or (not fields and not exclude):
        return None
    at = _meta(project, ref, "fields") or _meta(project, ref, "exclude")
    if at is None or at[0].path != ref.path:
        return None
    read_only, write_only = _one_way(project, ref)
    bases = {model.name, *(project.resolver.classes.external_names(model) if model.kind is RefKind.CLASS else ())}
    fact = project.resolver.class_at(ref)
    where = at[1]
    return Shape(ref.path, where.line, where.column, fact.name, kind, model, fields, exclude, read_only, write_only, bool(bases & _USERS))


def _meta(project: Project, ref: Ref, name: str) -> tuple[Ref, Attribute] | None:
    """An option of ``Meta``, inherited ones too."""
    for base in project.resolver.classes.ancestors(ref.path, ref.index):
        if base.kind is not RefKind.CLASS:
            continue
        module = project.modules[base.path]
        index = module.definitions[1].get(f"{module.classes[base.index].name}.Meta")
        if index is not None:
            found = project.resolver.classes.find(Ref(RefKind.CLASS, "Meta", base.path, index), name)
            if found is not None and isinstance(found[1], Attribute):
                return found[0], found[1]
            if name != "model":
                return None
    return None


def _names(held: tuple[Ref, Attribute] | None) -> tuple[str, ...]:
    if held is None:
        return ()
    value = held[1].value
    if (text := constant_string(value)) is not None:
        return (text,)
    return tuple(name for item in split(value[1:-1]) if (name := constant_string(item))) if value[:1] in "[(" and "..." not in value else ()


def _one_way(project: Project, ref: Ref) -> tuple[frozenset[str], frozenset[str]]:
    """Fields that are only read, and fields that are only written."""
    kept: dict[str, set[str]] = {"read_only": set(_names(_meta(project, ref, "read_only_fields"))), "write_only": set()}
    extra = _meta(project, ref, "extra_kwargs")
    for name, options in entries(extra[1].value) if extra is not None else ():
        for keyword, names in kept.items():
            if f"'{keyword}':True" in options:
                names.add(name)
    for base in project.resolver.classes.ancestors(ref.path, ref.index):
        if base.kind is not RefKind.CLASS:
            continue
        module = project.modules[base.path]
        for attribute in module.classes[base.index].attributes:
            if attribute.value[:1] == "#" and attribute.value[1:].isdigit():
                call = module.bodies[attribute.function].calls[int(attribute.value[1:])]
                kind = project.value(base.path, attribute.function, call.callee)
                if kind is None or not kind.is_external:
                    kept["write_only"].add(attribute.name)  # a field of the project's own may show something else
                is_method = call.callee.endswith("SerializerMethodField")
                for keyword, names in kept.items():
                    if (keyword, "True") in call.keywords or (is_method and keyword == "read_only"):
                        names.add(attribute.name)
        methods = {module.functions[number].name.rpartition(".")[2] for number in module.classes[base.index].methods}
        if methods & {"to_representation", "get_fields", "__init__"}:
            kept["write_only"].add("*")
    return frozenset(kept["read_only"]), frozenset(kept["write_only"])
