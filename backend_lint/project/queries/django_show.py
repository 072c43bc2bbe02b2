"""Chains of Django's ORM as one line of text, for messages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.queries.django_names import INDEX, PREFETCHED, RELATED, SLICE

if TYPE_CHECKING:
    from backend_lint.project.queries.django_compile import Compiler
    from backend_lint.project.queries.django_frames import Chain

_CALL = lazy_regex(r"#(\d+)")
_LOCAL = lazy_regex(r"%(?=[A-Za-z_])")
_MANAGER = lazy_regex(r"[A-Z]\w*(?:\.\w+)+")
_MOST = 500
_DEPTH = 3


def shown(compiler: Compiler, chain: Chain) -> str:
    """The chain as it could be written: ``Order.objects.filter(email=email).first()``."""
    parts = [_manager(compiler, chain)]
    for step in chain.steps:
        if step.method in (RELATED, PREFETCHED) and step.relation is not None:
            owner = compiler.mapped[step.relation[0]].name
            parts = [f"{owner[:1].lower()}{owner[1:]}.{step.relation[1]}"]
            continue
        if step.method in (SLICE, INDEX):
            parts.append(_value(compiler, step.path, step.function, step.args[0], 0))
            continue
        given = [_value(compiler, step.path, step.function, arg, 0) for arg in step.args]
        given += [_keyword(key, _value(compiler, step.path, step.function, value, 0)) for key, value in step.keywords]
        parts.append(f".{step.method}({', '.join(given)})")
    text = "".join(parts)
    return text if len(text) <= _MOST else text[: _MOST - 3] + "..."


def _manager(compiler: Compiler, chain: Chain) -> str:
    """The manager as the code names it, where it names a class."""
    if chain.steps and chain.steps[0].call >= 0:
        first = chain.steps[0]
        written = compiler.chains.modules[first.path].bodies[first.function].calls[first.call].callee.rpartition(".")[0]
        if _MANAGER.fullmatch(written) and not written.startswith(("cls.", "self.")):
            return written
    return f"{compiler.mapped[chain.model].name}.objects"


def _keyword(key: str, value: str) -> str:
    return f"**{value}" if key == "**" else f"{key}={value}"


def _value(compiler: Compiler, path: str, function: int, text: str, depth: int) -> str:
    calls = compiler.chains.modules[path].bodies[function].calls

    def call(match: re.Match[str]) -> str:
        number = int(match.group(1))
        if depth >= _DEPTH or number >= len(calls):
            return "..."
        found = calls[number]
        given = [_value(compiler, path, function, arg, depth + 1) for arg in found.args]
        given += [_keyword(key, _value(compiler, path, function, value, depth + 1)) for key, value in found.keywords]
        return f"{_value(compiler, path, function, found.callee, depth + 1)}({', '.join(given)})"

    return _LOCAL.sub("", _CALL.sub(call, text[:200])).replace("||", " | ").replace("?", "...")
