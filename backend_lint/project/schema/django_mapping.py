"""Django's models as mapped classes: which attribute is which column, which leads where, in both directions."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from backend_lint.project.schema.django_models import ModelClass, ModelReader
from backend_lint.project.schema.django_registry import Registry
from backend_lint.project.schema.django_state import DjangoField, ModelState
from backend_lint.project.schema.django_types import column_type
from backend_lint.project.schema.mapping import ClassKey, Field, Framework, Loading, Mapped, Relationship

_MAX_DEPTH = 20
_HIDDEN = "+"


class _Draft:
    """A mapped class under construction: own members and those of parents."""

    __slots__ = ("fields", "relationships", "reverse", "state")

    def __init__(self, state: ModelState) -> None:
        self.state = state
        self.fields: dict[str, Field] = {}
        self.relationships: dict[str, Relationship] = {}
        self.reverse: dict[str, Relationship] = {}


def mapped_classes(reader: ModelReader, states: Mapping[str, ModelState], registry: Registry) -> dict[ClassKey, Mapped]:
    """All model classes by class, abstract ones too."""
    drafts = {label: _Draft(state) for label, state in states.items()}
    for draft in drafts.values():
        _own(draft, registry)
    for draft in drafts.values():
        _reversed(draft, drafts, registry)
    found: dict[ClassKey, Mapped] = {}
    for label, draft in drafts.items():
        key = draft.state.key
        if key is not None:
            found[key] = _mapped(label, key, drafts, registry)
    for key, model in reader.all().items():
        if key not in found:
            found[key] = _abstract(key, model)
    return found


def _own(draft: _Draft, registry: Registry) -> None:
    state = draft.state
    for field in state.fields.values():
        relationship = _relationship(state, field, registry)
        if relationship is not None:
            draft.relationships[field.name] = relationship
        if field.is_many or field.is_virtual:
            continue
        name = field.attribute
        unique = field.unique or field.primary_key
        draft.fields[name] = Field(name, field.column_name, registry.type(state, field), field.kind, field.null, unique, field.closed, field.line)


def _relationship(state: ModelState, field: DjangoField, registry: Registry) -> Relationship | None:
    if field.internal == "GenericForeignKey":
        key = state.fields.get(field.generic[1])
        content = registry.column(state, field.generic[0])
        columns = tuple(name for name in (content, key.column_name if key is not None else "") if name)
        return Relationship(field.name, None, False, columns, nullable=True, generic=True, line=field.line)
    if field.internal == "GenericRelation":
        target = registry.target(state, field)
        own = state.primary_key
        to = registry.column(target, field.generic[1]) if target is not None else ""
        return Relationship(
            field.name, target.key if target is not None else None, True, (own.column_name,) if own is not None else (), (to,) if to else (),
            loading=Loading.QUERY, reverse=True, query_name="", generic=True, line=field.line,
            type_column=registry.column(target, field.generic[0]) if target is not None else "",
        )  # fmt: skip
    if not field.is_relation:
        return None
    target = registry.target(state, field)
    key_of_target = target.key if target is not None else None
    if field.is_many:
        through = registry.through(state, field)
        if through is None:
            return Relationship(field.name, key_of_target, True, loading=Loading.QUERY, line=field.line)
        return Relationship(
            field.name, key_of_target, True, (through.source_to.column,), (through.target_to.column,), through.table, (through.source,), (through.target,),
            Loading.QUERY, line=field.line,
        )  # fmt: skip
    reference = registry.reference(state, field)
    return Relationship(
        field.name, key_of_target, False, (field.column_name,), (reference.column,) if reference.column else (), nullable=field.null,
        unique=field.unique or field.primary_key, line=field.line,
    )  # fmt: skip


def _reversed(draft: _Draft, drafts: Mapping[str, _Draft], registry: Registry) -> None:
    """The attributes that relations of a model give to their targets."""
    state = draft.state
    for field in state.fields.values():
        if not field.is_relation:
            continue
        own = draft.relationships[field.name]
        target = drafts.get(registry.label(state, field.to))
        if target is None:
            continue
        name, query_name = reverse_names(state, field)
        if field.is_many and field.symmetrical and registry.label(state, field.to) == state.label:
            draft.relationships[field.name] = msgspec.structs.replace(own, back=field.name)
            continue
        hidden = name.endswith(_HIDDEN)
        single = field.internal == "OneToOneField"
        unique = single or (field.unique and not field.is_many)
        back = Relationship(
            name, state.key, not single, own.to_columns, own.columns, own.through, own.through_to, own.through_columns,
            Loading.LAZY if single else Loading.QUERY, not field.is_many, True, unique, query_name if query_name != name else "", field.name, line=field.line,
        )  # fmt: skip
        if not hidden:
            target.reverse[name] = back
            draft.relationships[field.name] = msgspec.structs.replace(own, back=name)


def reverse_names(state: ModelState, field: DjangoField) -> tuple[str, str]:
    """The attribute on the target, and its name in lookups; a name that ends in ``+`` is hidden."""
    name = field.related_name
    if name is None and state.options.related_name:
        name = state.options.related_name
    if name:
        name = name.replace("%(class)s", state.name.lower()).replace("%(app_label)s", state.app.lower()).replace("%(model_name)s", state.name.lower())
    query = field.related_query_name.replace("%(class)s", state.name.lower()).replace("%(app_label)s", state.app.lower())
    if name:
        return name, query or name
    base = state.name.lower()
    return (base if field.internal == "OneToOneField" else f"{base}_set"), query or base


def _mapped(label: str, key: ClassKey, drafts: Mapping[str, _Draft], registry: Registry) -> Mapped:
    draft = drafts[label]
    state = draft.state
    fields: dict[str, Field] = {}
    relationships: dict[str, Relationship] = {}
    unknown = list(state.unknown) + [f"{name}: {field.unknown}" for name, field in state.fields.items() if field.unknown]
    _collect(label, drafts, fields, relationships, unknown, 0)
    concrete = registry.concrete(state)
    parent = next((drafts[one].state for one in state.parents if one in drafts), None)
    link = next((field for field in state.fields.values() if field.is_key and (field.parent_link or field.primary_key) and field.to in state.parents), None)
    primary = concrete.primary_key
    if parent is None and state.parents and not state.options.proxy:
        unknown.append(f"fields of {state.parents[0]}")
    return Mapped(
        key, state.name, Framework.DJANGO, registry.table(state), fields, relationships, (primary.attribute,) if primary is not None else (),
        parent.key if parent is not None else None, (link.column_name,) if link is not None else (), state.options.proxy, False,
        state.options.ordering, state.options.managed, tuple(dict.fromkeys(unknown)), state.path, state.line,
    )  # fmt: skip


def _collect(
    label: str, drafts: Mapping[str, _Draft], fields: dict[str, Field], relationships: dict[str, Relationship], unknown: list[str], depth: int
) -> None:
    """Members of a model and, behind them, of its parents. A parent's link to this model is no member of this model."""
    draft = drafts.get(label)
    if draft is None or depth > _MAX_DEPTH:
        return
    for name, field in draft.fields.items():
        fields.setdefault(name, field)
    for members in (draft.relationships, draft.reverse):
        for name, one in members.items():
            relationships.setdefault(name, one)
    for parent in draft.state.parents:
        _collect(parent, drafts, fields, relationships, unknown, depth + 1)
        if parent in drafts:
            unknown += [one for one in drafts[parent].state.unknown if one not in unknown]


def _abstract(key: ClassKey, model: ModelClass) -> Mapped:
    from backend_lint.facts.schema import Dialect

    fields = {}
    relationships = {}
    for field in model.fields.values():
        if field.is_relation:
            relationships[field.name] = Relationship(
                field.name, None, field.is_many, () if field.is_many else (field.column_name,), nullable=field.null,
                loading=Loading.QUERY if field.is_many else Loading.LAZY, line=field.line,
            )  # fmt: skip
        if not field.is_many and not field.is_virtual:
            type_ = "" if field.is_key else column_type(field, Dialect.POSTGRESQL)
            fields[field.attribute] = Field(field.attribute, field.column_name, type_, field.kind, field.null, field.unique, field.closed, field.line)
    return Mapped(key, model.name, Framework.DJANGO, "", fields, relationships, abstract=model.abstract, unknown=model.unknown, path=key[0], line=model.line)
