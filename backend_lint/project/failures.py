"""What an ``except`` clause catches, and what becomes of the exception in it."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.api import Place
from backend_lint.facts.python import LOOPS, BlockKind, Body, Call, Function, Handler, Return, Use
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.blocks import around, within
from backend_lint.project.libraries import Effect
from backend_lint.project.libraries.exceptions import BROAD_ERRORS, RESOURCE_ERRORS, SYSTEM_ERRORS, TRANSPORT_ERRORS
from backend_lint.project.loggers import LogCall, carries_exception, log_call
from backend_lint.project.name_words import words
from backend_lint.project.references import RefKind
from backend_lint.project.responses import answer_of, is_error_name, is_http_error
from backend_lint.project.value_text import alternatives, call_ids

if TYPE_CHECKING:
    from backend_lint.project import Project, SourceModule


class Breadth(enum.IntEnum):
    """How much a clause catches. `RESOURCE`: an error of a database, HTTP, a broker, mail; `SYSTEM`: of the operating system."""

    NARROW = 0
    SYSTEM = 1
    RESOURCE = 2
    BROAD = 3
    """``Exception`` or ``BaseException``: mistakes in the code are caught too."""
    BARE = 4


class Fate(enum.IntEnum):
    """What becomes of a caught exception, from lost to kept."""

    LOST = 0
    """Nothing in the clause says that anything happened."""
    NAMED = 1
    """A fixed text is logged: that something failed, but not what."""
    ANSWERED = 2
    """The caller gets an answer that says failure; what failed is told to nobody."""
    ACTED = 3
    """Other code runs, whose meaning is unknown."""
    KEPT = 4
    """The exception itself is read."""
    LOGGED = 5
    """Logged with the exception."""
    REPORTED = 6
    """Told to an error tracker, a metric, or a function of the project that logs or reports."""
    RAISED = 7


def head(handler: Handler) -> Place:
    """The word ``except`` of a clause."""
    return Place.at(handler.line, handler.column, len("except"))


def clause_text(handler: Handler) -> str:
    """The clause for messages: ``bare `except```, `` `except Exception` ``."""
    return f"`except {', '.join(handler.types)}`" if handler.types else "bare `except`"


def call_name(callee: str) -> str:
    """A callee for messages; empty if it has no short name."""
    shown = callee.replace("%", "").lstrip(".")
    if not {"#", "(", "["} & set(shown) and len(shown) < 60:
        return shown
    last = shown.rpartition(".")[2]
    return last if last.isidentifier() else ""


def symbol_of(function: Function) -> str:
    """The qualified name of a function; empty for the module body."""
    return "" if function.name == "<module>" else function.name


def plain_name(function: Function) -> str:
    """The last part of a function's name, in lower case, without leading and trailing underscores."""
    return function.name.rpartition(".")[2].strip("_").lower()


class Outcome(msgspec.Struct, frozen=True):
    """`fate` of the exception in a clause; `logs` the calls of loggers in it, `answers` what it returns as an error."""

    fate: Fate
    logs: tuple[LogCall, ...] = ()
    answers: tuple[Return, ...] = ()


_REPORTING = words(
    "report notify alert capture captureexception inc incr increment record on_error handle handler fail failed failure retry nack reject abort exit "
    "_exit add_error errback "
    "error errors flash quit kill die rescue fallback log logged audit track emit publish warn warning send metric metrics count observe err "
    "set_exception exception raise reraise throw"
)
_NEUTRAL = frozenset(
    (
    "rollback close aclose sleep dict list set tuple str int float bool len repr sorted isinstance hasattr getattr Decimal OrderedDict "
    "defaultdict now utcnow time format join get keys values items append add lower upper strip split copy clear pop update none empty"
).split()
)


def caught(project: Project, path: str, function: int, handler: Handler) -> list[str]:
    """The names of the caught classes as far as they resolve: a dotted name outside the project, the class's own name inside it, else the text."""
    found = []
    for text in handler.types:
        for option in alternatives(text):
            target = project.value(path, function, option)
            found.append(target.name if target is not None else option)
    return found


