"""sqlglot, bounded: the grammars of each dialect with functions left as they were written, and text of any size parsed without harm.

sqlglot is imported with the first statement that nobody has parsed yet (0.2 s).
"""

from __future__ import annotations

import functools
import logging
import sys
import threading
from typing import Any

from backend_lint.facts.schema import Dialect

MAX_DEPTH = 500
"""Of brackets; deeper text is not parsed."""
MAX_TREE_DEPTH = 2600
"""Of the tree: signs, casts and negations nest without brackets."""
_CHAINS = frozenset({"And", "Or", "DPipe", "SafeDPipe", "Add", "Union", "Intersect", "Except"})
_LONG = 1200
"""Shorter texts cannot nest that deep."""
_SHALLOW = 12
"""Brackets that fit the interpreter's usual stack beside whatever called us."""
_FRAMES = 40_000
_STACK = 512 << 20
_NODES_PER_TOKEN = 20
"""sqlglot tries some phrases twice, and those inside them twice again: this ends it."""
_RETREATS_PER_TOKEN = 20


class NotParsedError(Exception):
    """The text is no SQL that sqlglot knows; the message says why, in half a sentence."""


@functools.cache
def grammar(dialect: Dialect) -> Any:
    """The sqlglot dialect, with every function as an `Anonymous` node under its own name and array indexes as written."""
    import sqlglot
    from sqlglot.dialects.dialect import Dialect as Base

    from backend_lint.sql.expressions import SQLGLOT_NAMES

    logging.getLogger("sqlglot").setLevel(logging.CRITICAL + 1)
    assert sqlglot
    base = Base.get_or_raise(SQLGLOT_NAMES[dialect]).__class__
    parser = base.parser_class
    bare = type(
        "Parser",
        (parser,),
        {
            "FUNCTIONS": {},
            "FUNCTION_PARSERS": {name: parse for name, parse in parser.FUNCTION_PARSERS.items() if name in _SPECIAL_SYNTAX},
            "_retreat": _retreat,
        },
    )
    return type(f"BackendLint{base.__name__}", (base,), {"parser_class": bare, "Parser": bare, "INDEX_OFFSET": 0})()


def _retreat(parser: Any, index: int) -> None:
    """Goes back to a token, as sqlglot does when a phrase was not what it took it for; only so often."""
    if index != parser._index:
        parser.retreats_left -= 1
        if parser.retreats_left < 0:
            raise NotParsedError("it can be read in too many ways")
        parser._advance(index - parser._index)


_SPECIAL_SYNTAX = frozenset(
    "CAST CONVERT EXTRACT JSON_OBJECT JSON_OBJECTAGG JSON_TABLE MATCH NORMALIZE OPENJSON OVERLAY POSITION SAFE_CAST STRING_AGG SUBSTRING TRIM TRY_CAST "
    "TRY_CONVERT WEIGHT_STRING XMLELEMENT XMLTABLE GROUP_CONCAT VALUES JSON_AGG JSON_VALUE DATE_ADD DATE_SUB".split()
)


def syntax_tree(sql: str, dialect: Dialect, depth: int) -> Any:
    """The tree of one statement whose brackets are nested `depth` deep. Raises NotParsedError."""
    tree = _with_room(_parse, (sql, dialect), depth)
    if len(sql) > _LONG and depth_of(tree) > MAX_TREE_DEPTH:
        release(tree)
        raise NotParsedError("nested too deep")
    return tree


def with_room(work: Any, depth: int) -> Any:
    """Calls `work` with a stack on which trees of that depth can be walked. Raises NotParsedError if even that is too little."""
    return _with_room(work, (), depth)


