"""Sessions and requests that are kept by something that lives longer: a cache, a module, a provider of single objects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.python import Call, Class
from backend_lint.project.annotations import instance_of
from backend_lint.project.architecture.layers import JUDGED
from backend_lint.project.held_sessions import is_session
from backend_lint.project.modules import SourceModule
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.value_text import call_ids

if TYPE_CHECKING:
    from backend_lint.project import Project

_CACHES = frozenset({"functools.lru_cache", "functools.cache"})
_REQUESTS = frozenset(
    {
        "fastapi.Request", "starlette.requests.Request", "django.http.HttpRequest", "rest_framework.request.Request", "flask.Request",
        "pyramid.request.Request", "aiohttp.web.Request", "sanic.Request", "fastapi.WebSocket", "starlette.websockets.WebSocket",
    }
)  # fmt: skip
_SHORT = frozenset({"Factory", "Resource", "ContextLocalSingleton", "ThreadLocalSingleton", "Callable"})
_LONG = frozenset({"Singleton", "ThreadSafeSingleton"})
_INJECTOR = "dependency_injector.providers."


class Captive(NamedTuple):
    """`what` (``session`` or ``request``) is kept by `keeper` at `line` of the module at `path`; it comes in at `given`. `how`: why the keeper lives longer.

    `function`: where it stands, 0 for the module.
    """

    path: str
    line: int
    column: int
    function: int
    what: str
    keeper: str
    how: str
    given: int
    keyed: bool = False
    """It is part of the key that the keeper finds its answers by."""


def captives(project: Project) -> Iterator[Captive]:
    """Every place where something of a single request is kept for longer."""
    for path, module in project.modules.items():
        if module.role not in JUDGED:
            continue
        for number, head in enumerate(module.functions):
            if head.decorators and _is_cached(project, path, number):
                yield from _in_cache(project, path, number)
            yield from _in_default(project, path, number)
        yield from _in_module(project, path, module)
        for fact in module.classes:
            if not fact.scope and any(one.function == 0 for one in fact.attributes):
                yield from _in_class(project, path, fact)
                yield from _in_container(project, path, fact)


def _is_cached(project: Project, path: str, number: int) -> bool:
    head = project.modules[path].functions[number]
    if head.scope:
        return False  # made anew by each call of the function around it
    refs = (project.resolver.decorator(path, head.scope, one) for one in head.decorators)
    return any(ref is not None and ref.name.removesuffix("()") in _CACHES for ref in refs)


def _forgets(project: Project, path: str, number: int) -> bool:
    """The cache has a size: of requests it keeps a few, on purpose as often as not."""
    head = project.modules[path].functions[number]
    calls = project.modules[path].bodies[head.scope].calls
    for one in head.decorators:
        ref = project.resolver.decorator(path, head.scope, one)
        if ref is not None and ref.name.removesuffix("()") == "functools.lru_cache":
            made = calls[int(one[1:])] if one[:1] == "#" and one[1:].isdigit() else None
            return made is None or "None" not in (*made.args[:1], *(value for name, value in made.keywords if name == "maxsize"))
    return False


def _in_cache(project: Project, path: str, number: int) -> Iterator[Captive]:
    head = project.modules[path].functions[number]
    name = head.name.rpartition(".")[2]
    for parameter in head.parameters:
        ref = instance_of(project.resolver, path, head.scope, parameter.annotation) if parameter.annotation else None
        if ref is None and parameter.default[:1] == "#" and parameter.default[1:].isdigit():
            ref = project.resolver.injected(path, head.scope, int(parameter.default[1:]))
        what = _short_lived(project, ref)
        if what == "session" or (what == "request" and not _forgets(project, path, number)):
            yield Captive(path, head.line, head.column, number, what, f"{name}()", f"the cache keeps `{parameter.name}` as part of its key", head.line, True)
            return
    body = project.modules[path].bodies[number]
    for found in body.returns:
        for call in _made_with_session(project, path, number, found.value):
            yield Captive(path, head.line, head.column, number, "session", f"{name}()", "the first call makes it, and all later ones get the same", call.line)
            return


def _in_default(project: Project, path: str, number: int) -> Iterator[Captive]:
    """``def find(name, session=new_session())``."""
    head = project.modules[path].functions[number]
    for parameter in head.parameters:
        if parameter.default[:1] == "#" and parameter.default[1:].isdigit():
            call = project.modules[path].bodies[head.scope].calls[int(parameter.default[1:])]
            if not head.scope and _makes_session(project, path, 0, parameter.default):
                name = f"{head.name.rpartition('.')[2]}()"
                yield Captive(path, call.line, call.column, number, "session", name, "a default is made once, when the function is defined", call.line)


def _in_module(project: Project, path: str, module: SourceModule) -> Iterator[Captive]:
    """``service = Service(SessionLocal())`` on module level, where the class keeps what it is given."""
    for assign in module.bodies[0].assigns:
        if not assign.target.isidentifier():
            continue
        if _makes_session(project, path, 0, assign.value) and project.architecture.graph.importers(path):
            how = "it is made once, when the module is loaded, and other modules import it"
            yield Captive(path, assign.line, assign.column, 0, "session", assign.target, how, assign.line)
            continue
        for call in _made_with_session(project, path, 0, assign.value):
            yield Captive(path, assign.line, assign.column, 0, "session", assign.target, "it is made once, when the module is loaded", call.line)
            break


def _made_with_session(project: Project, path: str, function: int, value: str) -> Iterator[Call]:
    """The calls that make the session that an object of the project is made with, where `value` is that object."""
    calls = project.modules[path].bodies[function].calls
    if value[:1] != "#" or not value[1:].isdigit():
        return
    outer = calls[int(value[1:])]
    made = project.value(path, function, outer.callee)
    if made is None or made.kind is not RefKind.CLASS or not _keeps_arguments(project, made):
        return
    for given in [*outer.args, *(one for _, one in outer.keywords)]:
        inner = call_ids(given)
        if given[:1] == "#" and given[1:].isdigit() and inner and _is_plain_session(project, project.value(path, function, given)):
            yield calls[inner[0]]


def _is_plain_session(project: Project, ref: Ref | None) -> bool:
    """A session, not one of those that stand for another one in each thread or request."""
    return ref is not None and is_session(project, ref) and "scoped" not in ref.name


def _keeps_arguments(project: Project, made: Ref) -> bool:
    found = project.resolver.classes.find(made, "__init__")
    if found is None or not isinstance(found[1], int):
        return False
    body = project.modules[found[0].path].bodies[found[1]]
    return any(one.target.startswith("%self.") and one.value.startswith("%") for one in body.assigns)


def _short_lived(project: Project, ref: Ref | None) -> str:
    if ref is None:
        return ""
    if _is_plain_session(project, ref):
        return "session"
    return "request" if not _REQUESTS.isdisjoint(project.resolver.classes.external_names(ref)) else ""


def _in_class(project: Project, path: str, fact: Class) -> Iterator[Captive]:
    """``class Orders: session = new_session()``."""
    for one in fact.attributes:
        if one.function == 0 and _makes_session(project, path, 0, one.value):
            how = "an attribute of the class is made once, and all its objects share it"
            yield Captive(path, one.line, one.column, 0, "session", f"{fact.name}.{one.name}", how, one.line)


def _makes_session(project: Project, path: str, function: int, value: str) -> bool:
    """The value is a call that makes a session, not one that hands a session in."""
    if value[:1] != "#" or not value[1:].isdigit():
        return False
    if not _is_plain_session(project, project.value(path, function, value)):
        return False
    callee = project.value(path, function, project.modules[path].bodies[function].calls[int(value[1:])].callee)
    return callee is not None and callee.name not in ("fastapi.Depends", "fastapi.Security")


def _in_container(project: Project, path: str, fact: Class) -> Iterator[Captive]:
    """``providers.Singleton(Service, session=session)`` where ``session`` is a provider of new sessions."""
    calls = project.modules[path].bodies[fact.scope].calls
    made: dict[str, Call] = {}
    for one in fact.attributes:
        if one.function == fact.scope and one.value[:1] == "#" and one.value[1:].isdigit():
            made[one.name] = calls[int(one.value[1:])]
    sessions = {
        name
        for name, call in made.items()
        if _provider(project, path, fact.scope, call) in _SHORT and call.args and _gives_session(project, path, fact.scope, call.args[0])
    }
    for name, call in made.items():
        if not sessions or _provider(project, path, fact.scope, call) not in _LONG:
            continue
        for given in [*call.args[1:], *(one for _, one in call.keywords)]:
            if given in sessions:
                how = f"`{name}` is one object for the whole process, and `{given}` is to be new for each use"
                yield Captive(path, call.line, call.column, 0, "session", name, how, made[given].line)


def _provider(project: Project, path: str, scope: int, call: Call) -> str:
    ref = project.value(path, scope, call.callee)
    return ref.name.removeprefix(_INJECTOR) if ref is not None and ref.name.startswith(_INJECTOR) else ""


def _gives_session(project: Project, path: str, scope: int, text: str) -> bool:
    ref = project.value(path, scope, text)
    return ref is not None and _is_plain_session(project, project.resolver.called(ref, None))
