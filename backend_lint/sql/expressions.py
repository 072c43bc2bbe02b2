"""The canonical text (see `sql.text`) of expressions that sqlglot parsed. Nodes are told apart by the names of their classes: nothing imports sqlglot here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from backend_lint.facts.schema import Dialect
from backend_lint.sql import text
from backend_lint.sql.parameters import MARK, is_marked
from backend_lint.sql.types import canonical_type

SQLGLOT_NAMES = {
    Dialect.POSTGRESQL: "postgres",
    Dialect.MYSQL: "mysql",
    Dialect.SQLITE: "sqlite",
    Dialect.ORACLE: "oracle",
    Dialect.MSSQL: "tsql",
}
BINARY = {
    "Add": "+",
    "Sub": "-",
    "Mul": "*",
    "Div": "/",
    "IntDiv": "/",
    "Mod": "%",
    "Pow": "^",
    "DPipe": "||",
    "SafeDPipe": "||",
    "BitwiseAnd": "&",
    "BitwiseOr": "|",
    "BitwiseXor": "#",
    "BitwiseLeftShift": "<<",
    "BitwiseRightShift": ">>",
    "Distance": "<->",
    "JSONExtract": "->",
    "JSONExtractScalar": "->>",
    "JSONBExtract": "#>",
    "JSONBExtractScalar": "#>>",
    "JSONBContains": "?",
    "JSONBPathExists": "@?",
    "JSONBContainsTopKey": "?",
    "JSONBContainsAllTopKeys": "?&",
    "JSONBContainsAnyTopKeys": "?|",
    "ArrayContainsAll": "@>",
    "ArrayContainedBy": "<@",
    "ArrayOverlaps": "&&",
    "EQ": "=",
    "NEQ": "<>",
    "LT": "<",
    "LTE": "<=",
    "GT": ">",
    "GTE": ">=",
    "NullSafeEQ": "is not distinct from",
    "NullSafeNEQ": "is distinct from",
    "Is": "is",
    "Like": "like",
    "ILike": "ilike",
    "SimilarTo": "similar to",
    "RegexpLike": "~",
    "RegexpILike": "~*",
    "Glob": "glob",
    "And": "and",
    "Or": "or",
    "Overlaps": "overlaps",
}
"""Nodes with `this` and `expression` and the operator they stand for."""
_NAMED = {
    "Abs": "abs",
    "Avg": "avg",
    "Ceil": "ceil",
    "Coalesce": "coalesce",
    "Concat": "concat",
    "ConcatWs": "concat_ws",
    "Count": "count",
    "Exp": "exp",
    "Explode": "unnest",
    "Floor": "floor",
    "Greatest": "greatest",
    "Initcap": "initcap",
    "Least": "least",
    "Left": "left",
    "Length": "length",
    "Ln": "ln",
    "Lower": "lower",
    "MD5": "md5",
    "Max": "max",
    "Min": "min",
    "Nullif": "nullif",
    "ParseJSON": "json",
    "Round": "round",
    "RegexpReplace": "regexp_replace",
    "Replace": "replace",
    "Reverse": "reverse",
    "Right": "right",
    "SplitPart": "split_part",
    "Substring": "substring",
    "Sum": "sum",
    "TimeToStr": "to_char",
    "Upper": "upper",
    "Unicode": "ascii",
    "Unnest": "unnest",
    "Any": "any",
    "All": "all",
}
"""Functions that sqlglot gives a class of their own; `backend_lint.sql.parse_grammar` leaves most of them as they were written."""
_CONSTANTS = {
    "Null": "null",
    "Star": "*",
    "CurrentTimestamp": "now()",
    "CurrentDate": "current_date",
    "CurrentTime": "current_time",
    "CurrentUser": "current_user",
    "SessionUser": "session_user",
    "Localtime": "localtime",
    "Localtimestamp": "localtimestamp",
    "CurrentSchema": "current_schema",
    "Placeholder": "?",
    "Parameter": "?",
    "SessionParameter": "?",
    "PseudoType": "?",
}


def text_of(node: Any, dialect: Dialect = Dialect.POSTGRESQL) -> str:
    """The canonical text; columns lose their table, parameters and holes are ``?``."""
    kind = type(node).__name__
    operator = BINARY.get(kind)
    if operator is not None and node.args.get("expression") is not None:
        return _binary(node, kind, operator, dialect)
    constant = _CONSTANTS.get(kind)
    if constant is not None:
        return constant
    special = _SPECIAL.get(kind)
    if special is not None:
        return special(node, dialect)
    named = _NAMED.get(kind)
    if named is not None:
        return text.call(named, *_arguments(node, dialect))
    return _generated(node, dialect)


def name_of(node: Any) -> str:
    """The name that an identifier stands for: as written in quotes, else in lower case."""
    name: str = node.this if isinstance(node.this, str) else node.name
    return name if node.args.get("quoted") else name.lower()


def _binary(node: Any, kind: str, operator: str, dialect: Dialect) -> str:
    right = node.args["expression"]
    if kind in ("And", "Or", "DPipe", "Add"):
        # chains grow to the left, thousands deep
        parts = [text_of(right, dialect)]
        left = node.this
        while type(left).__name__ == kind:
            parts.append(text_of(left.args["expression"], dialect))
            left = left.this
        parts.append(text_of(left, dialect))
        return text.chain(operator, parts[::-1])
    return text.binary(text_of(node.this, dialect), operator, _path(right) or text_of(right, dialect))


def _path(node: Any) -> str:
    """The key behind ``->``, which sqlglot may read as a JSON path."""
    if type(node).__name__ != "JSONPath":
        return ""
    parts = [part for part in node.expressions if type(part).__name__ != "JSONPathRoot"]
    if len(parts) == 1:
        key = parts[0].this
        return text.literal(key) if isinstance(key, (str, int)) else ""
    return text.literal("{" + ",".join(str(part.this) for part in parts) + "}")


def _column(node: Any, dialect: Dialect) -> str:
    inner = node.this
    if type(inner).__name__ == "Star":
        return "*"
    return _identifier(inner, dialect)


def _identifier(node: Any, dialect: Dialect) -> str:
    name = name_of(node)
    return "?" if is_marked(name) else text.identifier(name)


def _literal(node: Any, dialect: Dialect) -> str:
    value: str = node.this
    if not node.args.get("is_string"):
        return value.lower()
    return "?" if MARK in value else text.literal(value)


def _boolean(node: Any, dialect: Dialect) -> str:
    return "true" if node.this else "false"


def _inner(node: Any, dialect: Dialect) -> str:
    return text_of(node.this, dialect)


def _cast(node: Any, dialect: Dialect) -> str:
    return text.cast(text_of(node.this, dialect), type_text(node.args["to"], dialect))


def type_text(node: Any, dialect: Dialect) -> str:
    """The canonical name of a type that sqlglot parsed."""
    return _type(node.sql(dialect=SQLGLOT_NAMES[dialect]), dialect)


@lru_cache(maxsize=1024)
def _type(name: str, dialect: Dialect) -> str:
    return canonical_type(name, dialect)


def _function(node: Any, dialect: Dialect) -> str:
    name = node.this if isinstance(node.this, str) else node.this.name
    return text.call(name, *(text_of(one, dialect) for one in node.expressions))


def _arguments(node: Any, dialect: Dialect) -> Iterator[str]:
    """In the order of the class's own declaration, which is that of the call for the functions in `_NAMED`."""
    for key in type(node).arg_types:
        value = node.args.get(key)
        if isinstance(value, list):
            yield from (text_of(one, dialect) for one in value)
        elif hasattr(value, "args"):
            yield text.literal(value.name.lower()) if type(value).__name__ == "Var" else text_of(value, dialect)


