"""Which deadline an outbound call has: given at the call, by its client, by a block around it, by a wrapper's callers, or none at all."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from backend_lint.api import Evidence
from backend_lint.facts.file import Role
from backend_lint.facts.python import BlockKind, Body, Call, ParameterKind, Use
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.blocks import around
from backend_lint.project.calls import FunctionKey
from backend_lint.project.handed_out import HandedOut, argument
from backend_lint.project.libraries.outbound import DEADLINE_BLOCKS, LAST_NAMES, VERBS, Peer, Wait, wait_of
from backend_lint.project.references import Origin, Ref, RefKind
from backend_lint.project.sessions import Bounds, Sessions
from backend_lint.project.value_text import constant_number, parse, split

if TYPE_CHECKING:
    from backend_lint.project import Project

_STUB = lazy_regex(r"_pb2_grpc\.\w*Stub\.\w+$")
_STAYS_OPEN = lazy_regex(r"(?:Subscribe|Watch|Listen|Follow|Tail|Track|Monitor|Stream|Observe)(?![a-z])")
"""Methods of stubs that give a stream of what will happen: a deadline would end it."""
_PIECES = frozenset(
    "stream StreamResponse StreamingResponse StreamingHttpResponse iter_chunked iter_chunks iter_any iter_content iter_lines iter_bytes iter_raw "
    "aiter_bytes aiter_lines aiter_raw aiter_text".split()
)
_CLIENT_NAMES = lazy_regex(r"session|http|client|requests?$|_?bq$|bigquery")
_RUNNERS = {"to_thread": 0, "run_in_threadpool": 0, "submit": 0, "run_in_executor": 1, "run_sync": 0}
"""Functions that call the function they are given, and at which position it stands."""
_CLIENTS_WITH_DEFAULT = ("aiohttp.ClientSession", "httpx.Client", "httpx.AsyncClient", "urllib3.PoolManager", "urllib3.ProxyManager")


class Limit(enum.StrEnum):
    """What bounds an outbound call. `EXPLICIT`: somebody wrote that nothing does. `LONG`: only the library's default."""

    GIVEN = "given"
    MISSING = "missing"
    EXPLICIT = "explicit"
    DEFAULT = "default"
    UNKNOWN = "unknown"


class Ruling(NamedTuple):
    """What bounds a call: how it is said, the seconds if they are constant, and where."""

    limit: Limit
    seconds: float | None = None
    evidence: tuple[Evidence, ...] = ()


class Outbound(msgspec.Struct, frozen=True):
    """A call of another machine or process. `name` is its documented name; `seconds` the deadline, None if there is none or it is not a constant."""

    path: str
    function: int
    number: int
    call: Call
    name: str
    wait: Wait
    limit: Limit
    seconds: float | None = None
    evidence: tuple[Evidence, ...] = ()
    handed_over: str = ""
    """The function that is given the callee to run, ``to_thread`` say; `call` then stands at that function's call."""

    @property
    def label(self) -> str:
        """Its name for messages: of a generated stub without the modules it lies in."""
        return ".".join(self.name.split(".")[-2:]) if "_pb2_grpc." in self.name else self.name


