"""Django's ``ATOMIC_REQUESTS``: whether each view runs in a transaction, and which views say that they do not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.file import Role
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.calls import FunctionKey
from backend_lint.project.references import RefKind

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.modules import SourceModule

_NAME = "ATOMIC_REQUESTS"
_IN_DICT = lazy_regex(r"'ATOMIC_REQUESTS':([^,}]+)")
_NOT = "non_atomic_requests"


class Setting(NamedTuple):
    """`value` is None if it depends on the environment, or differs between settings. `path`, `line`: where it is set, empty if nowhere."""

    value: bool | None
    path: str = ""
    line: int = 0


def atomic_requests(project: Project) -> Setting:
    """What the project's settings say."""
    found: list[Setting] = []
    for path, module in project.modules.items():
        if module.role is Role.TEST:
            continue
        if _NAME.encode() not in bytes(module.facts.bodies):
            continue
        for value, line in _said(module):
            found.append(Setting({"True": True, "False": False}.get(value), path, line))
    if not found:
        modules = [module for module in project.modules.values() if module.role is not Role.TEST]
        declared = (module for module in modules if b"DATABASES" in bytes(module.facts.bodies))
        installed = not any(assign.target == "DATABASES" for module in declared for assign in module.bodies[0].assigns)
        # an application that is installed into others leaves the setting to them, and exempts views in case it is on
        return Setting(None if installed and any(_exempts(module) for module in modules) else False)
    values_seen = {one.value for one in found}
    return found[0] if len(values_seen) == 1 else Setting(None, found[0].path, found[0].line)


def _said(module: SourceModule) -> Iterator[tuple[str, int]]:
    """What a module sets it to, also in a function that returns the settings of a database."""
    for body in module.bodies:
        for assign in body.assigns:
            values = [assign.value] if assign.target.endswith(f"['{_NAME}']") else _IN_DICT.findall(assign.value) if _NAME in assign.value else []
            yield from ((value, assign.line) for value in values)
        for returned in body.returns:
            yield from ((value, returned.line) for value in _IN_DICT.findall(returned.value))


def _exempts(module: SourceModule) -> bool:
    """Some view of the module is marked with ``non_atomic_requests``."""
    if any(one.member == _NOT for one in module.facts.imports) or _NOT.encode() in bytes(module.facts.bodies):
        return True
    decorators = [text for function in module.functions for text in function.decorators]
    return any(_NOT in text for text in (*decorators, *(text for fact in module.classes for text in fact.decorators)))


def is_exempt(project: Project, key: FunctionKey, owner: FunctionKey | None) -> bool:
    """Whether a handler, or the class it belongs to, is marked with ``non_atomic_requests``."""
    head = project.calls.head(key)
    if any(_says_not(project, key[0], head.scope, text) for text in head.decorators):
        return True
    for base in project.resolver.classes.ancestors(*owner) if owner is not None else ():
        if base.kind is RefKind.CLASS:
            fact = project.modules[base.path].classes[base.index]
            methods, _ = project.resolver.classes.members(base.path, base.index)
            outer = project.modules[base.path].functions[methods["dispatch"]] if "dispatch" in methods else None
            texts = (*fact.decorators, *(outer.decorators if outer is not None else ()))
            if any(_says_not(project, base.path, fact.scope, text) for text in texts):
                return True
    return False


def _says_not(project: Project, path: str, scope: int, text: str) -> bool:
    if _NOT in text:
        return True
    if text[:1] == "#" and text[1:].isdigit():
        call = project.modules[path].bodies[scope].calls[int(text[1:])]
        return _NOT in call.callee or any(_NOT in argument for argument in call.args)
    return False
