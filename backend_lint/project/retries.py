"""Retry layers: who repeats a function when it fails, how often, and how long it waits in between."""

from __future__ import annotations

import enum
import math
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.python import BlockKind, Body, Call, Handler, Raise, Return
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.blocks import around, enclosing_handler, inside
from backend_lint.project.calls import Aspect, Edge, FunctionKey
from backend_lint.project.libraries import Effect
from backend_lint.project.references import RefKind
from backend_lint.project.value_text import call_ids, constant_number, split

if TYPE_CHECKING:
    from backend_lint.project import Project

_ATTEMPT_NAME = lazy_regex(r"attempt|retr(?:y|ies)|tries")
_REMOTE = Effect.HTTP | Effect.QUEUE | Effect.MAIL
"""What a loop must reach to be a retry of another service. Databases are left out: after a conflict one tries again at once, with another key."""
_CONFLICT = lazy_regex(r"OperationalError|IntegrityError|Deadlock|Lock(?:Error|NotAvailable)|StaleData|DoesNotExist|NoResultFound")
_SLEEPS = frozenset({"time.sleep", "asyncio.sleep", "anyio.sleep", "trio.sleep", "gevent.sleep", "eventlet.sleep"})


class Pause(enum.StrEnum):
    """How the wait between two attempts goes on."""

    NONE = "none"
    FIXED = "fixed"
    GROWING = "growing"
    RANDOM = "random"
    UNKNOWN = "unknown"


class Retry(msgspec.Struct, frozen=True):
    """A layer of retries. `call` is the call that configures it (a loop: the first remote call in it); `place` its line.

    `function` is what is repeated: a decorated function, the function around a loop, or the one in which a session's retries are set.
    `attempts` counts the first try too: infinite if nothing stops it, None if it is not known. `seconds`: a fixed wait.
    `kind`: the library, or ``loop``.
    """

    kind: str
    path: str
    function: int
    line: int
    call: Call | None
    attempts: float | None
    pause: Pause
    seconds: float | None = None
    scope: int = 0
    """The function in whose body `call` stands."""


