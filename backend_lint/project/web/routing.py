"""Applications and routers with what is registered on them, laid out as full paths."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

from backend_lint.facts.route import Guard, Limit
from backend_lint.project.calls import FunctionKey
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.web.hosts import Host
from backend_lint.project.web.values import MAX_DEPTH, MAX_ROUTES, UNKNOWN


@dataclasses.dataclass(slots=True)
class Before:
    """What runs before handlers: guards, all functions of the project that run, and what counts how often is called."""

    guards: tuple[Guard, ...] = ()
    functions: tuple[FunctionKey, ...] = ()
    limits: tuple[Limit, ...] = ()

    def __add__(self, other: Before) -> Before:
        if not other.guards and not other.functions and not other.limits:
            return self
        guards = self.guards + tuple(guard for guard in other.guards if guard not in self.guards)
        functions = self.functions + tuple(key for key in other.functions if key not in self.functions)
        return Before(guards, functions, self.limits + tuple(limit for limit in other.limits if limit not in self.limits))


@dataclasses.dataclass(slots=True)
class Target:
    """What answers: a function of the project, or `name` of a library. `owner`: path and number of the class it is called on."""

    name: str
    module: str = ""
    function: int = -1
    owner: tuple[str, int] | None = None

    @classmethod
    def of(cls, ref: Ref | None, text: str) -> Target:
        if ref is None:
            return cls("<lambda>" if text.startswith("lambda:") else text)
        if ref.kind is RefKind.FUNCTION:
            receiver = ref.receiver
            owner = (receiver.path, receiver.index) if receiver is not None and receiver.kind in (RefKind.CLASS, RefKind.INSTANCE) else None
            return cls(ref.name, ref.path, ref.index, owner)
        if ref.name.startswith("typing."):
            return cls(text)
        return cls(ref.name.removesuffix("()"))


@dataclasses.dataclass(slots=True)
class Declared:
    """A route as it is registered: path without the prefixes of routers."""

    methods: tuple[str, ...]
    path: str | None
    target: Target
    declared_in: str
    line: int
    before: Before
    request: str = ""
    response: str = ""
    is_websocket: bool = False
    framework: str = ""


@dataclasses.dataclass(slots=True)
class Mounting:
    """A router that is included in another one."""

    child: Host
    prefix: str | None
    before: Before
    is_mount: bool = False
    """What runs before the outer routes does not run before the inner ones."""
    replaces: bool = False
    """`prefix` stands in place of the router's own."""


@dataclasses.dataclass(slots=True)
class Node:
    """One application or router."""

    prefix: str | None = ""
    before: Before = dataclasses.field(default_factory=Before)
    routes: list[Declared] = dataclasses.field(default_factory=list)
    mounts: list[Mounting] = dataclasses.field(default_factory=list)


Join = Callable[[str, str], str]


def laid_out(nodes: dict[Host, Node], join: Join) -> Iterator[tuple[str, Declared, Before]]:
    """Every route with its full path and what runs before it, from applications and from routers that nobody includes."""
    included = {mount.child for host, node in nodes.items() for mount in node.mounts if mount.child != host}
    reached: set[Host] = set()
    budget = [MAX_ROUTES]
    for host in nodes:
        if host not in included:
            yield from _below(nodes, host, "", Before(), join, (), reached, budget)
    for host in nodes:
        if host not in reached:
            yield from _below(nodes, host, "", Before(), join, (), reached, budget)


def _below(
    nodes: dict[Host, Node], host: Host, prefix: str, before: Before, join: Join, way: tuple[Host, ...], reached: set[Host], budget: list[int], own: bool = True
) -> Iterator[tuple[str, Declared, Before]]:
    node = nodes.get(host)
    budget[0] -= 1
    if node is None or host in way or len(way) > MAX_DEPTH or budget[0] < 0:
        return
    reached.add(host)
    here = join(prefix, UNKNOWN if node.prefix is None else node.prefix) if own else prefix
    total = before + node.before
    for route in node.routes:
        budget[0] -= 1
        if budget[0] < 0:
            return
        yield join(here, UNKNOWN if route.path is None else route.path), route, total + route.before
    for mount in node.mounts:
        inner = join(here, UNKNOWN if mount.prefix is None else mount.prefix)
        yield from _below(
            nodes, mount.child, inner, Before() if mount.is_mount else total + mount.before, join, (*way, host), reached, budget, not mount.replaces
        )
