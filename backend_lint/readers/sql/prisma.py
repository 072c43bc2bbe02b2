"""Prisma's schema: models as the tables that Prisma makes of them, under the names that it gives."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from backend_lint.facts import ddl
from backend_lint.facts.schema import Column, Dialect, ForeignKey, Implicit, Index, IndexKey, Table
from backend_lint.facts.sql_file import SqlFile, SqlStatement
from backend_lint.lazy_regex import lazy_regex
from backend_lint.sql.dialects import named
from backend_lint.sql.names import clip
from backend_lint.sql.types import canonical_type

_HEAD = lazy_regex(r"^[ \t]*(model|enum|view|type|datasource)[ \t]+(\w+)[ \t]*\{[ \t]*(?://[^\n]*)?\n", re.MULTILINE)
_CLOSE = lazy_regex(r"^[ \t]*\}", re.MULTILINE)
_LONGEST = 2000
"""Characters of a line; a longer one says nothing."""
_FIELD = lazy_regex(r"[ \t]*(\w+)[ \t]+(\w+|Unsupported\(\"[^\"]*\"\))(\[\])?(\?)?[ \t]*(.*)")
_ATTRIBUTE = lazy_regex(r"@(@?[\w.]+)(\((?:[^()\"]|\"(?:[^\"\\]|\\.)*\"|\((?:[^()\"]|\"(?:[^\"\\]|\\.)*\"|\([^()]*\))*\))*\))?")
_STRING = lazy_regex(r"\"((?:[^\"\\]|\\.)*)\"")
_LIST = lazy_regex(r"\[([^\]]*)\]")
_KEY = lazy_regex(r"(\w+)(\((?:[^()]|\([^()]*\))*\))?")
_SAME_TYPES = "Int integer BigInt bigint Boolean boolean "
_TYPES = {
    Dialect.POSTGRESQL: "String text DateTime timestamp(3) Float double|precision Decimal numeric(65,30) Json jsonb Bytes bytea",
    Dialect.MYSQL: "String varchar(191) DateTime datetime(3) Float double|precision Decimal numeric(65,30) Json json Bytes longblob",
    Dialect.SQLITE: "String text DateTime datetime Float real Decimal numeric Json jsonb Bytes blob",
    Dialect.MSSQL: "String varchar(1000) DateTime datetime2 Float double|precision Decimal numeric(32,16) Json text Bytes varbinary(max)",
}
_ACTIONS = {"Cascade": "cascade", "Restrict": "restrict", "NoAction": "no action", "SetNull": "set null", "SetDefault": "set default"}


class _Block(NamedTuple):
    kind: str
    name: str
    body: str
    line: int


class _Field(NamedTuple):
    name: str
    type: str
    many: bool
    optional: bool
    attributes: dict[str, str]
    line: int


class _Model(NamedTuple):
    name: str
    table: str
    fields: dict[str, _Field]
    blocks: list[tuple[str, str, int]]
    line: int


def read_prisma(text: str, path: str) -> SqlFile:
    """The tables of a schema, one statement a model."""
    blocks = list(_blocks(text))
    dialect = _provider(blocks)
    enums = {block.name for block in blocks if block.kind == "enum"}
    models = {block.name: _model(block) for block in blocks if block.kind == "model"}
    statements = [_statement(model, models, enums, dialect, path) for model in models.values()]
    statements += _between(models, dialect, path)
    return SqlFile(tuple(statements), dialect.value)


def _blocks(text: str) -> Iterator[_Block]:
    at, line, counted = 0, 1, 0
    while (head := _HEAD.search(text, at)) is not None and (close := _CLOSE.search(text, head.end())) is not None:
        line += text.count("\n", counted, head.start(2))
        counted = head.start(2)
        yield _Block(head.group(1), head.group(2), text[head.end() : close.start()], line)
        at = close.end()


def _provider(blocks: list[_Block]) -> Dialect:
    for block in blocks:
        if block.kind == "datasource" and (given := re.search(r"provider\s*=\s*\"(\w+)\"", block.body)):
            return named(given.group(1)) or Dialect.POSTGRESQL
    return Dialect.POSTGRESQL


def _model(block: _Block) -> _Model:
    line = block.line
    fields: dict[str, _Field] = {}
    attributes: list[tuple[str, str, int]] = []
    for number, row in enumerate(block.body.split("\n"), line + 1):
        if len(row) > _LONGEST:
            continue
        bare = row.partition("//")[0] if '"' not in row else row
        if bare.strip().startswith("@@"):
            attributes += ((found.group(1).removeprefix("@"), (found.group(2) or "")[1:-1], number) for found in _ATTRIBUTE.finditer(bare))
        elif (field := _FIELD.match(bare)) is not None:
            given = {found.group(1): (found.group(2) or "()")[1:-1] for found in _ATTRIBUTE.finditer(field.group(5))}
            fields[field.group(1)] = _Field(field.group(1), field.group(2), bool(field.group(3)), bool(field.group(4)), given, number)
    mapped = next((_mapped(inside, positional=True) for name, inside, _ in attributes if name == "map"), "")
    schema = next((_mapped(inside, positional=True) for name, inside, _ in attributes if name == "schema"), "")
    table = mapped or block.name
    return _Model(block.name, f"{schema}.{table}" if schema not in ("", "public", "dbo") else table, fields, attributes, line)


def _mapped(inside: str, positional: bool = False) -> str:
    """The name that ``map:`` gives, or the first string of ``@map("...")``."""
    given = re.search(r"map\s*:\s*\"([^\"]*)\"", inside) or (_STRING.search(inside) if positional else None)
    return given.group(1) if given else ""


def _statement(model: _Model, models: dict[str, _Model], enums: set[str], dialect: Dialect, path: str) -> SqlStatement:
    columns: list[Column] = []
    indexes: list[Index] = []
    primary: tuple[str, ...] = ()
    keys: list[ForeignKey] = []
    bare = model.table.rpartition(".")[2]
    for field in model.fields.values():
        if field.type in models:
            if (key := _reference(field, model, models, dialect, path)) is not None:
                keys.append(key)
            continue
        columns.append(_column(field, enums, dialect, path))
        if "id" in field.attributes:
            primary = (columns[-1].name,)
            indexes.append(_index(model, (field.name,), field.attributes["id"], Implicit.PRIMARY_KEY, dialect, path, field.line))
        if "unique" in field.attributes:
            indexes.append(_index(model, (field.name,), field.attributes["unique"], Implicit.UNIQUE, dialect, path, field.line))
    for name, inside, line in model.blocks:
        implicit = {"id": Implicit.PRIMARY_KEY, "unique": Implicit.UNIQUE, "index": Implicit.NO, "fulltext": Implicit.NO}.get(name)
        listed = _LIST.search(inside)
        if implicit is None or listed is None:
            continue
        index = _index(model, _keys(listed.group(1)), inside, implicit, dialect, path, line, name == "fulltext")
        indexes.append(index)
        if implicit is Implicit.PRIMARY_KEY:
            primary = tuple(key.column for key in index.keys)
    table = Table(
        model.table,
        tuple(columns),
        primary_key=primary,
        indexes=tuple(indexes),
        foreign_keys=tuple(keys),
        source="prisma",
        path=path,
        line=model.line,
    )
    return SqlStatement(model.line, model.line, f"model {bare}", changes=(ddl.CreateTable(table),))


def _column(field: _Field, enums: set[str], dialect: Dialect, path: str) -> Column:
    name = _mapped(field.attributes.get("map", ""), positional=True) or field.name
    native = next(((attribute[3:], inside) for attribute, inside in field.attributes.items() if attribute.startswith("db.")), None)
    if native is not None:
        written = {"Timestamptz": "timestamptz", "UnsignedInt": "integer unsigned", "UnsignedBigInt": "bigint unsigned", "DoublePrecision": "double precision"}
        type_ = canonical_type(written.get(native[0], native[0].lower()) + (f"({native[1]})" if native[1] else ""), dialect)
    elif field.type.startswith("Unsupported"):
        type_ = canonical_type(field.type[13:-2], dialect)
    else:
        listed = (_SAME_TYPES + _TYPES.get(dialect, _TYPES[Dialect.POSTGRESQL])).split()
        type_ = dict(zip(listed[::2], listed[1::2], strict=True)).get(field.type, field.type).replace("|", " ")
    if field.many:
        type_ += "[]"
    default = field.attributes.get("default")
    auto = default is not None and default.startswith(("autoincrement(", "sequence("))
    closed = type_ == "boolean" or (field.type in enums and not field.many)
    in_database = default is not None and not auto and not default.startswith(("cuid(", "uuid(", "ulid(", "nanoid("))
    return Column(name, type_, field.optional, default if in_database else None, auto, closed, path=path, line=field.line)


def _keys(inside: str) -> tuple[str, ...]:
    return tuple(found.group(0) for found in _KEY.finditer(inside))


def _index(
    model: _Model, keys: tuple[str, ...], inside: str, implicit: Implicit, dialect: Dialect, path: str, line: int, fulltext: bool = False
) -> Index:
    made = tuple(_index_key(key, model) for key in keys)
    method = re.search(r"type\s*:\s*(\w+)", inside)
    bare = model.table.rpartition(".")[2]
    label = {Implicit.PRIMARY_KEY: "pkey", Implicit.UNIQUE: "key"}.get(implicit, "idx")
    columns = "" if implicit is Implicit.PRIMARY_KEY else "_" + "_".join(key.column for key in made)
    name = _mapped(inside) or clip(f"{bare}{columns}", 63 - len(label) - 1) + f"_{label}"
    unique = implicit in (Implicit.PRIMARY_KEY, Implicit.UNIQUE)
    if dialect is Dialect.SQLITE and implicit is Implicit.PRIMARY_KEY:
        name = ""
    return Index(
        name,
        made,
        unique=unique,
        method="fulltext" if fulltext else method.group(1).lower() if method else "btree",
        implicit=implicit if implicit is Implicit.PRIMARY_KEY else Implicit.NO,
        constraint=implicit is Implicit.PRIMARY_KEY,
        path=path,
        line=line,
    )


def _index_key(written: str, model: _Model) -> IndexKey:
    name, _, options = written.partition("(")
    operators = re.search(r"ops\s*:\s*(?:raw\(\"(\w+)\"\)|(\w+))", options)
    length = re.search(r"length\s*:\s*(\d+)", options)
    opclass = (operators.group(1) or _operator_class(operators.group(2))) if operators else ""
    return IndexKey(_column_name(name, model), descending="Desc" in options, opclass=opclass, length=int(length.group(1)) if length else 0)


def _operator_class(written: str) -> str:
    """``JsonbPathOps`` is ``jsonb_path_ops``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", written).lower()


