"""Calls that are made once for each item of a loop, with what they set off."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from operator import or_
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.file import Role
from backend_lint.facts.python import LOOPS, BlockKind, Body, Call, Use
from backend_lint.facts.query import QuerySource, Site, Verb
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.blocks import around, inside
from backend_lint.project.calls import Aspect, Edge, FunctionKey, Step
from backend_lint.project.libraries import Effect
from backend_lint.project.loading.asked import Manner, manner_of
from backend_lint.project.loading.branches import Exits
from backend_lint.project.loading.loops import Dependence, Loop, leaves_at_once, loop_of, loops_around, manager_of
from backend_lint.project.queries.django_names import ENDING_ASYNC
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.value_text import alternatives, call_ids, constant_string

if TYPE_CHECKING:
    from backend_lint.project import Project, SourceModule

OUTWEIGHS = Effect.DATABASE_WRITE | Effect.HTTP | Effect.MAIL | Effect.QUEUE | Effect.SUBPROCESS | Effect.SLEEP | Effect.FILE
"""What a round of a loop may do besides: it takes longer than a look-up, and each item must be gone through on its own."""
_RUNS_STATEMENTS = frozenset("execute executemany executescript scalar scalars stream stream_scalars exec fetch fetchrow fetchval exec_driver_sql".split())
_CHANGES = frozenset({"add", "set", "remove", "clear"})
"""Methods of a related manager that write."""
_BUILDS = frozenset({"sqlalchemy.orm.Session.query", "sqlalchemy.orm.Query.yield_per"})
_ASKS = frozenset({"count", "exists", "first", "last", "get", "aggregate", "earliest", "latest", "in_bulk"})
_STORES = frozenset({"create", "bulk_create", "update", "bulk_update", "delete", "get_or_create", "update_or_create"})
"""Methods that make a queryset ask the database at once, and those that write."""
_CHECKERS = ("guardian.",)
"""Libraries that ask about one object at a time, and have a call that asks about many."""
_ACTS = lazy_regex(
    r"a?(?:send|notify|publish|dispatch|emit|give|grant|revoke|upload|download|sync|delay|apply_async|enqueue|create|save|delete|assign_perm)(?:_|$)"
)
"""Names of what is done with an item, by a library or an object that is not known."""
DOES = lazy_regex(
    r"_*(?:safe_|try_|maybe_|do_)?(?:a?(?:create|update|upsert|save|add|set|delete|remove|insert|import|sync|process|handle|send|notify|apply|ensure|publish|merge|store|write|register"
    r"|assign|make|build|generate|migrate|run|execute|refresh|reset|clone|copy|move|dispatch|emit|track|log|record|render|print|export|start|stop|upload|download|transcode|retry|enqueue|schedule|trigger|fulfill?|complete|cancel|activate|approve|reject"
    r"|transmit|deliver|post|put|patch|push|pull))(?:_|$)"
)
"""Names of functions that do more than ask."""
_BRANCHES = frozenset({BlockKind.IF, BlockKind.ORELSE, BlockKind.CASE, BlockKind.HANDLER, BlockKind.LAMBDA})


class Repeat(msgspec.Struct, frozen=True):
    """Call `call` of a function runs once an item of `loop`; `way` leads from it to the library call that it stands for."""

    path: str
    function: int
    loop: Loop
    call: Call
    way: tuple[Step, ...]

    @property
    def key(self) -> FunctionKey:
        """The function that holds the loop."""
        return self.path, self.function


class Repeats:
    """Answers for one project: what runs once an item."""

    def __init__(self, project: Project, aspect: Aspect = Aspect.ALL) -> None:
        self._project = project
        self._aspect = aspect
        self._edges: dict[tuple[FunctionKey, Effect], list[tuple[Edge, Effect]]] = {}
        self._effects: dict[tuple[FunctionKey, int], Effect] = {}

    def all(self, effect: Effect, roles: frozenset[Role], hops: int = 1) -> Iterator[Repeat]:
        """Calls with an effect that depend on the item of a loop, directly or through at most `hops` functions, in order of path and line."""
        for module, index, _, body in self._project.functions():
            if module.role not in roles or not any(block.kind in LOOPS for block in body.blocks):
                continue
            key = module.path, index
            dependences: dict[int, Dependence] = {}
            exits = Exits(body)
            for edge, found in self._candidates(key, effect, hops):
                loop = _loop(module, index, body, edge, dependences, bool(found & Effect.DATABASE_READ))
                if loop is None or is_rare(body, edge.call.block, loop.number) or branches(body, edge.call.block, loop.number) > 1:
                    continue
                if exits.leave(edge.call.block, loop.number) or _grows(body, edge.call, loop) or _is_sought(body, edge.number, loop):
                    continue
                if any(inside(body, one.block, loop.number) for one in body.yields):
                    continue  # who asks for the next item decides when
                way = self._way(key, edge, found, effect, dependences[loop.number], hops)
                if way and not is_kept(body, edge.call, loop):
                    yield Repeat(module.path, index, loop, edge.call, way)

    def manner(self, found: Repeat) -> Manner:
        """How the query at the end of the way asks about the item."""
        if found.way[-1].edge.target.name.startswith(_CHECKERS):
            return Manner.EACH
        body = self._project.calls.body(found.key)
        dependence = Dependence.on_item(body, found.loop)
        for step, onward in itertools.pairwise(found.way):
            names = _given(self._project, step.edge, dependence)
            body = self._project.calls.body(onward.function)
            dependence = Dependence(body, names)
        return manner_of(body, found.way[-1].edge.number, dependence)

    def _candidates(self, key: FunctionKey, effect: Effect, hops: int) -> Iterator[tuple[Edge, Effect]]:
        """The calls of a function that have the effect themselves, and those of functions that may have it."""
        direct = self.direct(key, effect)
        yield from direct
        if hops:
            taken = {edge.number for edge, _ in direct}
            for edge in self._project.calls.edges(key):
                if edge.number not in taken and self._project.calls.follows(edge, self._aspect):
                    yield edge, Effect.NONE

    def direct(self, key: FunctionKey, effect: Effect) -> list[tuple[Edge, Effect]]:
        """The calls of a function that have the effect themselves: library calls, and those that run a query."""
        state = key, effect
        known = self._edges.get(state)
        if known is None:
            calls = self._project.calls
            known = [(edge, found) for edge in calls.edges(key) if edge.target.is_external and (found := self._effect(edge) & effect)]
            taken = {edge.number for edge, _ in known}
            for site in self._project.queries.at(*key) if effect & Effect.DATABASE else ():
                does = self._does(site)
                if does & effect and site.evaluated and site.call >= 0 and site.call not in taken and not self._is_plain_relation(site):
                    taken.add(site.call)
                    call = calls.body(key).calls[site.call]
                    known.append((Edge(site.call, call, Ref(RefKind.EXTERNAL, _shown(site, call))), does))
            if effect & Effect.DATABASE and self._project.loads.uses_django:
                known += [(edge, does) for edge, does in _of_any_model(calls.body(key)) if does & effect and edge.number not in taken]
            self._edges[state] = known = sorted(known, key=lambda one: one[0].number)
        return known

    def _effect(self, edge: Edge) -> Effect:
        """What a library call does; what a statement that is executed does is known of its text alone."""
        if edge.target.name.rpartition(".")[2] in _RUNS_STATEMENTS or edge.target.name in _BUILDS:
            return Effect.NONE
        return self._project.calls.effect(edge.target, self._aspect)

    def asked(self, key: FunctionKey, names: frozenset[str], hops: int) -> Iterator[tuple[Step, ...]]:
        """The ways from a function to queries that it runs each time, with what the locals `names` hold (``%book``) among what they ask for."""
        body = self._project.calls.body(key)
        dependence = Dependence(body, names)
        for edge, does in self._candidates(key, Effect.DATABASE_READ, hops):
            if is_conditional(body, edge.call.block) or is_left_before(body, edge.call):
                continue
            asks = dependence.is_keyed(edge.number) if does else dependence.of_call(edge.number)
            if asks and (way := self._way(key, edge, does, Effect.DATABASE_READ, dependence, hops)):
                yield way

    def effects(self, key: FunctionKey, loop: Loop) -> Effect:
        """All that one round of a loop does, itself and through functions."""
        state = key, loop.number
        found = self._effects.get(state)
        if found is None:
            found = Effect.NONE
            calls = self._project.calls
            body = calls.body(key)
            for edge in calls.edges(key):
                if inside(body, edge.call.block, loop.number):
                    if edge.target.is_external:
                        found |= calls.effect(edge.target)
                    elif edge.target.kind is RefKind.FUNCTION:
                        found |= calls.summary(edge.target.function) | self._writing(edge.target.function)
                    found |= Effect.DATABASE_WRITE if self._makes_row(edge) else Effect.NONE
            for call in body.calls:
                receiver, _, method = call.callee.rpartition(".")
                if method in _CHANGES and inside(body, call.block, loop.number) and self._is_related(key, body, receiver):
                    found |= Effect.DATABASE_WRITE
            if self._project.loads.uses_django:
                found |= functools.reduce(or_, (does for edge, does in _of_any_model(body) if inside(body, edge.call.block, loop.number)), Effect.NONE)
            for assign in body.assigns:
                if "." in assign.target and inside(body, assign.block, loop.number) and self._is_row(key, assign.target.rpartition(".")[0]):
                    found |= Effect.DATABASE_WRITE
            for site in self._project.queries.at(*key):
                if site.call >= 0 and inside(body, body.calls[site.call].block, loop.number):
                    found |= self._does(site)
            self._effects[state] = found
        return found

    def is_outweighed(self, key: FunctionKey, loop: Loop) -> bool:
        """One round does something that takes longer than a look-up, or something with the item that it must go through one by one for.

        So it is where the loop stands in another whose rounds do.
        """
        body = self._project.calls.body(key)
        if self.effects(key, loop) & OUTWEIGHS or any(
            self.effects(key, loop_of(number, outer)) & OUTWEIGHS for number, outer in around(body, loop.block.parent) if outer.kind in LOOPS
        ):
            return True
        return any(
            call.use is Use.DROPPED and _ACTS.match(call.callee.rpartition(".")[2]) and inside(body, call.block, loop.number) for call in body.calls
        )

    def _does(self, site: Site) -> Effect:
        """Whether a query reads or writes; one that locks what it reads is there to write."""
        call = self._project.calls.body((site.path, site.function)).calls[site.call] if site.call >= 0 else None
        reads = site.query.verb is Verb.SELECT and not site.query.locks and not (call is not None and _writes(call))
        return Effect.DATABASE_READ if reads else Effect.DATABASE_WRITE

    def _writing(self, key: FunctionKey) -> Effect:
        """A function writes to the database itself."""
        writes = any(map(self._makes_row, self._project.calls.edges(key))) or any(
            self._does(site) is Effect.DATABASE_WRITE for site in self._project.queries.at(*key)
        )
        return Effect.DATABASE_WRITE if writes else Effect.NONE

    def _makes_row(self, edge: Edge) -> bool:
        """A mapped class is called."""
        target = edge.target.receiver if edge.target.name.endswith(".__init__") else edge.target
        return target is not None and target.kind is RefKind.CLASS and target.function in self._project.schema.mapped

    def _is_related(self, key: FunctionKey, body: Body, text: str) -> bool:
        if text[:1] == "#" and text[1:].isdigit():
            return body.calls[int(text[1:])].callee == "getattr"
        return "." in text and self._project.loads.uses_django and any(chain.steps for chain in self._project.loads.django.of(*key, text))

    def _is_row(self, key: FunctionKey, text: str) -> bool:
        ref = self._project.value(*key, text)
        if ref is not None and not ref.is_external:
            return ref.function in self._project.schema.mapped
        return any(chain.fetched == "entity" for chain in self._project.loads.sqlalchemy.of(*key, text)) or (
            self._project.loads.uses_django and self._project.loads.django.instance(*key, text) is not None
        )

    def _is_plain_relation(self, site: Site) -> bool:
        """All objects of a related manager: a prefetch may have them already, and it is told apart whether it has."""
        if site.source is not QuerySource.DJANGO:
            return False
        return any(rows.related is not None for rows in self._project.loads.rows(site.path, site.function, f"#{site.call}"))

    def _way(self, key: FunctionKey, edge: Edge, found: Effect, effect: Effect, dependence: Dependence, hops: int) -> tuple[Step, ...]:
        if found:
            return (Step(key, edge, found),)
        if not hops or self._project.calls.is_cached(edge.target.function):
            return ()
        callee = edge.target.function
        names = _given(self._project, edge, dependence)
        body = self._project.calls.body(callee)
        if not names or len(body.calls) > _MOST_CALLS or callee == key:
            return ()
        inner: Dependence | None = None
        for onward, does in self._candidates(callee, effect, hops - 1):
            if is_conditional(body, onward.call.block) or is_left_before(body, onward.call):
                continue
            inner = inner or Dependence(body, names)
            asks = inner.is_keyed(onward.number) if does & Effect.DATABASE_READ else inner.of_call(onward.number)
            if asks and (way := self._way(callee, onward, does, effect, inner, hops - 1)):
                return Step(key, edge), *way
        return ()


def _of_any_model(body: Body) -> Iterator[tuple[Edge, Effect]]:
    """Django: what a manager is asked whose model is known only when it runs, ``model.objects.filter(...).count()``."""
    for number, call in enumerate(body.calls):
        root, _, method = call.callee.rpartition(".")
        name = ENDING_ASYNC.get(method, method)
        effect = Effect.DATABASE_READ if name in _ASKS else Effect.DATABASE_WRITE if name in _STORES else Effect.NONE
        if effect and manager_of(body, root):
            yield Edge(number, call, Ref(RefKind.EXTERNAL, f"django.{method}")), effect


def _writes(call: Call) -> bool:
    """Django: it reads first, but only to write what is not there."""
    return call.callee.rpartition(".")[2].lstrip("a") in ("get_or_create", "update_or_create")


def _shown(site: Site, call: Call) -> str:
    """A query for messages: the method that runs it."""
    return f"{site.source.value}.{call.callee.rpartition('.')[2]}"


def _loop(module: SourceModule, index: int, body: Body, edge: Edge, dependences: dict[int, Dependence], keyed: bool) -> Loop | None:
    """The innermost loop on whose item the call depends; with `keyed` the item must be what it asks about."""
    for loop in loops_around(module, index, edge.call.block):
        if loop.number not in dependences:
            dependences[loop.number] = Dependence.on_item(body, loop)
        if dependences[loop.number].is_keyed(edge.number) if keyed else dependences[loop.number].of_call(edge.number):
            return None if leaves_at_once(body, loop) else loop
    return None


def is_left_before(body: Body, call: Call) -> bool:
    """The function may return before it comes to the call; what stands inside of the returned value itself is not left."""
    return any(one.line < call.line and not inside(body, call.block, one.block) for one in body.returns)


def _grows(body: Body, call: Call, loop: Loop) -> bool:
    """Each round adds to one query that was begun before the loop: ``query = query.filter(...)``."""
    receiver = call.callee.rpartition(".")[0]
    begun = (assign for assign in body.assigns if assign.target == call.target and not inside(body, assign.block, loop.number))
    options = alternatives(receiver)
    return bool(call.target) and any(assign.value == receiver or assign.value in options or receiver in alternatives(assign.value) for assign in begun)


def _is_sought(body: Body, number: int, loop: Loop) -> bool:
    """The loop ends with the first item for which there is an answer: ``if found: return found``."""
    tests = {f"#{number}", f"(#{number} is not None)", f"bool(#{number})"}
    found = {at for at, block in enumerate(body.blocks) if block.kind is BlockKind.IF and block.subject in tests and inside(body, at, loop.number)}
    return any(one.block in found for one in body.returns) or any(block in found for _, block in body.breaks)


_MOST_CALLS = 150
"""A longer function decides too much for its caller to know what one call of it costs."""


def _given(project: Project, edge: Edge, dependence: Dependence) -> frozenset[str]:
    """The parameters of the called function that depend on what `dependence` is about."""
    head = project.calls.head(edge.target.function)
    parameters = [parameter.name for parameter in head.parameters]
    bound = head.owner >= 0 and "staticmethod" not in head.decorators and edge.target.receiver is not None
    names = set()
    if bound and parameters and dependence.of(edge.call.callee.rpartition(".")[0]):
        names.add("%" + parameters[0])
    for position, text in enumerate(edge.call.args, 1 if bound else 0):
        if position < len(parameters) and dependence.of(text):
            names.add("%" + parameters[position])
    names.update("%" + name for name, text in edge.call.keywords if name in parameters and dependence.of(text))
    return frozenset(names)


def is_conditional(body: Body, block: int) -> bool:
    """It does not run each time the function does."""
    return any(found.kind in _BRANCHES for _, found in around(body, block))


def branches(body: Body, block: int, loop: int) -> int:
    """How many conditions inside the loop it stands under."""
    count = 0
    for number, found in around(body, block):
        if number == loop:
            break
        count += found.kind in _BRANCHES
    return count


def is_rare(body: Body, block: int, loop: int) -> bool:
    """Inside the loop it runs only when something failed."""
    for number, found in around(body, block):
        if number == loop:
            return False
        if found.kind in (BlockKind.HANDLER, BlockKind.LAMBDA):
            return True
    return False


def is_kept(body: Body, call: Call, loop: Loop) -> bool:
    """The result is remembered by a key and looked up there first, so that each key is asked for once."""
    for number, found in around(body, call.block):
        if number == loop.number:
            break
        asks = found.kind in (BlockKind.IF, BlockKind.ORELSE) and any(word in found.subject for word in (" not in ", " is None", "(not "))
        if asks and (_is_memory(body, found.subject) or _is_stored(body, found.subject, number)):
            return True
    for assign in body.assigns:
        options = alternatives(assign.value)
        if len(options) > 1 and any(_is_memory(body, one) for one in options) and any(call is body.calls[at] for one in options for at in call_ids(one)):
            return True  # ``cache.get(key) or ask(key)``
    return call.target.endswith("]") and constant_string(call.target) is None


def _is_memory(body: Body, text: str) -> bool:
    """A value is looked up in something that is called a cache."""
    return "cache" in text.lower() or any("cache" in body.calls[number].callee.lower() for number in call_ids(text) if number < len(body.calls))


def _is_stored(body: Body, test: str, block: int) -> bool:
    """Inside the branch something is put into the container that was asked."""
    container = test.rpartition(" not in ")[2].rstrip(")")
    if not container:
        return False
    stored = any(assign.target.startswith(f"{container}[") and assign.block == block for assign in body.assigns)
    return stored or any(one.callee in (f"{container}.add", f"{container}.append", f"{container}.setdefault") and one.block == block for one in body.calls)


