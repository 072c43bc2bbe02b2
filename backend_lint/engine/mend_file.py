"""Applies the fixes of one file's findings with LibCST. Imported only when something is to be fixed; touches no disk."""

from __future__ import annotations

import ast
import difflib
import warnings
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import libcst as cst
from libcst.matchers import Comment, findall
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from backend_lint.api import Finding, Mends
from backend_lint.engine.mended_imports import is_taken, unbound, with_imports
from backend_lint.readers.python.newer_syntax import in_older_words
from backend_lint.source import UndecodableError, decode

_DEPTH = 300
"""Levels of the syntax tree. LibCST's parser crashes the interpreter on nesting that `ast` refuses, and is quadratic on long chains, which are deep trees."""


class CannotMendError(Exception):
    """The file cannot be edited safely; the text says why."""


def mend_file(data: bytes, findings: Sequence[Finding], rules: Mapping[str, Mends]) -> tuple[bytes, list[Finding]]:
    """The bytes of the file with the fixes applied, and the findings they were applied for; the same bytes if no rule had one. Raises CannotMendError."""
    tree = guard(data)
    try:
        module = cst.parse_module(data)
        if module.bytes != data:
            raise CannotMendError("its line ends or encoding cannot be written back as they are")
        wrapper = MetadataWrapper(module, unsafe_skip_copy=True)
        positions = wrapper.resolve(PositionProvider)
        targets = _targets(positions, [one for one in findings if not is_taken(tree, one.line, rules[one.rule].imports_for(one))], rules)
        mender = _Mender(targets, rules, positions, set(module.body))
        changed = wrapper.module.visit(mender)
        if not mender.applied:
            return data, []
        wanted = dict.fromkeys(name for finding in mender.applied for name in rules[finding.rule].imports_for(finding))
        spared = dict.fromkeys(name for finding in mender.applied for name in rules[finding.rule].spares)
        # costs as much as all else together
        after = (with_imports(changed, wanted, spared, _packages(findings[0].path)) if wanted or spared else changed).bytes
    except CannotMendError:
        raise
    except RecursionError:
        raise CannotMendError("it is nested too deeply for an edit") from None
    except Exception as error:
        raise CannotMendError(f"the fix failed: {type(error).__name__}: {error}"[:300]) from None
    if unknown := unbound(guard(after)) - unbound(tree):
        raise CannotMendError(f"the fix would use {sorted(unknown)[0]}, which the file does not import")
    return after, mender.applied


