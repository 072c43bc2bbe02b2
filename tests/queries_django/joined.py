"""Questions over joins put together at random: each asks for values that few rows have, at the end of paths of up to three relations."""

from __future__ import annotations

import random

_VALUES = {
    "Book": {"title": '"Title {}"', "isbn": '"isbn{}"', "slug": '"slug-{}"', "summary": '"Summary {}"', "pages": "{}", "id": "{}"},
    "Author": {"first_name": '"First {}"', "last_name": '"Last {}"', "email": '"a{}@example.com"', "id": "{}"},
    "Publisher": {"name": '"Publisher {}"', "id": "{}"},
    "Tag": {"name": '"tag-{}"', "id": "{}"},
    "Review": {"text": '"text {}"', "id": "{}"},
    "Store": {"name": '"Place {}"', "city": '"City {}"', "phone": '"phone {}"'},
    "Stock": {"amount": "{}", "id": "{}"},
    "Place": {"name": '"Place {}"', "city": '"City {}"', "id": "{}"},
    "Profile": {"nick": '"nick {}"', "city": '"town {}"', "id": "{}"},
}
_RELATIONS = {
    "Book": {"author": "Author", "editor": "Author", "publisher": "Publisher", "tags": "Tag", "reviewers": "Author", "reviews": "Review"},
    "Author": {
        "mentor": "Author", "profile": "Profile", "store": "Store", "books": "Book", "edition": "Book", "reviewed": "Book", "reviews": "Review",
        "pupils": "Author",
    },
    "Publisher": {"book": "Book"},
    "Tag": {"books": "Book"},
    "Review": {"book": "Book", "author": "Author"},
    "Store": {"manager": "Author"},
    "Stock": {"store": "Store", "book": "Book"},
    "Place": {"store": "Store"},
    "Profile": {"author": "Author"},
}  # fmt: skip
_MOST = 5000
"""The rows that all tables have."""


def joined(seed: int, count: int, conditions: int) -> tuple[str, ...]:
    """So many different questions of up to so many conditions each, the same for the same seed. The first condition is behind a relation."""
    rng = random.Random(seed)
    found: dict[str, None] = {}
    while len(found) < count:
        model = rng.choice(sorted(_VALUES))
        asked = dict(_lookup(rng, model, rng.choice((1, 1, 2, 2, 3)) if not number else rng.choice((0, 0, 1))) for number in range(conditions))
        text = f"{model}.objects.filter({', '.join(f'{name}={value}' for name, value in asked.items())})"
        found[text + (rng.choice((".count()", ".exists()", ".distinct()")) if rng.random() < 0.2 else "")] = None
    return tuple(found)


def _lookup(rng: random.Random, model: str, steps: int) -> tuple[str, str]:
    path = []
    for _ in range(steps):
        path.append(rng.choice(sorted(_RELATIONS[model])))
        model = _RELATIONS[model][path[-1]]
    field = rng.choice(sorted(_VALUES[model]))
    value, number, kind = _VALUES[model][field], rng.randint(20, _MOST), rng.random()
    name = "__".join([*path, field])
    if kind < 0.7:
        return name, value.format(number)
    if kind < 0.85 or '"' in value:
        return f"{name}__in", f"[{', '.join(value.format(number + step) for step in (0, 1, 3))}]"
    return f"{name}__range", f"({number}, {number + 5})"
