"""What a ``try`` body attempts: only reading and converting values at hand, giving something back, or real work."""

from __future__ import annotations

import enum
import re
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.python import Body, Call, Handler
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.failures import calls_in, is_cleanup
from backend_lint.project.libraries import Effect
from backend_lint.project.loggers import log_call
from backend_lint.project.name_words import leading, words
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.responses import FRAMEWORKS
from backend_lint.project.value_text import constant_string

if TYPE_CHECKING:
    from backend_lint.project import Project, SourceModule


class Attempt(enum.IntEnum):
    """From harmless to real work."""

    NOTHING = 0
    """No call: attributes, elements, arithmetic."""
    CONVERSION = 1
    """Parsing and converting values at hand."""
    CLEANUP = 2
    """Giving something back, where it does not matter whether it was there."""
    BEST_EFFORT = 3
    """A cache, a metric, a log: the work goes on without it."""
    UNKNOWN = 4
    """Calls of which nothing is known."""
    OWN = 5
    """Functions of the project whose effects are not known."""
    WORK = 6
    """A database, HTTP, a queue, mail, a process, files."""


class Attempted(msgspec.Struct, frozen=True):
    """`kind` of what is attempted, `effects` of all its calls, `call` the most telling one."""

    kind: Attempt
    effects: Effect
    call: Call | None


_REAL = Effect.DATABASE | Effect.COMMIT | Effect.HTTP | Effect.QUEUE | Effect.MAIL | Effect.SUBPROCESS
_TELLING = Effect.LOG | Effect.REPORT
_CONVERTERS = frozenset(
    (
    "json simplejson orjson ujson re datetime uuid ipaddress urllib base64 binascii decimal dateutil math ast yaml toml tomllib tomli inspect "
    "importlib pkg_resources packaging platform email zoneinfo pytz hashlib hmac struct string textwrap html unicodedata codecs locale operator "
    "itertools functools collections copy typing enum dataclasses markupsafe bleach markdown jsonschema jwt jose itsdangerous csv io chardet "
    "charset_normalizer mimetypes magic numpy pandas babel phonenumbers validators semver cron croniter dateparser isodate arrow pendulum "
    "humanize os sys time random secrets builtins types fractions statistics pathlib msgspec pydantic marshmallow lxml bs4 xml feedparser "
    "sqlparse sqlglot tiktoken"
).split()
)
_METHODS = frozenset(
    (
    "get split rsplit strip lstrip rstrip lower upper title decode encode replace format join startswith endswith items keys values append extend "
    "update pop add index find count isdigit isoformat strftime strptime timestamp date time total_seconds group groups match search sub findall "
    "partition rpartition setdefault copy insert remove discard sort reverse as_dict model_dump model_validate dict parse_obj to_python clean "
    "to_dict from_dict loads dumps load dump to_json getlist __getitem__ zfill splitlines astimezone utctimetuple union difference intersection "
    "read_text tolist astype fromisoformat fromtimestamp quantize normalize groupdict getvalue hex removeprefix removesuffix write_text write_bytes mkdir touch"
).split()
)
_PURE_NAMES = leading(
    "parse to as is has can valid validate verify serialize deserialize extract render truncate json from decode encode convert format normalise "
    "normalize get_?attr int str float "
    "coerce cast unquote quote strip clean slugify"
)
_BUILTINS = frozenset(
    (
    "int str float bool bytes list dict set tuple frozenset len sum min max any all sorted reversed enumerate zip map filter range iter next "
    "getattr setattr hasattr isinstance issubclass type repr ord chr abs round divmod pow hash id callable vars dir super object property print "
    "format bytearray memoryview complex hex oct bin slice eval __import__ delattr"
).split()
)
_LASTING = words(
    "save create send execute executemany commit update insert upsert publish post put patch upload write request fetch charge enqueue delay "
    "apply_async add store persist "
    "import sync process run invoke deliver dispatch submit push refund subscribe register assign grant revoke"
)
"""Names of functions that leave something behind or ask somebody else, where nothing more is known of them."""
_GETTER = leading("get")
_SETTINGS = lazy_regex(r"_*(?:get|load|read)_(?:\w+_)?(?:config|configuration|settings?)$")
"""Whoever asks for a setting means to do something else."""
_METRIC = lazy_regex(
    r"(?:^|\.)(?:statsd|metrics?|stats|telemetry|analytics|posthog|mixpanel|segment|newrelic|datadog|prometheus|cache|memcache\w*|redis_cache)(?:\.|$)",
    re.IGNORECASE,
)


