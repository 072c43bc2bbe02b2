"""Loops that run once for each item of something, and what in them depends on the item."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.python import Assign, Block, BlockKind, Body, Call
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.blocks import around, inside
from backend_lint.project.queries.django_names import REFINING
from backend_lint.project.value_text import alternatives, call_ids, constant_number, parse, split, without_strings

if TYPE_CHECKING:
    from backend_lint.project.modules import SourceModule

_ITEMS = frozenset({BlockKind.FOR, BlockKind.COMPREHENSION})
_WRAPPERS = ("enumerate(", "list(", "set(", "sorted(", "tuple(", "reversed(", "iter(", "frozenset(", "filter(", "max(", "min(", "dict(")
_VIEWS = frozenset({"items", "values", "keys", "copy"})
_PIECES = lazy_regex(r"chunk|batch|page|slice|window|partition|grouper|retr(?:y|ies)|attempt|backoff|islice|paginat|shard|bucket", re.IGNORECASE)
"""Names of what goes over portions or tries, not over items."""
_KINDS = lazy_regex(
    r"(?:^|_)(?:types?|kinds?|levels?|roles?|formats?|languages?|locales?|lang|races?|genders?|days?|months?|years?|weekdays?|quarters?|periods?|status(?:es)?"
    r"|choices?|columns?|fields?|col|settings?|options?|providers?|backends?|models?|class(?:es)?|cls|tables?|env|envs|queues?|currenc(?:y|ies)|units?|metrics?"
    r"|stages?|phases?|tiers?|sections?|tabs?|modes?|sides?|directions?|features?|plugins?|schemas?|dbs?|databases?|alias(?:es)?|relation|prefix|suffix"
    r"|param|params|keys?|attrs?|attributes?|ordering|facets?)$"
)
"""Names of what a program knows a handful of."""
_ENDLESS = frozenset({"itertools.count", "itertools.repeat", "itertools.cycle", "count", "repeat", "cycle"})
_FEW = 10
"""Items that somebody wrote down."""
_MAX_DEPTH = 8
_SUBJECTS = frozenset({"select", "query", "aliased", "update", "delete", "insert"})
_CLASS = lazy_regex(r"\btype\(|\.(?:model|__class__|_meta)\b|\bget_model\b")
"""Values that are a class: what is asked about, not what for."""
_IS_CALL = lazy_regex(r"#(\d+)(?!\d)")
_LOCALS = lazy_regex(r"%(\w+)")


class Loop(msgspec.Struct, frozen=True):
    """A loop over items nobody has counted. `number`: its block; `source`: what is iterated, wrappers taken off."""

    number: int
    block: Block
    source: str

    @property
    def element(self) -> str:
        """The value text of an item where the source is one value."""
        return f"{self.block.subject}[]"


def loop_of(number: int, block: Block) -> Loop:
    """A block as a loop, whatever it goes over."""
    return Loop(number, block, unwrapped(block.subject))


def loops_around(module: SourceModule, function: int, block: int) -> Iterator[Loop]:
    """The loops around a block that run once an item, innermost first; loops over portions, over tries and over a few written items are left out."""
    body = module.bodies[function]
    for number, found in around(body, block):
        if found.kind is BlockKind.LAMBDA:
            return
        if found.kind in _ITEMS and (source := counted(module, function, found)):
            yield Loop(number, found, source)


def counted(module: SourceModule, function: int, block: Block) -> str:
    """What a loop goes over, if nobody knows how many items that has; empty for portions, tries and a few written items."""
    if _PIECES.search(block.target) or block.target == "_" or _KINDS.search(block.target):
        return ""
    body = module.bodies[function]
    source = unwrapped(block.subject)
    for _ in range(_MAX_DEPTH):
        outer, source = source, _inner(module, function, body, source)
        if not source:
            return ""
        if source == outer:
            break
    return source


def unwrapped(source: str) -> str:
    """What ``list(x)``, ``enumerate(x)``, ``sorted(x, key=...)`` go over.

    >>> unwrapped("enumerate(sorted(#1,key=lambda:%x.a))")
    '#1'
    """
    for _ in range(_MAX_DEPTH):
        wrapper = next((one for one in _WRAPPERS if source.startswith(one)), "")
        if not wrapper or source[-1:] != ")":
            return source
        parts = split(source[len(wrapper) : -1])
        source = parts[-1 if wrapper == "filter(" else 0] if parts else ""
    return source


def _inner(module: SourceModule, function: int, body: Body, source: str) -> str:
    """One step closer to where the items come from; empty if they are few or no items."""
    if not source or source[0] in "'\"":
        return ""
    if source.startswith("range("):
        parts = split(source[6:-1])
        if len(parts) > 2 or all(constant_number(part) is not None for part in parts):
            return ""
        return source if any("len(" in part for part in parts) else ""
    if source[0] == "[" and source[-1] == "]":
        return _display(module, function, body, source)
    if source[0] == "{":
        return "" if source.count(":") <= _FEW and "**" not in source else source
    if "[:" in source and (few := re.search(r"\[:(\d+)\]$", source)) and int(few.group(1)) <= _FEW:
        return ""
    bare = without_strings(source)
    if bare.rpartition(".")[2].replace("_", "").isupper() or _is_class_constant(module, function, source):
        return ""
    parsed = parse(source)
    if parsed is None:
        return source
    if parsed.root[0] == "#" and parsed.root[1:].isdigit() and not parsed.steps:
        return _called(body.calls[int(parsed.root[1:])], source)
    if parsed.root[0] == "%" and not parsed.steps:
        return _local(module, function, parsed.root, source)
    if parsed.root.isidentifier():
        return _global(module, parsed.root, bool(parsed.steps), parsed.steps[-1][1:] if parsed.steps else "", source)
    return source


def _is_class_constant(module: SourceModule, function: int, source: str) -> bool:
    """``self.names``, written down in the class."""
    owner = module.functions[function].owner
    if owner < 0 or not source.startswith(("%self.", "%cls.")):
        return False
    name = source.partition(".")[2]
    held = [one.value for one in module.classes[owner].attributes if one.name == name]
    return bool(held) and all(value[:1] in ("[", "{") and value not in ("[]", "{}") for value in held)


def _display(module: SourceModule, function: int, body: Body, source: str) -> str:
    items = split(source[1:-1])
    spread = [item for item in items if item.startswith("*")]
    if not spread:
        return source if "..." in items else ""
    if len(items) == 1 and (parsed := parse(spread[0][1:])) is not None and "[]" in parsed.steps:
        # a comprehension has as many items as what it goes over
        steps = parsed.steps[: parsed.steps.index("[]")]
        return unwrapped(parsed.root + "".join(steps))
    return source


def _called(call: Call, source: str) -> str:
    receiver, _, method = call.callee.rpartition(".")
    if call.callee in _ENDLESS or _PIECES.search(method):
        return ""
    if method in _VIEWS and receiver and not call.args:
        return unwrapped(receiver)
    return "" if method == "groupby" else source


def _local(module: SourceModule, function: int, name: str, source: str) -> str:
    head = module.functions[function]
    if any(parameter.name == name[1:] for parameter in head.parameters):
        return source
    assigns = [assign for assign in module.assigns_to(function, name) if not assign.augmented and assign.value not in ("?", "None")]
    grown = any(call.callee.rpartition(".")[0] == name and call.callee.rpartition(".")[2] in _GROWS for call in module.bodies[function].calls)
    if grown or len(assigns) != 1 or not assigns[0].value or assigns[0].value == source:
        return source
    return unwrapped(assigns[0].value)


_GROWS = frozenset({"append", "extend", "add", "update", "insert", "setdefault"})


def _global(module: SourceModule, name: str, is_attribute: bool, last: str, source: str) -> str:
    if is_attribute:
        return "" if last.isupper() else source
    kind, number = module.names.get(name, ("", 0))
    if kind == "class":
        return ""
    if kind == "assign":
        return "" if unwrapped(module.bodies[0].assigns[number].value)[:1] in ("[", "{", "'", '"') else source
    if kind == "import" and module.facts.imports[number].member[:1].isupper():
        return ""
    return source


class Dependence:
    """Which values of a function depend on some of its locals: the item of a loop, or a parameter."""

    def __init__(self, body: Body, names: frozenset[str], elements: tuple[str, ...] = (), region: int = 0) -> None:
        """`names` with ``%`` in front; `elements`: value texts that depend; `region`: the block in which they do."""
        self._body = body
        self._names = set(names)
        self._elements = elements
        self._region = region
        self._calls: dict[int, bool] = {}
        for assign in body.assigns:
            if assign.target[:1] != "%" or assign.target in self._names or assign.value == assign.target:
                continue
            if inside(body, assign.block, region) and self.of(assign.value):
                self._names.add(assign.target)
                self._calls.clear()

    @classmethod
    def on_item(cls, body: Body, loop: Loop) -> Dependence:
        """On the item of a loop, or on anything the loop binds."""
        names = {assign.target for assign in body.assigns if assign.target[:1] == "%" and _binds(loop, assign)}
        if loop.block.target:
            names.add("%" + loop.block.target)
        return cls(body, frozenset(names), (*(f"{option}[]" for option in alternatives(loop.block.subject)), loop.element), loop.number)

    def of(self, text: str) -> bool:
        """Whether a value depends on them."""
        if any(element in text for element in self._elements):
            return True
        bare = without_strings(text)
        if any("%" + name in self._names for name in _LOCALS.findall(bare)):
            return True
        return any(self.of_call(number) for number in call_ids(bare) if number < len(self._body.calls))

    def is_keyed(self, number: int, depth: int = 0) -> bool:
        """Whether a call asks about them: they stand among its arguments or in those of what it is built on, but not as what is asked (a model, a session)."""
        call = self._body.calls[number]
        receiver, _, method = call.callee.rpartition(".")
        if not depth and (manager := manager_of(self._body, receiver)) and self.of(manager):
            return False  # another table for each item
        texts = (*call.args, *(value for _, value in call.keywords))
        if depth > _MAX_DEPTH or self._varies(number, depth):
            return False
        if method not in _SUBJECTS and any(self.of(text) for text in texts if not _IS_CALL.fullmatch(text)):
            return True
        inner = [int(match.group(1)) for text in (receiver, *texts) if (match := _IS_CALL.match(text))]
        if any(self.is_keyed(one, depth + 1) for one in inner if one < len(self._body.calls)):
            return True
        # an attribute of the item, such as a related manager
        return receiver.count(".") > 0 and not receiver.endswith(".objects") and self.of(receiver) and not _IS_CALL.match(receiver)

    def _varies(self, number: int, depth: int) -> bool:
        """Each round asks about something else: another table, another session, other columns."""
        call = self._body.calls[number]
        receiver, _, method = call.callee.rpartition(".")
        if any((method in _SUBJECTS or _CLASS.search(text)) and self.of(text) for text in call.args):
            return True
        if any(name == "**" and any(self.of(key) for key in _keys(value)) for name, value in call.keywords):
            return True  # other columns
        inner = [int(match.group(1)) for text in (receiver, *call.args) if (match := _IS_CALL.match(text))]
        return depth < _MAX_DEPTH and any(self._varies(one, depth + 1) for one in inner if one < number)

    def of_call(self, number: int) -> bool:
        """Whether the result of a call does."""
        if number not in self._calls:
            self._calls[number] = False
            call = self._body.calls[number]
            if inside(self._body, call.block, self._region):
                texts = (call.callee, *call.args, *(value for _, value in call.keywords))
                self._calls[number] = any(self.of(text) for text in texts)
        return self._calls[number]


_KEY = lazy_regex(r"\s*(f?'[^']*'|f?\"[^\"]*\"|[^:]+):")


def _keys(value: str) -> list[str]:
    """The keys of a mapping's text; the text itself if it is no display."""
    if value[:1] != "{":
        return [value]
    return [found.group(1) for part in split(value[1:-1]) if (found := _KEY.match(part))]