def breadth(project: Project, path: str, function: int, handler: Handler) -> Breadth:
    """How much a clause catches: the widest of its classes."""
    if not handler.types:
        return Breadth.BARE
    widest = Breadth.NARROW
    for name in caught(project, path, function, handler):
        if name in BROAD_ERRORS:
            return Breadth.BROAD
        if name in RESOURCE_ERRORS:
            widest = Breadth.RESOURCE
        elif name in SYSTEM_ERRORS:
            widest = max(widest, Breadth.SYSTEM)
    return widest


def calls_in(body: Body, block: int) -> list[tuple[int, Call]]:
    """The calls inside a block, nested blocks included, with their numbers."""
    start, end = body.blocks[block].line, body.blocks[block].end_line
    return [(number, call) for number, call in within(body, body.calls, block) if start <= call.line <= end]


def outcome(project: Project, module: SourceModule, function: int, body: Body, handler: Handler, thorough: bool = False) -> Outcome:
    """What becomes of the exception in a clause. `thorough`: find all calls of loggers, also when one has told enough."""
    logs = []
    fate = Fate.LOST
    if handler.raises:
        fate = Fate.ANSWERED if _raises_answers_only(project, module.path, function, body, handler) else Fate.RAISED
    returns = [found for _, found in within(body, body.returns, handler.block)]
    answers = tuple(found for found in returns if answer_of(project, module, function, body, found.value).is_error)
    returned = {number for found in returns for number in call_ids(found.value)}
    for number, call in calls_in(body, handler.block):
        if fate >= Fate.LOGGED and not thorough:
            break
        logged = log_call(project, module.path, function, call)
        if logged is not None:
            logs.append(logged)
            fate = max(fate, Fate.LOGGED if carries_exception(body, logged, handler.name) else Fate.NAMED)
            continue
        fate = max(fate, _fate_of_call(project, module.path, function, call, number in returned))
    if handler.uses_name or any(_is_marked(target.target, target.augmented) for _, target in within(body, body.assigns, handler.block)):
        fate = max(fate, Fate.KEPT)
    if answers:
        fate = max(fate, Fate.ANSWERED)
    return Outcome(fate, tuple(logs), answers)


def _raises_answers_only(project: Project, path: str, function: int, body: Body, handler: Handler) -> bool:
    """All that the clause raises are HTTP errors, which the framework sends to the client and nobody logs."""
    made = []
    for _, found in within(body, body.raises, handler.block):
        numbers = call_ids(found.value)[:1]
        if not numbers or found.value != f"#{numbers[0]}" or found.cause not in ("", "None"):
            return False
        made.append(body.calls[numbers[0]])
    return bool(made) and all(is_http_error(project, path, function, call) for call in made)


def _is_marked(target: str, augmented: bool) -> bool:
    """A counter or a flag that says failure is kept."""
    return augmented or bool(_FLAG.search(target))


_FLAG = lazy_regex(r"err|fail|success|status|succe|invalid|broken|missing|available|valid|ok$|exception|reason|message", re.IGNORECASE)


def _fate_of_call(project: Project, path: str, function: int, call: Call, returned: bool) -> Fate:
    target = project.value(path, function, call.callee)
    last = call.callee.rpartition(".")[2].rstrip("()")
    if target is not None:
        if target.kind is RefKind.FUNCTION and project.calls.summary(target.function) & (Effect.LOG | Effect.REPORT):
            return Fate.REPORTED
        if target.is_external and project.calls.effect(target) & Effect.REPORT:
            return Fate.REPORTED
    made = call.use in (Use.ARGUMENT, Use.RAISED)
    if returned and target is not None and target.kind is RefKind.FUNCTION:
        return Fate.LOST if is_error_name(last) else Fate.ACTED
    if (_REPORTING.search(last) and not made) or call.callee in ("sys.exc_info", "traceback.format_exc", "traceback.print_exc"):
        return Fate.REPORTED
    if last in ("append", "add") and _CASUALTIES.search(call.callee.rpartition(".")[0].lstrip("%").rpartition(".")[2]):
        return Fate.ACTED
    if last in _NEUTRAL or returned or made:
        return Fate.LOST
    return Fate.ACTED


