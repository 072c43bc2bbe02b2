"""One spelling for every expression, so that a Django ``Upper("name")``, a SQLAlchemy ``func.upper(T.name)`` and SQL's ``UPPER(name)`` are equal as texts.

Canonical: keywords and function names in lower case, bare column names (quoted only where SQL needs it), casts as ``created::date``, one space around
binary operators, no redundant parentheses, values that are not known as ``?``. The text is valid PostgreSQL. Builders take and give canonical texts;
`canonical` gives that of a parsed expression.

>>> call("UPPER", column("name")), cast(binary("a", "+", "b"), "date"), binary("a", "*", binary("b", "+", "c"))
('upper(name)', '(a + b)::date', 'a * (b + c)')
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from backend_lint.facts.schema import Dialect
from backend_lint.lazy_regex import lazy_regex

_BARE = lazy_regex(r"[a-z_][a-z0-9_$]*\Z")
_FUNCTION = lazy_regex(r"[\w$]+(?:\.[\w$]+)*\Z")
_TYPE = lazy_regex(r'(?:[\w$ .]|"[\w$]+")+(?:\([\w ,]*\))?[\w ]*(?:\[\d*\])*\Z')
"""Names of functions and types that hold nothing by which they could end: what is printed as SQL is run."""
_RESERVED = frozenset(
    (
        "all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create current_catalog current_date current_role "
        "current_time current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign from grant group having in "
        "initially intersect into lateral leading limit localtime localtimestamp not null offset on only or order placing primary references returning select "
        "session_user some symmetric table then to trailing true union unique user using variadic when where window with authorization binary collation "
        "concurrently cross current_schema freeze full ilike inner is isnull join left like natural notnull outer overlaps right similar tablesample verbose"
    ).split()
)
_SAME = {
    "char_length": "length",
    "character_length": "length",
    "len": "length",
    "substr": "substring",
    "ifnull": "coalesce",
    "nvl": "coalesce",
    "ucase": "upper",
    "lcase": "lower",
    "pow": "power",
    "ceiling": "ceil",
    "transaction_timestamp": "now",
    "current_timestamp": "now",
    "getdate": "now",
}
"""Functions that only differ by name."""
_OF_TEXT = frozenset(
    "lower upper initcap trim btrim ltrim rtrim length left right md5 substring reverse replace split_part strpos starts_with unaccent immutable_unaccent "
    "f_unaccent similarity word_similarity".split()
)
"""Functions whose argument is text whatever is said: ``lower(email::text)`` is ``lower(email)``. pg_dump and Django write the cast, people do not."""
_TEXT_TYPES = frozenset({"text", "varchar"})
CAST_FUNCTIONS = frozenset({"date", "timestamptz", "timestamp", "float8", "float4", "int4", "int8", "int2", "text", "varchar", "numeric"})

ATOM, CAST, SIGN, COLLATE, ZONE, POWER, PRODUCT, SUM, OTHER, RANGE, COMPARISON, IS, NOT, AND, OR = range(100, 25, -5)
"""How tightly the outermost operator of a text binds: a whole without one, ``::``, a sign, ``collate``, ``at time zone`` and so on."""
_LEVELS = {
    "^": POWER,
    "*": PRODUCT,
    "/": PRODUCT,
    "%": PRODUCT,
    "+": SUM,
    "-": SUM,
    "between": RANGE,
    "not between": RANGE,
    "in": RANGE,
    "not in": RANGE,
    "like": RANGE,
    "not like": RANGE,
    "ilike": RANGE,
    "not ilike": RANGE,
    "similar to": RANGE,
    "not similar to": RANGE,
    **dict.fromkeys(("=", "<>", "<", "<=", ">", ">=", "!="), COMPARISON),
    **dict.fromkeys(("is", "is not", "is distinct from", "is not distinct from"), IS),
    "and": AND,
    "or": OR,
    "collate": COLLATE,
    "at time zone": ZONE,
    "::": CAST,
}
_NEGATED_INSIDE = frozenset({"like", "ilike", "in", "similar"})
_ALONE = frozenset({RANGE, COMPARISON, IS})
"""PostgreSQL takes ``a = b < c`` for an error, and other parsers do not agree on what it means."""
_TRUTHS = {"null": "not null", "true": "not true", "false": "not false", "not null": "null", "not true": "true", "not false": "false"}
_TOKEN = lazy_regex(
    r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|\w+(?:\.\d+)?|[(\[]|[)\]]|::|[-+*/<>=~!@#%^&|?]+|\S""",
)
_OPERATOR_SIGNS = frozenset("-+*/<>=~!@#%^&|")


