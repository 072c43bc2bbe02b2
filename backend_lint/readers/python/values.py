"""Expressions as value texts (see `facts.python`), calls recorded on the way in the order of evaluation."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from backend_lint.facts.python import Block, BlockKind, Use, Yield
from backend_lint.readers.python.abridged import operand, spared
from backend_lint.readers.python.calls import record_call
from backend_lint.readers.python.scope import MAX_VALUE, counted

if TYPE_CHECKING:
    from backend_lint.readers.python.scan import Scanner


MAX_STRING = 200
MAX_SQL = 20_000
_SQL = (
    *("SELECT", "INSERT", "UPDATE", "DELETE", "WITH ", "WITH\n", "CREATE", "ALTER ", "DROP ", "MERGE ", "ALTER\n"),
    *("-- ", "--\n", "/*", "BEGIN", "DO $", "DO\n", "SET ", "COMMENT", "TRUNCAT", "REFRESH", "GRANT ", "REINDEX", "LOCK ", "COMMIT"),
    *("AND ", "AND\n", "OR ", "WHERE ", "WHERE\n", "FROM ", "FROM\n", "JOIN ", "LEFT JO", "INNER J", "ORDER B", "GROUP B", "HAVING ", "VALUES", "ON CONF"),
    *("RETURNI", "(SELECT", "UNION", ", "),
)
"""A statement is kept whole: what is cut off could hold its condition. The second line begins scripts of migrations, the others parts of statements."""
_INDENTED = 120
MAX_ITEMS = 12
MAX_TABLE_ITEMS = 400
"""Displays on module level (settings, routes, middleware) and lists of calls are kept longer, up to `MAX_TABLE` characters."""
MAX_TABLE = 4000

OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.BitOr: "||",
    ast.BitAnd: "&",
    ast.BitXor: "^",
    ast.LShift: "<<",
    ast.RShift: ">>",
    ast.MatMult: "@",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Is: " is ",
    ast.IsNot: " is not ",
    ast.In: " in ",
    ast.NotIn: " not in ",
}

_PUT_IN_ORDER = ("sorted(", "list(", "reversed(", "tuple(", "set(")
"""What gives the items of something else: an attribute of one of them is read of that."""

Render = Callable[["Scanner", Any], str]


def _name(scan: Scanner, node: ast.Name) -> str:
    return scan.scope.lookup(node.id)


def _attribute(scan: Scanner, node: ast.Attribute) -> str:
    value = node.value
    scope = scan.scope
    base = scope.lookup(value.id) if value.__class__ is ast.Name else scan.value(value)
    text = f"{base}.{node.attr}"
    if len(text) > MAX_VALUE:
        return "?"
    if (base[0] in "%#(" or (base[0] in "slrt" and base.startswith(_PUT_IN_ORDER))) and scope.index and node.ctx.__class__ is ast.Load:
        reads = scope.reads
        if value.__class__ is ast.Attribute:
            reads.pop((base, scope.block), None)
        if (text, scope.block) not in reads:
            reads[text, scope.block] = node
    return text


def _constant(scan: Scanner, node: ast.Constant) -> str:
    value = node.value
    if value.__class__ is str:
        if len(value) > MAX_STRING and not (len(value) <= MAX_SQL and (scan.whole or value.lstrip()[:7].upper().startswith(_SQL))):
            return repr(value[:MAX_STRING])[:-1] + "...'"
        return repr(value)
    if value is Ellipsis:
        return "..."
    if isinstance(value, (int, complex)) and value.__class__ is not bool and abs(value) > 1e30:
        return "?"
    text = repr(value)
    return text if len(text) <= MAX_STRING else text[:MAX_STRING] + "...'"


def _call(scan: Scanner, node: ast.Call) -> str:
    return record_call(scan, node, Use.OTHER, False, "")


def _await(scan: Scanner, node: ast.Await) -> str:
    inner = node.value
    if inner.__class__ is ast.Call:
        return record_call(scan, inner, scan.use, True, scan.target)
    value = scan.value(inner)
    scan.scope.awaits.append((node.lineno, value, scan.scope.block))
    return value


def _starred(scan: Scanner, node: ast.Starred) -> str:
    return "*" + scan.value(node.value)


def _subscript(scan: Scanner, node: ast.Subscript) -> str:
    base = scan.value(node.value)
    index = node.slice
    text = f"{base}[{_slice(scan, index) if index.__class__ is ast.Slice else scan.value(index)}]"
    return text if len(text) <= MAX_VALUE else "?"


def _slice(scan: Scanner, node: ast.Slice) -> str:
    text = ":".join(["" if part is None else scan.value(part) for part in (node.lower, node.upper)])
    return f"{text}:{scan.value(node.step)}" if node.step is not None else text


def _binary(scan: Scanner, node: ast.BinOp) -> str:
    left, right = scan.value(node.left), scan.value(node.right)
    text = f"({left}{OPERATORS[node.op.__class__]}{right})"
    if len(text) <= MAX_VALUE or (len(text) <= MAX_SQL and (scan.whole or is_sql(text))):
        return text
    if node.op.__class__ in (ast.Add, ast.Mod) and (left[:1] in "'\"(" or right[:1] in "'\""):
        is_template = node.op.__class__ is ast.Mod
        short = f"({operand(node.left, left, is_template=is_template)}{OPERATORS[node.op.__class__]}{operand(node.right, right)})"
        if len(short) <= 2 * MAX_VALUE:
            return short
    return text if len(text) <= MAX_TABLE and (text[1] == "[" or (not scan.scope.index and text[-2:] == "])")) else "?"


def is_sql(text: str) -> bool:
    """An operation that begins with a statement: it is put together from several strings."""
    head = text[:12].lstrip("(f'\"")
    if head[:1] in ("\\", " "):  # the first line of the string is empty, or the statement is indented
        head = text[:_INDENTED].lstrip("(f'\"").replace("\\n", " ").replace("\\t", " ").lstrip()
    return head[:12].upper().startswith(_SQL)


def _boolean(scan: Scanner, node: ast.BoolOp) -> str:
    sign = "|" if node.op.__class__ is ast.Or else " and "
    text = f"({sign.join([scan.value(part) for part in node.values])})"
    return text if len(text) <= MAX_VALUE else "?"


def _compare(scan: Scanner, node: ast.Compare) -> str:
    text = scan.value(node.left)
    for operator, right in zip(node.ops, node.comparators, strict=False):
        text += OPERATORS[operator.__class__] + scan.value(right)
    if text.startswith(("#", "len(#")) and text[-1] in "01" and scan.scope.index and node.left.__class__ is ast.Call:
        scan.measured(node, f"({text})")
    return f"({text})" if len(text) <= MAX_VALUE else "?"


def _unary(scan: Scanner, node: ast.UnaryOp) -> str:
    value = scan.value(node.operand)
    if node.op.__class__ is ast.Not:
        return f"(not {value})"
    return f"-{value}" if node.op.__class__ is ast.USub else f"(~{value})" if node.op.__class__ is ast.Invert else value


def _conditional(scan: Scanner, node: ast.IfExp) -> str:
    test = scan.value(node.test)
    scan.scope.conditions.append((node.lineno, test, scan.scope.block))
    body, orelse = scan.value(node.body), scan.value(node.orelse)
    if body == "None":
        return orelse
    if orelse == "None":
        return body
    text = f"({body}|{orelse})"
    return text if len(text) + len(test) <= MAX_VALUE or (len(text) <= MAX_SQL and is_sql(text)) else "?"


def _display(scan: Scanner, node: ast.List | ast.Tuple | ast.Set) -> str:
    parts = [scan.argument(item) for item in node.elts]
    is_table = not scan.scope.index or scan.whole or (bool(parts) and parts[0][:1] == "#")
    if len(parts) > MAX_ITEMS:
        _cut(parts, is_table)
    text = f"[{','.join(parts)}]"
    return text if len(text) <= (MAX_SQL if scan.whole else MAX_TABLE if is_table else 2 * MAX_VALUE) else "?"


def _cut(parts: list[str], is_table: bool) -> None:
    most = MAX_TABLE_ITEMS if is_table else MAX_ITEMS
    if len(parts) > most:
        parts[most:] = ["..."]


def _dict(scan: Scanner, node: ast.Dict) -> str:
    parts = []
    for key, item in zip(node.keys, node.values, strict=False):
        left = "**" if key is None else scan.value(key) + ":"
        parts.append(left + scan.argument(item))
    if len(parts) > MAX_ITEMS:
        _cut(parts, not scan.scope.index or scan.whole)
    text = "{" + ",".join(parts) + "}"
    return text if len(text) <= (MAX_SQL if scan.whole else 3 * MAX_VALUE if scan.scope.index else MAX_TABLE) else "?"


def _joined_string(scan: Scanner, node: ast.JoinedStr) -> str:
    parts: list[str] = []
    words: list[tuple[int, str]] = []
    for part in node.values:
        if part.__class__ is ast.Constant:
            text = str(part.value)
            parts.append(text.replace("{", "{{").replace("}", "}}").replace("'", "\\'"))
            words.append((len(parts) - 1, text))
        else:
            inner = scan.value(part.value)  # type: ignore[attr-defined]
            parts.append("{repr(" + inner + ")}" if part.conversion == 114 else "{" + inner + "}")  # type: ignore[attr-defined]
            spec = part.format_spec  # type: ignore[attr-defined]
            if spec is not None:
                scan.value(spec)
    text = f"f'{''.join(parts)}'"
    most = MAX_SQL if scan.whole or (parts and parts[0].lstrip()[:7].upper().startswith(_SQL)) else 2 * MAX_VALUE
    if len(text) > most:
        for number, word in words:
            parts[number] = spared(word).replace("{", "{{").replace("}", "}}").replace("'", "\\'")
        text = f"f'{''.join(parts)}'"
    return text if len(text) <= most else text[:most] + "...'"


def _template_string(scan: Scanner, node: Any) -> str:
    for part in node.values:
        if hasattr(part, "value") and isinstance(part.value, ast.expr):
            scan.value(part.value)
    return "?"


def _comprehension(scan: Scanner, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> str:
    scope = scan.scope
    outer_block = scope.block
    saved: dict[str, str | None] = {}
    for part in node.generators:
        scan.hook(part)
        use, scan.use = scan.use, Use.ITERATED
        source = scan.value(part.iter) if part.iter.__class__ is not ast.Call else record_call(scan, part.iter, Use.ITERATED, False, "")
        scan.use = use
        line, end_line = node.lineno, node.end_lineno or node.lineno
        for name in _names(part.target):
            saved.setdefault(name, scope.env.get(name))
            scope.env[name] = "%" + name
        if part.target.__class__ is ast.Name:
            scope.env[part.target.id] = f"{source}[]" if len(source) < 100 else "%" + part.target.id
        elif (inner := counted(source)) and isinstance(part.target, ast.Tuple) and isinstance(item := part.target.elts[-1], ast.Name):
            scope.env[item.id] = f"{inner}[]" if len(inner) < 100 else "%" + item.id
        target = part.target.id if part.target.__class__ is ast.Name else names_of(part.target)
        scope.blocks.append(Block(BlockKind.COMPREHENSION, scope.block, line, end_line, source, target, bool(part.is_async)))
        scope.block = len(scope.blocks) - 1
        if part.is_async:
            scope.awaits.append((line, source, scope.block))
        for condition in part.ifs:
            scope.conditions.append((condition.lineno, scan.value(condition), scope.block))
    if node.__class__ is ast.DictComp:
        inner = f"{scan.value(node.key)}:{scan.value(node.value)}"
    else:
        inner = scan.value(node.elt)  # type: ignore[union-attr]
    scope.block = outer_block
    for name, value in saved.items():
        if value is None:
            scope.env.pop(name, None)
        else:
            scope.env[name] = value
    text = f"[*{inner}]"
    return text if len(text) <= MAX_VALUE else "?"


def names_of(target: ast.expr) -> str:
    """``a,b`` for a target that is a tuple of names, else an empty text."""
    items = target.elts if isinstance(target, (ast.Tuple, ast.List)) else ()
    return ",".join([item.id for item in items if isinstance(item, ast.Name)]) if all(isinstance(item, ast.Name) for item in items) else ""


def _names(target: ast.expr) -> list[str]:
    if isinstance(target, ast.Name):
        return [target.id]
    if isinstance(target, (ast.Tuple, ast.List)):
        return [name for item in target.elts for name in _names(item)]
    return _names(target.value) if isinstance(target, ast.Starred) else []


def _lambda(scan: Scanner, node: ast.Lambda) -> str:
    scope = scan.scope
    outer_block = scope.block
    arguments = node.args
    for default in (*arguments.defaults, *arguments.kw_defaults):
        if default is not None:
            scan.value(default)
    named = [parameter.arg for parameter in (*arguments.posonlyargs, *arguments.args)]
    scope.blocks.append(Block(BlockKind.LAMBDA, outer_block, node.lineno, node.end_lineno or node.lineno, target=",".join(named)))
    scope.block = len(scope.blocks) - 1
    saved = {}
    for parameter in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg):
        if parameter is not None:
            saved[parameter.arg] = scope.env.get(parameter.arg)
            scope.env[parameter.arg] = "%" + parameter.arg
    value = record_call(scan, node.body, Use.RETURNED, False, "") if node.body.__class__ is ast.Call else scan.value(node.body)
    scope.block = outer_block
    for name, old in saved.items():
        if old is None:
            del scope.env[name]
        else:
            scope.env[name] = old
    text = f"lambda:{value}"
    return text if len(text) <= MAX_VALUE else "?"


def _walrus(scan: Scanner, node: ast.NamedExpr) -> str:
    value = record_call(scan, node.value, Use.BOUND, False, "%" + node.target.id) if node.value.__class__ is ast.Call else scan.value(node.value)
    scan.bind(node.target, value, node.lineno)
    return value


def _yield(scan: Scanner, node: ast.Yield) -> str:
    value = ""
    if node.value is not None:
        value = record_call(scan, node.value, Use.YIELDED, False, "") if node.value.__class__ is ast.Call else scan.value(node.value)
    scan.scope.yields.append(Yield(node.lineno, value, scan.scope.block))
    return "?"


def _yield_from(scan: Scanner, node: ast.YieldFrom) -> str:
    value = scan.value(node.value)
    scan.scope.yields.append(Yield(node.lineno, f"*{value}", scan.scope.block))
    return "?"


def _generic(scan: Scanner, node: ast.AST) -> str:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            scan.value(child)
    return "?"


RENDER: dict[type[ast.AST], Render] = {
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Constant: _constant,
    ast.Call: _call,
    ast.Await: _await,
    ast.Starred: _starred,
    ast.Subscript: _subscript,
    ast.BinOp: _binary,
    ast.BoolOp: _boolean,
    ast.Compare: _compare,
    ast.UnaryOp: _unary,
    ast.IfExp: _conditional,
    ast.List: _display,
    ast.Tuple: _display,
    ast.Set: _display,
    ast.Dict: _dict,
    ast.JoinedStr: _joined_string,
    ast.ListComp: _comprehension,
    ast.SetComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.DictComp: _comprehension,
    ast.Lambda: _lambda,
    ast.NamedExpr: _walrus,
    ast.Yield: _yield,
    ast.YieldFrom: _yield_from,
    ast.Slice: _generic,
    ast.FormattedValue: _generic,
}
if hasattr(ast, "TemplateStr"):
    RENDER[ast.TemplateStr] = _template_string
