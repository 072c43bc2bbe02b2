"""How a query asks about the item of a loop: by a key that an ``IN`` could ask for together, or in a way that each item needs for itself."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator

from backend_lint.facts.python import Body
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.loading.loops import Dependence
from backend_lint.project.value_text import constant_string, split

_KEYED = frozenset("filter filter_by where get get_or_404 first_or_404 one_or_404 get_or_none get_object_or_404 aget_object_or_404 with_parent".split())
"""Methods that are given conditions, or the key itself."""
_BY_KEY = frozenset("with_parent get get_or_404 get_one get_by_id find_by_id find_one_by_id get_or_none".split())
_JOINS = frozenset({"and_", "or_", "Q", "text", "bindparams", "params", "literal", "cast"})
_STATEMENTS = frozenset(
    "execute exec scalar scalars stream stream_scalars fetch fetchrow fetchval fetchall fetch_one fetch_all fetch_val exec_driver_sql all first".split()
)
"""Methods that are given a statement."""
_DOCUMENTS = frozenset({"find", "find_one", "count_documents", "get_item"})
_EQUAL = lazy_regex(r"(?<![<>!=])==(?!=)")
_OTHERS = lazy_regex(r"[<>~]|!=|\bnot\b")
_RANGE_IN_SQL = lazy_regex(r"[<>]|!=|\b(?:like|ilike|between|limit|over|recursive)\b|\border by\b", re.IGNORECASE)
_SUFFIXES = frozenset(
    (
        "iexact lt lte gt gte range contains icontains startswith istartswith endswith iendswith search regex iregex isnull overlap contained_by has_key "
        "has_keys has_any_keys trigram_similar ne not"
    ).split()
)
_ORDERS = frozenset({"order_by", "aorder_by"})
_PICKS = frozenset({"first", "afirst", "scalar", "scalar_one_or_none", "one_or_none", "fetchone", "first_or_404"})
_NEWEST = frozenset({"latest", "earliest", "alatest", "aearliest", "last", "alast", "limit", "top"})
_MAX_DEPTH = 8
_KEY = lazy_regex(r"('[^']*'|\"[^\"]*\"):")
_CALL = lazy_regex(r"#(\d+)")


class Manner(enum.StrEnum):
    """What asking for all items together takes."""

    EACH = "each"
    """An ``IN``, and a dictionary."""
    COUNT = "count"
    EXISTS = "exists"
    NEWEST = "newest"
    """The first of each: a window function."""
    AGAIN = "again"
    """The item itself is loaded once more."""
    OTHER = "other"
    """No ``IN`` does it, as far as the code shows: a range, a search, a query that another function makes, items that are groups already."""


def manner_of(body: Body, number: int, dependence: Dependence) -> Manner:
    """How call `number` asks about what `dependence` is on."""
    asked = _Asked(body, dependence)
    compared = list(asked.chain(number))
    methods = asked.methods
    if methods[0] in ("refresh", "refresh_from_db", "arefresh_from_db"):
        return Manner.AGAIN
    if not compared or not all(compared):
        return Manner.OTHER
    method = methods[0].removeprefix("a") if methods[0] in ("acount", "aexists", "aaggregate") else methods[0]
    if method in ("count", "aggregate"):
        return Manner.COUNT
    if method == "exists":
        return Manner.EXISTS
    if not _NEWEST.isdisjoint(methods) or (not _ORDERS.isdisjoint(methods) and (method in _PICKS or asked.is_cut())):
        return Manner.NEWEST
    return Manner.EACH


class _Asked:
    """One query: the calls that it is made of."""

    def __init__(self, body: Body, dependence: Dependence) -> None:
        self.body = body
        self.of = dependence.of
        self.methods: list[str] = []
        self.numbers: list[int] = []

    def chain(self, number: int, depth: int = 0) -> Iterator[bool]:
        """Of each condition about the item, in a call and all that it is put behind, whether it is no more than a comparison with a key."""
        call = self.body.calls[number]
        receiver, _, method = call.callee.rpartition(".")
        self.methods.append(method)
        self.numbers.append(number)
        if depth > _MAX_DEPTH:
            yield False
            return
        if (made := _CALL.fullmatch(receiver)) is not None:
            yield from self.chain(int(made.group(1)), depth + 1)
        elif receiver.count(".") and not receiver.endswith(".objects") and self.of(receiver):
            yield True  # what belongs to the item
        if not any(self.of(text) for text in (*call.args, *(text for _, text in call.keywords))):
            return
        if method in _STATEMENTS and call.args and (made := _CALL.fullmatch(call.args[0])) is not None and self.of(call.args[0]):
            yield from self.chain(int(made.group(1)), depth + 1)
        elif method in _STATEMENTS and call.args:
            yield from self._written(call.args)
        elif method in _KEYED or method in _BY_KEY:
            yield from self._conditions(call.args, call.keywords, method in _BY_KEY)
        elif method in _DOCUMENTS:
            yield not any("'$" in text for text in call.args)
        else:
            yield False

    def _written(self, args: tuple[str, ...]) -> Iterator[bool]:
        """A statement in SQL with its parameters."""
        made = _CALL.fullmatch(args[0])
        inner = self.body.calls[int(made.group(1))].args if made is not None else args
        statement = constant_string(inner[0]) if inner else None
        yield statement is not None and not _RANGE_IN_SQL.search(statement) and not self.of(args[0])

    def _conditions(self, args: tuple[str, ...], keywords: tuple[tuple[str, str], ...], is_key: bool) -> Iterator[bool]:
        for text in (one for given in args for one in self._spread(given)):
            if self.of(text):
                yield from self._condition(text, is_key)
        for name, text in keywords:
            if self.of(text):
                yield all(_is_equal(*one) for one in _items(text)) if name == "**" else _is_equal(name, text)

    def _spread(self, given: str) -> list[str]:
        """The conditions of ``*conditions``, as far as the function writes them down; else what is given."""
        if given[:1] != "*":
            return [given]
        values = [given[1:]] if given[1:2] == "[" else [one.value for one in self.body.assigns if one.target == given[1:]]
        found = [item for value in values if value[:1] == "[" for item in split(value[1:-1])]
        return (found + [text for call in self.body.calls if call.callee == f"{given[1:]}.append" for text in call.args]) or [given]

    def _condition(self, text: str, is_key: bool) -> Iterator[bool]:
        """A positional condition: a comparison, several of them joined, or a call that makes one."""
        made = _CALL.fullmatch(text)
        if made is not None:
            yield from self._made(int(made.group(1)), is_key)
        elif text[:1] == "(" and text[-1:] == ")":
            for part in re.split(r"&|\|\||,|\band\b|\bor\b", text[1:-1]):
                if not self.of(part):
                    continue
                if (inner := _CALL.fullmatch(part.strip("() "))) is not None:
                    yield from self._made(int(inner.group(1)), is_key)
                else:
                    yield _EQUAL.search(part) is not None and not _OTHERS.search(part)
        elif text[:1] == "{":
            yield "'$" not in text
        else:
            yield is_key

    def _made(self, number: int, is_key: bool) -> Iterator[bool]:
        call = self.body.calls[number]
        receiver, _, method = call.callee.rpartition(".")
        if method in _JOINS:
            yield from self._conditions(call.args, call.keywords, is_key)
        elif method in ("in_", "any_") and call.args:
            inside = split(call.args[0][1:-1]) if call.args[0][:1] == "[" else []
            yield len(inside) == 1 and inside[0][:1] != "*"
        elif method in ("any", "has"):
            yield from [False] if self.of(receiver) else self._conditions(call.args, call.keywords, is_key)
        elif method in ("is_", "__eq__", "with_parent"):
            yield True
        else:
            yield is_key and not receiver

    def is_cut(self) -> bool:
        """Only some of its rows are taken: ``query[:1]``, ``query[0]``."""
        cut = re.compile(rf"#{self.numbers[0]}\[[^\]]")
        texts = (*(one.subject for one in self.body.blocks), *(one.value for one in self.body.assigns), *(one.value for one in self.body.returns))
        return any(cut.search(text) for text in (*texts, *(arg for call in self.body.calls for arg in call.args)))


def _is_equal(name: str, text: str) -> bool:
    """A keyword is a plain comparison: ``sku=sku``, ``author__name=name``."""
    suffix = name.rpartition("__")[2]
    return name != "**" and suffix not in _SUFFIXES and (suffix != "in" or text[:1] == "[")


def _items(text: str) -> Iterator[tuple[str, str]]:
    """The keywords of ``**{"sku": sku}``; one without a name if they are not written there."""
    for part in split(text[1:-1]) if text[:1] == "{" else ("",):
        match = _KEY.match(part)
        name = constant_string(match.group(1)) if match is not None else None
        yield name or "**", part[match.end() :] if match is not None else ""
