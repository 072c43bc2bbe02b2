"""An index that should be made, as SQL, as a line of a Django model's Meta, or as SQLAlchemy's Index."""

from __future__ import annotations

import re
from collections.abc import Mapping

from backend_lint.facts.access import Candidate
from backend_lint.facts.schema import Dialect, IndexKey
from backend_lint.lazy_regex import lazy_regex
from backend_lint.sql.text import identifier

DJANGO_NAME = 30
"""Characters of an index's name that Django allows."""
_DJANGO_FUNCTIONS = {"lower": "Lower", "upper": "Upper", "length": "Length", "trim": "Trim", "md5": "MD5", "abs": "Abs", "reverse": "Reverse"}
_CALL = lazy_regex(r"(\w+)\((\w+)\)\Z")
_POSTGRES_CLASSES = {"gin": "GinIndex", "gist": "GistIndex", "brin": "BrinIndex", "hash": "HashIndex", "spgist": "SpGistIndex"}


def statement(candidate: Candidate, name: str, dialect: Dialect = Dialect.POSTGRESQL, concurrently: bool = True) -> str:
    """CREATE INDEX with a semicolon; CONCURRENTLY where the database knows it, which must run outside a transaction."""
    quote = _mysql if dialect is Dialect.MYSQL else identifier
    head = f"CREATE {'UNIQUE ' if candidate.unique else ''}INDEX {'CONCURRENTLY ' if concurrently and dialect is Dialect.POSTGRESQL else ''}{quote(name)}"
    table = ".".join(quote(part) for part in candidate.table.split("."))
    using = f" USING {candidate.method}" if dialect is Dialect.POSTGRESQL and candidate.method != "btree" else ""
    keys = ", ".join(_key(key, dialect) for key in candidate.keys)
    where = f" WHERE {candidate.where}" if candidate.where else ""
    return f"{head} ON {table}{using} ({keys}){where};"


def preparations(candidate: Candidate) -> tuple[str, ...]:
    """Statements that must have run before: extensions."""
    return ("CREATE EXTENSION IF NOT EXISTS pg_trgm;",) if any("trgm" in key.opclass for key in candidate.keys) else ()


def _mysql(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _key(key: IndexKey, dialect: Dialect) -> str:
    if key.column:
        text = _mysql(key.column) if dialect is Dialect.MYSQL else identifier(key.column)
    else:
        # in MySQL's strings a backslash takes the quote after it along, and the string would not end where it does here
        text = key.expression if dialect is not Dialect.MYSQL else key.expression.replace("\\", "\\\\")
        text = text if dialect is not Dialect.MYSQL and _is_call(text) else f"({text})"
    parts = [text]
    if key.collation:
        parts.append(f"COLLATE {key.collation if dialect is Dialect.SQLITE and key.collation.isidentifier() else identifier(key.collation)}")
    if key.opclass:
        parts.append(key.opclass)
    if key.descending:
        parts.append("DESC")
    if key.nulls_first is not None:
        parts.append("NULLS FIRST" if key.nulls_first else "NULLS LAST")
    return " ".join(parts)


def _is_call(expression: str) -> bool:
    """One function call and nothing beside it: PostgreSQL and SQLite take it without brackets."""
    if not re.match(r"\w+\(", expression) or not expression.endswith(")"):
        return False
    depth = 0
    for position, sign in enumerate(expression):
        depth += (sign == "(") - (sign == ")")
        if depth == 0 and sign == ")":
            return position == len(expression) - 1
    return False


def django(candidate: Candidate, name: str, fields: Mapping[str, str] | None = None) -> str:
    """An item of ``Meta.indexes``. `fields`: the model's field names by column. The name should have at most `DJANGO_NAME` characters."""
    known = fields or {}
    plain = all(key.column for key in candidate.keys)
    class_ = _POSTGRES_CLASSES.get(candidate.method, "models.Index")
    arguments: list[str] = []
    classes = [key.opclass for key in candidate.keys]
    ordered = any(key.nulls_first is not None or key.collation for key in candidate.keys)
    if plain and not ordered:
        names = ", ".join(_python(("-" if key.descending else "") + known.get(key.column, key.column)) for key in candidate.keys)
        arguments.append(f"fields=[{names}]")
        if any(classes):
            # Django wants a class for each field; the default one has a name of its own for each type
            arguments.append(f"opclasses=[{', '.join(_python(one) for one in classes)}]" if all(classes) else "")
            if not all(classes):
                arguments = [", ".join(_expression(key, known) for key in candidate.keys)]
    else:
        arguments.append(", ".join(_expression(key, known) for key in candidate.keys))
    arguments.append(f"name={_python(name)}")
    if candidate.where:
        arguments.append(f"condition=Q(RawSQL({_python(candidate.where)}, (), output_field=models.BooleanField()))")
    return f"{class_}({', '.join(argument for argument in arguments if argument)})"


def _expression(key: IndexKey, fields: Mapping[str, str]) -> str:
    call = _CALL.match(key.expression)
    if key.column:
        text = f"F({_python(fields.get(key.column, key.column))})"
    elif call and call.group(1) in _DJANGO_FUNCTIONS:
        text = f"{_DJANGO_FUNCTIONS[call.group(1)]}({_python(fields.get(call.group(2), call.group(2)))})"
    else:
        text = f"RawSQL({_python(key.expression)}, ())"
    if key.collation:
        text = f"Collate({text}, {_python(key.collation)})"
    if key.opclass:
        text = f"OpClass({text}, name={_python(key.opclass)})"
    if key.descending or key.nulls_first is not None:
        nulls = "" if key.nulls_first is None else "nulls_first=True" if key.nulls_first else "nulls_last=True"
        text += f".{'desc' if key.descending else 'asc'}({nulls})" if text.startswith("F(") or nulls else ".desc()"
    return text


def sqlalchemy(candidate: Candidate, name: str) -> str:
    """An item of ``__table_args__``, or an argument of ``Table``; columns by their names in the database."""
    arguments = [_python(name)]
    for key in candidate.keys:
        plain = key.column and not key.descending and key.nulls_first is None and not key.collation
        arguments.append(
            _python(key.column)
            if plain
            else f"text({_python(_key(IndexKey(key.column, key.expression, key.descending, key.nulls_first, '', key.collation), Dialect.POSTGRESQL))})"
        )
    if candidate.unique:
        arguments.append("unique=True")
    if candidate.method != "btree":
        arguments.append(f"postgresql_using={_python(candidate.method)}")
    classes = {key.column or key.expression: key.opclass for key in candidate.keys if key.opclass}
    if classes:
        arguments.append(f"postgresql_ops={{{', '.join(f'{_python(key)}: {_python(value)}' for key, value in classes.items())}}}")
    if candidate.where:
        arguments.append(f"postgresql_where=text({_python(candidate.where)})")
    return f"Index({', '.join(arguments)})"


def _python(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