def manager_of(body: Body, value: str) -> str:
    """Django: the manager ``Model.objects`` that the calls which a value is made of begin with; empty if they begin otherwise."""
    while (made := _IS_CALL.fullmatch(value)) is not None:
        value, _, method = body.calls[int(made.group(1))].callee.rpartition(".")
        if method not in REFINING:
            return ""
    return value if value.endswith((".objects", "._default_manager", "._base_manager")) else ""


def _binds(loop: Loop, assign: Assign) -> bool:
    """The loop itself binds the name."""
    return assign.line == loop.block.line and assign.block == loop.block.parent


def leaves_at_once(body: Body, loop: Loop) -> bool:
    """The loop ends in its first round whatever happens, or as soon as one succeeds: a ``break`` or ``return`` stands in its body, or in a ``try`` of it."""
    if loop.block.kind is not BlockKind.FOR:
        return False
    if any(one.block == loop.number for one in body.raises) or any(_to_loop(body, block, loop.number, _PLAIN) for _, block in body.breaks):
        return True
    return any(_to_loop(body, one.block, loop.number, _PASSED) for one in body.returns)


_PLAIN = frozenset({BlockKind.TRY, BlockKind.WITH})
_PASSED = frozenset({*_PLAIN, BlockKind.FOR})
"""What a ``return`` that comes each time leaves on its way: inner loops too."""


def _to_loop(body: Body, block: int, loop: int, passed: frozenset[BlockKind]) -> bool:
    """Nothing but these blocks stands between the block and the loop."""
    while block != loop and block > 0 and body.blocks[block].kind in passed:
        block = body.blocks[block].parent
    return block == loop