def _extract(node: Any, dialect: Dialect) -> str:
    return text.extract(node.this.name, text_of(node.expression, dialect))


def _trim(node: Any, dialect: Dialect) -> str:
    position = str(node.args.get("position") or "").lower()
    name = {"leading": "ltrim", "trailing": "rtrim"}.get(position, "trim")
    characters = node.args.get("expression")
    return text.call(name, text_of(node.this, dialect), *([text_of(characters, dialect)] if characters is not None else []))


def _position(node: Any, dialect: Dialect) -> str:
    return text.call("strpos", text_of(node.this, dialect), text_of(node.args["substr"], dialect))


def _truncated(node: Any, dialect: Dialect) -> str:
    unit = node.args.get("unit")
    return text.call("date_trunc", text.literal(unit.name.lower()) if unit is not None else "?", text_of(node.this, dialect))


def _zone(node: Any, dialect: Dialect) -> str:
    return text.binary(text_of(node.this, dialect), "at time zone", text_of(node.args["zone"], dialect))


def _case(node: Any, dialect: Dialect) -> str:
    branches = [(text_of(one.this, dialect), text_of(one.args["true"], dialect)) for one in node.args["ifs"]]
    default, subject = node.args.get("default"), node.args.get("this")
    return text.case(branches, text_of(default, dialect) if default is not None else "", text_of(subject, dialect) if subject is not None else "")


def _interval(node: Any, dialect: Dialect) -> str:
    unit = node.args.get("unit")
    amount = node.this
    if amount is not None and type(amount).__name__ == "Literal" and MARK not in amount.this:
        return f"interval {text.literal((amount.this + ' ' + unit.name.lower() if unit is not None else amount.this).strip())}"
    return f"interval {'?' if amount is None else text_of(amount, dialect)} {unit.name.lower() if unit is not None else ''}".rstrip()


def _collate(node: Any, dialect: Dialect) -> str:
    return text.collate(text_of(node.this, dialect), node.expression.name)


