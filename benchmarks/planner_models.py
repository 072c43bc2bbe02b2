"""Writes a world of `planner_worlds` down: as Django models and as SQLAlchemy classes."""

from __future__ import annotations

from planner_worlds import STATES, Entity, Field, Key, Link, World

DJANGO_HEAD = """from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, HashIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Upper


class Stamped(models.Model):
    created_at = models.DateTimeField()
    note_no = models.IntegerField(db_index=True)

    class Meta:
        abstract = True
        indexes = [models.Index(fields=["-created_at"], name="%(class)s_made")]
"""
_DJANGO = {
    "code": "CharField(max_length=40",
    "name": "CharField(max_length=80",
    "text": "TextField(",
    "number": "IntegerField(",
    "serial": "BigIntegerField(",
    "few": "CharField(max_length=12",
    "flag": "BooleanField(",
    "day": "DateField(",
    "moment": "DateTimeField(",
    "money": "DecimalField(max_digits=12, decimal_places=2",
    "uuid": "UUIDField(",
    "json": "JSONField(",
    "real": "FloatField(",
}
ALCHEMY_HEAD = """from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Float, ForeignKey, Index, Integer, Numeric, String, Table, Text
from sqlalchemy import UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Stamped:
    created_at = mapped_column(DateTime(timezone=True), nullable=False)
    note_no = mapped_column(Integer, nullable=False, index=True)
"""
_ALCHEMY = {
    "code": "String(40)",
    "name": "String(80)",
    "text": "Text",
    "number": "Integer",
    "serial": "BigInteger",
    "few": "String(12)",
    "flag": "Boolean",
    "day": "Date",
    "moment": "DateTime(timezone=True)",
    "money": "Numeric(12, 2)",
    "uuid": "UUID(as_uuid=True)",
    "json": "JSONB",
    "tags": "ARRAY(Text)",
    "real": "Float",
}


def django_models(world: World) -> str:
    """``models.py`` of the app ``world``."""
    return DJANGO_HEAD + "".join(_django_class(entity) for entity in world.entities)


def _django_class(entity: Entity) -> str:
    base = entity.parent.name if entity.parent else "Stamped" if entity.stamped else "models.Model"
    lines = [f"class {entity.name}({base}):"]
    lines += [f"    {one.name} = {_django_field(one)}" for one in entity.fields if not (entity.stamped and one.name in ("created_at", "note_no"))]
    for link in entity.links:
        kind = "OneToOneField" if link.one else "ForeignKey"
        target = '"self"' if link.target is entity else f'"{link.target.name}"'
        options = [target, "on_delete=models.CASCADE", f'related_name="{link.back}"', f'db_column="{link.column}"']
        options += ["null=True"] if link.null else []
        options += [] if link.index or link.one else ["db_index=False"]
        options += [f'to_field="{link.by}"'] if link.by != "id" else []
        lines.append(f"    {link.name} = models.{kind}({', '.join(options)})")
    for many in entity.manys:
        options = [f'"{many.target.name}"', f'related_name="{many.back}"']
        options += [f'through="{many.through.name}"'] if many.through else []
        options += [f'db_table="{many.table}"'] if not many.through else []
        lines.append(f"    {many.name} = models.ManyToManyField({', '.join(options)})")
    lines += ["", "    class Meta(Stamped.Meta):" if entity.stamped else "    class Meta:"]
    lines += ["        abstract = False"] if entity.stamped else []
    lines.append(f'        db_table = "{entity.table}"')
    indexes = [_django_index(key) for key in entity.keys if not (key.unique)]
    if entity.stamped:
        lines.append(f"        indexes = [*Stamped.Meta.indexes, {', '.join(indexes)}]")
    elif indexes:
        lines.append(f"        indexes = [{', '.join(indexes)}]")
    unique = [key for key in entity.keys if key.unique]
    if unique:
        shown = ", ".join(f'models.UniqueConstraint(fields={list(key.keys)!r}, name="{key.name}")' for key in unique)
        lines.append(f"        constraints = [{shown}]")
    return "\n\n" + "\n".join(lines) + "\n"


def _django_field(one: Field) -> str:
    options = []
    if one.kind == "tags":
        start = "ArrayField(models.TextField()"
    else:
        start = f"models.{_DJANGO[one.kind]}"
    if one.choices:
        options.append(f"choices=[{', '.join(f'({state!r}, {state!r})' for state in STATES)}]")
    options += ["null=True"] if one.null else []
    options += ["unique=True"] if one.unique else []
    options += ["db_index=True"] if one.index else []
    options += [f'db_column="{one.column}"'] if one.column != one.name else []
    joint = "" if start.endswith("(") or not options else ", "
    return f"{start}{joint}{', '.join(options)})"


def _django_index(key: Key) -> str:
    options = []
    kind = {"gin": "GinIndex", "hash": "HashIndex"}.get(key.method, "models.Index")
    if key.keys[0].endswith(")"):
        function, _, name = key.keys[0].partition("(")
        options.append(f'{function.capitalize()}("{name[:-1]}")')
    else:
        options.append(f"fields={list(key.keys)!r}")
    options.append(f'name="{key.name}"')
    if key.where:
        options.append(f"condition={_django_test(*key.where)}")
    if key.include:
        options.append(f"include={list(key.include)!r}")
    return f"{kind}({', '.join(options)})"


def _django_test(name: str, test: str) -> str:
    if test in ("true", "false"):
        return f"Q({name}={test == 'true'})"
    if test in ("null", "set"):
        return f"Q({name}__isnull={test == 'null'})"
    return f"Q({name}__gt={test})" if test.isdigit() else f'Q({name}="{test}")'