class Timeouts:
    """Judges outbound calls of a project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._resolver = project.resolver
        self._handed_out = HandedOut(project)
        self._sessions = Sessions(project)
        self._socket_default = any(
            call.args[:1] != ("None",) for _, _, _, call in project.named_calls.calls("setdefaulttimeout", without=frozenset({Role.TEST}))
        )
        self._all: tuple[Outbound, ...] | None = None
        self._bounds: dict[FunctionKey, frozenset[str] | None] = {}
        """By function, the first arguments of ``wait_for``; None if an alarm is set, which bounds all."""

    def all(self) -> tuple[Outbound, ...]:
        """Every outbound call, in the order of paths and lines."""
        if self._all is None:
            self._all = tuple(self._look())
        return self._all

    def _look(self) -> Iterator[Outbound]:
        for path in self._project.modules:
            module = self._project.modules[path]
            aliases = {found.name for found in module.facts.imports if found.member in LAST_NAMES}
            stubs = any("_pb2_grpc" in found.module or "_pb2_grpc" in found.member for found in module.facts.imports)
            for index, body in enumerate(module.bodies):
                for number, call in enumerate(body.calls):
                    last = call.callee.rpartition(".")[2]
                    found = self._judge(path, index, number, call) if last in LAST_NAMES or last in aliases or stubs else None
                    if found is None and last in _RUNNERS:
                        found = self._handed(path, index, number, call, _RUNNERS[last])
                    if found is not None:
                        yield found

    def is_stream(self, found: Outbound) -> bool:
        """Its answer is passed on or read piece by piece, for as long as it comes."""
        body = self._project.modules[found.path].bodies[found.function]
        return found.name.endswith(".stream") or any(call.callee.rpartition(".")[2] in _PIECES for call in body.calls)

    # -- which call it is --------------------------------------------------------------------------

    def _judge(self, path: str, index: int, number: int, call: Call) -> Outbound | None:
        target = self._target(path, index, call.callee)
        last = call.callee.rpartition(".")[2]
        if target is not None and last in VERBS:
            target = self._sessions.overridden(target, last) or target
        if target is None or target.kind is not RefKind.EXTERNAL or call.callee.startswith("super()"):
            return None
        known = wait_of(target.name)
        if known is None and (_STUB.search(target.name) or self._is_stub(target)) and not _STAYS_OPEN.match(last):
            known = target.name, Wait(position=1)
        if known is None:
            return None
        name, wait = known
        return self._outbound(path, index, number, call, target, name, wait)

    def _handed(self, path: str, index: int, number: int, call: Call, position: int) -> Outbound | None:
        if len(call.args) <= position or call.args[position][:1] in "'\"#?[{(":
            return None
        subject = call.args[position]
        if subject.rpartition(".")[2] not in LAST_NAMES or (target := self._target(path, index, subject)) is None:
            return None
        known = wait_of(target.name)
        if known is None or known[1].builds:
            return None
        inner = msgspec.structs.replace(call, callee=subject, args=call.args[position + 1 :])
        return msgspec.structs.replace(self._outbound(path, index, number, inner, target, *known), handed_over=call.callee.rpartition(".")[2])

    def _outbound(self, path: str, index: int, number: int, call: Call, target: Ref, name: str, wait: Wait) -> Outbound:
        limit, seconds, evidence = self._limit(path, index, number, call, target, wait, name)
        return Outbound(path, index, number, call, name, wait, limit, seconds, evidence)

    def _target(self, path: str, index: int, callee: str) -> Ref | None:
        target = self._resolver.value(path, index, callee)
        base, _, last = callee.rpartition(".")
        if target is None and (last in VERBS or last.startswith("insert_rows")) and (_CLIENT_NAMES.search(base.lower()) or base[:1] == "#"):
            receiver = self._handed_out.value(path, index, base)
            target = self._resolver.attribute(receiver, last) if receiver is not None else None
        return target

    def _is_stub(self, target: Ref) -> bool:
        held = target.receiver
        return held is not None and held.kind is RefKind.INSTANCE and held.path.endswith("_pb2_grpc.py") and held.name.endswith("Stub")

    # -- what bounds it ----------------------------------------------------------------------------

    def _limit(self, path: str, index: int, number: int, call: Call, target: Ref, wait: Wait, name: str) -> Ruling:
        body = self._project.modules[path].bodies[index]
        if any(value.startswith("*") for value in call.args) and wait.position >= 0:
            return Ruling(Limit.UNKNOWN)
        given = self._by_session(path, index, body, call, wait.session) if wait.session else self._given(path, index, body, call, wait)
        if given is not None and given.limit is Limit.EXPLICIT and wait.none_is_default:
            given = None
        passed = any(keyword in wait.keywords for keyword, _ in call.keywords)
        if given is not None and (given.limit is not Limit.MISSING or (passed and not name.startswith("requests."))):
            return given
        if self._renamed(path, index, call.callee, name) or self._bounded_around(path, index, body, number, call) or (wait.by_socket and self._socket_default):
            return Ruling(Limit.UNKNOWN)
        if wait.peer is Peer.STORE and any("timeout" in value.lower() for value in call.args):
            return Ruling(Limit.GIVEN)  # in the address
        held = target.receiver
        if name.startswith("requests."):
            if self._sessions.patched:
                return Ruling(Limit.GIVEN)
            if held is not None and (bounds := self._sessions.bounds(held)) is not Bounds.NONE:
                return Ruling(Limit.GIVEN if bounds is Bounds.GIVEN else Limit.UNKNOWN)
        made: tuple[Evidence, ...] = given.evidence if given is not None else ()
        client = name.rpartition(".")[0]
        if client in _CLIENTS_WITH_DEFAULT:
            if target.origin is None:
                return Ruling(Limit.UNKNOWN)
            given = self._by_client(target.origin, client)
            if given is not None:
                return given
        if target.origin is not None and (target.origin.path, target.origin.function) != (path, index):
            made = (*made, self._place(target.origin, "made here, without a timeout of its own"))
        return Ruling(Limit.MISSING if wait.default is None else Limit.DEFAULT, wait.default, made)

    def _given(self, path: str, index: int, body: Body, call: Call, wait: Wait) -> Ruling | None:
        for keyword, value in call.keywords:
            if keyword in wait.keywords:
                return self._value(path, index, value)
        if 0 <= wait.position < len(call.args):
            return self._value(path, index, call.args[wait.position])
        unpacked = [value for keyword, value in call.keywords if keyword == "**"]
        for value in unpacked:
            if (found := self._unpacked(path, index, body, value, wait)) is not None:
                return found
        return None

    def _by_session(self, path: str, index: int, body: Body, call: Call, keyword: str) -> Ruling | None:
        """A client that sends through a session of requests; without one it makes a plain session of its own."""
        keywords = dict(call.keywords)
        text = keywords.get(keyword, "")
        if unpacked := keywords.get("**", ""):
            values = [unpacked, *(assign.value for assign in body.assigns if assign.target == unpacked)]
            items = [item.partition(":") for value in values if value.startswith("{") for item in split(value[1:-1])]
            text = text or next((value for key, _, value in items if key == f"'{keyword}'"), "?")
        if not text:
            return None
        session = self._resolver.value(path, index, text)
        if session is None:
            return Ruling(Limit.UNKNOWN)
        bounds = self._sessions.bounds(session)
        if bounds is not Bounds.NONE:
            return Ruling(Limit.GIVEN if bounds is Bounds.GIVEN else Limit.UNKNOWN)
        return Ruling(Limit.MISSING, None, (self._place(session.origin, "the session is made here, without a timeout of its own"),) if session.origin else ())

    def _value(self, path: str, index: int, text: str) -> Ruling:
        if text == "None":
            return Ruling(Limit.EXPLICIT)
        if (number := constant_number(text)) is not None:
            return Ruling(Limit.GIVEN, number)
        if text[:1] == "[" and len(parts := split(text[1:-1])) == 2:
            if parts[1] == "None":
                return Ruling(Limit.EXPLICIT)
            return Ruling(Limit.GIVEN, constant_number(parts[1]))
        if text[:1] == "%" and text[1:].isidentifier():
            return self._of_parameter(path, index, text[1:]) or Ruling(Limit.GIVEN)
        if text.isidentifier():
            module = self._project.modules[path]
            kind, place = module.names.get(text, ("", 0))
            values = {assign.value for body in module.bodies for assign in body.assigns if assign.target == text}
            if kind == "assign" and len(values) == 1:
                value = module.bodies[0].assigns[place].value
                return Ruling(Limit.EXPLICIT if value == "None" else Limit.GIVEN, constant_number(value))
        if text[:1] == "#" and text[1:].isdigit():
            return self._built(path, index, int(text[1:]))
        return Ruling(Limit.GIVEN)

    def _built(self, path: str, index: int, number: int) -> Ruling:
        """A timeout object: ``httpx.Timeout(None)``, ``aiohttp.ClientTimeout(total=None)``."""
        call = self._project.modules[path].bodies[index].calls[number]
        target = self._resolver.value(path, index, call.callee)
        name = target.name if target is not None else ""
        values = [value for _, value in call.keywords]
        if name == "httpx.Timeout" and call.args == ("None",) and not values:
            return Ruling(Limit.EXPLICIT)
        if name == "aiohttp.ClientTimeout":
            if not call.args and not values:
                return Ruling(Limit.DEFAULT, 300.0)
            if (call.args[:1] or (dict(call.keywords).get("total", ""),))[0] == "None" and all(value == "None" for value in (*call.args, *values)):
                return Ruling(Limit.EXPLICIT)
        first = call.args[0] if call.args else dict(call.keywords).get("total", dict(call.keywords).get("timeout", ""))
        return Ruling(Limit.GIVEN, constant_number(first))

    def _of_parameter(self, path: str, index: int, name: str) -> Ruling | None:
        """A parameter that is None by default and that no known caller sets."""
        head = self._project.modules[path].functions[index]
        parameter = next((found for found in head.parameters if found.name == name), None)
        if parameter is None or any(assign.target == f"%{name}" for assign in self._project.modules[path].bodies[index].assigns):
            return None
        if parameter.default != "None":
            return Ruling(Limit.GIVEN, constant_number(parameter.default))
        return self._by_callers(path, index, name, "None")

    def _by_callers(self, path: str, index: int, name: str, absent: str) -> Ruling:
        head = self._project.modules[path].functions[index]
        callers = self._project.calls.callers((path, index))
        if not callers or head.decorators:
            return Ruling(Limit.UNKNOWN)
        for _, edge in callers:
            if absent:
                passed = argument(head, edge.call, name, bound=edge.target.receiver is not None)
            else:
                keywords = dict(edge.call.keywords)
                passed = "?" if "**" in keywords else keywords.get(name, "")
            if passed != absent:
                return Ruling(Limit.UNKNOWN)
        (caller, _), edge = callers[0]
        return Ruling(Limit.MISSING, None, (Evidence(caller, edge.call.line, "calls it without a timeout"),))

    def _unpacked(self, path: str, index: int, body: Body, text: str, wait: Wait) -> Ruling | None:
        names = [f"'{keyword}'" for keyword in wait.keywords] + [f"{keyword}=" for keyword in wait.keywords]
        if any(name in text for name in names):
            return Ruling(Limit.GIVEN)
        for assign in body.assigns:
            if assign.target.startswith(f"{text}[") and any(name in assign.target for name in names):
                return Ruling(Limit.GIVEN)
        for call in body.calls:
            if call.callee not in (f"{text}.setdefault", f"{text}.update"):
                continue
            said = (*call.args, *(f"{key}=" for key, _ in call.keywords))
            if any(name in value for value in said for name in names):
                return Ruling(Limit.GIVEN)
        if text[:1] == "{" and "**" not in text and "..." not in text:
            return None
        if text[:1] == "#" and text[1:].isdigit() and self._gives_plain_options(path, index, text):
            return None
        head = self._project.modules[path].functions[index]
        if any(parameter.kind is ParameterKind.VAR_KEYWORD and text == f"%{parameter.name}" for parameter in head.parameters):
            changed = any(assign.target == text or assign.target.startswith(f"{text}[?") for assign in body.assigns)
            handed_on = any(text in call.args for call in body.calls)
            return Ruling(Limit.UNKNOWN) if changed or handed_on else self._by_callers(path, index, "timeout", "")
        return Ruling(Limit.UNKNOWN)

    def _gives_plain_options(self, path: str, index: int, text: str) -> bool:
        """The result of a project function that builds a dictionary by hand and never speaks of a timeout."""
        made = self._resolver.value(path, index, self._project.modules[path].bodies[index].calls[int(text[1:])].callee)
        if made is None or made.kind is not RefKind.FUNCTION or self._sessions.speaks_of_timeout(*made.function):
            return False
        body = self._project.calls.body(made.function)
        built = {assign.target for assign in body.assigns if assign.value.startswith("{") and "**" not in assign.value and "..." not in assign.value}
        changed = {call.callee.rpartition(".")[0] for call in body.calls if call.callee.endswith((".update", ".setdefault"))}
        returned = [found.value for found in body.returns]
        return bool(returned) and all(value in built - changed or (value.startswith("{") and "**" not in value and "..." not in value) for value in returned)

    def _by_client(self, origin: Origin, client: str) -> Ruling | None:
        """What the call that made a client says; None if it leaves the default."""
        body = self._project.modules[origin.path].bodies[origin.function]
        call = body.calls[origin.call]
        if client.startswith("httpx"):
            return Ruling(Limit.GIVEN)  # judged where it is built
        if any(keyword in ("connector_owner", "request_class") for keyword, _ in call.keywords):
            return Ruling(Limit.UNKNOWN)
        found = self._given(origin.path, origin.function, body, call, Wait(("timeout", "read_timeout", "conn_timeout")))
        if found is not None and found[0] is Limit.EXPLICIT:
            return Ruling(Limit.EXPLICIT, None, (self._place(origin, "made here with `timeout=None`"),))
        return found

    def _renamed(self, path: str, index: int, callee: str, name: str) -> bool:
        """The callee's own name is not the function's: a ``functools.partial`` or a choice may have bound arguments."""
        last = callee.rpartition(".")[2]
        if last == name.rpartition(".")[2]:
            return False
        module = self._project.modules[path]
        return not any(found.name == last for found in (*module.facts.imports, *module.imports_in(index)))

    def _bounded_around(self, path: str, index: int, body: Body, number: int, call: Call) -> bool:
        for _, block in around(body, call.block):
            if block.kind is BlockKind.WITH and (parsed := parse(block.subject)) is not None and parsed.root[:1] == "#":
                callee = body.calls[int(parsed.root[1:])].callee
                entered = self._resolver.value(path, index, callee)
                if callee.rpartition(".")[2].lower() in ("timeout", "time_limit", "timelimit") or (entered is not None and entered.name in DEADLINE_BLOCKS):
                    return True
        if (path, index) not in self._bounds:
            self._bounds[path, index] = _bounds_in(body)
        bounded = self._bounds[path, index]
        if bounded is None or (call.use is Use.ARGUMENT and f"#{number}" in bounded):
            return True
        head = self._project.modules[path].functions[index]
        return any("timeout" in self._decorator_name(path, head.scope, text) for text in head.decorators)

    def _decorator_name(self, path: str, scope: int, text: str) -> str:
        number = text[1:]
        return (self._project.modules[path].bodies[scope].calls[int(number)].callee if text[:1] == "#" and number.isdigit() else text).lower()

    def _place(self, origin: Origin, message: str) -> Evidence:
        return Evidence(origin.path, self._project.modules[origin.path].bodies[origin.function].calls[origin.call].line, message)


def _bounds_in(body: Body) -> frozenset[str] | None:
    awaited: set[str] = set()
    for call in body.calls:
        last = call.callee.rpartition(".")[2]
        if last in ("alarm", "setitimer") and call.callee.startswith("signal."):
            return None
        if last == "wait_for":
            awaited.update(call.args[:1])
    return frozenset(awaited)
