"""The queries that Django's ORM makes: in functions, in generic views, by prefetching."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.file import Role
from backend_lint.facts.python import LOOPS, Body, Call
from backend_lint.facts.query import QuerySource, Site
from backend_lint.project.blocks import loop_depth
from backend_lint.project.queries.django_chains import DjangoChains
from backend_lint.project.queries.django_compile import Compiler
from backend_lint.project.queries.django_forwarded import forwarded
from backend_lint.project.queries.django_frames import Chain, ChainStep
from backend_lint.project.queries.django_names import CALLED, CHAINING, ENDING, ENDING_ASYNC, INDEX, REFINING, SHORTCUTS
from backend_lint.project.queries.django_prefetch import prefetched
from backend_lint.project.queries.django_show import shown
from backend_lint.project.queries.django_uses import is_at_hand, uses
from backend_lint.project.queries.django_views import GenericViews, ViewQuery
from backend_lint.project.schema.mapping import Framework
from backend_lint.project.value_text import call_ids, constant_string

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.modules import SourceModule

_LEFT_OUT = frozenset({Role.TEST, Role.MIGRATION})
_MOST_VARIANTS = 8
_VALIDATING = frozenset({"SlugRelatedField"})


class _Place(NamedTuple):
    module: SourceModule
    function: int
    call: int
    block: int
    evaluated: bool


def sites(project: Project) -> Iterator[Site]:
    """All queries in order of path; tests and migrations are left out."""
    if not any(mapped.framework is Framework.DJANGO for mapped in project.schema.mapped.values()):
        return
    finder = Finder(DjangoChains(project))
    for path in sorted(project.modules):
        module = project.modules[path]
        if module.role not in _LEFT_OUT:
            yield from finder.of_module(module)


class Finder:
    """Finds the queries of modules."""

    def __init__(self, chains: DjangoChains) -> None:
        self.chains = chains
        self.compiler = Compiler(chains)
        self.views = GenericViews(chains)
        self.own_methods = self._own_methods()

    def _of_view(self, module: SourceModule, view: ViewQuery) -> Iterator[Site]:
        """A query of a generic view stands at the line of its class."""
        head = module.classes[view.owner.index]
        variant = 0
        for chain in view.chains:
            for query in self.compiler.queries(chain, 1 if chain.offered else _MOST_VARIANTS - variant):
                end = head.column + len("class ") + len(head.name.rpartition(".")[2])
                text = shown(self.compiler, chain)
                place = (module.path, head.line, head.column, head.line, end)
                yield Site(query, QuerySource.DJANGO, *place, head.scope, head.name, -1, text, 0, True, variant, chain.offered)
                variant += 1

    def _own_methods(self) -> frozenset[str]:
        """Names of methods that the project gives its managers and querysets."""
        found: set[str] = set()
        managers = self.chains.managers
        for path, module in self.chains.modules.items():
            for number, head in enumerate(module.classes):
                if head.methods and managers.users((path, number)):
                    found.update(module.functions[index].name.rpartition(".")[2] for index in head.methods)
        return frozenset(found) - {"__init__"}

    def of_module(self, module: SourceModule) -> Iterator[Site]:
        """The queries of one module."""
        for view in self.views.of_module(module):
            yield from self._of_view(module, view)
        for function, body in enumerate(module.bodies):
            try:
                yield from self._of_function(module, function, body)
            except RecursionError:  # a function that cannot be followed costs no other one its queries
                continue

    def _of_function(self, module: SourceModule, function: int, body: Body) -> Iterator[Site]:
        ended: list[int] = []
        refined: set[int] = set()
        for number, call in enumerate(body.calls):
            base, _, name = call.callee.rpartition(".")
            if name in SHORTCUTS or name in _VALIDATING:
                ended.append(number)
            elif base and base[0] not in "'\"" and (name in CALLED or name in self.own_methods):
                if (ENDING_ASYNC.get(name, name) in ENDING or name in self.own_methods) and not is_at_hand(body, call):
                    ended.append(number)
                # db_manager gives a manager, whose rows nobody reads
                if ((name in REFINING and name != "db_manager") or name in self.own_methods) and self.chains.of(module.path, function, f"#{number}"):
                    refined.add(number)
        for number in ended:
            yield from self._ended(module, function, number, body.calls[number])
        if refined or any(block.subject[:1] == "#" and block.kind in LOOPS for block in body.blocks):
            yield from self._used(module, function, frozenset(refined))

    def _ended(self, module: SourceModule, function: int, number: int, call: Call) -> Iterator[Site]:
        name = call.callee.rpartition(".")[2]
        if name in _VALIDATING:
            chains = self._validated(module, function, number, call)
        elif name in SHORTCUTS:
            chains = self._shortcut(module, function, number, call)
        else:
            chains = self.chains.ended(module.path, function, number) or tuple(forwarded(self.chains, self.chains.frame(module.path, function), number))
        yield from self._sites(_Place(module, function, number, call.block, True), chains)

    def _validated(self, module: SourceModule, function: int, number: int, call: Call) -> tuple[Chain, ...]:
        """``SlugRelatedField(slug_field="name", queryset=...)``: each value is looked up by the field."""
        keywords = dict(call.keywords)
        field = constant_string(keywords.get("slug_field", call.args[0] if call.args else ""))
        if not field or "queryset" not in keywords:
            return ()
        frame = self.chains.frame(module.path, function)
        step = ChainStep("get", (), ((field, "?"),), module.path, function, number, frame)
        return tuple(chain.then(step) for chain in self.chains.of(module.path, function, keywords["queryset"]))

    def _shortcut(self, module: SourceModule, function: int, number: int, call: Call) -> tuple[Chain, ...]:
        """``get_object_or_404(Model or queryset, **lookups)``."""
        if not call.args:
            return ()
        frame = self.chains.frame(module.path, function)
        model = self.chains.objects.model(frame, call.args[0])
        managers = self.chains.managers
        found = self.chains.expanded(managers.default(model)) if model is not None else self.chains.evaluate(frame, call.args[0])
        method = "filter" if "list" in call.callee.rpartition(".")[2] else "get"
        step = ChainStep(method, call.args[1:], call.keywords, module.path, function, number, frame)
        return tuple(chain.then(step) for chain in found)

    def _used(self, module: SourceModule, function: int, refined: frozenset[int]) -> Iterator[Site]:
        """Querysets that are iterated, tested, sliced, handed on or returned."""
        body = module.bodies[function]
        found: dict[tuple[str, str], tuple[bool, int]] = {}
        frame = self.chains.frame(module.path, function)
        for used in uses(body, refined, self._onward(module.path, function, refined)):
            key = used.text, used.taken
            known = found.get(key)
            depth = loop_depth(body, used.block)
            if known is None or (used.evaluated and not known[0]):
                found[key] = used.evaluated, used.block
            elif known[0] == used.evaluated and depth > loop_depth(body, known[1]):
                found[key] = known[0], used.block
        for (text, index), (evaluated, block) in found.items():
            chains = self.chains.of(module.path, function, text)
            chains = tuple(chain for chain in chains if chain.steps or evaluated or chain.complete)
            if not chains:
                continue
            if index:
                chains = tuple(chain.then(ChainStep(INDEX, (index,), (), module.path, function, -1, frame)) for chain in chains)
            number = max([self._last_call(chains, module.path, function), *call_ids(text)])
            if number < 0:
                continue
            yield from self._sites(_Place(module, function, number, block, evaluated or bool(index)), chains)

    def _onward(self, path: str, function: int, refined: frozenset[int]) -> frozenset[int]:
        """Further calls on a queryset that give one again: methods of libraries."""
        calls = self.chains.modules[path].bodies[function].calls
        frame = self.chains.frame(path, function)
        found = set()
        for number, call in enumerate(calls) if refined else ():
            base, _, method = call.callee.rpartition(".")
            if base[:1] in "#(" and "#" in base and method not in CHAINING and self.chains.evaluate(frame, f"#{number}"):
                found.add(number)
        return frozenset(found)

    @staticmethod
    def _last_call(chains: tuple[Chain, ...], path: str, function: int) -> int:
        return max((step.call for chain in chains for step in chain.steps if step.path == path and step.function == function), default=-1)

    def _sites(self, place: _Place, chains: tuple[Chain, ...]) -> Iterator[Site]:
        """The queries of chains, and those that prefetch for them."""
        yield from self._of_chains(place, chains)
        if place.evaluated:
            loaded: dict[str, Chain] = {}
            for chain in chains:
                if any(step.method == "prefetch_related" for step in chain.steps):
                    loaded |= {shown(self.compiler, one): one for one in prefetched(self.compiler, chain)}
            for one in loaded.values():
                yield from self._of_chains(place, (one,))

    def _of_chains(self, place: _Place, chains: tuple[Chain, ...]) -> Iterator[Site]:
        body = place.module.bodies[place.function]
        call = body.calls[place.call]
        depth = max(loop_depth(body, call.block), loop_depth(body, place.block))
        variant = 0
        for chain in chains:
            for query in self.compiler.queries(chain, _MOST_VARIANTS - variant):
                yield Site(
                    query,
                    QuerySource.DJANGO,
                    place.module.path,
                    call.line,
                    call.column,
                    call.end_line,
                    call.end_column,
                    place.function,
                    place.module.functions[place.function].name,
                    place.call,
                    shown(self.compiler, chain),
                    depth,
                    place.evaluated,
                    variant,
                )
                variant += 1