def _column_name(field: str, model: _Model) -> str:
    found = model.fields.get(field)
    return field if found is None else _mapped(found.attributes.get("map", ""), positional=True) or field


def _reference(field: _Field, model: _Model, models: dict[str, _Model], dialect: Dialect, path: str) -> ForeignKey | None:
    relation = field.attributes.get("relation", "")
    own = re.search(r"fields\s*:\s*\[([^\]]*)\]", relation)
    theirs = re.search(r"references\s*:\s*\[([^\]]*)\]", relation)
    if own is None or theirs is None:
        return None
    target = models[field.type]
    columns = tuple(_column_name(name, model) for name in _keys(own.group(1)))
    to_columns = tuple(_column_name(name, target) for name in _keys(theirs.group(1)))
    action = re.search(r"onDelete\s*:\s*(\w+)", relation)
    on_delete = _ACTIONS.get(action.group(1), "") if action else "set null" if field.optional else "restrict"
    name = _mapped(relation) or clip(f"{model.table.rpartition('.')[2]}_{'_'.join(columns)}", 58) + "_fkey"
    return ForeignKey(name, columns, target.table, to_columns, on_delete, path=path, line=field.line)


def _between(models: dict[str, _Model], dialect: Dialect, path: str) -> list[SqlStatement]:
    """The tables that Prisma makes for many-to-many relations without a model: ``_AToB`` with A and B, unique together and an index on B."""
    made: list[SqlStatement] = []
    seen: set[str] = set()
    for model in models.values():
        for field in model.fields.values():
            other = models.get(field.type)
            if other is None or not field.many:
                continue
            name = _relation_name(field)
            back = [one for one in other.fields.values() if one.type == model.name and one.many and _relation_name(one) == name and one is not field]
            first, second = sorted((model, other), key=lambda one: one.name)
            table = f"_{name or f'{first.name}To{second.name}'}"
            if not back or table in seen:
                continue
            seen.add(table)
            columns = tuple(
                Column(letter, next((_column(one, set(), dialect, path).type for one in side.fields.values() if "id" in one.attributes), ""), False, path=path)
                for letter, side in (("A", first), ("B", second))
            )
            both = (IndexKey("A"), IndexKey("B"))
            primary = Index(f"{table}_AB_pkey", both, True, implicit=Implicit.PRIMARY_KEY, constraint=True, path=path, line=field.line)
            index = Index(f"{table}_B_index", (IndexKey("B"),), path=path, line=field.line)
            keys = tuple(
                ForeignKey(f"{table}_{letter}_fkey", (letter,), side.table, (), "cascade", path=path, line=field.line)
                for letter, side in (("A", first), ("B", second))
            )
            whole = Table(table, columns, ("A", "B"), (primary, index), keys, source="prisma", path=path, line=field.line)
            made.append(SqlStatement(field.line, field.line, f"relation {table}", changes=(ddl.CreateTable(whole),)))
    return made


def _relation_name(field: _Field) -> str:
    relation = field.attributes.get("relation", "")
    given = re.match(r"\s*(?:name\s*:\s*)?\"([^\"]*)\"", relation)
    return given.group(1) if given else ""
