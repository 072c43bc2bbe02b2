"""Objects that live as long as the process, and what of a single request is written into them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.python import Attribute, BlockKind, Parameter
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.architecture.layers import JUDGED
from backend_lint.project.references import Ref, RefKind

if TYPE_CHECKING:
    from backend_lint.project import Project

_HOOKS = frozenset({"__call__", "process_request", "process_view", "process_response", "process_exception", "dispatch", "process_template_response"})
_MIDDLEWARE = frozenset({"django.utils.deprecation.MiddlewareMixin", "starlette.middleware.base.BaseHTTPMiddleware"})
_OF_REQUEST = frozenset({"request", "req", "current_user", "user", "tenant"})
_REQUEST_TYPES = ("Request", "HttpRequest", "HTTPConnection", "WebSocket", "AsyncSession", "Session")
_CHOICES = frozenset({BlockKind.IF, BlockKind.ORELSE, BlockKind.CASE, BlockKind.HANDLER})
_ANSWERING = ("get_response", "call_next")
_LOCAL = ("threading.local", "contextvars.ContextVar", "werkzeug.local.Local", "asgiref.local.Local")
_PARAMETER = lazy_regex(r"%(\w+)")


class Written(NamedTuple):
    """`attribute` of the class at `path` is written in function `function` while a request is served; `because` says why the object outlives it, at `place`."""

    path: str
    owner: int
    function: int
    attribute: Attribute
    because: str
    place: tuple[str, int]
    reader: tuple[str, int]
    line: int
    """Where the reader reads it."""
    left: bool
    """Not every request writes it: others meet what the last one has left."""
    inherited: bool
    """Methods of its bases may read it as well."""


def request_state(project: Project) -> Iterator[Written]:
    """What middleware and module-level objects keep of a request, and read again."""
    for path, module in project.modules.items():
        if module.role not in JUDGED or not module.classes:
            continue
        for number, fact in enumerate(module.classes):
            if not any(attribute.function > 0 for attribute in fact.attributes):
                continue
            because = _middleware(project, path, number)
            if because:
                yield from _written(project, path, number, because, (path, fact.line), _HOOKS)
    for place, path, number in _singletons(project):
        name = project.modules[path].classes[number].name
        yield from _written(project, path, number, f"`{name}` is made once, when the module is loaded", place, frozenset())


def _middleware(project: Project, path: str, number: int) -> str:
    module = project.modules[path]
    methods, _ = project.resolver.classes.members(path, number)
    init = methods.get("__init__")
    if init is not None and any(one.name == "get_response" for one in module.functions[init].parameters):
        return "Django makes one object of a middleware and serves all requests with it"
    if not _HOOKS & methods.keys():
        return ""
    bases = {base.name for base in project.resolver.classes.ancestors(path, number) if base.kind is RefKind.EXTERNAL}
    return "one object of a middleware serves all requests" if bases & _MIDDLEWARE else ""


def _singletons(project: Project) -> Iterator[tuple[tuple[str, int], str, int]]:
    """Module-level names that hold an object of a class of the project: where, and the class."""
    seen = set()
    for path, module in project.modules.items():
        if module.role not in JUDGED:
            continue
        for assign in module.bodies[0].assigns:
            if not assign.target.isidentifier() or assign.value[:1] != "#" or not assign.value[1:].isdigit():
                continue
            ref = project.value(path, 0, assign.value)
            if ref is not None and ref.kind is RefKind.INSTANCE and ref.function not in seen and not _is_local(project, ref.path, ref.index):
                seen.add(ref.function)
                yield (path, assign.line), ref.path, ref.index


def _is_local(project: Project, path: str, number: int) -> bool:
    return any(base.name in _LOCAL for base in project.resolver.classes.ancestors(path, number))


def _written(project: Project, path: str, number: int, because: str, place: tuple[str, int], hooks: frozenset[str]) -> Iterator[Written]:
    module = project.modules[path]
    methods, attributes = project.resolver.classes.members(path, number)
    for attribute in module.classes[number].attributes:
        head = module.functions[attribute.function] if attribute.function > 0 else None
        if head is None or head.owner != number or head.name.endswith((".__init__", ".__new__", ".__enter__", ".__aenter__", ".setup", ".init_app")):
            continue
        method = head.name.rpartition(".")[2]
        if not (method in hooks or _is_of_request(head.parameters, attribute.value)):
            continue
        first = attributes.get(attribute.name)
        if _is_memo(project, path, attribute) or _holds_local(project, path, first) or _is_table(project, path, first, methods.values()):
            continue
        bases = [base for base in project.resolver.classes.ancestors(path, number)[1:] if base.kind is RefKind.CLASS]
        inherited, left = any(_uses(project, base, attribute) for base in bases), _under_condition(project, path, attribute)
        reader, line = _reader(project, path, [index for name, index in methods.items() if name != "__init__"], attribute, left or inherited)
        if line:
            yield Written(path, number, attribute.function, attribute, because, place, (path, reader), line, left, inherited)


def _is_of_request(parameters: tuple[Parameter, ...], value: str) -> bool:
    told = {one.name for one in parameters[1:] if one.name in _OF_REQUEST or one.annotation.rpartition(".")[2] in _REQUEST_TYPES}
    return bool(told & set(_PARAMETER.findall(value)))


def _is_memo(project: Project, path: str, attribute: Attribute) -> bool:
    """It is written where it is asked whether it is there already, or holds what is the same for all requests."""
    body = project.modules[path].bodies[attribute.function]
    own = next((one for one in body.assigns if one.line == attribute.line and one.target.endswith(f".{attribute.name}")), None)
    block = own.block if own is not None else 0
    while block > 0:
        around = body.blocks[block]
        if around.kind in (BlockKind.IF, BlockKind.ORELSE) and attribute.name in around.subject:
            return True
        block = around.parent
    return attribute.value in ("None", "True", "False") or attribute.value[:1] in "'\"0123456789"


def _holds_local(project: Project, path: str, first: Attribute | None) -> bool:
    ref = project.value(path, first.function, first.value) if first is not None and first.value else None
    return ref is not None and ref.name in _LOCAL


def _is_table(project: Project, path: str, first: Attribute | None, methods: Iterable[int]) -> bool:
    """It begins as an empty mapping and is looked up by key: what is kept of all requests, such as the counts of a limiter, is replaced on purpose."""
    if first is None or first.value not in ("{}", "dict()"):
        return False
    ends = tuple(f".{first.name}.{method}" for method in ("get", "setdefault", "items", "pop"))
    bodies = project.modules[path].bodies
    return any(call.callee.endswith(ends) for method in methods for call in bodies[method].calls)


def _uses(project: Project, base: Ref, attribute: Attribute) -> bool:
    methods = project.modules[base.path].classes[base.index].methods
    return any(_reads(project, base.path, index, attribute) for index in methods)


def _under_condition(project: Project, path: str, attribute: Attribute) -> bool:
    body = project.modules[path].bodies[attribute.function]
    return any(one.kind in _CHOICES and one.line <= attribute.line <= one.end_line for one in body.blocks)


def _reader(project: Project, path: str, methods: list[int], attribute: Attribute, anywhere: bool) -> tuple[int, int]:
    """The method that reads what was written while another request may have written it, and the line; zeros if none does.

    In the function that writes it, that is behind the call that answers the request or waits, or with `anywhere` all that follows.
    """
    for index in methods:
        if index != attribute.function and (lines := _reads(project, path, index, attribute)):
            return index, lines[0]
    body = project.modules[path].bodies[attribute.function]
    waits = [call.line for call in body.calls if call.awaited or call.callee.endswith(_ANSWERING)] + [line for line, _, _ in body.awaits]
    after = next((line for line in sorted(waits) if line > attribute.line), None)
    lines = _reads(project, path, attribute.function, attribute)
    line = next((line for line in lines if line > attribute.line and (anywhere or (after is not None and line > after))), 0)
    return (attribute.function, line) if line else (0, 0)


def _reads(project: Project, path: str, function: int, attribute: Attribute) -> list[int]:
    """The lines that read an attribute of the object."""
    head = project.modules[path].functions[function]
    if not head.parameters:
        return []
    text = re.compile(rf"%{re.escape(head.parameters[0].name)}\.{re.escape(attribute.name)}\b")
    body = project.modules[path].bodies[function]
    values = [(one.line, one.value) for one in body.returns] + [(one.line, one.value) for one in body.assigns]
    values += [(line, value) for line, _, value, _ in body.reads] + [(block.line, block.subject) for block in body.blocks]
    for call in body.calls:
        values += [(call.line, value) for value in (call.callee, *call.args, *(value for _, value in call.keywords))]
    return sorted({line for line, value in values if text.search(value)})
