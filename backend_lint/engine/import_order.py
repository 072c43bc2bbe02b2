"""Puts an import where those who sort imports look for it. Touches no disk."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import libcst as cst

Imported = cst.Import | cst.ImportFrom
Statement = cst.SimpleStatementLine | cst.BaseCompoundStatement


def with_import(module: cst.Module, path: str, member: str, packages: frozenset[str]) -> cst.Module | None:
    """The module with ``import path``, or ``from path import member``; None where its imports are such that there is no place to be sure of."""
    found = _imports(module)
    same = [index for index, small in found if isinstance(small, cst.ImportFrom) and _path(small) == path and not isinstance(small.names, cst.ImportStar)]
    if any(_brings(small, path, member) for _, small in found):
        return module
    if member and same:
        line = module.body[same[0]]
        assert isinstance(line, cst.SimpleStatementLine)
        small = line.body[0]
        assert isinstance(small, cst.ImportFrom)
        longer = _with_name(small, member)
        return _put(module, same[0], [line.with_changes(body=[longer])], 1) if longer is not None else None
    key = (_section(path, packages), bool(member), path)
    ours = [(index, _key(small, packages)) for index, small in found if _key(small, packages)[0] == key[0]]
    made = cst.parse_statement(f"from {path} import {member}\n" if member else f"import {path}\n")
    if not ours and (later := next((index for index, small in found if _key(small, packages) > key), None)) is not None:
        line = module.body[later]
        assert isinstance(line, cst.SimpleStatementLine)
        if any(one.comment is not None for one in line.leading_lines):
            return None
        apart = line.with_changes(leading_lines=[cst.EmptyLine(indent=False)])
        return _put(module, later, [made.with_changes(leading_lines=line.leading_lines), apart], 1)
    if not ours:
        return None
    after = next((index for index, other in ours if other > key), None)
    if after is None:
        return _put(module, ours[-1][0] + 1, [made], 0)
    line = module.body[after]
    assert isinstance(line, cst.SimpleStatementLine)
    blank = 0
    while blank < len(line.leading_lines) and line.leading_lines[blank].comment is None:
        blank += 1
    above = made.with_changes(leading_lines=line.leading_lines[:blank])
    return _put(module, after, [above, line.with_changes(leading_lines=line.leading_lines[blank:])], 1)


def _put(module: cst.Module, index: int, statements: Sequence[cst.CSTNode], replaced: int) -> cst.Module:
    return module.with_changes(body=[*module.body[:index], *statements, *module.body[index + replaced :]])


def _imports(module: cst.Module) -> list[tuple[int, Imported]]:
    """The imports that the module begins with, each with its place, up to the first other statement."""
    found: list[tuple[int, Imported]] = []
    for index, line in enumerate(module.body):
        small = line.body[0] if isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1 else None
        if isinstance(small, cst.Import | cst.ImportFrom):
            found.append((index, small))
        elif found or not isinstance(small, cst.Expr):
            break
    return found


def _path(small: Imported) -> str:
    if isinstance(small, cst.Import):
        return small.names[0].evaluated_name
    name = small.module
    return "" if name is None or small.relative else cst.Module([]).code_for_node(name)


def _section(path: str, packages: frozenset[str]) -> int:
    root = path.partition(".")[0]
    return 0 if root == "__future__" else 1 if root in sys.stdlib_module_names else 3 if not root or root in packages else 2


def _key(small: Imported, packages: frozenset[str]) -> tuple[int, bool, str]:
    return _section(_path(small), packages), isinstance(small, cst.ImportFrom), _path(small)


def _brings(small: Imported, path: str, member: str) -> bool:
    if isinstance(small.names, cst.ImportStar) or isinstance(small, cst.ImportFrom) != bool(member):
        return False
    return any(one.evaluated_name == (member or path) and one.asname is None for one in small.names) and (not member or _path(small) == path)


def _with_name(small: cst.ImportFrom, member: str) -> cst.ImportFrom | None:
    """The import with one name more, laid out as the others; None where comments stand between them."""
    if isinstance(small.names, cst.ImportStar):
        return None
    names = list(small.names)
    module = cst.Module([])
    if any("#" in module.code_for_node(one) for one in names) or (small.lpar is not None and "#" in module.code_for_node(small.lpar)):
        return None
    at = next((index for index, one in enumerate(names) if _order(one.evaluated_name) > _order(member)), len(names))
    between = names[0].comma if len(names) > 1 else cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    if len(names) == 1 and small.lpar is not None and isinstance(small.lpar.whitespace_after, cst.ParenthesizedWhitespace):
        between = cst.Comma(whitespace_after=small.lpar.whitespace_after)
    if at < len(names):
        names.insert(at, cst.ImportAlias(cst.Name(member), comma=between))
    else:
        names[-1], last = names[-1].with_changes(comma=between), names[-1]
        names.append(cst.ImportAlias(cst.Name(member), comma=last.comma))
    return small.with_changes(names=names)


def _order(name: str) -> tuple[int, str]:
    """Constants, classes, functions, each by name."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2), name
