"""Every query that SQLAlchemy, SQLModel or Flask-SQLAlchemy sends, as the database receives it."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.file import Role
from backend_lint.facts.python import BlockKind, Body, Call, Function
from backend_lint.facts.query import Query, QuerySource, Rows, Site
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.blocks import loop_depth
from backend_lint.project.modules import SourceModule
from backend_lint.project.queries.sqlalchemy_chains import Chain, ChainStep, SqlalchemyChains
from backend_lint.project.queries.sqlalchemy_compile import Compiler
from backend_lint.project.queries.sqlalchemy_frames import Frame
from backend_lint.project.queries.sqlalchemy_names import EXECUTORS, FLASK_HELPERS, METHODS, RUNNERS, STARTERS
from backend_lint.project.queries.sqlalchemy_openings import Openings, is_open
from backend_lint.project.queries.sqlalchemy_results import MAX_VARIANTS
from backend_lint.project.queries.sqlalchemy_shapes import Shapes
from backend_lint.project.queries.sqlalchemy_text import cut
from backend_lint.project.value_text import alternatives, call_ids

if TYPE_CHECKING:
    from backend_lint.project import Project

_LEFT_OUT = frozenset({Role.TEST, Role.MIGRATION, Role.GENERATED})
_ELEMENT = lazy_regex(r"#\d+\[[^\]\[]*\]")
_MAX_SUBCLASSES = 40
_UNRUN = ("statement", "query", "")


def sites(project: Project) -> Iterator[Site]:
    """The queries in order of path and line; a statement that only SQL text says is left to `sql_sites`."""
    chains = SqlalchemyChains(project)
    if not chains.used:
        return
    finder = Finder(chains)
    for path, module in project.modules.items():
        if module.role in _LEFT_OUT:
            continue
        for index, (function, body) in enumerate(zip(module.functions, module.bodies, strict=True)):
            if body.calls:
                try:
                    yield from finder.function(path, module, index, function, body)
                except RecursionError:  # nobody writes chains that deep, but somebody may generate them
                    continue


class Finder:
    """Finds where chains end."""

    def __init__(self, chains: SqlalchemyChains) -> None:
        self.chains = chains
        self.compiler = Compiler(chains)
        self.openings = Openings(chains)
        self.shapes = Shapes(chains)
        self._asked: dict[Hashable, list[tuple[Chain, list[Query]]]] = {}
        """What a call of a function asks, by the call's number in it and the shape of the frame."""
        self.modules = chains.project.modules

    def function(self, path: str, module: SourceModule, index: int, function: Function, body: Body) -> list[Site]:
        """The sites of one function."""
        frame = Frame(path, index)
        found: dict[int, tuple[Chain, ...]] = {}
        for number, call in enumerate(body.calls):
            base, method = self.chains.callee(path, call.callee)
            asked = (method in METHODS and _may_matter(method, call)) or (base[:1] == "#" and base[1:].isdigit() and int(base[1:]) in found)
            if asked and (chains := self.chains.at(frame, f"#{number}")):
                found[number] = chains
        if not found:
            return []
        consumed = self._consumed(frame, body, found)
        run = self._run(frame, body, found)
        result: list[Site] = []
        for number, chains in found.items():
            if number in consumed and number not in run:
                continue
            own = [chain for chain in chains if self._is_own(chain, path, index)]
            if number in run:
                result += self._sites(frame, function, body, number, run[number], True)
                if number in consumed:
                    continue
                own = [chain for chain in own if chain.fetched not in ("query", "statement", "")]
            result += self._sites(frame, function, body, number, own, None)
        return result

    def _is_own(self, chain: Chain, path: str, function: int) -> bool:
        """It is run here, or put together last here and not run at all."""
        if chain.fetched == "part" or chain.steps[0].method == "text" or (chain.steps[0].method == "exists" and chain.fetched == "statement"):
            return False
        runner = _runner(chain)
        step = runner if runner is not None else chain.steps[-1]
        return (step.path, step.function) == (path, function)

    def _consumed(self, frame: Frame, body: Body, found: dict[int, tuple[Chain, ...]]) -> set[int]:
        """Calls whose result goes into another statement or is asked for something further."""
        consumed: set[int] = set()
        for number, call in enumerate(body.calls):
            base, method = self.chains.callee(frame.path, call.callee)
            if number in found and base:
                consumed.update(one for option in alternatives(base) for one in call_ids(option.partition("[")[0].partition("(")[0]))
                consumed.update(call_ids(base) if base[:1] == "(" else ())
            takes = method in STARTERS or (number in found and not all(self._runs_elsewhere(chain, frame) for chain in found[number]))
            for text in (*call.args, *(value for _, value in call.keywords)) if takes else ():
                for one in call_ids(text):
                    if one in found and any(chain.fetched in _UNRUN for chain in found[one]):
                        consumed.add(one)
        return consumed

    @staticmethod
    def _runs_elsewhere(chain: Chain, frame: Frame) -> bool:
        """A function of the project ran it, which may get statements from many."""
        runner = _runner(chain)
        return runner is not None and (runner.path, runner.function) != (frame.path, frame.function)

    def _run(self, frame: Frame, body: Body, found: dict[int, tuple[Chain, ...]]) -> dict[int, list[Chain]]:
        """Queries that run by being gone through or cut: the chains by the call that puts them together last."""
        run: dict[int, list[Chain]] = {}
        texts = [block.subject for block in body.blocks if block.kind in (BlockKind.FOR, BlockKind.COMPREHENSION)]
        for text in texts:
            self._mark(frame, text, run, found)
        for holder in ([one.value for one in body.assigns], [one.value for one in body.returns], [text for call in body.calls for text in call.args]):
            for text in holder:
                if "#" in text and ("[" in text or "list(" in text):
                    for match in _ELEMENT.findall(text):
                        if not match.endswith("[]"):
                            self._mark(frame, match, run, found)
                    if text.startswith(("list(", "set(", "tuple(", "sorted(")):
                        self._mark(frame, text.partition("(")[2][:-1].partition(",")[0], run, found)
        for call in body.calls:
            if "[" in call.callee and "#" in call.callee:
                for match in _ELEMENT.findall(call.callee):
                    if not match.endswith("[]"):
                        self._mark(frame, match, run, found)
        return run

    def _mark(self, frame: Frame, text: str, run: dict[int, list[Chain]], found: dict[int, tuple[Chain, ...]]) -> None:
        options = alternatives(text)
        if len(options) > 1:
            for option in options:
                self._mark(frame, option, run, found)
            return
        ids = call_ids(text)
        if not ids or ids[-1] not in found:
            return
        chains = [chain for chain in self.chains.at(frame, text) if chain.fetched == "query" or chain.steps[-1].call < 0]
        if chains:
            known = run.setdefault(ids[-1], [])
            known += [chain for chain in chains if chain not in known]

    # -- sites -------------------------------------------------------------------------------------

    def _sites(self, frame: Frame, function: Function, body: Body, number: int, chains: list[Chain], evaluated: bool | None) -> list[Site]:
        result: list[Site] = []
        seen: list[Query] = []
        opened = False
        for chain in chains:
            for query in self.compiler.queries(chain):
                if query in seen or len(seen) >= MAX_VARIANTS:
                    continue
                seen.append(query)
                result.append(self._site(frame, function, body, number, chain, query, evaluated, len(seen) - 1))
                opened |= is_open(query)
        return (self._opened(frame, number, evaluated) or result) if opened else result

    def _opened(self, frame: Frame, number: int, evaluated: bool | None) -> list[Site]:
        """The queries as those ask them who call the function, each at the place of its call."""
        result: list[Site] = []
        seen: dict[tuple[str, int, int], list[Query]] = {}
        for opening in self.openings.of(frame.path, frame.function):
            place, where = opening.place, opening.call
            known = seen.setdefault((place.path, place.function, where), [])
            shape = number, self.shapes.of(opening.frame)
            if shape not in self._asked:
                chains = [chain for chain in self.chains.at(opening.frame, f"#{number}") if self._is_own(chain, frame.path, frame.function)]
                self._asked[shape] = [(chain, self.compiler.queries(chain)) for chain in chains]
            left: tuple[Chain, Query] | None = None
            module = self.modules[place.path]
            body, head = module.bodies[place.function], module.functions[place.function]
            for chain, queries in self._asked[shape]:
                for query in queries:
                    if is_open(query):
                        left = chain, query
                    elif query not in known and len(known) < (MAX_VARIANTS if where >= 0 else _MAX_SUBCLASSES):
                        known.append(query)
                        at = where if where >= 0 else number
                        result.append(self._site(place, head, body, at, chain, query, evaluated, len(known) - 1, where < 0))
            if left is not None and known and left[1] not in known:  # what is known of the others is not all that is asked
                known.append(left[1])
                result.append(self._site(place, head, body, where if where >= 0 else number, *left, evaluated, len(known) - 1, where < 0))
        return result

    def _site(
        self, frame: Frame, function: Function, body: Body, number: int, chain: Chain, query: Query, evaluated: bool | None, variant: int, own: bool = True
    ) -> Site:
        runner = _runner(chain)
        if runner is not None and runner.call >= 0 and own:
            number = runner.call
        call = body.calls[number]
        if evaluated is None:
            evaluated = runner is not None
        if evaluated and query.rows is Rows.UNKNOWN and chain.fetched in ("query", "entities", "rows"):
            query = msgspec.structs.replace(query, rows=Rows.MANY)
        return Site(
            query,
            QuerySource.SQLALCHEMY,
            frame.path,
            call.line,
            call.column,
            call.end_line,
            call.end_column,
            frame.function,
            function.name,
            number,
            self._text(chain),
            loop_depth(body, call.block),
            evaluated,
            variant,
        )

    def _text(self, chain: Chain) -> str:
        """The chain without the session: ``select(User).where(User.id == key)``."""
        parts: list[str] = []
        for step in chain.steps:
            if parts and (step.method in EXECUTORS or (step.method in FLASK_HELPERS and chain.steps[0].method == "select")):
                break
            parts.append(self._step_text(step))
        return cut(".".join(parts).replace(".[", "["))

    def _step_text(self, step: ChainStep) -> str:
        if step.call < 0:
            if step.method == "[]":
                return f"[{step.args[0]}]"
            written = self.compiler.written(step.frame, step.args[0])
            return f"{written}.query" if step.method == "query" else step.args[-1]
        return f"{step.method}({self.compiler.writer.arguments(step.path, step.function, step.call)})"


def _runner(chain: Chain) -> ChainStep | None:
    """The step that runs the statement."""
    if chain.fetched in ("query", "statement", "part"):
        return None
    for position, step in enumerate(chain.steps):
        if step.method in EXECUTORS and position:
            return step
        if step.method in ("get", "get_one", "get_or_404") and not position:
            return step
        if step.method in FLASK_HELPERS and position:
            return step
        if position and step.method in RUNNERS and chain.steps[0].method in ("query", "relationship"):
            return step
        if step.method == "[]":
            return step
    return None


def _may_matter(method: str, call: Call) -> bool:
    """The cheap question before a chain is looked for."""
    if method in ("get", "update", "delete", "close", "keys", "values", "text", "count", "all", "insert", "column", "exists", "label", "add_column"):
        base = call.callee[: -len(method) - 1]
        if method == "get":
            return (base.endswith((".query", ")")) or base[:1] in "#(") and len(call.args) == 1 if len(call.args) < 2 else call.args[0][:1] not in "'\"[{f"
        if method in ("text", "keys", "close", "label", "exists"):
            return bool(base[:1] in "#(")
    return True
