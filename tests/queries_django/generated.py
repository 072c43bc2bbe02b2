"""Questions put together at random: paths of up to three relations, all kinds of lookups, ``Q`` trees, exclusions, annotations, orders and limits."""

from __future__ import annotations

import random
from typing import NamedTuple


class _Model(NamedTuple):
    text: tuple[str, ...] = ()
    number: tuple[str, ...] = ()
    date: tuple[str, ...] = ()
    time: tuple[str, ...] = ()
    truth: tuple[str, ...] = ()
    one: dict[str, str] = {}
    many: dict[str, str] = {}


_MODELS = {
    "Book": _Model(
        ("title", "slug", "summary", "status", "isbn"),
        ("pages", "id"),
        ("published",),
        ("created", "updated"),
        ("featured",),
        {"author": "Author", "editor": "Author", "publisher": "Publisher"},
        {"tags": "Tag", "reviewers": "Author", "reviews": "Review", "stock": "Stock"},
    ),
    "Author": _Model(
        ("first_name", "last_name", "email"),
        ("id",),
        ("born",),
        (),
        ("active",),
        {"country": "Country", "mentor": "Author", "profile": "Profile", "store": "Store"},
        {"books": "Book", "edition": "Book", "reviewed": "Book", "reviews": "Review", "pupils": "Author"},
    ),
    "Publisher": _Model(("name", "site"), ("id",), ("founded",), (), (), {"country": "Country"}, {"book": "Book"}),
    "Country": _Model(("name", "code"), many={"publishers": "Publisher", "author": "Author"}),
    "Tag": _Model(("name",), ("weight", "id"), many={"books": "Book"}),
    "Review": _Model(("text",), ("rating",), (), ("made",), ("approved",), {"book": "Book", "author": "Author"}),
    "Store": _Model(("name", "city", "phone"), ("id",), one={"manager": "Author", "place_ptr": "Place"}, many={"stock": "Book"}),
    "Stock": _Model((), ("amount",), (), ("counted",), (), {"store": "Store", "book": "Book"}),
    "Place": _Model(("name", "city"), ("id",), one={"store": "Store"}),
    "Profile": _Model(("nick", "city"), ("id",), one={"author": "Author"}),
}
_LOOKUPS = {
    "text": ("=x", "__icontains=x", "__startswith=x", "__in=names", "__iexact=x", "__isnull=True", "__isnull=False", '__contains="a"'),
    "number": ("=n", "__gt=n", "__lte=n", "__in=ids", "__range=(1, n)"),
    "date": ("=day", "__year=2020", "__lt=day", "__isnull=True", "__month=n", "=None", "__year__gte=2020"),
    "time": ("__gte=now", "__date=day", "__year=2020", "__isnull=False", "__hour=n"),
    "truth": ("=True", "=False"),
}


class _Questions:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def path(self, model: str, depth: int = 0, many: bool = True) -> tuple[str, str]:
        """A path and a lookup with its value."""
        own = _MODELS[model]
        relations = {**own.one, **(own.many if many else {})}
        if relations and depth < 3 and self.chance(0.45 if not depth else 0.35):
            name = self.random.choice(sorted(relations))
            path, lookup = self.path(relations[name], depth + 1, many)
            return f"{name}__{path}", lookup
        if relations and self.chance(0.12):
            name = self.random.choice(sorted(relations))
            return name, "=x" if relations[name] == "Country" else self.random.choice(("=n", "__isnull=True", "__isnull=False", "__in=ids"))
        if self.chance(0.08):
            return "pk", "=x" if model == "Country" else self.random.choice(("=n", "__in=ids"))
        kind = self.random.choice([name for name in _LOOKUPS if getattr(own, name)])
        return self.random.choice(getattr(own, kind)), self.random.choice(_LOOKUPS[kind])

    def lookups(self, model: str, count: int) -> str:
        found = {}
        for _ in range(count):
            path, lookup = self.path(model)
            name, _, value = (path + lookup).partition("=")
            found[name] = value
        return ", ".join(f"{name}={value}" for name, value in found.items())

    def tree(self, model: str, depth: int = 0) -> str:
        kind = self.random.random()
        if depth > 1 or kind < 0.4:
            return f"Q({self.lookups(model, self.random.choice((1, 1, 2)))})"
        if kind < 0.85:
            return f"({self.tree(model, depth + 1)} {'|' if kind < 0.65 else '&'} {self.tree(model, depth + 1)})"
        return f"~{self.tree(model, depth + 1)}"

    def refined(self, model: str, text: str) -> str:
        own = _MODELS[model]
        kind = self.random.random()
        if kind < 0.45:
            return f".filter({self.lookups(model, self.random.choice((1, 1, 2, 3)))})"
        if kind < 0.65:
            return f".exclude({self.lookups(model, self.random.choice((1, 1, 2)))})"
        if kind < 0.9:
            return f".{'filter' if kind < 0.85 else 'exclude'}({self.tree(model)})"
        if kind < 0.95 and own.many and "annotate" not in text:
            return f".annotate(c=Count({self.random.choice(sorted(own.many))!r})).filter(c__gt=n)"
        if own.text and "annotate" not in text:
            return f".annotate(low=Lower({own.text[0]!r})).filter(low=x)"
        return f".filter({self.lookups(model, 1)})"

    def ended(self, model: str, text: str) -> str:
        own = _MODELS[model]
        if self.chance(0.25):
            names = {self.random.choice(("", "-")) + self.path(model, 1, many=False)[0] for _ in range(self.random.choice((1, 2)))}
            text += f".order_by({', '.join(repr(name) for name in sorted(names))})"
        kind = self.random.random()
        if kind < 0.5:
            return text + self.random.choice((".count()", ".exists()", ".first()", ".last()", "[:10]", "[5:15]", ".distinct()"))
        if kind < 0.55 and own.one:
            return text.replace(".objects", f".objects.select_related({self.random.choice(sorted(own.one))!r})", 1)
        if kind < 0.6 and own.one:
            return f"{text}.values('{self.random.choice(sorted(own.one))}__pk')"
        if kind < 0.65 and own.text and model != "Store":
            return f"{text}.update({own.text[0]}=x)"
        return text

    def question(self) -> str:
        model = self.random.choice(sorted(_MODELS))
        text = f"{model}.objects"
        for _ in range(self.random.choice((1, 1, 2, 2, 3))):
            text += self.refined(model, text)
        return self.ended(model, text)


def generated(seed: int, count: int) -> tuple[str, ...]:
    """So many different questions, the same for the same seed."""
    maker = _Questions(seed)
    found: dict[str, None] = {}
    while len(found) < count:
        found[maker.question()] = None
    return tuple(found)