def alchemy_models(world: World) -> str:
    """``models.py`` with SQLAlchemy's declarative classes."""
    tables = []
    for entity in world.entities:
        for many in entity.manys:
            if many.through is None:
                left, right = many.columns
                keys = [f'ForeignKey("{end.table}.{"id" if end.parent is None else _pointer(end)}")' for end in (many.source, many.target)]
                tables.append(
                    f'\n\n{many.table} = Table("{many.table}", Base.metadata, Column("{left}", BigInteger, {keys[0]}, primary_key=True), '
                    f'Column("{right}", BigInteger, {keys[1]}, primary_key=True))\n'
                )
    return ALCHEMY_HEAD + "".join(tables) + "".join(_alchemy_class(entity) for entity in world.entities)


def _pointer(entity: Entity) -> str:
    return f"{entity.parent.name.lower()}_ptr_id" if entity.parent else "id"


def _alchemy_class(entity: Entity) -> str:
    bases = entity.parent.name if entity.parent else "Stamped, Base" if entity.stamped else "Base"
    lines = [f"class {entity.name}({bases}):", f'    __tablename__ = "{entity.table}"']
    if entity.parent:
        lines.append(f'    {_pointer(entity)}: Mapped[int] = mapped_column(BigInteger, ForeignKey("{entity.parent.table}.id"), primary_key=True)')
        lines.append(f'    __mapper_args__ = {{"inherit_condition": {_pointer(entity)} == {entity.parent.name}.id}}')
    else:
        lines.append("    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)")
    own = [one for one in entity.fields if not (entity.stamped and one.name in ("created_at", "note_no"))]
    lines += [f"    {one.name} = mapped_column({_alchemy_column(one)})" for one in own]
    for link in entity.links:
        held = next((one for one in link.target.fields if one.name == link.by), None)
        column = held.column if held else "id"
        options = [f'"{link.column}"', _ALCHEMY[held.kind] if held else "BigInteger", f'ForeignKey("{link.target.table}.{column}")']
        options += [f"nullable={bool(link.null)}"] + (["unique=True"] if link.one else ["index=True"] if link.index else [])
        lines.append(f"    {link.name}_id = mapped_column({', '.join(options)})")
    for link in entity.links:
        options = [f'"{link.target.name}"', f'back_populates="{link.back}"', f'foreign_keys="{entity.name}.{link.name}_id"']
        options += [f'remote_side="{link.target.name}.{link.by}"'] if link.target is entity else []
        lines.append(f"    {link.name} = relationship({', '.join(options)})")
    lines += [
        f'    {many.name} = relationship("{many.target.name}", secondary="{many.table}", back_populates="{many.back}"{_viewing(many.through)})'
        for many in entity.manys
    ]
    for back, link in entity.backs.items():
        if isinstance(link, Link):
            options = [f'"{link.source.name}"', f'back_populates="{link.name}"', f'foreign_keys="{link.source.name}.{link.name}_id"']
            options += ["uselist=False"] if link.one else []
            lines.append(f"    {back} = relationship({', '.join(options)})")
        else:
            lines.append(f'    {back} = relationship("{link.source.name}", secondary="{link.table}", back_populates="{link.name}"{_viewing(link.through)})')
    arguments = [_alchemy_index(entity, key) for key in entity.keys]
    if entity.stamped:
        arguments.append(f'Index("{entity.name.lower()}_made", text("created_at DESC"))')
    if arguments:
        lines.append(f"    __table_args__ = ({', '.join(arguments)},)")
    return "\n\n" + "\n".join(lines) + "\n"


def _viewing(through: Entity | None) -> str:
    return ", viewonly=True" if through else ""


def _alchemy_column(one: Field) -> str:
    options = [f'"{one.column}"'] if one.column != one.name else []
    options += [_ALCHEMY[one.kind], f"nullable={bool(one.null)}"]
    options += ["unique=True"] if one.unique else ["index=True"] if one.index else []
    return ", ".join(options)


def column_of(entity: Entity, name: str) -> str:
    """The column that a field or a reference has in the table."""
    return entity.named(name).column


def _alchemy_index(entity: Entity, key: Key) -> str:
    if key.unique:
        columns = ", ".join(f'"{column_of(entity, name)}"' for name in key.keys)
        return f'UniqueConstraint({columns}, name="{key.name}")'
    options = [f'"{key.name}"']
    for name in key.keys:
        if name.endswith(")"):
            function, _, inner = name.partition("(")
            options.append(f'func.{function}(text("{column_of(entity, inner[:-1])}"))')
        elif name.startswith("-"):
            options.append(f'text("{column_of(entity, name[1:])} DESC")')
        else:
            options.append(f'"{column_of(entity, name)}"')
    if key.method:
        options.append(f'postgresql_using="{key.method}"')
    if key.where:
        options.append(f"postgresql_where=text({sql_test(column_of(entity, key.where[0]), key.where[1])!r})")
    if key.include:
        options.append(f"postgresql_include={[column_of(entity, name) for name in key.include]!r}")
    return f"Index({', '.join(options)})"


def sql_test(column: str, test: str) -> str:
    """The condition of a partial index as SQL."""
    if test == "true":
        return column
    if test == "false":
        return f"NOT {column}"
    if test in ("null", "set"):
        return f"{column} IS {'NOT ' if test == 'set' else ''}NULL"
    return f"{column} > {test}" if test.isdigit() else f"{column} = '{test}'"