def unified_diff(path: str, before: bytes, after: bytes) -> str:
    """The change of one file as `patch` and git read it."""
    old, new = (decode(data).split("\n") for data in (before, after))
    lines = difflib.unified_diff(_ended(old), _ended(new), _quoted(f"a/{path}"), _quoted(f"b/{path}"))
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _ended(lines: list[str]) -> list[str]:
    return [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _quoted(path: str) -> str:
    """A path as git writes it: quoted if it holds what could end a line or drive a terminal."""
    if path.isprintable() and '"' not in path and "\\" not in path:
        return path
    signs = (f"\\{byte:03o}" if byte < 32 or byte in (34, 92) or byte > 126 else chr(byte) for byte in path.encode("utf-8", "surrogatepass"))
    return f'"{"".join(signs)}"'


def guard(data: bytes) -> ast.Module:
    """The syntax tree of a file. Raises CannotMendError unless `ast` takes the file and its tree is shallow enough for LibCST."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = _tree(data)
        decode(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError, UndecodableError) as error:
        raise CannotMendError(f"it is no valid Python: {error}"[:300]) from None
    level: list[ast.AST] = [tree]
    for _ in range(_DEPTH):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return tree
    raise CannotMendError("it is nested too deeply for an edit")


def _tree(data: bytes) -> ast.Module:
    try:
        return ast.parse(data, "<checked>")
    except SyntaxError:
        said = in_older_words(data.removeprefix(b"\xef\xbb\xbf"))
        if said is None:
            raise
        if not said.in_place:
            raise CannotMendError("its f-strings need a newer Python than runs here") from None
        return ast.parse(said.data.decode("utf-8"), "<checked>")


def _targets(positions: Mapping[cst.CSTNode, CodeRange], findings: Iterable[Finding], rules: Mapping[str, Mends]) -> dict[cst.CSTNode, list[Finding]]:
    """The node of each finding: of the classes its rule mends the one that begins where the finding begins, and ends where it ends if several do.

    Failing that, the innermost statement around the finding's begin, if it is of a class that its rule mends.
    """
    wanted: dict[tuple[int, int], list[Finding]] = {}
    for finding in findings:
        if not rules[finding.rule].around:
            wanted.setdefault((finding.line, finding.column - 1), []).append(finding)
    found: dict[Finding, list[cst.CSTNode]] = {}
    for node, place in positions.items():
        for finding in wanted.get((place.start.line, place.start.column), ()):
            if type(node).__name__ in rules[finding.rule].mends:
                found.setdefault(finding, []).append(node)
    targets: dict[cst.CSTNode, list[Finding]] = {}
    for finding in findings:
        if rules[finding.rule].around and (holder := _holder(positions, rules[finding.rule].mends, rules[finding.rule].lines(finding))) is not None:
            targets.setdefault(holder, []).append(finding)
    for finding, nodes in found.items():
        end = (finding.end_line, finding.end_column - 1)
        exact = [node for node in nodes if (positions[node].end.line, positions[node].end.column) == end]
        if len(chosen := exact or nodes) == 1:
            targets.setdefault(chosen[0], []).append(finding)
    if left := [(begin, finding) for begin, ones in wanted.items() for finding in ones if finding not in found]:
        statements = [(node, around) for node, around in positions.items() if isinstance(node, cst.BaseStatement | cst.SimpleStatementSuite)]
        for begin, finding in left:
            statement = _innermost(statements, begin)
            if type(statement).__name__ in rules[finding.rule].mends and statement is not None:
                targets.setdefault(statement, []).append(finding)
    return targets


def _packages(path: str) -> frozenset[str]:
    """The names that imports of the project itself may begin with."""
    return frozenset(path.removesuffix(".py").split("/"))


def _comments(*nodes: cst.CSTNode | cst.FlattenSentinel[Any] | None) -> Counter[str]:
    found: Counter[str] = Counter()
    for node in nodes:
        if isinstance(node, cst.FlattenSentinel):
            found += _comments(*node)
        elif node is not None:
            found.update(one.value for one in findall(node, Comment()) if isinstance(one, cst.Comment))
    return found


def _holder(positions: Mapping[cst.CSTNode, CodeRange], classes: Iterable[str], lines: tuple[int, int]) -> cst.CSTNode | None:
    """The innermost node of some classes that holds some lines."""
    found = [
        (place.end.line - place.start.line, -place.start.line, node)
        for node, place in positions.items()
        if type(node).__name__ in classes and place.start.line <= lines[0] and lines[1] <= place.end.line
    ]
    return min(found, key=lambda one: one[:2], default=(0, 0, None))[2]


def _innermost(statements: Iterable[tuple[cst.CSTNode, CodeRange]], place: tuple[int, int]) -> cst.CSTNode | None:
    """The statement in whose own text, not in that of a statement inside it, a place lies: a simple one, or the head of a compound one."""
    found: cst.CSTNode | None = None
    begin = (0, 0)
    for node, around in statements:
        start = (around.start.line, around.start.column)
        if begin <= start <= place < (around.end.line, around.end.column):
            found, begin = node, start
    return found


class _Mender(cst.CSTTransformer):
    def __init__(
        self,
        targets: Mapping[cst.CSTNode, list[Finding]],
        rules: Mapping[str, Mends],
        positions: Mapping[cst.CSTNode, CodeRange],
        outermost: set[cst.SimpleStatementLine | cst.BaseCompoundStatement],
    ) -> None:
        super().__init__()
        self.begun: dict[cst.CSTNode, int] = {}
        """How many fixes had been applied when a block or a statement around its finding was entered."""
        self.outermost = outermost
        self.above: list[cst.BaseCompoundStatement] = []
        """Definitions that stand in front of the outermost statement that is being visited, when it is left."""
        self.targets = targets
        self.rules = rules
        self.positions = positions
        self.lines = sorted(positions[node].start.line for node in targets)
        self.applied: list[Finding] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        if node in self.targets:
            self.begun[node] = len(self.applied)
        if isinstance(node, cst.SimpleStatementLine):
            place = self.positions[node]
            at = bisect_left(self.lines, place.start.line)
            return at < len(self.lines) and self.lines[at] <= place.end.line
        return super().on_visit(node)

    def on_leave(self, original_node: cst.CSTNodeT, updated_node: cst.CSTNodeT) -> cst.CSTNodeT | cst.RemovalSentinel | cst.FlattenSentinel[cst.CSTNodeT]:
        result = super().on_leave(original_node, updated_node)
        for finding in self.targets.get(original_node, ()):
            if not isinstance(result, cst.CSTNode):
                break  # another fix took the node away or made several of it: the next pass sees them
            rule = self.rules[finding.rule]
            if rule.around and len(self.applied) > self.begun[original_node]:
                break  # something in it was mended: its lines are no longer those of the finding
            mended = self._mended(original_node, result, finding)
            if mended is not None and mended is not result:
                definition = rule.above(result, finding)
                if _comments(result) - _comments(mended, definition):
                    continue  # what was written beside the old text is for a person to place
                self.applied.append(finding)
                if definition is not None:
                    self.above.append(definition)
                result = mended  # type: ignore[assignment]  # one node or several: what LibCST takes at this place
        if self.above and original_node in self.outermost:
            blank = [cst.EmptyLine(indent=False), cst.EmptyLine(indent=False)]
            definitions = [definition.with_changes(leading_lines=blank) for definition in self.above]
            self.above = []
            return cst.FlattenSentinel([*definitions, *(result if isinstance(result, cst.FlattenSentinel) else [result])])
        return result

    def _mended(self, original: cst.CSTNode, node: cst.CSTNode, finding: Finding) -> cst.CSTNode | cst.FlattenSentinel[Any] | None:
        rule = self.rules[finding.rule]
        if not isinstance(original, cst.IndentedBlock) or not isinstance(node, cst.IndentedBlock):
            return rule.mend(node, finding)
        places = [self.positions[statement] for statement in original.body]
        return rule.mend_block(node, [(place.start.line, place.end.line) for place in places], finding)