def attempted(project: Project, module: SourceModule, function: int, body: Body, handler: Handler) -> Attempted:
    """What the ``try`` body of a clause attempts."""
    worst = Attempt.NOTHING
    effects = Effect.NONE
    telling: Call | None = None
    best = (Attempt.NOTHING, False)
    for _, call in calls_in(body, handler.protected):
        kind, effect = _kind_of(project, module.path, function, call)
        effects |= effect
        if kind >= Attempt.UNKNOWN and (is_cleanup(call.callee) or (call.args and is_cleanup(constant_string(call.args[0]) or ""))):
            kind = Attempt.CLEANUP
        elif kind in (Attempt.UNKNOWN, Attempt.OWN) and _is_lasting(call.callee.rpartition(".")[2]) and not _is_rendered(call):
            kind = Attempt.WORK
        worst = max(kind, worst)
        weight = (kind, bool(effect & _REAL))
        if weight > best or telling is None:
            best, telling = weight, call
    return Attempted(worst, effects, telling)


def tells_itself(project: Project, module: SourceModule, function: int, call: Call) -> bool:
    """Whether the function that is called logs or reports its errors before it lets them rise, itself or one call further down."""
    target = project.value(module.path, function, call.callee)
    pending = [(target.function, 0)] if target is not None and target.kind is RefKind.FUNCTION else []
    while pending:
        key, depth = pending.pop()
        inner = project.calls.body(key)
        edges = project.calls.numbered(key)
        for handler in inner.handlers:
            told = (edges[number].target for number, _ in calls_in(inner, handler.block) if number in edges)
            if handler.raises and any(project.calls.effect(one) & _TELLING for one in told):
                return True
        if depth < 1:
            pending += [(edge.target.function, depth + 1) for edge in edges.values() if edge.target.kind is RefKind.FUNCTION]
    return False


def _is_pure(name: str) -> bool:
    return name in _METHODS or bool(_PURE_NAMES.match(name)) or name.endswith("_json")


def _is_lasting(name: str) -> bool:
    return not name[:1].isupper() and bool(_LASTING.search(name)) and (not _GETTER.search(name) or "create" in name)


def _is_rendered(call: Call) -> bool:
    """``image.save(buffer, format="png")``: a picture or a sheet, written into memory more often than not."""
    return call.callee.endswith(".save") and bool(call.args) and any(key == "format" for key, _ in call.keywords)


def imports_in(module: SourceModule, body: Body, handler: Handler) -> bool:
    """Whether the ``try`` body imports something: an optional dependency."""
    block = body.blocks[handler.protected]
    return any(block.line <= found.line <= block.end_line for found in module.facts.imports)


def _kind_of(project: Project, path: str, function: int, call: Call) -> tuple[Attempt, Effect]:
    target = project.value(path, function, call.callee)
    last = call.callee.rpartition(".")[2]
    if call.callee in _BUILTINS:
        return Attempt.CONVERSION, Effect.NONE
    if target is not None:
        if target.is_external:
            return _kind_of_external(project, target, call, last)
        if target.kind is RefKind.CLASS:
            target = next((edge.target for edge in project.calls.edges((path, function)) if edge.call == call), target)
        if target.kind is RefKind.FUNCTION:
            effect = project.calls.summary(target.function)
            if _SETTINGS.match(last):
                return Attempt.CONVERSION, Effect.NONE
            if effect & _REAL:
                return Attempt.WORK, effect
            if effect & Effect.CACHE:
                return Attempt.BEST_EFFORT, effect
            if effect & Effect.FILE:
                return Attempt.WORK, effect
            return (Attempt.CONVERSION if _is_pure(last) or _only_converts(project, target.function) else Attempt.OWN), effect
        return Attempt.CONVERSION, Effect.NONE
    if log_call(project, path, function, call) is not None or _METRIC.search(call.callee):
        return Attempt.BEST_EFFORT, Effect.NONE
    if _is_pure(last):
        return Attempt.CONVERSION, Effect.NONE
    return Attempt.UNKNOWN, Effect.NONE


def _only_converts(project: Project, key: tuple[str, int], depth: int = 2) -> bool:
    """The function works out a value with conversions alone, up to `depth` calls deep."""
    body = project.calls.body(key)
    if not body.calls or not any(found.value for found in body.returns):
        return False  # maybe a stub that others fill in
    for call in body.calls:
        target = project.value(*key, call.callee)
        if target is not None and target.kind is RefKind.FUNCTION:
            if target.function == key or not depth or not _only_converts(project, target.function, depth - 1):
                return False
        elif _kind_of(project, *key, call)[0] > Attempt.CONVERSION:
            return False
    return True


def _kind_of_external(project: Project, target: Ref, call: Call, last: str) -> tuple[Attempt, Effect]:
    effect = project.calls.effect(target)
    if effect & _REAL:
        return Attempt.WORK, effect
    if effect & Effect.FILE:
        return Attempt.WORK, effect
    if effect & (_TELLING | Effect.CACHE) or _METRIC.search(target.name):
        return Attempt.BEST_EFFORT, effect
    top = target.name.partition(".")[0].partition("(")[0]
    if top in FRAMEWORKS and last[:1].isupper():
        return Attempt.CONVERSION, effect
    if top in _CONVERTERS or top in _BUILTINS or _is_pure(last) or target.name.startswith("django.utils."):
        return Attempt.CONVERSION, effect
    return Attempt.UNKNOWN, effect