class Retries:
    """Finds the retry layers of a project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._resolver = project.resolver
        self._all: tuple[Retry, ...] | None = None
        self._by_function: dict[FunctionKey, list[Retry]] = {}

    def all(self) -> tuple[Retry, ...]:
        """Every retry layer, in the order of paths and lines."""
        if self._all is None:
            self._all = tuple(self._look())
            for found in self._all:
                if found.kind != "urllib3":
                    self._by_function.setdefault((found.path, found.function), []).append(found)
        return self._all

    def around(self, key: FunctionKey) -> list[Retry]:
        """The layers that repeat a function or part of it: decorators and loops."""
        self.all()
        return self._by_function.get(key, [])

    def _look(self) -> Iterator[Retry]:
        for path, module in self._project.modules.items():
            for index, body in enumerate(module.bodies):
                head = module.functions[index]
                for text in head.decorators:
                    if (found := self._decorated(path, index, head.scope, text)) is not None:
                        yield found
                for call in body.calls:
                    if call.callee == "%self.retry" and (found := self._task_retry(path, index, call)) is not None:
                        yield found
                    if call.callee.rpartition(".")[2] in ("Retry", "Retrying", "AsyncRetrying") and (found := self._object(path, index, call)) is not None:
                        yield found
                yield from self._loops(path, index, body)

    # -- decorators and objects --------------------------------------------------------------------

    def _decorated(self, path: str, index: int, scope: int, text: str) -> Retry | None:
        target = self._resolver.decorator(path, scope, text)
        if target is None or not target.is_external:
            return None
        line = self._project.modules[path].functions[index].line
        call = self._project.modules[path].bodies[scope].calls[int(text[1:])] if text[:1] == "#" and text[1:].isdigit() else None
        name = target.name.removesuffix("()")
        if name in ("tenacity.retry", "tenacity.asyncio.retry"):
            attempts, pause, seconds = self._tenacity(path, scope, call)
            return Retry("tenacity", path, index, call.line if call else line, call, attempts, pause, seconds, scope)
        if name in ("backoff.on_exception", "backoff.on_predicate") and call is not None:
            return self._backoff(path, index, scope, call)
        if name in ("retrying.retry", "retry.retry", "retry.api.retry", "retry2.retry"):
            attempts, pause, seconds = _retrying(call) if name.startswith("retrying") else _retry(call)
            return Retry(name.partition(".")[0], path, index, call.line if call else line, call, attempts, pause, seconds, scope)
        if name.rpartition(".")[2] in ("task", "shared_task") and call is not None:
            return self._celery(path, index, scope, call)
        return None

    def _object(self, path: str, index: int, call: Call) -> Retry | None:
        target = self._resolver.value(path, index, call.callee)
        if target is None or not target.is_external:
            return None
        if target.name in ("tenacity.Retrying", "tenacity.AsyncRetrying"):
            attempts, pause, seconds = self._tenacity(path, index, call)
            return Retry("tenacity", path, index, call.line, call, attempts, pause, seconds, index)
        if target.name.endswith(".Retry") and "urllib3" in target.name:
            keywords = dict(call.keywords)
            if "**" in keywords:
                return Retry("urllib3", path, index, call.line, call, None, Pause.UNKNOWN, None, index)
            total = constant_number(call.args[0] if call.args else keywords.get("total", "10"))
            factor = constant_number(keywords.get("backoff_factor", "0"))
            pause = Pause.NONE if factor == 0 else Pause.GROWING
            return Retry("urllib3", path, index, call.line, call, None if total is None else total + 1, pause, None, index)
        return None

    def _tenacity(self, path: str, scope: int, call: Call | None) -> tuple[float | None, Pause, float | None]:
        if call is None:
            return math.inf, Pause.NONE, 0.0
        keywords = dict(call.keywords)
        if "**" in keywords or any(arg.startswith("*") for arg in call.args):
            return None, Pause.UNKNOWN, None
        stop, wait = keywords.get("stop", ""), keywords.get("wait", "")
        attempts: float | None = math.inf
        if stop:
            calls = self._parts(path, scope, stop)
            counts = [constant_number(found.args[0]) for name, found in calls if name.endswith("stop_after_attempt") and found.args]
            attempts = next((count for count in counts if count is not None), None)
        if not wait or wait.endswith("wait_none"):
            return attempts, Pause.NONE, 0.0
        names = [(name.rpartition(".")[2], found) for name, found in self._parts(path, scope, wait)]
        if not names:
            return attempts, Pause.UNKNOWN, None
        if any("random" in name or "jitter" in name for name, _ in names):
            return attempts, Pause.RANDOM, None
        if all(name == "wait_fixed" for name, _ in names):
            return attempts, Pause.FIXED, constant_number(names[0][1].args[0]) if names[0][1].args else None
        if all(name == "wait_none" for name, _ in names):
            return attempts, Pause.NONE, 0.0
        return attempts, Pause.GROWING if any("exponential" in name or "incrementing" in name or "chain" in name for name, _ in names) else Pause.UNKNOWN, None

    def _parts(self, path: str, scope: int, text: str) -> list[tuple[str, Call]]:
        calls = self._project.modules[path].bodies[scope].calls
        found = []
        for number in call_ids(text):
            target = self._resolver.value(path, scope, calls[number].callee)
            found.append((target.name if target is not None else calls[number].callee, calls[number]))
        return found

    def _backoff(self, path: str, index: int, scope: int, call: Call) -> Retry:
        keywords = dict(call.keywords)
        limit = constant_number(keywords.get("max_tries", ""))
        attempts = limit if limit is not None else (None if "max_tries" in keywords or "max_time" in keywords or "**" in keywords else math.inf)
        kind = call.args[0].rpartition(".")[2] if call.args else keywords.get("wait_gen", "").rpartition(".")[2]
        pause = Pause.GROWING if kind in ("expo", "fibo") else Pause.FIXED if kind == "constant" else Pause.UNKNOWN
        seconds = constant_number(keywords.get("interval", "1")) if pause is Pause.FIXED else None
        if keywords.get("jitter", "?") != "None" and pause is not Pause.UNKNOWN:
            pause = Pause.RANDOM  # the library's default is full jitter
        return Retry("backoff", path, index, call.line, call, attempts, pause, seconds, scope)

    def _celery(self, path: str, index: int, scope: int, call: Call) -> Retry | None:
        keywords = dict(call.keywords)
        if "autoretry_for" not in keywords:
            return None
        most = keywords.get("max_retries", "3")
        options = keywords.get("retry_kwargs", "")
        if found := re.search(r"'max_retries':(\d+|None)", options):
            most = found.group(1)
        limit = math.inf if most == "None" else constant_number(most)
        if keywords.get("retry_backoff", "False") not in ("False", "0"):
            pause, seconds = (Pause.GROWING if keywords.get("retry_jitter") == "False" else Pause.RANDOM), None
        else:
            delay = re.search(r"'countdown':(\d+(?:\.\d+)?)", options)
            pause, seconds = Pause.FIXED, constant_number(delay.group(1) if delay else keywords.get("default_retry_delay", "180"))
        return Retry("celery", path, index, call.line, call, None if limit is None else limit + 1, pause, seconds, scope)

    def _task_retry(self, path: str, index: int, call: Call) -> Retry | None:
        """``self.retry(countdown=5)`` in a bound Celery task."""
        head = self._project.modules[path].functions[index]
        bound = next((found for text in head.decorators if (found := self._task_options(path, head.scope, text))), None)
        if bound is None or bound.get("bind") != "True":
            return None
        keywords = dict(call.keywords)
        if "args" in keywords or "kwargs" in keywords or _CONFLICT.search(keywords.get("exc", "") + " ".join(self._caught(path, index, call))):
            return None  # another message, or a conflict in the database
        most = keywords.get("max_retries", bound.get("max_retries", "3"))
        limit = math.inf if most == "None" else constant_number(most)
        seconds = constant_number(keywords.get("countdown", bound.get("default_retry_delay", "180")))
        pause = Pause.UNKNOWN if seconds is None or "eta" in keywords or "**" in keywords else Pause.FIXED if seconds else Pause.NONE
        return Retry("celery", path, index, call.line, call, None if limit is None else limit + 1, pause, seconds, index)

    def _caught(self, path: str, index: int, call: Call) -> tuple[str, ...]:
        handler = enclosing_handler(self._project.modules[path].bodies[index], call.block)
        return handler.types if handler is not None else ()

    def _task_options(self, path: str, scope: int, text: str) -> dict[str, str]:
        if text[:1] != "#" or not text[1:].isdigit():
            return {}
        call = self._project.modules[path].bodies[scope].calls[int(text[1:])]
        return dict(call.keywords) if call.callee.rpartition(".")[2] in ("task", "shared_task") else {}

    # -- loops -------------------------------------------------------------------------------------

    def _loops(self, path: str, index: int, body: Body) -> Iterator[Retry]:
        seen: set[int] = set()
        for handler in body.handlers:
            loop = next((number for number, block in around(body, handler.block) if block.kind in (BlockKind.FOR, BlockKind.WHILE)), -1)
            if loop < 0 or loop in seen or _leaves(body, handler) or not self._counts_attempts(body, loop) or self._polls(body, loop, handler):
                continue
            tried = body.blocks[handler.protected]
            if loop not in [number for number, _ in around(body, tried.parent)]:
                continue
            remote = self._remote_call(path, index, body, handler)
            if remote is None or _changes_what_it_sends(body, loop, remote):
                continue
            seen.add(loop)
            pause, seconds = self._pause(path, index, body, loop)
            yield Retry("loop", path, index, body.blocks[loop].line, remote, self._rounds(path, body.blocks[loop].subject), pause, seconds, index)

    @staticmethod
    def _counts_attempts(body: Body, loop: int) -> bool:
        block = body.blocks[loop]
        if block.kind is BlockKind.FOR:
            return block.subject.startswith("range(") and (
                block.target == "_" or bool(_ATTEMPT_NAME.search(block.target)) or bool(_ATTEMPT_NAME.search(block.subject.lower()))
            )
        counters = [assign.target for assign in body.assigns if inside(body, assign.block, loop)]
        return any(_ATTEMPT_NAME.search(name) for name in [block.subject.lower(), *counters])

    def _remote_call(self, path: str, index: int, body: Body, handler: Handler) -> Call | None:
        calls = self._project.calls
        for edge in calls.edges((path, index)):
            if not inside(body, edge.call.block, handler.protected):
                continue
            if edge.target.is_external:
                effect = calls.effect(edge.target, Aspect.ALL)
            else:
                effect = calls.summary(edge.target.function, Aspect.ALL) if calls.follows(edge, Aspect.ALL) else Effect.NONE
            if effect & _REMOTE:
                return edge.call
        return None

    @staticmethod
    def _polls(body: Body, loop: int, handler: Handler) -> bool:
        """It sleeps before each attempt: it waits for something to happen, and failures are not what it repeats for."""
        start = body.blocks[handler.protected].line
        return any(call.block == loop and call.line < start and call.callee.rpartition(".")[2] == "sleep" for call in body.calls)

    def _pause(self, path: str, index: int, body: Body, loop: int) -> tuple[Pause, float | None]:
        found: tuple[Pause, float | None] = (Pause.NONE, 0.0)
        for edge in self._project.calls.edges((path, index)):
            call = edge.call
            if not inside(body, call.block, loop):
                continue
            name = edge.target.name
            if name in _SLEEPS and call.args:
                number = self._number(path, call.args[0])
                found = (Pause.FIXED, number) if number is not None else (Pause.RANDOM if "random" in call.args[0] else Pause.UNKNOWN, None)
                if found[0] is Pause.UNKNOWN:
                    return found
            elif name.rpartition(".")[2] in ("wait", "wait_for", "sleep", "select", "join") or self._sleeps(edge):
                return Pause.UNKNOWN, None
        if found[0] is Pause.NONE and any(call.callee.rpartition(".")[2].lower().endswith(("sleep", "wait", "backoff", "delay")) for call in body.calls):
            return Pause.UNKNOWN, None
        return found

    def _rounds(self, path: str, subject: str) -> float | None:
        if not subject.startswith("range("):
            return None
        parts = [self._number(path, part) for part in split(subject[6:-1])]
        if len(parts) == 1:
            return parts[0]
        return parts[1] - parts[0] if len(parts) == 2 and parts[0] is not None and parts[1] is not None else None

    def _number(self, path: str, text: str) -> float | None:
        """A number, or the module's constant of that name."""
        values = {assign.value for assign in self._project.modules[path].bodies[0].assigns if assign.target == text} if text.isidentifier() else {text}
        return constant_number(values.pop()) if len(values) == 1 else None

    def _sleeps(self, edge: Edge) -> bool:
        return edge.target.kind is RefKind.FUNCTION and bool(self._project.calls.summary(edge.target.function, Aspect.ALL) & Effect.SLEEP)


