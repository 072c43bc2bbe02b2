"""Numbers that a value text stands for: constants, arithmetic, module-level names, ``timedelta``, environment variables with a default."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

from backend_lint.facts.deployment import Origin
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.modules import SourceModule
from backend_lint.project.settings import EnvironmentReads, qualified
from backend_lint.project.value_text import constant_string

_CAST = lazy_regex(r"(?:int|float|round)\((.*)\)")
_CALL = lazy_regex(r"#(\d{1,6})(\.total_seconds)?")
_NAME = lazy_regex(r"(?<![\w.%#'\"])[A-Za-z_][\w.]*")
_UNITS = {"days": 86400.0, "seconds": 1.0, "microseconds": 1e-6, "milliseconds": 1e-3, "minutes": 60.0, "hours": 3600.0, "weeks": 604800.0}
_POSITIONS = ("days", "seconds", "microseconds", "milliseconds", "minutes", "hours", "weeks")
_MAX_DEPTH = 6


class Quantities:
    """Evaluates value texts. `declared` holds the values of environment variables that all manifests agree on."""

    def __init__(self, modules: Mapping[str, SourceModule], declared: Mapping[str, str | None]) -> None:
        self.modules = modules
        self.declared = declared
        self._reads = EnvironmentReads(modules)

    def value(self, path: str, function: int, text: str, depth: int = 0) -> tuple[float | None, Origin]:
        """The number (seconds for a ``timedelta``) and how sure it is; None if it is not known."""
        if depth > _MAX_DEPTH or not text or len(text) > 200:
            return None, Origin.WRITTEN
        if match := _CAST.fullmatch(text):
            return self.value(path, function, match.group(1), depth + 1)
        if (string := constant_string(text)) is not None:
            return _float(string), Origin.WRITTEN
        if match := _CALL.fullmatch(text):
            return self._call(path, function, int(match.group(1)), bool(match.group(2)), depth)
        if text.startswith("(") and text.endswith(")") and "|" in text:
            found = [self.value(path, function, part, depth + 1) for part in text[1:-1].split("|")]
            known = {number for number, _ in found}
            return (known.pop(), found[0][1]) if len(known) == 1 else (None, Origin.WRITTEN)
        origin = Origin.WRITTEN

        def put(match: re.Match[str]) -> str:
            nonlocal origin
            if match.group().startswith("#"):
                number, how = self._call(path, function, int(match.group(1)), bool(match.group(2)), depth)
            else:
                number, how = self._name(path, match.group(), depth)
            origin = how if how is not Origin.WRITTEN else origin
            return "?" if number is None else repr(number)

        return _arithmetic(_NAME.sub(put, _CALL.sub(put, text))), origin

    def _name(self, path: str, name: str, depth: int) -> tuple[float | None, Origin]:
        """A name that is bound exactly once on module level."""
        module = self.modules[path]
        found = [assign for assign in module.bodies[0].assigns if assign.target == name and not assign.augmented]
        if len(found) != 1:
            return None, Origin.WRITTEN
        return self.value(path, 0, found[0].value, depth + 1)

    def _call(self, path: str, function: int, number: int, in_seconds: bool, depth: int) -> tuple[float | None, Origin]:
        module = self.modules[path]
        calls = module.bodies[function].calls
        if number >= len(calls):
            return None, Origin.WRITTEN
        call = calls[number]
        if match := _CALL.fullmatch(call.callee):
            return self._call(path, function, int(match.group(1)), True, depth + 1) if match.group(2) and depth < _MAX_DEPTH else (None, Origin.WRITTEN)
        if qualified(module, function, call.callee) in {"datetime.timedelta", "timedelta", "django.utils.timezone.timedelta"}:
            total = 0.0
            for key, text in (*zip(_POSITIONS, call.args, strict=False), *call.keywords):
                part, _ = self.value(path, function, text, depth + 1)
                if part is None or key not in _UNITS:
                    return None, Origin.WRITTEN
                total += part * _UNITS[key]
            return total, Origin.WRITTEN
        read = self._reads.of_call(path, function, call)
        if read is None or in_seconds:
            return None, Origin.WRITTEN
        if read.name in self.declared:
            return _float(self.declared[read.name] or ""), Origin.ASSUMED
        return _float(read.default or ""), Origin.ASSUMED


def _float(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < 1e12 else None


def _arithmetic(text: str) -> float | None:
    """The value of an expression of numbers and ``+ - * /``.

    >>> _arithmetic("(60*5)"), _arithmetic("2**99"), _arithmetic("x")
    (300.0, None, None)
    """
    if len(text) > 200:
        return None
    try:
        return _evaluated(ast.parse(text, mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError, ZeroDivisionError, OverflowError):
        return None


def _evaluated(node: ast.expr) -> float | None:
    if isinstance(node, ast.Constant):
        return float(node.value) if isinstance(node.value, (int, float)) and not isinstance(node.value, bool) else None
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        operand = _evaluated(node.operand)
        return None if operand is None else -operand
    if isinstance(node, ast.BinOp):
        left, right = _evaluated(node.left), _evaluated(node.right)
        if left is None or right is None:
            return None
        if isinstance(node.op, ast.Add):
            return left + right
        if isinstance(node.op, ast.Sub):
            return left - right
        if isinstance(node.op, ast.Mult):
            return left * right
        if isinstance(node.op, (ast.Div, ast.FloorDiv)):
            return left / right if isinstance(node.op, ast.Div) else left // right
    return None