def _negation(node: Any, dialect: Dialect) -> str:
    inner = node.this
    inner = inner.this if type(inner).__name__ == "Paren" else inner
    kind = type(inner).__name__
    if kind in ("Like", "ILike", "SimilarTo") and inner.args.get("expression") is not None:
        return text.binary(text_of(inner.this, dialect), "not " + BINARY[kind], text_of(inner.expression, dialect))
    if kind == "Is":
        return text.binary(text_of(inner.this, dialect), "is not", text_of(inner.expression, dialect))
    if kind == "In":
        return _in(inner, dialect, "not in")
    return text.prefix("not", text_of(inner, dialect))


def _in(node: Any, dialect: Dialect, operator: str = "in") -> str:
    query, field = node.args.get("query"), node.args.get("field")
    if query is not None or field is not None:
        right = "(select ...)" if query is not None else text_of(field, dialect)
    else:
        right = text.listed([text_of(one, dialect) for one in node.expressions])
    return text.binary(text_of(node.this, dialect), operator, right)


def _between(node: Any, dialect: Dialect) -> str:
    low, high = text_of(node.args["low"], dialect), text_of(node.args["high"], dialect)
    subject = text_of(node.this, dialect)
    return f"{subject if text.level(subject) > text.RANGE else f'({subject})'} between {low} and {high}"


def _tuple(node: Any, dialect: Dialect) -> str:
    return text.listed([text_of(one, dialect) for one in node.expressions])


def _array(node: Any, dialect: Dialect) -> str:
    return f"array[{', '.join(text_of(one, dialect) for one in node.expressions)}]"


def _bracket(node: Any, dialect: Dialect) -> str:
    return f"{text_of(node.this, dialect)}[{', '.join(text_of(one, dialect) for one in node.expressions)}]"


def _distinct(node: Any, dialect: Dialect) -> str:
    return f"distinct {', '.join(text_of(one, dialect) for one in node.expressions)}"


def _ordered(node: Any, dialect: Dialect) -> str:
    return f"{text_of(node.this, dialect)}{' desc' if node.args.get('desc') else ''}"


def _dot(node: Any, dialect: Dialect) -> str:
    right = node.expression
    if type(right).__name__ in ("Anonymous", "Func"):
        return text_of(right, dialect)
    return f"({text_of(node.this, dialect)}).{text_of(right, dialect)}"


def _query(node: Any, dialect: Dialect) -> str:
    return "(select ...)"


def _operator(node: Any, dialect: Dialect) -> str:
    sign = str(node.args.get("operator") or "").rpartition(".")[2]
    return "?" if MARK in sign else text.binary(text_of(node.this, dialect), sign, text_of(node.expression, dialect))


def _generated(node: Any, dialect: Dialect) -> str:
    """What nothing above knows: sqlglot's own spelling, without tables in front of columns."""
    copy = node.copy()
    for column in copy.find_all(*[kind for kind in (_class(copy, "Column"),) if kind is not None]):
        column.set("table", None)
        column.set("db", None)
    spelt: str = copy.sql(dialect=SQLGLOT_NAMES[dialect], normalize_functions="lower", comments=False)
    return "?" if MARK in spelt else spelt


def _class(node: Any, name: str) -> Any:
    import sys

    return getattr(sys.modules.get("sqlglot.expressions") or sys.modules.get(type(node).__module__), name, None)


_SPECIAL: dict[str, Callable[[Any, Dialect], str]] = {
    "Column": _column,
    "Identifier": _identifier,
    "Var": lambda node, dialect: str(node.name).lower(),
    "Literal": _literal,
    "National": lambda node, dialect: text.literal(str(node.this)),
    "Boolean": _boolean,
    "Paren": _inner,
    "Alias": _inner,
    "Cast": _cast,
    "TryCast": _cast,
    "Anonymous": _function,
    "AnonymousAggFunc": _function,
    "Extract": _extract,
    "Trim": _trim,
    "StrPosition": _position,
    "AtTimeZone": _zone,
    "DateTrunc": _truncated,
    "TimestampTrunc": _truncated,
    "Case": _case,
    "Interval": _interval,
    "Collate": _collate,
    "Neg": lambda node, dialect: text.prefix("-", text_of(node.this, dialect)),
    "BitwiseNot": lambda node, dialect: text.prefix("~", text_of(node.this, dialect)),
    "Not": _negation,
    "In": _in,
    "Between": _between,
    "Tuple": _tuple,
    "Array": _array,
    "Bracket": _bracket,
    "Distinct": _distinct,
    "Ordered": _ordered,
    "Dot": _dot,
    "Select": _query,
    "Subquery": _query,
    "Union": _query,
    "Exists": lambda node, dialect: "exists (select ...)",
    "Escape": _inner,
    "Operator": _operator,
}