def depth_of(tree: Any) -> int:
    """How deep a tree is; chains of AND, OR, ``||`` and ``+`` count as flat, as they are read without recursion."""
    deepest = 0
    stack = [(tree, 1)]
    while stack:
        node, depth = stack.pop()
        deepest = max(deepest, depth)
        kind = type(node).__name__
        for name, value in node.args.items():
            inner = depth if kind in _CHAINS and name == "this" and type(value).__name__ == kind else depth + 1
            if isinstance(value, list):
                stack += [(one, inner) for one in value if hasattr(one, "args")]
            elif hasattr(value, "args"):
                stack.append((value, inner))
    return deepest


def release(tree: Any) -> None:
    """Takes a tree apart. Its nodes know their parents, and while a run lasts nobody collects such circles."""
    stack = [tree]
    while stack:
        args = stack.pop().args
        for value in args.values():
            if isinstance(value, list):
                stack += [one for one in value if hasattr(one, "args")]
            elif hasattr(value, "args"):
                stack.append(value)
        args.clear()


def _parse(sql: str, dialect: Dialect) -> Any:
    from sqlglot.errors import SqlglotError

    base = grammar(dialect)
    try:
        tokens = base.tokenize(sql)
        parser = base.parser_class(dialect=base, max_nodes=_NODES_PER_TOKEN * len(tokens) + 500)
        parser.retreats_left = _RETREATS_PER_TOKEN * len(tokens) + 500
        trees = parser.parse(tokens, sql)
    except SqlglotError as error:
        raise NotParsedError(_reason(error)) from None
    except (ValueError, TypeError, AttributeError, KeyError, IndexError, AssertionError) as error:
        raise NotParsedError(f"the parser failed ({type(error).__name__})") from None
    trees = [tree for tree in trees if tree is not None]
    if len(trees) != 1:
        raise NotParsedError("no statement" if not trees else "several statements")
    return _with_negations(trees[0]) if "not" in sql.lower() else trees[0]


def _with_negations(tree: Any) -> Any:
    """The tree in which every negation is a node around what it negates: newer versions mark ``IS NOT`` and ``NOT LIKE`` on the node itself."""
    from sqlglot import expressions

    for node in [node for node in tree.walk() if node.args.get("negate")]:
        node.set("negate", None)
        around = expressions.Not()
        if node is tree:
            tree = around
        else:
            node.replace(around)
        around.set("this", node)
    return tree


def _reason(error: Exception) -> str:
    from sqlglot.errors import ParseError

    if isinstance(error, ParseError) and error.errors:
        found = error.errors[0]
        return f"{found.get('description') or 'syntax error'} near {str(found.get('highlight') or '')[:40]!r}"
    return str(error).partition("\n")[0][:120]


def _with_room(work: Any, arguments: tuple[Any, ...], depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise NotParsedError(f"brackets are nested {depth} deep")
    if depth <= _SHALLOW:
        try:
            return work(*arguments)
        except RecursionError:
            pass  # chains of NOT, CASE and joins nest without brackets
    if _compiled():
        raise NotParsedError("nested too deep")
    return _on_large_stack(work, arguments)


def _compiled() -> bool:
    """sqlglot runs as machine code: a higher limit of recursion would crash it."""
    module = sys.modules.get("sqlglot.parser")
    return module is not None and not str(getattr(module, "__file__", "")).endswith(".py")


def _on_large_stack(work: Any, arguments: tuple[Any, ...]) -> Any:
    outcome: list[Any] = []

    def run() -> None:
        try:
            outcome.append((work(*arguments), None))
        except RecursionError:
            outcome.append((None, NotParsedError("nested too deep")))
        except BaseException as error:
            outcome.append((None, error))

    limit, size = sys.getrecursionlimit(), threading.stack_size(_STACK)
    try:
        sys.setrecursionlimit(max(limit, _FRAMES))
        thread = threading.Thread(target=run, name="sql")
        thread.start()
        thread.join()
    except (RuntimeError, MemoryError):
        raise NotParsedError("nested too deep") from None
    finally:
        sys.setrecursionlimit(limit)
        threading.stack_size(size)
    value, error = outcome[0]
    if error is not None:
        raise error
    return value
