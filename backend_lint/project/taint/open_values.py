"""Values that nobody has looked at, wherever they come from: parameters that callers fill, results of other programs, what a process was started with."""

from __future__ import annotations

import builtins
import re
import sys
from typing import TYPE_CHECKING

from backend_lint.facts.python import Block, Call, Parameter
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.references import RefKind
from backend_lint.project.taint.library import CHECKING, KEEPING, PASSES, SINKS, Danger
from backend_lint.project.taint.passing import argument, carries, shift_of
from backend_lint.project.taint.sources import is_request
from backend_lint.project.taint.values import INLINE, parts, root_and_rest
from backend_lint.project.value_text import alternatives, closing, names_this_machine, split

if TYPE_CHECKING:
    from backend_lint.project import FunctionKey, Project
    from backend_lint.project.taint.flows import Flows

_MAX_DEPTH = 12
_MAX_HOPS = 3
_MAX_CALLERS = 8
_MAX_TEXT = 4000
_TEXTS = frozenset("str bytes dict list tuple Any object Dict List Mapping AnyStr Text IO BinaryIO Sequence Iterable StrPath PathLike".split())
_FIXED = lazy_regex(
    "|".join(CHECKING)
    + r"|literal|ident|^(?:uuid\d|hexdigest|digest|urlencode|isoformat|strftime|count|index|now|utcnow|today|time|mkdtemp|mkstemp|gettempdir|getpid|dumps|"
    r"cpu_count|dirname|abspath|realpath|resolve|which|get_object|get_tablespace\w*|as_sql|as_string|token_\w+|randint|choice|getsize|parse|strptime|"
    r"timestamp|total_seconds|get_random_string|reverse|url_for|u?gettext|_|int|float|len|Decimal)$",
    re.IGNORECASE,
)
"""Functions whose result cannot be chosen freely by who calls, or is made harmless."""
_PASSING = frozenset(name.rpartition(".")[2] for name in PASSES if "." in name)
"""The same without their modules: what a star import, or nothing that is seen, binds."""
_FILLING = frozenset({"format", "join", "replace", "joinpath", "substitute", "safe_substitute", "format_map"})
_STARTED_WITH = {"sys.argv": "the command line", "os.environ": "the environment", "os.environb": "the environment"}
_ARGUMENTS = frozenset({"parse_args", "parse_known_args", "getopt", "gnu_getopt"})
_GETOPT = frozenset({"getopt", "gnu_getopt"})
_ENVIRONMENT = frozenset({"os.getenv", "os.environ.get", "os.environ.pop"})
_NUMBERS = lazy_regex(r"%[dif]|:[\d.]*[dfeg]")