_CASUALTIES = words("dead fail failed failures errors invalid missing broken bad skipped rejected unreachable closed disconnected stale lost gone")
"""Names of lists in which what went wrong is kept."""
_INSTRUMENTS = words("metric metrics prometheus statsd telemetry tracing analytics")


def is_instrumentation(path: str) -> bool:
    """Whether a module measures: what it loses is worth less than the request that it must not disturb."""
    return bool(_INSTRUMENTS.search(path.rpartition("/")[2].removesuffix(".py").lower()))


_CLEANUP = words(
    "close aclose remove unlink rmtree rmdir delete rollback disconnect cancel shutdown stop kill terminate quit logout unregister unsubscribe release cleanup "
    "clean dispose discard detach join wait flush teardown pop clear purge destroy reset invalidate expire evict gc"
)


def is_cleanup(name: str) -> bool:
    """Whether a function's last name says that it gives something back: ``close``, ``unlink``, ``rollback``."""
    return bool(_CLEANUP.search(name.rpartition(".")[2].lower()))


def in_error_path(body: Body, block: int) -> bool:
    """It runs while another exception is handled, or in ``finally``."""
    return any(found.kind in (BlockKind.HANDLER, BlockKind.FINALLY) for _, found in around(body, block))


def drops_in_finally(body: Body) -> Iterator[tuple[Place, str]]:
    """Place and keyword of what leaves a ``finally`` block, unless it asks first whether an exception is under way."""
    for line, column, keyword in body.finally_returns:
        tests = [block.subject for block in body.blocks if block.kind is BlockKind.IF and block.line <= line <= block.end_line]
        asked = [*tests, *(body.calls[number].callee for test in tests for number in call_ids(test))]
        if not any("exc_info" in text for text in asked):
            yield Place.at(line, column, len(keyword)), keyword


def leaks_inside(project: Project, path: str, function: int, handler: Handler) -> bool:
    """Whether the clause catches errors whose text shows the inside: everything, or errors of databases, services and the operating system."""
    width = breadth(project, path, function, handler)
    return width > Breadth.NARROW or any(name.rpartition(".")[2] == "IntegrityError" for name in caught(project, path, function, handler))


def is_about_peer(project: Project, path: str, function: int, handler: Handler) -> bool:
    """Whether the clause catches nothing but errors of an HTTP client: foreseen, and about the service that was asked."""
    names = caught(project, path, function, handler)
    return bool(names) and all(name in TRANSPORT_ERRORS for name in names)


def raises_after_loop(body: Body, handler: Handler) -> bool:
    """The clause stands in a loop of attempts that ends with a raise."""
    loop = next((block for _, block in around(body, handler.block) if block.kind in LOOPS), None)
    return loop is not None and any(found.line > handler.end_line for found in body.raises)

_EMPTY = ("None", "False", "0", "''", "[]", "{}")


def takes_other_choice(body: Body, handler: Handler, attempt: Call | None) -> bool:
    """``x = find() or usual``, and the clause says ``x = usual``; or the clause makes the call that was attempted with
    something else, or gives back what that call was given."""
    if attempt is not None and any(call.callee == attempt.callee and call.use is not Use.DROPPED for _, call in calls_in(body, handler.block)):
        return True
    if attempt is not None and any(found.value in attempt.args for _, found in within(body, body.returns, handler.block)):
        return True
    tried = {found.target: alternatives(found.value) for _, found in within(body, body.assigns, handler.protected)}
    given = [found for _, found in within(body, body.assigns, handler.block)]
    return bool(given) and all(found.value not in _EMPTY and found.value in tried.get(found.target, ())[1:] for found in given)