def _leaves(body: Body, handler: Handler) -> bool:
    """The clause always ends the loop: it returns or raises on its own level."""
    ends: list[Return | Raise] = [*body.returns, *body.raises]
    return handler.shape in ("return", "break") or any(found.block == handler.block for found in ends)


def _changes_what_it_sends(body: Body, loop: int, call: Call) -> bool:
    """Each attempt sends something else: another name after a conflict, the next page, what another call in the loop gave."""
    made = [number for value in call.args for number in call_ids(value) if number < len(body.calls)]
    if any(inside(body, body.calls[number].block, loop) and body.calls[number].line < call.line for number in made):
        return True
    sent = {*call.args, *(value for _, value in call.keywords)}
    changed = {assign.target for assign in body.assigns if inside(body, assign.block, loop) and assign.target.startswith("%")}
    before = {assign.value for assign in body.assigns if assign.target in changed and not inside(body, assign.block, loop)}
    return bool(sent & (changed | before))


def _retrying(call: Call | None) -> tuple[float | None, Pause, float | None]:
    keywords = dict(call.keywords) if call is not None else {}
    if "**" in keywords:
        return None, Pause.UNKNOWN, None
    attempts = (
        constant_number(keywords["stop_max_attempt_number"]) if "stop_max_attempt_number" in keywords else (None if "stop_max_delay" in keywords else math.inf)
    )
    if any(name.startswith("wait_random") or name == "wait_jitter_max" for name in keywords):
        return attempts, Pause.RANDOM, None
    if any(name.startswith(("wait_exponential", "wait_incrementing", "wait_func")) for name in keywords):
        return attempts, Pause.GROWING, None
    fixed = constant_number(keywords.get("wait_fixed", "0"))
    return attempts, Pause.FIXED if "wait_fixed" in keywords else Pause.NONE, None if fixed is None else fixed / 1000


def _retry(call: Call | None) -> tuple[float | None, Pause, float | None]:
    """``retry.retry(exceptions, tries=-1, delay=0, max_delay=None, backoff=1, jitter=0)``."""
    keywords = dict(call.keywords) if call is not None else {}
    names = ("exceptions", "tries", "delay", "max_delay", "backoff", "jitter")
    given = {**dict(zip(names, call.args if call is not None else (), strict=False)), **keywords}
    if "**" in keywords:
        return None, Pause.UNKNOWN, None
    tries = constant_number(given.get("tries", "-1"))
    attempts = math.inf if tries is not None and tries < 0 else tries
    if given.get("jitter", "0") != "0":
        return attempts, Pause.RANDOM, None
    if given.get("backoff", "1") != "1":
        return attempts, Pause.GROWING, None
    delay = constant_number(given.get("delay", "0"))
    return attempts, Pause.NONE if delay == 0 else Pause.FIXED, delay
