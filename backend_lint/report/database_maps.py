"""The maps of schema and queries, as plain data, text lines, and the schema as a Mermaid diagram."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from backend_lint.facts.access import Access, Path
from backend_lint.facts.query import And, Comparison, Exists, Not, Opaque, Or, Predicate, Query, Site, Term, TermKind
from backend_lint.lazy_regex import lazy_regex

if TYPE_CHECKING:
    from backend_lint.facts.schema import Index, Table
    from backend_lint.project import Project

Entries = list[dict[str, Any]]
_WORD = lazy_regex(r"[^A-Za-z0-9_]+")
_NOT_TYPE = lazy_regex(r"[^A-Za-z0-9_()\[\]-]+")


def schema_map(project: Project) -> dict[str, Entries]:
    """The tables as all migrations leave them.

    ``{"tables": [{"name", "path", "line", "columns": [{"name", "type", "nullable", "default"}], "primary_key": [], "indexes": [{"name", "keys", "unique",
    "where", "include", "method", "implicit", "nulls_distinct"}], "foreign_keys": [{"name", "columns", "table", "to_columns", "on_delete"}], "kind",
    "source", "model", "managed", "rows", "unknown": []}], "not_understood": [{"path", "line", "what"}]}``; what is not known is null.
    """
    schema = project.schema
    tables = [_table(project, schema.tables[name]) for name in sorted(schema.tables)]
    return {"tables": tables, "not_understood": [one._asdict() for one in sorted(schema.unread)]}


def _table(project: Project, table: Table) -> dict[str, Any]:
    place = project.places.table(table)
    columns = [{"name": one.name, "type": one.type or None, "nullable": one.nullable, "default": one.default} for one in table.columns]
    foreign = [
        {"name": one.name or None, "columns": list(one.columns), "table": one.table, "to_columns": list(one.to_columns), "on_delete": one.on_delete or None}
        for one in table.foreign_keys
    ]
    mapped = project.places.model(table.name)
    return {
        "name": table.name,
        "path": place.path,
        "line": place.line,
        "columns": columns,
        "primary_key": list(table.primary_key),
        "indexes": [_index(index) for index in table.indexes],
        "foreign_keys": foreign,
        "kind": table.kind.value,
        "source": table.source or None,
        "model": mapped.name if mapped is not None else None,
        "managed": table.managed,
        "rows": table.rows,
        "unknown": list(table.unknown),
    }


def _index(index: Index) -> dict[str, Any]:
    return {
        "name": index.name or None,
        "keys": [_key(key.column or key.expression, key.descending, key.nulls_first, key.opclass) for key in index.keys],
        "unique": index.unique,
        "where": index.where_text or None,
        "include": list(index.include),
        "method": index.method,
        "implicit": index.implicit.value or None,
        "nulls_distinct": index.nulls_distinct,
    }


def _key(text: str, descending: bool, nulls_first: bool | None, opclass: str) -> str:
    nulls = "" if nulls_first is None or nulls_first == descending else " nulls first" if nulls_first else " nulls last"
    return f"{text}{f' {opclass}' if opclass else ''}{' desc' if descending else ''}{nulls}"


def queries_map(project: Project) -> dict[str, Entries]:
    """Every query with its tables, what it asks of each, and the index that serves it.

    ``{"queries": [{"path", "line", "text", "verb", "source", "symbol", "tables": [{"name", "predicates": [], "access", "served_by"}], "reached_from":
    [{"kind", "name", "path", "line"}], "loop_depth", "rows", "not_understood": []}]}``; `access` is ``index``, ``scan``, ``whole`` (nothing selective is
    asked) or null where it is not known; `served_by` is the index or null.
    """
    by_site: dict[int, list[tuple[Query, Access]]] = {}
    for answer in project.answers.all:
        by_site.setdefault(id(answer.site), []).append((answer.query, answer.access))
    return {"queries": [_query(project, site, by_site.get(id(site), [])) for site in project.queries.sites]}


def _query(project: Project, site: Site, accesses: list[tuple[Query, Access]]) -> dict[str, Any]:
    entry = project.answers.reached_from(site)
    line = 0 if entry is None else project.calls.head((entry.module, entry.function)).line
    tables = [
        {
            "name": access.table or None,
            "predicates": [_text(part, query) for part in _about(query, access.relation)],
            "access": None if access.path is Path.UNKNOWN else access.path.value,
            "served_by": access.index or None,
        }
        for query, access in accesses
    ]
    return {
        "path": site.path,
        "line": site.line,
        "text": site.text,
        "verb": site.query.verb.value,
        "source": site.source.value,
        "symbol": site.symbol or None,
        "tables": tables,
        "reached_from": [] if entry is None else [{"kind": entry.kind.value, "name": entry.name, "path": entry.module, "line": line}],
        "loop_depth": site.loop_depth,
        "rows": None if site.query.rows.value == "unknown" else site.query.rows.value,
        "not_understood": list(site.query.unknown),
    }


def _about(query: Query, relation: int) -> Iterator[Predicate]:
    """The conditions of a query that speak of one of its relations."""
    for whole in (query.where, *(one.on for one in query.relations)):
        parts = whole.parts if isinstance(whole, And) else () if whole is None else (whole,)
        for part in parts:
            if relation in _relations(part):
                yield part


def _relations(predicate: Predicate) -> set[int]:
    if isinstance(predicate, (And, Or)):
        return {number for part in predicate.parts for number in _relations(part)}
    if isinstance(predicate, Not):
        return _relations(predicate.part)
    if isinstance(predicate, Comparison):
        return {predicate.left.relation, predicate.right.relation} if predicate.right.kind is TermKind.COLUMN else {predicate.left.relation}
    return set(predicate.relations) if isinstance(predicate, Opaque) else set()


def _text(predicate: Predicate, query: Query) -> str:
    """A condition as SQL, parameters as ``?``; what was not understood stands in braces."""
    if isinstance(predicate, (And, Or)):
        word = " and " if isinstance(predicate, And) else " or "
        return "(" + word.join(_text(part, query) for part in predicate.parts) + ")"
    if isinstance(predicate, Not):
        return f"not {_text(predicate.part, query)}"
    if isinstance(predicate, Exists):
        return ("not " if predicate.negated else "") + "exists (...)"
    if isinstance(predicate, Opaque):
        return "{" + predicate.text + "}"
    left = _term(predicate.left, query)
    if predicate.operator.startswith("is ") and "distinct" not in predicate.operator:
        return f"{left} {predicate.operator}"
    return f"{left} {predicate.operator} {_term(predicate.right, query)}"


def _term(term: Term, query: Query) -> str:
    if term.kind is TermKind.COLUMN:
        cast = f"::{term.cast}" if term.cast else ""
        if 0 <= term.relation < len(query.relations) and len(query.relations) > 1:
            relation = query.relations[term.relation]
            return f"{relation.alias or relation.table}.{term.column}{cast}"
        return term.column + cast
    if term.kind is TermKind.PARAMETER:
        return "?"
    if term.kind is TermKind.SUBQUERY:
        return "(select ...)"
    return term.text or term.column or "?"


def table_lines(entry: Mapping[str, Any]) -> list[str]:
    """A table as text."""
    place = f"  {entry['path']}:{entry['line']}" if entry["path"] else ""
    lines = [f"{entry['name']}{place}{'' if entry['kind'] == 'table' else '  ' + entry['kind']}"]
    for column in entry["columns"]:
        null = {True: "", False: " not null", None: " null?"}[column["nullable"]]
        key = "  primary key" if [column["name"]] == entry["primary_key"] else ""
        lines.append(f"  {column['name']:<28} {column['type'] or 'unknown type'}{null}{key}")
    for index in entry["indexes"]:
        words = ["unique " if index["unique"] else "", f"({', '.join(index['keys'])})"]
        words += [f" using {index['method']}"] if index["method"] != "btree" else []
        words += [f" include ({', '.join(index['include'])})"] if index["include"] else []
        words += [f" where {index['where']}"] if index["where"] else []
        lines.append(f"  index {index['name'] or '-'}: {''.join(words)}{f'  [{index_kind}]' if (index_kind := index['implicit']) else ''}")
    lines += [f"  references {one['table']} ({', '.join(one['to_columns'])}) by ({', '.join(one['columns'])})" for one in entry["foreign_keys"]]
    return lines + [f"  not all is known: {reason}" for reason in entry["unknown"]]


def not_understood_lines(entry: Mapping[str, Any]) -> list[str]:
    """A statement that was not understood, as text."""
    return [f"{entry['path']}:{entry['line']}  {entry['what']}"]


def query_lines(entry: Mapping[str, Any]) -> list[str]:
    """A query as text."""
    lines = [f"{entry['path']}:{entry['line']}  {entry['text']}"]
    for table in entry["tables"]:
        how = {None: "not known", "index": f"index {table['served_by']}", "scan": "NO INDEX", "whole": "whole table"}[table["access"]]
        asked = f"  {' and '.join(table['predicates'])}" if table["predicates"] else ""
        lines.append(f"  {table['name'] or 'unknown table':<28} {how}{asked}")
    lines += [f"  reached from {one['kind']} {one['name']}  {one['path']}:{one['line']}" for one in entry["reached_from"]]
    return lines + [f"  not understood: {reason}" for reason in entry["not_understood"]]


def entity_diagram(content: Mapping[str, Entries]) -> str:
    """The schema as a Mermaid entity-relationship diagram; names that Mermaid cannot take are written with underscores."""
    lines = ["erDiagram"]
    names = {table["name"] for table in content["tables"]}
    for table in content["tables"]:
        lines.append(f"    {_name(table['name'])} {{")
        keys = {column for one in table["foreign_keys"] for column in one["columns"]}
        leading = {index["keys"][0].split(" ")[0] for index in table["indexes"] if index["keys"]}
        unique = {index["keys"][0] for index in table["indexes"] if index["unique"] and len(index["keys"]) == 1}
        for column in table["columns"]:
            name = column["name"]
            marks = [mark for mark, held in (("PK", name in table["primary_key"]), ("FK", name in keys), ("UK", name in unique)) if held]
            kind = _NOT_TYPE.sub("_", (column["type"] or "unknown").replace(",", "-").replace("[]", "_array")) or "unknown"
            kind = kind if kind[0].isalpha() else "t_" + kind
            note = ' "indexed"' if name in leading else ""
            lines.append(f"        {kind} {_name(name)}{' ' + ', '.join(marks) if marks else ''}{note}")
        lines.append("    }")
    for table in content["tables"]:
        for one in table["foreign_keys"]:
            if one["table"] in names:
                label = ", ".join(_name(column) for column in one["columns"])
                lines.append(f'    {_name(one["table"])} ||--o{{ {_name(table["name"])} : "{label}"')
    return "\n".join(lines) + "\n"


def _name(text: str) -> str:
    cleaned = _WORD.sub("_", text).strip("_") or "unnamed"
    return cleaned if cleaned[0].isalpha() else "t_" + cleaned