def canonical(node: Any, dialect: Dialect = Dialect.POSTGRESQL) -> str:
    """The canonical text of an expression that sqlglot parsed (any `sqlglot.exp.Expression`); columns lose their table."""
    from backend_lint.sql.expressions import text_of

    return text_of(node, dialect)


def identifier(name: str) -> str:
    """A name as SQL: quoted if it holds capitals or other signs, or is reserved.

    >>> identifier("email"), identifier("userId"), identifier("order")
    ('email', '"userId"', '"order"')
    """
    return name if _BARE.match(name) and name not in _RESERVED else quoted(name)


def quoted(name: str) -> str:
    """A name in quotes, whatever stands in it."""
    return '"' + name.replace('"', '""') + '"'


def is_type(name: str) -> bool:
    """Whether a type may be written as it is: it has no more than a name, numbers in brackets, and what says that it is an array."""
    return len(name) <= 200 and _TYPE.match(name) is not None


def column(name: str) -> str:
    """A column of the only relation."""
    return identifier(name)


def literal(value: str | float | bool | None) -> str:
    """A constant.

    >>> literal("it's"), literal(True), literal(5), literal(None)
    ("'it''s'", 'true', '5', 'null')
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else repr(value)


def call(name: str, *arguments: str) -> str:
    """A function call.

    >>> call("Lower", cast("email", "text")), call("DATE", "created"), call("now")
    ('lower(email)', 'created::date', 'now()')
    """
    name = name.lower()
    name = _SAME.get(name, name)
    if not _FUNCTION.match(name):
        name = ".".join(identifier(part) for part in name.split("."))
    elif name in CAST_FUNCTIONS and len(arguments) == 1:
        return cast(arguments[0], name)
    if name in _OF_TEXT and arguments:
        arguments = (without_text_cast(arguments[0]), *arguments[1:])
    elif name.startswith(("to_tsvector", "to_tsquery", "plainto_tsquery", "websearch_to_tsquery", "phraseto_tsquery")):
        arguments = tuple(without_text_cast(one.removesuffix("::regconfig")) for one in arguments)
    elif name == "timezone" and len(arguments) == 2:
        return binary(arguments[1], "at time zone", arguments[0])
    return f"{name}({', '.join(arguments)})"


def cast(operand: str, type_: str) -> str:
    """``operand::type``; a text constant keeps no cast to text. `type_` in any spelling."""
    from backend_lint.sql.types import canonical_type

    type_ = canonical_type(type_)
    if type_ and not is_type(type_):
        type_ = quoted(type_)
    if operand[:1] == "'" and operand[-1:] == "'" and level(operand) == ATOM and type_.partition("(")[0] in _TEXT_TYPES:
        return operand
    return f"{_above(operand, CAST)}::{type_}" if type_ else operand


def without_text_cast(operand: str) -> str:
    """The operand of a cast to text or varchar, else the text itself."""
    for type_ in _TEXT_TYPES:
        if operand.endswith(f"::{type_}") and level(operand) == CAST:
            inner = operand[: -len(type_) - 2]
            return _inside(inner)
    return operand


def binary(left: str, operator: str, right: str) -> str:
    """``left operator right``, with parentheses only where they change the meaning."""
    operator = " ".join(operator.lower().split())
    operator = "<>" if operator == "!=" else operator
    own = _LEVELS.get(operator, OTHER)
    right_level = own if own in (AND, OR) else own + 1
    return f"{_above(left, own + 1 if own in _ALONE else own)} {operator} {_above(right, right_level)}"


def chain(operator: str, parts: list[str]) -> str:
    """``a and b and c``, in time linear in the length."""
    own = _LEVELS.get(operator, OTHER)
    rest = own if own in (AND, OR) else own + 1
    return f" {operator} ".join([_above(parts[0], own), *(_above(part, rest) for part in parts[1:])])


def prefix(operator: str, operand: str) -> str:
    """``not x``, ``-x``, ``~x``."""
    if operator == "not":
        head, _, tail = operand.rpartition(" is ")
        if head and tail in _TRUTHS and level(operand) == IS:
            return f"{head} is {_TRUTHS[tail]}"
        if (place := _negatable(operand)) is not None:
            return f"{operand[:place]}not {operand[place:]}"
        return f"not {_above(operand, NOT)}"
    return f"{operator}{_above(operand, SIGN + 1)}"


def _negatable(text: str) -> int | None:
    """Where the operator of ``a like b`` or ``a in (1)`` begins, which takes ``not`` before it."""
    if level(text) != RANGE:
        return None
    depth = 0
    before = ""
    for match in _TOKEN.finditer(text):
        token = match.group()
        if token in ("(", "[", "case"):
            depth += 1
        elif token in (")", "]", "end"):
            depth -= 1
        elif not depth and token in _NEGATED_INSIDE:
            return match.start() if before != "not" else None
        before = token
    return None


def collate(operand: str, collation: str) -> str:
    """``operand collate "C"``."""
    return f"{_above(operand, COLLATE)} collate {quoted(collation)}"


def extract(part: str, operand: str) -> str:
    """``extract(year from created)``."""
    return f"extract({identifier(part.lower())} from {operand})"


def listed(items: tuple[str, ...] | list[str]) -> str:
    """``(1, 2)``."""
    return f"({', '.join(items)})"


def case(branches: list[tuple[str, str]], default: str = "", subject: str = "") -> str:
    """``case when a then b else c end``."""
    parts = ["case", *([subject] if subject else []), *(f"when {test} then {value}" for test, value in branches)]
    return " ".join([*parts, *([f"else {default}"] if default else []), "end"])


def _above(text: str, least: int) -> str:
    return text if level(text) >= least else f"({text})"


def _inside(text: str) -> str:
    """Without the parentheses around the whole."""
    if text[:1] == "(" and text[-1:] == ")" and level(text) == ATOM and len(_parts(text)) == 1:
        return text[1:-1]
    return text


@lru_cache(maxsize=4096)
def _parts(text: str) -> tuple[str, ...]:
    """What stands at the top of a text: a bracket with all in it is one part (its brackets), as is a string."""
    parts: list[str] = []
    depth = 0
    for token in _TOKEN.findall(text):
        if token in "([":
            if not depth:
                parts.append(token)
            depth += 1
        elif token in ")]":
            depth -= 1
        elif not depth:
            parts.append(token)
    return tuple(parts)


@lru_cache(maxsize=4096)
def level(text: str) -> int:
    """How tightly the outermost operator of a canonical text binds; `ATOM` if there is none.

    >>> level("lower(a)") == ATOM, level("a + b") == SUM, level("a = 1 and b") == AND
    (True, True, True)
    """
    least = ATOM
    parts = _parts(text)
    inner = 0
    operand = False
    for position, part in enumerate(parts):
        if part == "case":
            inner += 1
        elif part == "end":
            inner -= 1
        if inner:
            operand = True
            continue
        if part == "not" and not operand:
            found = NOT
        elif part[0] in _OPERATOR_SIGNS and not operand:
            found = SIGN
        elif part == "is":
            found = IS
        elif part == "at" and parts[position + 1 : position + 2] == ("time",):
            found = ZONE
        elif part in ("time", "zone", "not") or (part in _TYPE_WORDS and "::" in parts[:position]):
            continue
        else:
            found = _LEVELS.get(part, OTHER if part[0] in _OPERATOR_SIGNS else ATOM)
        if found == ATOM:
            operand = True
            continue
        operand = False
        least = min(least, found)
    return least


_TYPE_WORDS = frozenset({"precision"})