class OpenValues:
    """Looks for a part of a value that is neither constant nor checked."""

    def __init__(self, project: Project, flows: Flows) -> None:
        self._project = project
        self._flows = flows
        self._known: dict[tuple[FunctionKey, str], str] = {}

    def first(self, key: FunctionKey, text: str, hops: int = 0, depth: int = 0) -> str:
        """How the first such part is to be shown: ``parameter `name` ``; empty if there is none, or nothing is known."""
        if depth > _MAX_DEPTH or not text or len(text) > _MAX_TEXT:
            return ""
        memo = (key, text)
        if memo not in self._known:
            self._known[memo] = ""  # what leads back to itself adds nothing
            self._known[memo] = "" if self._flows.checks(key).covers(text) else self._of(key, text, hops, depth)
        return self._known[memo]

    def _of(self, key: FunctionKey, text: str, hops: int, depth: int) -> str:
        inner = parts(text)
        if inner is not None:
            return next((shown for part in inner if (shown := self.first(key, part, hops, depth + 1))), "")
        root, rest = root_and_rest(text)
        if not root:
            return ""
        if root[0] == "%":
            return self._of_local(key, root, rest, hops, depth)
        if root[0] == "#":
            return self._of_call(key, int(root[1:]), rest, hops, depth) if root[1:].isdigit() else ""
        if root in INLINE and rest[:1] == "(":
            items = split(rest[1 : closing(rest, 0) - 1])
            return next((shown for item in items if (shown := self.first(key, item, hops, depth + 1))), "")
        if root[0] in "([{'":
            return self.first(key, root, hops, depth + 1) if carries(rest) else ""
        return self._of_name(key, root, rest, hops, depth)

    def _of_local(self, key: FunctionKey, root: str, rest: str, hops: int, depth: int) -> str:
        name = root[1:]
        if name in ("self", "cls") or (rest and not carries(rest)):
            return ""
        head, body = self._project.calls.head(key), self._project.calls.body(key)
        assigns = [one.value for one in self._project.modules[key[0]].assigns_to(key[1], root) if one.value not in ("", root, "?")]
        subjects = [block.subject for block in body.blocks if block.target and name in block.target.split(",") and not self._is_option(key, block, name)]
        for value in (*assigns, *subjects):
            if shown := self.first(key, value, hops, depth + 1):
                return shown
        parameter = next((one for one in head.parameters if one.name == name), None)
        if parameter is not None:
            return self._of_parameter(key, parameter, hops, depth)
        if not assigns and not subjects and head.scope > 0:
            return self.first((key[0], head.scope), root + rest, hops, depth + 1)
        return ""

    def _is_option(self, key: FunctionKey, block: Block, name: str) -> bool:
        """The first of each pair that ``getopt`` found: one of the options that the code names."""
        return name == block.target.partition(",")[0] != block.target and self._is_parsed(key, block.subject)

    def _is_parsed(self, key: FunctionKey, subject: str) -> bool:
        name = subject.removeprefix("%")
        if name.isidentifier():
            return any(self._is_parsed(key, one.value) for one in self._project.modules[key[0]].assigns_to(key[1], subject) if one.value != subject)
        number = subject[1:].removesuffix("[0]")
        calls = self._project.calls.body(key).calls
        return subject.endswith("[0]") and number.isdigit() and int(number) < len(calls) and calls[int(number)].callee.rpartition(".")[2] in _GETOPT

    def _of_parameter(self, key: FunctionKey, parameter: Parameter, hops: int, depth: int) -> str:
        if not _is_open(parameter):
            return ""
        shown = f"parameter `{parameter.name}`"
        callers = list(self._flows.handed(key, parameter.name))[:_MAX_CALLERS]
        if not callers:
            return shown
        if hops >= _MAX_HOPS:
            return ""
        return shown if any(self.first(caller, value, hops + 1, depth + 1) for caller, value, _ in callers) else ""

    def _of_call(self, key: FunctionKey, number: int, rest: str, hops: int, depth: int) -> str:
        body = self._project.calls.body(key)
        if number >= len(body.calls):
            return ""
        call = body.calls[number]
        receiver, _, method = call.callee.rpartition(".")
        if method in _ARGUMENTS:
            return "what the command line holds"
        if not carries(rest):
            return ""
        if _FIXED.search(method) and method not in KEEPING:
            return ""
        ref = self._project.value(*key, call.callee)
        if ref is not None and ref.kind is RefKind.FUNCTION:
            return self._through(key, call, ref.function, hops, depth)
        if ref is not None and not ref.is_external:
            return ""
        name = ref.name if ref is not None else call.callee
        if name in _ENVIRONMENT:
            return "what the environment holds"
        sink = SINKS.get(name)
        if sink is not None and sink.danger is Danger.URL:
            return "" if names_this_machine(*call.args) else f"what `{name}` answers"
        handed = (*call.args, *(value for _, value in call.keywords))
        if name in PASSES or name.removesuffix("()") in PASSES or (name == call.callee and name in _PASSING):
            return next((shown for value in handed if (shown := self.first(key, value, hops, depth + 1))), "")
        if receiver and method in KEEPING:
            values = (receiver, *handed) if method in _FILLING else (receiver,)
            return next((shown for value in values if (shown := self.first(key, value, hops, depth + 1))), "")
        if name == "input" or (not receiver and not hasattr(builtins, name) and name.partition(".")[0] not in sys.stdlib_module_names) or method == "recv":
            return f"what `{method}` returns" if method[:1] != "#" else "the result of a function"
        return self.first(key, receiver.partition(".")[0], hops, depth + 1) if name == call.callee and receiver[:1].isalpha() else ""

    def _through(self, key: FunctionKey, call: Call, callee: FunctionKey, hops: int, depth: int) -> str:
        head = self._project.calls.head(callee)
        for origin in self._flows.returned(callee):
            value = argument(head, call, origin.name, shift_of(head, call.callee)) if origin.source is None else ""
            if value and (shown := self.first(key, value, hops, depth + 1)):
                return shown
        return ""

    def _of_name(self, key: FunctionKey, root: str, rest: str, hops: int, depth: int) -> str:
        whole = root + rest
        for known, said in _STARTED_WITH.items():
            if whole.startswith(known) and not whole[len(known) : len(known) + 1].isidentifier():
                return f"what {said} holds"
        name = root.partition(".")[0]
        if name == "request" and name not in self._project.modules[key[0]].names and is_request(whole):
            return f"`{whole}`"
        if name != root or not carries(rest) or name.isupper():
            return ""
        module = self._project.modules[key[0]]
        if name not in module.names:
            ref = self._project.value(*key, name)
            return f"`{name}`" if ref is None or (ref.is_external and ref.name == name and not hasattr(builtins, name)) else ""
        assigns = [one.value for one in module.bodies[0].assigns if one.target == name and one.value not in ("", "?", name)]
        return next((shown for value in assigns if (shown := self.first((key[0], 0), value, hops, depth + 1))), "")


def _is_open(parameter: Parameter) -> bool:
    """Nobody says that it is a number or one of a few words."""
    if parameter.name.isupper() or (parameter.default[:1] in "([{" and parameter.default):
        return False
    options = [one for one in alternatives(parameter.annotation.replace("||", "|")) if one not in ("", "None")]
    names = [one.partition("[")[0].rpartition(".")[2] for one in options]
    return all(name in _TEXTS or name in ("Optional", "Union") for name in names) and not parameter.default.lstrip("-").isdigit()

