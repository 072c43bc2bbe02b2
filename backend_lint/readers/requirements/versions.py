"""What specifiers of versions allow, as a range: PEP 440, and the ``^`` and ``~`` of Poetry."""

from __future__ import annotations

from backend_lint.facts.requirements import Pin, Version
from backend_lint.lazy_regex import lazy_regex

_REQUIREMENT = lazy_regex(r"\s{0,20}(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]{0,100}))\s{0,20}(?:\[[^\]\n]{0,200}\])?\s{0,20}\(?(?P<spec>[^;#@()\n]{0,200})")
_CLAUSE = lazy_regex(r"\s{0,20}(?P<sign>===|==|~=|!=|<=|>=|<|>|\^|~|=)?\s{0,20}v?(?P<version>\d[^\s,]{0,60}|\*)\s{0,20}")
_RELEASE = lazy_regex(r"(?:\d{1,4}!)?(\d{1,9}(?:\.\d{1,9}){0,7})")
_MOST_CLAUSES = 12
_SEPARATORS = lazy_regex(r"[-_.]+")


def normalized(name: str) -> str:
    """A library's name as all of PyPI compares it."""
    return _SEPARATORS.sub("-", name).lower()


def stripped(numbers: Version) -> Version:
    """The same version without zeros at the end."""
    while numbers and numbers[-1] == 0:
        numbers = numbers[:-1]
    return numbers


def _numbers(text: str) -> Version | None:
    found = _RELEASE.match(text)
    return tuple(int(part) for part in found[1].split(".")) if found is not None else None


def requirement(text: str) -> Pin | None:
    """A line as pip takes it; None if it bounds nothing.

    >>> requirement("Django[argon2]>=5.2,<5.3 ; python_version > '3.9'")
    Pin(name='django', lowest=(5, 2), below=(5, 3), exact=False)
    """
    found = _REQUIREMENT.match(text)
    return pin(found["name"], found["spec"]) if found is not None else None


def pin(name: str, spec: str, bare_is_exact: bool = False) -> Pin | None:
    """What a specifier allows; None if it bounds nothing or is not understood. `bare_is_exact`: a number without a sign is that version, as in Poetry.

    >>> pin("django", "^4.2"), pin("celery", "*")
    (Pin(name='django', lowest=(4, 2), below=(5,), exact=False), None)
    """
    options = [one for option in spec.split("||")[:_MOST_CLAUSES] if (one := _range(option, bare_is_exact)) is not None]
    if not options or len(options) < min(spec.count("||") + 1, _MOST_CLAUSES):
        return None
    lows, highs = [low for low, _, _ in options], [high for _, high, _ in options]
    lowest = None if None in lows else min(low for low in lows if low is not None)
    below = None if None in highs else max(high for high in highs if high is not None)
    return Pin(normalized(name), lowest, below, all(exact for _, _, exact in options))


def _range(text: str, bare_is_exact: bool) -> tuple[Version | None, Version | None, bool] | None:
    lows: list[Version] = []
    highs: list[Version] = []
    exact = False
    for part in text.strip().split(",")[:_MOST_CLAUSES]:
        found = _CLAUSE.fullmatch(part)
        if found is None:
            return None
        sign, written = found["sign"] or ("==" if bare_is_exact else ""), found["version"]
        numbers = _numbers(written)
        if not sign and written != "*":
            return None
        if numbers is None or sign == "!=":
            continue
        prefix = written.endswith("*")
        if sign in ("==", "===", "=") and not prefix and sign != "=":
            lows.append(stripped(numbers))
            highs.append((*numbers, 0))
            exact = True
        elif sign in ("==", "==="):
            lows.append(stripped(numbers))
            highs.append(_next(numbers, len(numbers)))
            exact = True
        elif sign == "=":  # conda: any version that begins so
            lows.append(stripped(numbers))
            highs.append(_next(numbers, len(numbers)))
            exact = len(numbers) > 1
        elif sign in (">=", ">"):
            lows.append(stripped(numbers))
        elif sign == "<":
            highs.append(stripped(numbers))
        elif sign == "<=":
            highs.append((*numbers, 0))
        elif sign == "~=" and len(numbers) > 1:
            lows.append(stripped(numbers))
            highs.append(_next(numbers, len(numbers) - 1))
        elif sign == "~":
            lows.append(stripped(numbers))
            highs.append(_next(numbers, min(len(numbers), 2)))
        elif sign == "^":
            lows.append(stripped(numbers))
            first = next((index for index, number in enumerate(numbers) if number), len(numbers) - 1)
            highs.append(_next(numbers, first + 1))
    return (max(lows), min(highs, default=None), exact) if lows else ((None, min(highs), exact) if highs else None)


def _next(numbers: Version, kept: int) -> Version:
    """The first version that does not begin with the first `kept` numbers."""
    return (*numbers[: kept - 1], numbers[kept - 1] + 1)
